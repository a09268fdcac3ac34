"""Working time: the days and hours of a business calendar, the same for Python and both databases.

A calendar says for each weekday between which times there is work, and for single days what differs: holidays and days
off have none, other days have times of their own. A working day is one with any such time. Working hours are hours
that pass: a night in which the clocks change is as long as it is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from crm.fields.wall_clock import to_local, to_utc

MOST_HOURS = 10_000  # of working time that is added at once
MOST_DAYS = 20_000  # that are looked at for them
SECONDS = 3_600
CALENDAR = "business_calendar"  # the kind of document
WORKING = ("working_days_between", "add_working_hours")  # functions whose third argument names a calendar

Spans = tuple[tuple[int, int], ...]
"""From when to when there is work, in minutes of the wall clock's day."""

OFFICE: Spans = ((9 * 60, 17 * 60),)


@dataclass(frozen=True)
class Calendar:
    """One business calendar.

    Shape:  `week` has the times of each weekday, Monday first; `days` those of single days, none for a day off.
            `zone` is a time zone's name, "" for the organisation's. `deltas` says by day how far it is from what its
            weekday says: -1 for a working day that is off, 1 for the other way round.
    """

    week: tuple[Spans, ...] = (*(OFFICE,) * 5, (), ())
    days: Mapping[dt.date, Spans] = attribute(default_factory=dict)
    zone: str = ""
    deltas: Mapping[dt.date, int] = attribute(default_factory=dict)

    def spans(self, day: dt.date) -> Spans:
        """Return the times of a day."""
        found = self.days.get(day)
        return self.week[day.weekday()] if found is None else found


OFFICE_WEEK = Calendar()
"""Monday to Friday, 9 to 17: what counts where no calendar is declared."""


def make_calendar(week: tuple[Spans, ...], days: Mapping[dt.date, Spans], zone: str) -> Calendar:
    """Return a calendar with what follows from its days."""
    found = {day: bool(spans) - bool(week[day.weekday()]) for day, spans in days.items()}
    return Calendar(week, dict(days), zone, {day: delta for day, delta in sorted(found.items()) if delta})


def working_days_between(first: dt.date, last: dt.date, calendar: Calendar) -> int:
    """Return how many working days come after the first day, up to the last one; negative when it is earlier.

    >>> working_days_between(dt.date(2026, 11, 27), dt.date(2026, 11, 30), OFFICE_WEEK)
    1
    """
    if last < first:
        return -working_days_between(last, first, calendar)
    pattern = _days_to(last, calendar) - _days_to(first, calendar)
    return pattern + sum(delta for day, delta in calendar.deltas.items() if first < day <= last)


def _days_to(day: dt.date, calendar: Calendar) -> int:
    """Return how many working days the weeks have from the first Monday of the calendar to a day."""
    works = [bool(spans) for spans in calendar.week]
    weeks, rest = divmod(day.toordinal(), 7)
    return weeks * sum(works) + sum(works[:rest])


def add_working_hours(
    moment: dt.datetime, hours: Decimal, calendar: Calendar, zone: ZoneInfo
) -> dt.datetime | None:
    """Return the moment at which so many working hours have passed, to the second; the moment itself for none.

    Shape:  `zone` is the one the calendar has no own of. None below 0, above what is added at once, and where the
            calendar has no such time in 20,000 days.
    """
    if not 0 <= hours <= MOST_HOURS:
        return None
    left = dt.timedelta(seconds=int(hours * SECONDS))
    if not left:
        return moment
    zone = zone_of(calendar.zone) if calendar.zone else zone
    day = to_local(moment, zone).date()
    for number in range(day.toordinal(), min(day.toordinal() + MOST_DAYS, dt.date.max.toordinal() - 1)):
        for begin, end in _moments(dt.date.fromordinal(number), calendar, zone):
            begin = max(begin, moment)
            if end > begin:
                if end - begin >= left:
                    return begin + left
                left -= end - begin
    return None


def _moments(day: dt.date, calendar: Calendar, zone: ZoneInfo) -> list[tuple[dt.datetime, dt.datetime]]:
    start = dt.datetime.combine(day, dt.time())
    return [
        (to_utc(start + dt.timedelta(minutes=begin), zone), to_utc(start + dt.timedelta(minutes=end), zone))
        for begin, end in calendar.spans(day)
    ]


@lru_cache(maxsize=100)
def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name."""
    return ZoneInfo(name)


def chosen(calendars: Mapping[str, Calendar], name: object) -> Calendar:
    """Return the calendar of a name; the usual one, under "", for none and for one that is not there."""
    return calendars.get(str(name or "")) or calendars[""]


def calendars_of(schema: Any) -> Mapping[str, Calendar]:
    """Return the declared calendars by name, and under "" the one that counts where none is named."""
    declared = (getattr(schema, "parts", None) or {}).get(CALENDAR) or {}
    found = {name: one.calendar for name, one in declared.items() if one is not None}
    usual = next((one.calendar for one in declared.values() if one is not None and one.is_default), None)
    return {"": usual or OFFICE_WEEK, **found}


def write_calendars(calendars: Mapping[str, Calendar], zone: ZoneInfo) -> str:
    """Return calendars as the text that the databases read, each with its time zone."""
    found = {name: _plain(calendar, zone) for name, calendar in calendars.items()}
    return json.dumps(found, separators=(",", ":"))


def _plain(calendar: Calendar, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "zone": calendar.zone or zone.key,
        "week": calendar.week,
        "works": [int(bool(spans)) for spans in calendar.week],
        "days": {day.isoformat(): spans for day, spans in calendar.days.items()},
        "deltas": {day.isoformat(): delta for day, delta in calendar.deltas.items()},
    }


@lru_cache(maxsize=50)
def read_calendars(text: str) -> Mapping[str, Calendar]:
    """Return the calendars of such a text."""
    return {
        name: make_calendar(
            tuple(_spans(spans) for spans in one["week"]),
            {dt.date.fromisoformat(day): _spans(spans) for day, spans in one["days"].items()},
            one["zone"],
        )
        for name, one in json.loads(text).items()
    }


def _spans(rows: list) -> Spans:
    return tuple((begin, end) for begin, end in rows)
