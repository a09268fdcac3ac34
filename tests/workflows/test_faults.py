"""Killed workers, two workers at once, edited rules: nothing is lost and nothing happens twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.entities.model import Document
from crm.records.service import update_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_complaint, make_customer
from workflows.mail import outbox
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs, store

WORKER = """
import sys
from pathlib import Path
import app
app.wire()
from crm.database import build_engine
from workflows.mail.deliver import deliver_mail
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs
workshop = RuleWorkshop(build_engine(sys.argv[1]), Organisation(mail_folder=Path(sys.argv[2])), lease_seconds=1)
print("ready", flush=True)
jobs.work_off(workshop)
deliver_mail(workshop)
"""
CUSTOMERS = 12


@pytest.fixture
def real_workshop(engine, tmp_path):
    """A workshop with the shipped rules, a real clock and leases of a second."""
    return RuleWorkshop(engine, Organisation(mail_folder=tmp_path / "mail"), lease_seconds=1)


@pytest.mark.slow
def test_killed_workers_lose_nothing_and_do_nothing_twice(session, database_url, real_workshop, tmp_path):
    for number in range(CUSTOMERS):
        customer = make_customer(session, email=f"c{number}@example.com")
        make_complaint(session, customer=customer)
    session.commit()
    for seconds in (0.2, 0.5, 0.9):
        kill_a_worker_after(seconds, database_url, tmp_path / "mail")
    deadline = time.monotonic() + 60
    while states_of(real_workshop) != {"done"} and time.monotonic() < deadline:
        time.sleep(0.3)
        jobs.work_off(real_workshop)
    while (
        unsent(real_workshop) and time.monotonic() < deadline
    ):  # what a killed worker holds is free after a second
        with run_a_worker(database_url, tmp_path / "mail") as worker:
            worker.communicate(timeout=60)
    with real_workshop.reading() as reading:
        sent = list(reading.scalars(sa.select(outbox.message.c.to)))
        activities = reading.execute(
            sa.select(store.run.c.rule, sa.func.count()).group_by(store.run.c.rule)
        ).all()
    assert sorted(sent) == sorted(f"c{number}@example.com" for number in range(CUSTOMERS))
    assert len(list((tmp_path / "mail").glob("*.eml"))) == CUSTOMERS
    assert {tuple(row) for row in activities} == {
        ("confirm_complaint", CUSTOMERS),
        ("assign_new_complaint", CUSTOMERS),
    }


def unsent(workshop):
    with workshop.reading() as session:
        sent = session.scalars(sa.select(outbox.message.c.state)).all()
    return not sent or set(sent) != {outbox.SENT}


def states_of(workshop):
    with workshop.reading() as session:
        found = {state for counts in store.count_states(session).values() for state in counts}
        return found if not store.has_due(session, jobs.events.event, workshop.clock()) else {"events"}


def run_a_worker(url, folder):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def kill_a_worker_after(seconds, url, folder):
    with run_a_worker(url, folder) as worker:
        assert worker.stdout.readline() == "ready\n"
        time.sleep(seconds)
        worker.send_signal(signal.SIGKILL)


def test_two_workers_keep_the_order_of_one_record(make_workshop, as_user):
    workshop = make_workshop(
        "rule: copy\nentity: customer\nwhen: {changed: [notes]}\nthen: [{set_field: {field: city, to: '{notes}'}}]"
    )
    with as_user() as session:
        number = make_customer(session).id
    for count in range(30):
        with as_user() as session:
            entity = session.workspace.schema.entities["customer"]
            update_record(session, entity, number, {"notes": f"n{count}"})
    workers = [threading.Thread(target=workshop.work_off) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    workshop.work_off()
    with as_user() as session:
        assert session.get(session.workspace.models["customer"], number).city == "n29"
        order = list(session.scalars(sa.select(store.step.c.run_id).order_by(store.step.c.id)))
    assert len(order) == 30
    assert order == sorted(order)


HOURS = timedelta(hours=2)
REMIND = {
    "rule": "remind",
    "entity": "complaint",
    "when": "record_created",
    "then": [{"wait": {"for": "1 hour"}}, {"set_field": {"field": "severity", "to": "high"}}],
}


def publish(engine, *extra):
    """Publish the shipped documents with other rules than the shipped ones."""
    schema = get_workspace(engine).schema
    kept = [document for document in schema.documents if document.kind != "rule"]
    added = [Document("rule", body["rule"], body, f"rules/{body['rule']}.yaml") for body in extra]
    return publish_schema(engine, [*kept, *added], "test", "admin")


def test_a_run_that_waits_stays_on_the_rule_it_began_with(engine, clock):
    publish(engine, REMIND)
    workshop = RuleWorkshop(engine, Organisation(), clock=clock)
    with workshop.session() as session:
        number = make_complaint(session).id
    jobs.work_off(workshop)
    edited = {**REMIND, "then": [{"set_field": {"field": "severity", "to": "low"}}]}
    publish(engine, edited)
    clock.now = workshop.clock() + HOURS
    jobs.work_off(workshop)
    with workshop.session() as session:
        assert session.get(session.workspace.models["complaint"], number).severity == "high"


def test_a_rule_switched_off_stops_in_the_middle(engine, clock):
    publish(engine, REMIND)
    workshop = RuleWorkshop(engine, Organisation(), clock=clock)
    with workshop.session() as session:
        make_complaint(session)
    jobs.work_off(workshop)
    publish(engine, {**REMIND, "enabled": False})
    clock.now = workshop.clock() + HOURS
    jobs.work_off(workshop)
    with workshop.session() as session:
        row = store.list_runs(session, 1)[0]
    assert (row["state"], row["error"][0]["code"]) == ("stopped", "rule.switched_off")
