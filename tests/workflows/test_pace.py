"""A rule that is slow or goes wrong on every record: the others go on."""

from __future__ import annotations

import pytest

from tests.factories import make_customer
from workflows.actions import ACTIONS
from workflows.actions.base import AloneAction, Outcome
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


def test_a_second_of_lagging_rules_is_owed_to_the_others_five_times():
    seen = Pace()
    seen.note_lagging(1.0)
    seen.note_others(4.0)
    assert seen.owed == pytest.approx(1.0)
    seen.note_others(2.0)
    assert seen.owed == 0.0
