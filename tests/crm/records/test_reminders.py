"""Reminders: at their hour, each once, over a restart and the nights of the clocks; nothing when none is due."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from crm.notifications import list_notifications
from crm.permissions.store import deactivate, save_profile
from crm.records.reminders import remind
from crm.workshop import Workshop
from tests.counting import statements
from tests.factories import make_activity, make_customer, user_id

EIGHT = dt.datetime(2026, 11, 30, 6, 0)  # in Athens
TICK = dt.timedelta(seconds=15)


@pytest.fixture
def tell(engine, clock):
    """Let the scheduler look, at the clock's moment."""
    clock.now = EIGHT
    return lambda: remind(Workshop(engine, clock=clock), "en", "Europe/Athens")


@pytest.fixture
def plan(session):
    """Plan a call of the salesperson for a moment, UTC; return its number."""
    owner = user_id(session, "sales")
    customer = make_customer(session, owner=owner).id
    session.commit()

    def make(subject: str, at: str, **values) -> int:
        values = {"owner": owner, "customer": customer, "kind": "call", **values}
        number = make_activity(session, subject=subject, at=at, **values).id
        session.commit()
        return number

    return make


def told(session, name: str = "sales") -> list[str]:
    """Return what somebody was told, oldest first."""
    found = [row["text"].get("en") for row in list_notifications(session, user_id(session, name))][::-1]
    session.rollback()
    return found


def test_the_hour_is_told_once_and_again_after_it_was_put_off(tell, plan, session, session_as, clock) -> None:
    from crm.records import moves

    tell()
    number = plan("Offer", "2026-11-30T07:00:00Z")
    assert tell() == 0
    clock.now = EIGHT + dt.timedelta(hours=1)
    assert [tell(), tell()] == [1, 0] and told(session) == ["Call at 09:00: Offer"]
    sales = session_as("sales")
    moves.snooze(sales, sales.workspace.schema.entities["activity"], number, "hour")
    sales.commit()
    clock.now += dt.timedelta(hours=1)
    assert tell() == 1 and told(session)[-1] == "Call at 10:00: Offer"


def test_what_is_done_was_only_noted_or_is_of_somebody_who_left_is_not_told(
    tell, plan, session, clock
) -> None:
    tell()
    plan("Done", "2026-11-30T07:00:00Z", done=True)
    plan("Of the past", "2026-11-30T05:59:00Z")
    plan("Nobody's", "2026-11-30T07:00:00Z", owner=None)
    plan("Of who left", "2026-11-30T07:00:00Z", owner=user_id(session, "manager"))
    deactivate(session.connection(), user_id(session, "manager"))
    session.commit()
    clock.now = EIGHT + dt.timedelta(hours=1)
    assert tell() == 0 and told(session) == told(session, "manager") == []


def test_the_hour_is_that_of_the_person_and_over_the_nights_of_the_clocks(tell, plan, session, clock) -> None:
    clock.now = dt.datetime(2026, 10, 24, 23)
    save_profile(session.connection(), user_id(session, "sales"), time_zone="Europe/Bucharest")
    session.commit()
    tell()
    plan("First three", "2026-10-25T00:30:00Z")
    plan("Second three", "2026-10-25T01:30:00Z")
    for _ in range(16):
        clock.now += dt.timedelta(minutes=15)
        tell()
    assert told(session) == ["Call at 03:30: First three", "Call at 03:30: Second three"]


def test_what_came_due_during_a_stop_is_told_late_and_what_was_before_the_first_look_never(
    tell, plan, session, clock
) -> None:
    plan("Before anybody looked", "2026-11-30T05:00:00Z")
    clock.now = EIGHT
    tell()
    plan("While we were away", "2026-12-01T07:00:00Z")
    clock.now = EIGHT + dt.timedelta(days=3)
    assert [tell(), tell()] == [1, 0] and told(session) == ["Call at 09:00: While we were away"]


def test_a_save_that_is_committed_late_is_told_all_the_same(tell, plan, session, clock) -> None:
    tell()
    clock.now = EIGHT + dt.timedelta(seconds=90)
    tell()
    clock.now = EIGHT + dt.timedelta(seconds=10)
    number = plan("Slow", "2026-11-30T06:01:00Z")
    clock.now = EIGHT + dt.timedelta(seconds=105)
    assert number and tell() == 1


@pytest.mark.both_databases("many at once are written set by set")
def test_a_full_hour_is_told_within_its_time_each_once_and_an_empty_one_writes_nothing(
    tell, plan, session, engine, clock
) -> None:
    tell()
    count = 2_400
    cls, owner = session.workspace.models["activity"], user_id(session, "sales")
    usual = {"created_at": EIGHT, "updated_at": EIGHT, "row_version": 1, "kind": "call", "subject": "x"}
    rows = [
        {**usual, "at": EIGHT + dt.timedelta(seconds=1 + number % 300), "owner_id": owner, "done": False}
        for number in range(count)
    ]
    session.connection().execute(sa.insert(cls.__table__), rows)
    session.commit()
    late, total = [], 0
    for _ in range(22):
        clock.now += TICK
        total += tell()
        late.append(sum(row["at"] <= clock.now for row in rows) - total)
    assert total == count and not any(late)
    clock.now += TICK
    with statements(engine) as asked:
        assert tell() == 0
    assert not any(
        text.lstrip().upper().startswith(("INSERT", "UPDATE", "BEGIN IMMEDIATE")) for text in asked
    )
