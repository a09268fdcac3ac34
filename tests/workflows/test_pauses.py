"""A rule that fails ten times in a row pauses and tells its owner; what would start waits until somebody decides."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm import notifications
from tests.factories import make_complaint
from workflows.runs import pauses, store

BROKEN = """
rule: broken
entity: complaint
when: record_created
then: [{set_field: {field: status, to: "= subject"}}]
"""


def make_many(as_user, count: int, subject: str) -> None:
    with as_user() as session:
        for _ in range(count):
            make_complaint(session, subject=subject)


@pytest.fixture
def paused(make_workshop, as_user):
    """A workshop in which ten runs have failed."""
    workshop = make_workshop(BROKEN)
    make_many(as_user, pauses.MOST_FAILURES, "nonsense")
    workshop.work_off()
    assert workshop.states() == ["failed"] * pauses.MOST_FAILURES
    return workshop


def told(as_user) -> int:
    with as_user() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(notifications.notification))


def test_it_pauses_tells_once_and_holds_what_comes(paused, as_user):
    with paused.reading() as session:
        assert list(pauses.list_paused(session)) == ["broken"]
    before = told(as_user)
    assert before >= 1
    make_many(as_user, 2, "escalated")
    paused.work_off()
    assert paused.states()[-2:] == ["paused", "paused"]
    assert told(as_user) == before


@pytest.mark.parametrize(("runs_held", "state"), [(True, "done"), (False, "skipped")])
def test_what_was_held_runs_or_is_left_out_when_it_goes_on(paused, as_user, runs_held, state):
    make_many(as_user, 2, "escalated")
    paused.work_off()
    with as_user() as session:
        pauses.resume(session, "broken", runs_held)
    paused.work_off()
    assert paused.states()[-2:] == [state, state]
    make_many(as_user, 1, "nonsense")
    paused.work_off()
    with paused.reading() as session:
        assert pauses.list_paused(session) == {}  # old failures count no more


def test_one_that_went_well_between_keeps_it_going(make_workshop, as_user):
    workshop = make_workshop(BROKEN)
    for subject, count in (("nonsense", 9), ("escalated", 1), ("nonsense", 9)):
        make_many(as_user, count, subject)
        workshop.work_off()
    with workshop.reading() as session:
        assert pauses.list_paused(session) == {}


def test_steps_say_how_long_they_took(make_workshop, as_user):
    workshop = make_workshop(BROKEN)
    make_many(as_user, 1, "escalated")
    make_many(as_user, 3, "escalated")
    workshop.work_off()
    with workshop.reading() as session:
        steps = store.steps_of_runs(session, [row["id"] for row in workshop.runs()])
    assert all(step["ms"] >= 0 for found in steps.values() for step in found)
