"""Dates and moments: typed in four languages, across clock changes, between limits."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.fields.date_reading import read_date
from crm.fields.locales import months
from crm.fields.wall_clock import to_local, to_utc
from crm.texts import LANGUAGES
from tests.crm.fields.samples import field_of
from tests.shared_data import locale_cases

FORMATS = locale_cases("formats")
DAY = dt.date(2026, 3, 29)
NAMES_OF_ZONES = tuple(FORMATS["dst"]) or ("Europe/Athens", "Europe/Bucharest", "Asia/Jerusalem")
ZONES = tuple(map(ZoneInfo, NAMES_OF_ZONES))


def clean(type_name: str, value: Any, situation: Situation | None = None, **body: Any) -> Any:
    """Return what a field of the type makes of a value; the code of the refusal when it refuses."""
    try:
        return FIELD_TYPES[type_name].clean(field_of(type_name, **body), value, situation or Situation())
    except FieldError as error:
        return error.code


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29", "2026-3-29", "2026/03/29", "29/3/2026", "29/03/2026", "29.03.2026", "29.3.2026", "29-3-2026",
        "29 Μαρ 2026", "29 Μαρτίου 2026", "29 ΜΑΡΤΙΟΥ 2026", "29 mar. 2026", "29 martie 2026", "29 במרץ 2026",
        "29 מרץ 2026", "29 March 2026", "29 Mar 2026", "29-Mar-2026", "Mar 29, 2026",
        "March 29 2026", "29th March 2026",
        "duminică, 29 martie 2026", "Κυριακή, 29 Μαρτίου 2026", "יום ראשון, 29 במרץ 2026", " 29/3/2026 ",
        "\u200f29.3.2026", "2026-03-29 00:00:00", "2026-03-29T00:00:00Z", "29/3/2026 14:30",
    ],
)  # fmt: skip
def test_a_date_may_be_written_in_many_ways(text: str) -> None:
    assert clean("date", text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "29/3/26",
        "03/29/2026",
        "2026-02-30",
        "2026-13-01",
        "29/3",
        "29 Xyz 2026",
        "45000",
        "tomorrow",
        "0/0/0000",
        "29/3.2026",
    ],
)
def test_what_is_no_date_or_could_be_two_is_refused(text: str) -> None:
    assert clean("date", text) == "date.not_a_date"


@pytest.mark.parametrize("value", [45000, 45000.5, True, dt.time(12, 30), [2026, 3, 29]])
def test_a_number_is_no_date(value: Any) -> None:
    assert clean("date", value) == "date.not_a_date"


@settings(deadline=None)
@given(day=st.dates(), language=st.sampled_from(LANGUAGES))
def test_every_date_is_read_back_as_it_is_shown(day: dt.date, language: str) -> None:
    shown = FIELD_TYPES["date"].display(field_of("date"), day, Situation(language=language))
    if day.year >= 1000:
        assert read_date(shown) == day


def test_no_name_means_two_months() -> None:
    assert set(months().values()) == set(range(1, 13))
    assert len(months()) > 60


@pytest.mark.parametrize("language", FORMATS["by_locale"])
def test_dates_are_shown_with_the_month_in_letters(language: str) -> None:
    shown = FIELD_TYPES["date"].display(field_of("date"), DAY, Situation(language=language))
    assert shown == FORMATS["by_locale"][language]["date_medium"]


@pytest.mark.parametrize("language", FORMATS["by_locale"])
def test_dates_written_out_in_full_are_read(language: str) -> None:
    assert clean("date", FORMATS["by_locale"][language]["date_full"]) == DAY


@pytest.mark.parametrize("language", FORMATS["by_locale"])
def test_short_dates_are_read_unless_the_century_is_missing(language: str) -> None:
    short = FORMATS["by_locale"][language]["date_short"]
    assert clean("date", short) == (DAY if "2026" in short else "date.not_a_date")


@pytest.mark.parametrize("language", FORMATS["by_locale"])
def test_every_month_is_known_by_its_name(language: str) -> None:
    for number, name in enumerate(FORMATS["by_locale"][language]["months"], start=1):
        assert clean("date", f"29 {name} 2024") == dt.date(2024, number, 29)


def test_a_moment_counts_as_the_day_it_falls_on_here() -> None:
    late = dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.UTC)
    assert clean("date", late) == DAY
    assert clean("date", dt.datetime(2026, 3, 29, 14, 5)) == DAY


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-01T15:30", dt.datetime(2026, 7, 1, 12, 30)),
        ("2026-07-01 15:30:59", dt.datetime(2026, 7, 1, 12, 30, 59)),
        ("2026-07-01T12:30:00Z", dt.datetime(2026, 7, 1, 12, 30)),
        ("2026-07-01T14:30:00+02:00", dt.datetime(2026, 7, 1, 12, 30)),
        ("2026-07-01T12:30:00.999Z", dt.datetime(2026, 7, 1, 12, 30)),
        ("1/7/2026 15:30", dt.datetime(2026, 7, 1, 12, 30)),
        ("01.07.2026, 15:30", dt.datetime(2026, 7, 1, 12, 30)),
        ("1 Ιουλ 2026, 3:30 μ.μ.", dt.datetime(2026, 7, 1, 12, 30)),
        ("1 July 2026 3:30 PM", dt.datetime(2026, 7, 1, 12, 30)),
        ("1 ביולי 2026, 15:30", dt.datetime(2026, 7, 1, 12, 30)),
        ("2026-07-01", dt.datetime(2026, 6, 30, 21, 0)),
        ("2026-01-01T12:00", dt.datetime(2026, 1, 1, 10, 0)),
    ],
)
def test_a_moment_without_a_zone_is_local(text: str, moment: dt.datetime) -> None:
    assert clean("datetime", text) == moment


def test_native_moments() -> None:
    assert clean("datetime", dt.datetime(2026, 7, 1, 15, 30)) == dt.datetime(2026, 7, 1, 12, 30)
    assert clean("datetime", dt.datetime(2026, 7, 1, 12, 30, tzinfo=dt.UTC)) == dt.datetime(
        2026, 7, 1, 12, 30
    )
    assert clean("datetime", dt.date(2026, 7, 1)) == dt.datetime(2026, 6, 30, 21)
    assert clean("datetime", 45000.5) == "date.not_a_moment"
    assert clean("datetime", "13:00 PM") == "date.not_a_moment"


@pytest.mark.parametrize("zone", FORMATS["dst"])
def test_the_hour_the_clocks_skip_is_refused(zone: str) -> None:
    skipped = FORMATS["dst"][zone][0].split()[0]
    assert clean("datetime", skipped, Situation(time_zone=ZoneInfo(zone))) == "date.skipped_hour"


@pytest.mark.parametrize("zone", FORMATS["dst"])
def test_of_an_hour_that_happens_twice_the_first_is_meant(zone: str) -> None:
    twice = FORMATS["dst"][zone][1].split()[0]
    situation = Situation(time_zone=ZoneInfo(zone))
    first = clean("datetime", twice, situation)
    second = first + dt.timedelta(hours=1)
    form_text = FIELD_TYPES["datetime"].form_text
    assert (
        form_text(field_of("datetime"), first, situation)
        == form_text(field_of("datetime"), second, situation)
        == twice
    )


def test_the_second_of_two_equal_hours_stays_when_nobody_changed_it() -> None:
    second = dt.datetime(2026, 10, 25, 1, 30)
    held = Situation(held={"sample": second})
    text = FIELD_TYPES["datetime"].form_text(field_of("datetime"), second, held)
    assert clean("datetime", text, held) == second
    assert clean("datetime", text) == second - dt.timedelta(hours=1)


@settings(deadline=None)
@given(moment=st.datetimes(dt.datetime(1930, 1, 1), dt.datetime(2090, 1, 1)), zone=st.sampled_from(ZONES))
def test_every_moment_survives_the_way_through_local_time(moment: dt.datetime, zone: ZoneInfo) -> None:
    moment = moment.replace(microsecond=0)
    assert to_utc(to_local(moment, zone), zone) == moment


@settings(deadline=None)
@given(moment=st.datetimes(dt.datetime(1930, 1, 1), dt.datetime(2090, 1, 1)))
def test_every_moment_survives_json(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert clean("datetime", FIELD_TYPES["datetime"].to_json(field_of("datetime"), moment)) == moment


def test_limits_exclude_the_day_itself() -> None:
    limits = {"after": dt.date(2026, 1, 1), "before": "2026-12-31"}
    assert clean("date", "2026-01-02", **limits) == dt.date(2026, 1, 2)
    assert clean("date", "2026-01-01", **limits) == "date.too_early"
    assert clean("date", "2026-12-31", **limits) == "date.too_late"


@pytest.mark.parametrize("beside", [DAY, "2026-03-29", "29/3/2026", dt.datetime(2026, 3, 29, 9)])
def test_a_limit_may_stand_in_another_field(beside: Any) -> None:
    situation = Situation(values={"starts_on": beside})
    assert clean("date", "2026-03-28", situation, after="starts_on") == "date.too_early"
    assert clean("date", "2026-03-30", situation, after="starts_on") == dt.date(2026, 3, 30)


@pytest.mark.parametrize("beside", [None, "", "nonsense"])
def test_an_empty_limit_does_not_limit(beside: Any) -> None:
    assert clean("date", "2026-03-29", Situation(values={"starts_on": beside}), after="starts_on") == DAY


def test_a_moment_is_limited_by_a_moment() -> None:
    situation = Situation(values={"opened_at": dt.datetime(2026, 7, 1, 12, 30)})
    assert clean("datetime", "2026-07-01T15:29", situation, after="opened_at") == "date.too_early"
    assert clean("datetime", "2026-07-01T15:31", situation, after="opened_at") == dt.datetime(
        2026, 7, 1, 12, 31
    )


def test_moments_are_shown_in_the_zone_of_the_reader() -> None:
    moment = dt.datetime(2026, 7, 1, 12, 30)
    shown = {
        language: FIELD_TYPES["datetime"].display(field_of("datetime"), moment, Situation(language=language))
        for language in LANGUAGES
    }
    assert shown["en"] == "1 Jul 2026, 15:30"
    assert shown["ro"] == "1 iul. 2026, 15:30"
    assert FIELD_TYPES["datetime"].to_cell(field_of("datetime"), moment, Situation()) == dt.datetime(
        2026, 7, 1, 15, 30
    )


@pytest.mark.parametrize("default", ["today", "now", "= now()", "2026-03-29", dt.date(2026, 3, 29)])
def test_a_default_may_be_a_word_or_a_day(default: Any) -> None:
    assert FIELD_TYPES["date"].check_options("ends_on", {"default": default}) == []
    assert FIELD_TYPES["datetime"].check_options("ends_at", {"default": default}) == []


@pytest.mark.parametrize("value", [True, 5, "not a date", [], "2026-02-30"])
def test_a_wrong_limit_is_named(value: Any) -> None:
    problems = FIELD_TYPES["date"].check_options("ends_on", {"after": value})
    assert [problem.code for problem in problems] == ["field.expected_date_or_field"]
