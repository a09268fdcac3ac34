"""A rule on a date looks once at a record that comes into its window late, as soon as it comes, and never twice."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

import pytest

from crm.records.service import update_record
from tests.factories import make_contract, make_customer
from workflows.runs import ticking

ENDS = (
    "rule: ends\nentity: contract\nwhen: {days_before: {field: ends_on, days: 30}}\n"
    "if: [{field: status, is: active}]\nthen: [{notify: {to: {user: admin}, text: Ends}}]\n"
)
AFTER = (
    "rule: after\nentity: contract\nwhen: {days_after: {field: starts_on, days: 3}}\n"
    "then: [{notify: {to: {user: admin}, text: Began}}]\n"
)
BORN = "rule: born\nentity: customer\nwhen: {yearly_on: born_on}\nthen: [{notify: {to: {user: admin}, text: Hi}}]\n"
TODAY = dt.date(2026, 3, 2)  # where the tests' clock stands: noon, after the day's hour


def contract(as_user, **values):
    with as_user() as session:
        return make_contract(session, **{"status": "active", "ends_on": "2030-01-01", **values}).id


def change(as_user, number, **values):
    with as_user() as session:
        update_record(session, session.workspace.schema.entities["contract"], number, values)


def looks(workshop):
    """Let the scheduler and the worker look; return the records that were looked at, in order."""
    ticking.tick(workshop)
    workshop.work_off()
    ticking.tick(workshop)
    workshop.work_off()
    return [row["record_id"] for row in workshop.runs()]


@pytest.mark.parametrize("days", [0, 1, 10, 29, 30])
def test_a_record_dated_inside_the_window_is_looked_at_once(make_workshop, as_user, clock, days):
    workshop = make_workshop(ENDS)
    assert looks(workshop) == []
    number = contract(as_user, ends_on=(TODAY + timedelta(days=days)).isoformat())
    assert looks(workshop) == [number]
    for _day in range(40):
        clock.now += timedelta(days=1)
        assert looks(workshop) == [number]


@pytest.mark.parametrize("days", [-1, 31])
def test_a_record_outside_the_window_is_not(make_workshop, as_user, clock, days):
    workshop = make_workshop(ENDS)
    looks(workshop)
    contract(as_user, ends_on=(TODAY + timedelta(days=days)).isoformat(), starts_on="2020-01-01")
    assert looks(workshop) == []


def test_the_clock_and_the_save_of_one_moment_are_one_occasion(make_workshop, as_user, clock):
    """Saved before the day's hour, it is the clock's affair; whichever comes first, it is looked at once."""
    workshop = make_workshop(ENDS)
    clock.now = dt.datetime(2026, 3, 2, 5, 59)  # the hour is 06:00 UTC
    early = contract(as_user, ends_on=(TODAY + timedelta(days=30)).isoformat())
    workshop.work_off()
    assert workshop.runs() == []
    clock.now = dt.datetime(2026, 3, 2, 6, 0, 10)
    late = contract(as_user, ends_on=(TODAY + timedelta(days=30)).isoformat())
    assert sorted(looks(workshop)) == [early, late]


def test_a_date_that_is_moved_into_the_window_and_back(make_workshop, as_user, clock):
    workshop = make_workshop(ENDS)
    looks(workshop)
    number = contract(as_user, ends_on="2027-01-01")
    assert looks(workshop) == []
    for date, times in (("2026-03-20", 1), ("2027-01-01", 1), ("2026-03-20", 1), ("2026-03-25", 2)):
        change(as_user, number, ends_on=date)
        assert looks(workshop) == [number] * times, date


def test_conditions_that_come_to_hold_inside_the_window(make_workshop, as_user, clock):
    workshop = make_workshop(ENDS)
    looks(workshop)
    number = contract(as_user, ends_on="2026-03-20", status="draft")
    assert looks(workshop) == []
    change(as_user, number, status="active")
    assert looks(workshop) == [number]
    change(as_user, number, name="Another name")
    assert looks(workshop) == [number]


def test_what_was_in_the_window_before_the_rule_is_left_alone(make_workshop, as_user, clock):
    number = contract(as_user, ends_on="2026-03-20")
    make_workshop().work_off()
    workshop = make_workshop(ENDS)
    assert looks(workshop) == []
    change(as_user, number, name="Another name")
    assert looks(workshop) == []


@pytest.mark.parametrize(("days", "is_late"), [(2, False), (3, True), (20, True), (33, True), (34, False)])
def test_days_after_a_date_a_month_is_made_up_for(make_workshop, as_user, clock, days, is_late):
    workshop = make_workshop(AFTER)
    looks(workshop)
    number = contract(as_user, starts_on=(TODAY - timedelta(days=days)).isoformat())
    assert looks(workshop) == ([number] if is_late else [])
    clock.now += timedelta(days=2)
    assert looks(workshop) == ([number] if is_late or days == 2 else [])


@pytest.mark.parametrize(("born_on", "is_looked_at"), [("1980-03-02", True), ("1980-03-01", False)])
def test_a_birthday_is_kept_on_the_day_also_after_its_hour(
    make_workshop, as_user, clock, born_on, is_looked_at
):
    workshop = make_workshop(BORN)
    looks(workshop)
    with as_user() as session:
        number = make_customer(session, kind="person", born_on=born_on).id
    assert looks(workshop) == ([number] if is_looked_at else [])


def test_a_birthday_has_the_hour_that_the_rule_names(make_workshop, as_user, clock):
    workshop = make_workshop(BORN.replace("yearly_on: born_on", 'yearly_on: {field: born_on, at: "23:00"}'))
    looks(workshop)
    with as_user() as session:
        number = make_customer(session, kind="person", born_on="1980-03-02").id
    assert looks(workshop) == []
    clock.now += timedelta(hours=10)
    assert looks(workshop) == [number]


def test_a_rule_that_skips_what_was_missed_skips_the_late_too(make_workshop, as_user, clock):
    workshop = make_workshop(ENDS.replace("if: ", "if_missed: skip\nif: "))
    looks(workshop)
    contract(as_user, ends_on="2026-03-20")
    assert looks(workshop) == []


def test_another_zone_has_another_hour(make_workshop, as_user, clock):
    """At noon UTC it is seven in New York: the day's hour has not come, so it is the clock's affair."""
    workshop = make_workshop(ENDS.replace("if: ", "time_zone: America/New_York\nif: "))
    workshop.work_off()
    number = contract(as_user, ends_on=(TODAY + timedelta(days=30)).isoformat())
    clock.now = dt.datetime(2026, 3, 2, 12, 30)
    assert looks(workshop) == []
    clock.now = dt.datetime(2026, 3, 2, 13, 0)
    assert looks(workshop) == [number]
