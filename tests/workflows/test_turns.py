"""Rules on thousands of records let others have the worker: they go on in turns, and `/health` counts what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm import backlog, queue
from crm.database import only_reading
from crm.records.service import update_record
from tests.factories import make_complaint
from workflows.runs import jobs, plan, turn

NOTE = """
rule: note
entity: complaint
when: record_created
then: [{set_field: {field: severity, to: low}}]
"""
MANY = 60


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    """A worker takes fewer at once than there are in these crowds."""
    monkeypatch.setattr(turn, "BATCH", 20)
    monkeypatch.setattr(plan, "BATCH", 20)


def test_rules_on_many_records_give_way_after_a_turn_and_end_as_if_they_had_not(
    make_workshop, as_user, redis_server
):
    workshop = make_workshop(NOTE)
    with as_user() as session:
        for _ in range(MANY):
            make_complaint(session, severity="urgent")
    turns = 1
    while jobs.work_off(workshop, seconds=0) and len(workshop.runs()) * turns:
        turns += 1
        assert queue.look_at_queue().waiting >= 1, "the rest was rung for"
        assert turns < 100
    assert turns > 2
    assert workshop.states() == ["done"] * MANY


def test_what_waits_is_counted_with_its_age_and_what_sleeps_is_not(make_workshop, as_user, clock):
    workshop = make_workshop(NOTE)
    with as_user() as session:
        make_complaint(session)
    with only_reading(), workshop.engine.connect() as connection:
        events = jobs.BACKLOG["events"](connection, clock.now + timedelta(seconds=90))
        runs = jobs.BACKLOG["runs"](connection, clock.now)
    assert (events, runs) == (backlog.Waiting(2, 90.0), backlog.Waiting())  # a complaint and its customer
    workshop.work_off()
    with only_reading(), workshop.engine.connect() as connection:
        assert jobs.BACKLOG["events"](connection, clock.now) == backlog.Waiting()


def save_one_behind_a_crowd(as_user) -> int:
    """Import many complaints, then save one, and return its number."""
    with as_user() as session:
        session.cause = ("import:7",)
        for _ in range(MANY):
            make_complaint(session, severity="urgent")
    with as_user() as session:
        return make_complaint(session, severity="urgent").id


def test_the_run_of_a_single_save_does_not_wait_for_those_of_an_import(make_workshop, as_user):
    workshop = make_workshop(NOTE)
    single = save_one_behind_a_crowd(as_user)
    while plan.plan_events(workshop):
        pass
    assert turn.execute_runs(workshop) == turn.BATCH
    done = [run["record_id"] for run in workshop.runs() if run["state"] == "done"]
    assert single in done
    assert len(done) == turn.BATCH, "and those of the import go on beside it"
    workshop.work_off()
    assert workshop.states() == ["done"] * (MANY + 1)


def test_the_event_of_a_single_save_does_not_wait_for_those_of_an_import(make_workshop, as_user):
    workshop = make_workshop(NOTE)
    single = save_one_behind_a_crowd(as_user)
    assert plan.plan_events(workshop) == plan.BATCH
    planned = [run["record_id"] for run in workshop.runs()]
    assert single in planned and len(planned) > 2, "and those of the import go on beside it"
    workshop.work_off()
    assert workshop.states() == ["done"] * (MANY + 1)


def test_the_order_of_a_record_stays_whoever_brought_its_runs_about(make_workshop, as_user):
    workshop = make_workshop(NOTE.replace("record_created", "record_updated"))
    with as_user() as session:
        numbers = [make_complaint(session).id for _ in range(MANY)]
    workshop.work_off()
    for cause in (("import:7",), ()):
        with as_user() as session:
            session.cause, entity = cause, session.workspace.schema.entities["complaint"]
            for number in numbers if cause else numbers[-1:]:
                update_record(session, entity, number, {"subject": f"Told by {cause}"})
    while plan.plan_events(workshop):
        pass
    turn.execute_runs(workshop)
    last = [run for run in workshop.runs() if run["record_id"] == numbers[-1]]
    assert {run["state"] for run in last} == {"waiting"}, "the later one does not overtake the earlier"
    workshop.work_off()
    assert set(workshop.states()) <= {"done", "skipped"}


def test_a_stream_of_saves_is_followed_by_one_worker_and_nobody_rings(make_workshop, as_user, redis_server):
    workshop, still_to_come = make_workshop(NOTE), [3, 4, 0]

    def save(many):
        with as_user() as session:
            for _ in range(many):
                make_complaint(session, severity="urgent")

    def others_save(_seconds):
        save(still_to_come.pop(0))
        assert queue.look_at_queue().waiting == 0

    save(1)
    queue.this_bell().connection.flushall()  # a worker took the job
    assert jobs.follow_stream(workshop, sleep=others_save) == 4
    assert workshop.states() == ["done"] * 8
    save(1)
    assert queue.look_at_queue().waiting == 1, "after the stream a save rings again"


def test_what_is_committed_when_a_stream_seems_to_end_is_seen(
    make_workshop, as_user, redis_server, monkeypatch
):
    workshop = make_workshop(NOTE)
    unmute = queue.unmute

    def save_first(name):
        with as_user() as session:
            make_complaint(session, severity="urgent")
        queue.ring(name)  # in vain: the bell is still muted
        unmute(name)

    with as_user() as session:
        make_complaint(session, severity="urgent")
    monkeypatch.setattr(queue, "unmute", save_first)
    jobs.follow_stream(workshop, sleep=lambda _seconds: None)
    assert workshop.states() == ["done"] * 2
