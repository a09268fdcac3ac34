"""When scheduled rules are due: clocks, zones, daylight saving."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from crm.fields.wall_clock import to_utc
from workflows.rules.model import Trigger
from workflows.rules.schedule import duration, is_cron, period_of
from workflows.triggers import TRIGGERS

ATHENS, UTC = ZoneInfo("Europe/Athens"), ZoneInfo("UTC")


def last_due(trigger, now, zone):
    return TRIGGERS[trigger.kind].last_due(trigger.body, now, zone)


def cron_of(trigger):
    return TRIGGERS[trigger.kind].cron_of(trigger.body)


def moments(trigger, start, end, zone, step=dt.timedelta(minutes=10)):
    """Return the different occasions a scheduler that looks every few minutes would see."""
    found = []
    while start <= end:
        due = last_due(trigger, start, zone)
        if due.period not in [seen.period for seen in found]:
            found.append(due)
        start += step
    return found[1:]  # the first is what was due before we began to look


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_daily_rule_runs_once_on_the_days_the_clocks_change(day):
    noon_before = dt.datetime.fromisoformat(day) - dt.timedelta(hours=12)
    found = moments(Trigger("every_day_at", "03:30"), noon_before, noon_before + dt.timedelta(days=1), ATHENS)
    assert [due.period for due in found] == [f"{day}T03:30"]


def test_time_that_spring_skips_comes_an_hour_later_by_the_wall_clock():
    assert to_utc(dt.datetime(2026, 3, 29, 3, 30), ATHENS) == dt.datetime(2026, 3, 29, 1, 30)


def test_time_that_autumn_has_twice_is_the_first_one():
    assert to_utc(dt.datetime(2026, 10, 25, 3, 30), ATHENS) == dt.datetime(2026, 10, 25, 0, 30)


def test_every_hour_has_25_hours_on_the_long_day():
    start = dt.datetime(2026, 10, 24, 21, 0)  # midnight in Athens
    found = moments(
        Trigger("every_hour"), start - dt.timedelta(minutes=10), start + dt.timedelta(hours=24), UTC
    )
    assert len(found) == 25


def test_weekly_cron_is_due_on_monday_in_the_rules_own_zone():
    due = last_due(Trigger("cron", "0 8 * * 1"), dt.datetime(2026, 3, 4, 12), ATHENS)
    assert due.moment == dt.datetime(2026, 3, 2, 6, 0)
    assert due.day == dt.date(2026, 3, 2)


def test_rule_on_a_date_starts_its_day_at_eight_unless_it_says_when():
    assert cron_of(Trigger("days_before", {"field": "ends_on", "days": 30})) == "0 8 * * *"
    assert cron_of(Trigger("yearly_on", {"field": "born_on", "at": "06:15"})) == "15 6 * * *"


def test_clock_that_goes_back_finds_an_older_occasion_not_a_new_one():
    trigger = Trigger("every_day_at", "08:00")
    today = last_due(trigger, dt.datetime(2026, 3, 2, 6, 1), ATHENS)
    assert last_due(trigger, dt.datetime(2026, 3, 2, 5, 0), ATHENS).moment < today.moment


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "* * * * * *", "61 * * * *", "@daily", "0 8 30 2 *", "x" * 200, None, 8, "0 8 * * mon-x"],
)
def test_lines_that_are_no_cron_lines(line):
    assert not is_cron(line)


@pytest.mark.parametrize("line", ["0 8 * * 1", "*/5 * * * *", "0 9-17 * * mon-fri", "30 6 1 * *"])
def test_lines_that_are_cron_lines(line):
    assert is_cron(line)


def test_week_of_the_last_days_of_a_year_is_named_by_its_own_year():
    assert period_of("week", dt.datetime(2027, 1, 1, 12), ATHENS) == "2026-W53"


def test_day_of_a_late_evening_is_the_local_one():
    assert period_of("day", dt.datetime(2026, 3, 2, 22, 30), ATHENS) == "2026-03-03"


@pytest.mark.parametrize("words", ["4", "hours", "-1 days", "99999 days", "1 day; drop", None, 4, ["1 day"]])
def test_words_that_are_no_duration(words):
    assert duration(words) is None
