"""Business calendars as documents: every problem found, then built."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.conditions.tree.moments import parse_day
from crm.conditions.tree.working import CALENDAR, Calendar, Spans, make_calendar
from crm.entities.build import label_of
from crm.entities.kinds import Kind
from crm.entities.model import Document, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import FLAG, WORD, WORDS, closed, named, one_or_many
from crm.errors import Problem
from crm.texts import Text

KEYS = (CALENDAR, "label", "default", "time_zone", "hours", "holidays", "days_off", "open_days")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COUNTRIES = ("GR", "RO", "IL")
YEARS = range(2000, 2061)  # for which holidays are known
SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)\Z")
MOST_SPANS, MOST_DAYS, DAY = 6, 1_000, 24 * 60


@dataclass(frozen=True)
class BusinessCalendar:
    """A declared calendar; `is_default` makes it count where a formula names none.

    Shape:  `body` is its document. The days are worked out for the first formula that asks: 60 years of holidays take
            most of a second.
    """

    name: str
    label: Text
    body: Mapping[str, Any]
    is_default: bool = False

    @cached_property
    def calendar(self) -> Calendar:
        """Return the working time it declares."""
        body = self.body
        week = tuple(spans_of(body["hours"].get(day)) for day in WEEKDAYS)
        days: dict[dt.date, Spans] = dict.fromkeys(holidays_of(_as_list(body.get("holidays"))), ())
        days |= {parse_day(day): () for day in body.get("days_off") or ()}
        days |= {parse_day(day): spans_of(spans) for day, spans in (body.get("open_days") or {}).items()}
        return make_calendar(week, days, body.get("time_zone") or "")


def check_calendar(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a business calendar."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), KEYS, ("hours",))
    reader.name(document.name, (CALENDAR,))
    reader.text(body, "label", ())
    _check_zone(reader, body.get("time_zone"))
    if reader.flag(body, "default", ()) and _other_default(document, schema):
        reader.refuse("calendar.two_defaults", ("default",), name=_other_default(document, schema))
    hours = reader.keys(body["hours"], ("hours",), WEEKDAYS) if "hours" in body else {}
    for day in hours:
        _check_spans(reader, hours[day], ("hours", day))
    if hours and not any(spans_of(hours[day]) for day in hours) and not reader.problems:
        reader.refuse("calendar.never_open", ("hours",))
    for index, country in enumerate(_as_list(body.get("holidays"))):
        reader.known(country, COUNTRIES, ("holidays", index), "country")
    days = reader.items(body, "days_off", ())
    for index, day in enumerate(days):
        _check_day(reader, day, ("days_off", index))
    others = reader.mapping(body, "open_days", ())
    for day, spans in others.items():
        _check_day(reader, day, ("open_days", day))
        _check_spans(reader, spans, ("open_days", day))
    if len(days) + len(others) > MOST_DAYS:
        reader.refuse("calendar.too_many_days", ("days_off",), limit=MOST_DAYS)
    return reader.problems


def _other_default(document: Document, schema: Schema) -> str:
    """Return the calendar before this one that is the usual one as well."""
    for other in schema.documents:
        if other.kind == CALENDAR and other.body.get("default") is True:
            return "" if other.name == document.name else other.name
    return ""


def _check_zone(reader: BodyReader, name: Any) -> None:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        reader.refuse("calendar.bad_zone", ("time_zone",), value=str(name)[:60])


def _check_day(reader: BodyReader, day: Any, path: tuple) -> None:
    if parse_day(day) is None:
        reader.refuse("calendar.bad_day", path, value=str(day)[:40])


def _check_spans(reader: BodyReader, body: Any, path: tuple) -> None:
    """Note times that are none, that end before they begin, and that overlap."""
    rows, before = _as_list(body), 0
    if len(rows) > MOST_SPANS:
        reader.refuse("calendar.too_many_times", path, limit=MOST_SPANS)
    for index, row in enumerate(rows[:MOST_SPANS]):
        place = (*path, index) if isinstance(body, list) else path
        found = span_of(row)
        if found is None:
            reader.refuse("calendar.bad_times", place, value=str(row)[:40])
        elif found[0] < before:
            reader.refuse("calendar.times_overlap", place, value=str(row)[:40])
        else:
            before = found[1]


def span_of(text: Any) -> tuple[int, int] | None:
    """Return the minutes of times such as 09:00-17:00; None for what is none.

    >>> span_of("09:00-24:00"), span_of("17:00-09:00"), span_of("9-17")
    ((540, 1440), None, None)
    """
    found = SPAN.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return (begin, end) if begin < end <= DAY else None


def spans_of(body: Any) -> Spans:
    """Return the times of a day that has no problems."""
    return tuple(found for row in _as_list(body) if (found := span_of(row)))


def build_calendar(document: Document, _schema: Schema) -> BusinessCalendar:
    """Return the calendar of a document that has no problems."""
    body = document.body
    return BusinessCalendar(
        document.name, label_of(body, "label", document.name), body, body.get("default") is True
    )


def holidays_of(countries: list[str]) -> list[dt.date]:
    """Return the public holidays of some countries."""
    return [day for country in countries for day in _holidays(country)]


@cache
def _holidays(country: str) -> tuple[dt.date, ...]:
    """Return a country's public holidays; who declares none does not load what knows them."""
    import holidays

    return tuple(holidays.country_holidays(country, years=YEARS))


def _as_list(body: Any) -> list:
    return [] if body is None else body if isinstance(body, list) else [body]


TIMES = one_or_many(WORD)
KIND = Kind(
    CALENDAR,
    "business_calendars",
    check_calendar,
    build_calendar,
    KEYS,
    parts={
        "default": FLAG,
        "time_zone": WORD,
        "hours": closed(**dict.fromkeys(WEEKDAYS, TIMES)),
        "holidays": one_or_many({"enum": list(COUNTRIES)}),
        "days_off": WORDS,
        "open_days": named(TIMES),
    },
)
