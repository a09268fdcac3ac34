"""Rules on thousands of records let others have the worker: they go on in turns, and `/health` counts what waits."""

from __future__ import annotations

from datetime import timedelta

from crm import backlog, queue
from crm.database import only_reading
from tests.factories import make_complaint
from workflows.runs import jobs

NOTE = """
rule: note
entity: complaint
when: record_created
then: [{set_field: {field: severity, to: low}}]
"""
MANY = 60


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
