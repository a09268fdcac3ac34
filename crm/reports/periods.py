"""Dates cut into periods, in SQL and in words: the day, week, month, quarter or year they fall in."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel.dates import format_date, format_skeleton

from crm.permissions.model import Actor

EARLIEST, LATEST = dt.datetime.min, dt.datetime.max
SKELETONS = {"month": "yMMM", "quarter": "yQQQ", "year": "y"}


def period_of(expression: Any, period: str, is_moment: bool, dialect: str, actor: Actor) -> Any:
    """Return the SQL of the first day of the period a value falls in, as a date; cut in the actor's zone and weeks."""
    zone, starts = actor.time_zone, actor.first_weekday
    if dialect == "sqlite":
        return sa.func.crm_period(expression, period, zone.key if is_moment else "", starts, type_=sa.Date())
    local = expression
    if is_moment:
        there = sa.func.timezone(zone.key, sa.func.timezone("UTC", expression))
        within = sa.func.greatest(sa.func.least(there, LATEST), EARLIEST)
        local = sa.case((expression.is_not(None), within))
    if period == "week" and starts:
        day = sa.cast(local, sa.Date)
        since = sa.func.mod(sa.cast(sa.extract("isodow", day), sa.Integer) + 6 - starts, 7)
        return sa.cast(day - sa.func.least(since, day - EARLIEST.date()), sa.Date)
    return sa.cast(sa.func.date_trunc(period, local), sa.Date)


def start_of(day: dt.date, period: str, starts: int = 0) -> dt.date:
    """Return the first day of the period a day falls in; weeks begin on Monday, or another day counted from it.

    >>> start_of(dt.date(2026, 11, 22), "quarter")
    datetime.date(2026, 10, 1)
    """
    if period == "week":
        return day - dt.timedelta(days=min((day.weekday() - starts) % 7, (day - dt.date.min).days))
    if period == "month":
        return day.replace(day=1)
    if period == "quarter":
        return day.replace(month=day.month - (day.month - 1) % 3, day=1)
    return day.replace(month=1, day=1) if period == "year" else day


def end_of(start: dt.date, period: str) -> dt.date:
    """Return the last day of a period that begins on a day; the calendar ends with the year 9999.

    >>> end_of(dt.date(2026, 2, 1), "month")
    datetime.date(2026, 2, 28)
    """
    after = next_start(start, period)
    return after - dt.timedelta(days=1) if after is not None else dt.date.max


def next_start(start: dt.date, period: str) -> dt.date | None:
    """Return the first day of the period after one that begins on a day; None at the end of the calendar."""
    steps = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
    try:
        after = start + dt.timedelta(days=steps[period])
        return after if period == "week" else start_of(after, period)
    except OverflowError:
        return None


def periods_between(first: dt.date, last: dt.date, period: str, limit: int) -> list[dt.date]:
    """Return the first day of every period from one to another, at most so many.

    >>> len(periods_between(dt.date(2026, 1, 1), dt.date(2026, 12, 1), "month", 100))
    12
    """
    found: list[dt.date] = []
    place: dt.date | None = first
    while place is not None and place <= last and len(found) < limit:
        found.append(place)
        place = next_start(place, period)
    return found


def say_period(start: dt.date, period: str, language: str) -> str:
    """Return a period in words.

    >>> say_period(dt.date(2026, 2, 1), "month", "en")
    'Feb 2026'
    """
    if period in SKELETONS:
        return format_skeleton(SKELETONS[period], start, locale=language)
    return format_date(start, "medium", locale=language)


def _cut(value: str | None, period: str, zone: str, starts: int) -> str | None:
    if value is None:
        return None
    moment = dt.datetime.fromisoformat(value)
    day = _local_day(moment, zone) if zone else moment.date()
    return start_of(day, period, starts).isoformat()


def _local_day(moment: dt.datetime, zone: str) -> dt.date:
    try:
        return moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date()
    except OverflowError:  # at the ends of the calendar there is no other day
        return moment.date()


@sa.event.listens_for(sa.Engine, "connect")
def _teach_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("crm_period", 4, _cut, deterministic=True)
