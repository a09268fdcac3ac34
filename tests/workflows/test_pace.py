"""A rule that is slow or goes wrong on every record: the others go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm.events import event
from crm.records.journal import change
from tests.factories import make_customer
from workflows.actions import ACTIONS
from workflows.actions.base import AloneAction, Outcome
from workflows.runs import crowd as crowds
from workflows.runs import pace, plan, turn
from workflows.runs.pace import Pace

MANY = 30
GOOD = """
rule: good
entity: customer
when: record_created
then: [{set_field: {field: city, to: Athens}}]
"""
BAD = """
rule: bad
entity: customer
when: record_created
priority: 5
then: [{stumble: {}}]
"""


class Stumble(AloneAction):
    """An action of somebody's own, with a bug or a long way to go."""

    name = "stumble"

    def describe(self, step, schema, entity, language):
        return self.name

    def perform(self, step, work):
        raise ZeroDivisionError


class Slow(Stumble):
    """An action that takes longer than others should wait for."""

    def perform(self, step, work):
        return Outcome({"action": self.name})


@pytest.fixture
def crowd(make_workshop, as_user, monkeypatch):
    """A workshop in which both rules wait for many records."""

    def make(action):
        monkeypatch.setitem(ACTIONS, "stumble", action)
        monkeypatch.setattr(turn, "BATCH", 20)
        workshop = make_workshop(GOOD, BAD)
        with as_user() as session:
            for _ in range(MANY):
                make_customer(session)
        plan.plan_events(workshop)
        return workshop

    return make


def test_a_rule_that_breaks_on_every_record_lets_the_others_go_first(crowd, caplog):
    workshop, seen = crowd(Stumble()), Pace()
    while "waiting" in workshop.states("good"):
        assert turn.execute_runs(workshop, seen)
    tried = [run for run in workshop.runs("bad") if run["attempts"]]
    assert workshop.states("good") == ["done"] * MANY
    assert seen.lagging == {"bad"} and len(tried) <= 1 + turn.LAGGING_BATCH
    while turn.execute_runs(workshop, seen):
        pass
    assert [run["attempts"] for run in workshop.runs("bad")] == [1] * MANY, "each is tried, and again later"
    assert "ZeroDivisionError" in caplog.text


def test_a_slow_rule_has_a_share_of_the_time_and_ends_when_the_others_have_nothing_to_do(crowd, monkeypatch):
    workshop, seen = crowd(Slow()), Pace()
    monkeypatch.setattr(pace, "SLOW_SECONDS", 0.0)  # as if each of its runs took longer than that
    while "waiting" in workshop.states("good"):
        assert turn.execute_runs(workshop, seen)
    assert len([run for run in workshop.runs("bad") if run["attempts"]]) <= 1 + turn.LAGGING_BATCH
    while turn.execute_runs(workshop, seen):
        pass
    assert workshop.states() == ["done"] * 2 * MANY


def test_a_crowd_that_takes_too_long_for_one_transaction_goes_one_by_one(make_workshop, as_user, monkeypatch):
    workshop, seen = make_workshop(GOOD), Pace()
    with as_user() as session:
        for _ in range(3):
            make_customer(session)
    plan.plan_events(workshop)
    monkeypatch.setattr(crowds, "MOST_SECONDS", -1.0)
    assert turn.execute_runs(workshop, seen) == 3
    assert (seen.single, workshop.states()) == ({"good"}, ["done"] * 3)


def test_an_event_that_cannot_be_read_holds_up_no_other(make_workshop, as_user, clock, caplog):
    workshop = make_workshop(GOOD)
    with as_user() as session:
        numbers = [make_customer(session).id for _ in range(5)]
        poison = change.c.record_id == numbers[2]
        session.execute(sa.update(change).where(poison).values(values="{"))
    workshop.work_off()
    assert [run["record_id"] for run in workshop.runs()] == [*numbers[:2], *numbers[3:]]
    for _attempt in range(plan.MAX_ATTEMPTS):
        clock.now += timedelta(minutes=5)
        workshop.work_off()
    with as_user() as session:
        asked = sa.select(event.c.state).order_by(event.c.id)
        assert list(session.scalars(asked)) == ["done", "done", "failed", "done", "done"]


def test_a_second_of_lagging_rules_is_owed_to_the_others_five_times():
    seen = Pace()
    seen.note_lagging(1.0)
    seen.note_others(4.0)
    assert seen.owed == pytest.approx(1.0)
    seen.note_others(2.0)
    assert seen.owed == 0.0
