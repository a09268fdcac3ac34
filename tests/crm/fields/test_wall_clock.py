"""The two odd hours of a year, in one table: what the clock shows, what is meant, and what does not exist."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from crm.conditions.tree import moments
from crm.fields import FIELD_TYPES, wall_clock
from crm.fields.base import Field, Situation
from crm.fields.wall_clock import comes_twice, exists, to_local, to_utc
from crm.texts import Text
from workflows.rules import schedule

FIELD = Field("at", "datetime", Text("At"))

# zone, an hour that is skipped, where calculation goes on, an hour that comes twice, its two moments
NIGHTS = [
    ("Europe/Athens", "2026-03-29T03:30", "2026-03-29T04:30", "2026-10-25T03:30", "00:30", "01:30"),
    ("Europe/Bucharest", "2026-03-29T03:30", "2026-03-29T04:30", "2026-10-25T03:30", "00:30", "01:30"),
    ("Asia/Jerusalem", "2026-03-27T02:30", "2026-03-27T03:30", "2026-10-25T01:30", "22:30", "23:30"),
    ("America/New_York", "2026-03-08T02:30", "2026-03-08T03:30", "2026-11-01T01:30", "05:30", "06:30"),
]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(("name", "skipped", "goes_on", "twice", "first", "second"), NIGHTS)
def test_every_calculation_follows_one_rule(name, skipped, goes_on, twice, first, second):
    zone = ZoneInfo(name)
    assert to_local(to_utc(at(skipped), zone), zone) == at(goes_on)
    assert (exists(at(skipped), zone), exists(at(goes_on), zone)) == (False, True)
    assert (comes_twice(at(twice), zone), comes_twice(at(goes_on), zone)) == (True, False)
    moments_of = [to_utc(at(twice).replace(fold=fold), zone) for fold in (0, 1)]
    assert [f"{moment:%H:%M}" for moment in moments_of] == [first, second]
    assert [to_local(moment, zone).fold for moment in moments_of] == [0, 1]


def test_conditions_and_schedules_have_no_rule_of_their_own():
    assert moments.to_utc is schedule.to_utc is wall_clock.to_utc
    assert moments.to_local is schedule.to_local is wall_clock.to_local


@pytest.mark.parametrize(("name", "skipped", "goes_on", "twice", "first", "second"), NIGHTS)
def test_both_hours_pass_through_form_cell_and_json(name, skipped, goes_on, twice, first, second):
    zone, field_type = ZoneInfo(name), FIELD_TYPES["datetime"]
    for fold in (0, 1):
        moment = to_utc(at(twice).replace(fold=fold), zone)
        form = Situation(time_zone=zone, held={"at": moment})
        assert field_type.is_shown_as(FIELD, moment, field_type.form_text(FIELD, moment, form), form)
        file = Situation(time_zone=zone, source="import")
        cell = field_type.to_cell(FIELD, moment, file)
        assert field_type.clean(FIELD, cell, file) == moment
        assert field_type.clean(FIELD, str(cell), file) == moment
        assert field_type.from_json(FIELD, field_type.to_json(FIELD, moment)) == moment


def test_who_changes_the_minutes_stays_in_the_hour_the_record_has():
    second = dt.datetime(2026, 10, 25, 1, 30)
    beside = Situation(held={"at": second})
    assert FIELD_TYPES["datetime"].clean(FIELD, "2026-10-25T03:45", beside) == dt.datetime(
        2026, 10, 25, 1, 45
    )
    assert FIELD_TYPES["datetime"].clean(FIELD, "2026-10-26T03:45", beside) == dt.datetime(
        2026, 10, 26, 1, 45
    )


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_the_ends_of_the_calendar_are_no_skipped_hour(text):
    for zone in (ZoneInfo("Europe/Athens"), ZoneInfo("America/New_York")):
        assert isinstance(to_utc(at(text), zone), dt.datetime)
        assert isinstance(to_local(at(text), zone), dt.datetime)
