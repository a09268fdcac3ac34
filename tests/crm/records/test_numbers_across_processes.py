"""Numbers without gaps, whatever becomes of the processes that draw them; and what a year or a pattern begins anew."""

from __future__ import annotations

import copy
import datetime as dt
import os
import subprocess
import sys
import time
from random import Random

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import CrmSession
from crm.entities.load import documents_from_json
from crm.records.service import get_record
from crm.records.values import value_of
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from tests.crm.records.rotating import open_system
from tests.factories import make_complaint, make_customer

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KOINE_CASES", "2"))
NEW_YEAR = dt.datetime(2026, 12, 31, 22)  # of Athens, in UTC
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def customer(engine: sa.Engine) -> int:
    """A customer to complain."""
    with open_system(engine) as session:
        made = make_customer(session).id
        session.commit()
    return made


def writer(url: str, customer: int, count: int) -> subprocess.Popen:
    """Start a process that creates so many complaints."""
    command = [sys.executable, "-m", "tests.crm.records.numbering", url, str(customer), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbers(engine: sa.Engine) -> list[str]:
    """Return the numbers of all complaints, in their order."""
    with open_system(engine) as session:
        cls = session.workspace.models["complaint"]
        return list(session.scalars(sa.select(cls.number).order_by(cls.id)))


def without_gaps(found: list[str]) -> bool:
    """Return whether the numbers of one series are 1, 2, 3 and so on, each once."""
    return sorted(int(number.rpartition("-")[2]) for number in found) == list(range(1, len(found) + 1))


def test_a_writer_killed_between_number_and_commit_leaves_no_gap(engine, database_url, customer):
    with open_system(engine) as session:
        make_complaint(session, customer=customer)
        session.commit()
    held = writer(database_url, customer, 0)
    drawn = held.stdout.readline().split()[1]
    held.kill()
    held.communicate()
    with open_system(engine) as session:
        assert make_complaint(session, customer=customer).number == drawn
        session.commit()
    assert without_gaps(numbers(engine)) and len(numbers(engine)) == 2


def test_two_processes_draw_from_one_series(engine, database_url, customer):
    both = [writer(database_url, customer, 25) for _process in range(2)]
    for process in both:
        _said, wrong = process.communicate(timeout=120)
        assert process.returncode == 0, wrong
    assert len(numbers(engine)) == 50
    assert without_gaps(numbers(engine))


def test_writers_killed_at_any_moment_leave_neither_gaps_nor_wrong_sums(engine, database_url, customer):
    random = Random(7)
    publish_count(engine)
    for _round in range(KILLS):
        both = [writer(database_url, customer, 200) for _process in range(2)]
        both[0].stdout.readline()
        time.sleep(random.random() * 0.3)
        for process in both:
            process.kill()
            process.communicate()
    found = numbers(engine)
    assert without_gaps(found)
    with open_system(engine) as session:
        record = get_record(session, session.workspace.schema.entities["customer"], customer)
        assert value_of(session, record, "complaint_count") == len(found)


def publish_count(engine: sa.Engine) -> None:
    """Let customers count their complaints."""
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    customer = next(body for body in bodies if body.get("entity") == "customer" and "fields" in body)
    customer["fields"]["complaint_count"] = {"type": "summary", "of": "count", "over": "complaints"}
    publish_schema(engine, documents_from_json(bodies), "count")


def made_at(session: CrmSession, moment: dt.datetime, customer: int) -> str:
    session.clock = lambda: moment
    return make_complaint(session, customer=customer).number


def test_a_new_year_begins_at_one_by_the_clock_of_the_place(engine, customer):
    with open_system(engine) as session:
        found = [made_at(session, NEW_YEAR + step * MINUTE, customer) for step in (-2, -1, 1, 2, -1)]
        session.commit()
    assert [number[-10:] for number in found] == [
        "2026-00001", "2026-00002", "2027-00001", "2027-00002", "2026-00003",
    ]  # fmt: skip


def test_another_pattern_counts_for_itself_and_the_former_one_goes_on_after_a_rollback(engine, customer):
    def create() -> str:
        with open_system(engine) as session:
            made = make_complaint(session, customer=customer).number
            session.commit()
        return made

    def publish(pattern: str) -> int:
        bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
        complaint = next(body for body in bodies if body.get("entity") == "complaint" and "fields" in body)
        complaint["fields"]["number"]["pattern"] = pattern
        return publish_schema(engine, documents_from_json(bodies), "pattern")

    first, second = create(), create()
    before = publish("K{number:3}") - 1
    assert [create(), create()] == ["K001", "K002"]
    publish("K{number:6}")  # other zeros, the same series
    assert create() == "K000003"
    rollback_schema(engine, before)
    third = create()
    assert [int(number.rpartition("-")[2]) for number in (first, second, third)] == [1, 2, 3]
