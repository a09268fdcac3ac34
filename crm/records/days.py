"""Which days records stand on: what an entity's `calendar` says, asked for some days of the reader's zone."""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from crm.conditions.tree.moments import add_days, day_end, day_of, day_start
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.fields.wall_clock import to_local
from crm.permissions.service import readable_fields
from crm.records.listing import ListQuery, first_records
from crm.records.values import field_of
from crm.revisions.calendar import day_of_year

MOST_RECORDS = 2_000  # records one look at a calendar reads


@dataclass(frozen=True)
class Span:
    """The days a record stands on, where the reader is; `at` is the time it begins, None where it has no time."""

    first: dt.date
    last: dt.date
    at: dt.time | None = None


@dataclass(frozen=True)
class DayRecords:
    """The records of some days with their spans, in the order they begin.

    Shape:  `complete_before` is the first day whose records are not all there; None when nothing is left out.
    """

    found: list[tuple[Span, dict[str, Any]]]
    complete_before: dt.date | None = None


def readable_days(session: CrmSession, entity: Entity) -> tuple[Field, Field | None] | None:
    """Return the fields that say when a record begins and ends, as far as they are open to the reader.

    Shape:  None when the entity has no calendar, or when the day a record begins is hidden.
    """
    names, readable = entity.calendar or {}, readable_fields(session.actor, entity)
    first, last = (
        field_of(entity, name) if name in readable or name in SYSTEM_FIELDS else None
        for name in (names.get("from"), names.get("to"))
    )
    return (first, last) if first is not None else None


def records_on_days(
    session: CrmSession, entity: Entity, query: ListQuery, first: dt.date, last: dt.date
) -> DayRecords:
    """Return the records that stand on days from the first to the last; `query.columns` are what else is wanted.

    Shape:  nothing for a reader to whom the day they begin is not open.
    Errors: as `list_records`.
    """
    fields = readable_days(session, entity)
    if fields is None:
        return DayRecords([])
    begins, ends = fields
    if (entity.calendar or {}).get("yearly"):
        return _yearly(session, entity, replace(query, order=((begins.name, False),)), begins, (first, last))
    zone, names = session.actor.time_zone, [begins.name, *([ends.name] if ends else [])]
    asked = replace(
        query,
        lines=[*query.lines, *_touching(begins, ends, first, last, zone)],
        order=((begins.name, False),),
        columns=tuple(dict.fromkeys((*(query.columns or ()), *names))),
    )
    rows, has_more = first_records(session, entity, asked, MOST_RECORDS)
    spans = ((span_of(row, begins, ends, zone), row) for row in rows)
    found = [(span, row) for span, row in spans if span.first <= last and span.last >= first]
    cut = max(found[-1][0].first, first) if has_more and found else None
    return DayRecords(found, cut)


def days_of_year(first: dt.date, last: dt.date) -> list[int]:
    """Return some days as numbers without their year, with the 29th of February of a year that has none.

    >>> days_of_year(dt.date(2026, 2, 27), dt.date(2026, 3, 1))
    [227, 228, 229, 301]
    """
    found = set()
    for number in range(min((last - first).days, 366) + 1):
        day = first + dt.timedelta(days=number)
        found.add(day.month * 100 + day.day)
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            found.add(229)
    return sorted(found)


def anniversaries(day: dt.date, first: dt.date, last: dt.date) -> list[dt.date]:
    """Return when a day comes back between two others; the 29th of February on the 28th in short years.

    >>> anniversaries(dt.date(2000, 2, 29), dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    [datetime.date(2026, 2, 28)]
    """
    found = []
    for year in range(max(first.year, day.year), last.year + 1):
        is_leap_day = (day.month, day.day) == (2, 29) and not isleap(year)
        then = dt.date(year, day.month, 28 if is_leap_day else day.day)
        if first <= then <= last:
            found.append(then)
    return found


def _yearly(
    session: CrmSession, entity: Entity, query: ListQuery, begins: Field, days: tuple[dt.date, dt.date]
) -> DayRecords:
    """Return the records whose day comes back between two others, on each of those days."""
    attribute = getattr(session.workspace.models[entity.name], type_of(begins).attribute(begins))
    asked = replace(query, columns=tuple(dict.fromkeys((*(query.columns or ()), begins.name))))
    where = [day_of_year(attribute).in_(days_of_year(*days))]
    rows, has_more = first_records(session, entity, asked, MOST_RECORDS, where)
    found = [(Span(day, day), row) for row in rows for day in anniversaries(row[begins.name], *days)]
    return DayRecords(sorted(found, key=lambda pair: pair[0].first), days[0] if has_more else None)


def lines_of_days(session: CrmSession, entity: Entity, first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    """Return the conditions that a record stands on one of some days, where the reader is.

    Shape:  nothing for days that come back every year: no condition tells them.
    """
    fields = None if (entity.calendar or {}).get("yearly") else readable_days(session, entity)
    return _touching(*fields, first, last, session.actor.time_zone) if fields else []


def span_of(row: Mapping[str, Any], begins: Field, ends: Field | None, zone: ZoneInfo) -> Span:
    """Return the days of a record; one that ends before it begins stands on its first day alone."""
    start, end = row[begins.name], row.get(ends.name) if ends else None
    first, at = _local(start, zone)
    if end is None:
        return Span(first, first, at)
    last, until = _local(end, zone)
    if until == dt.time() and last > first:  # what ends at midnight does not reach into the day
        last = add_days(last, -1) or last
    return Span(first, max(first, last), at)


def _local(value: dt.date, zone: ZoneInfo) -> tuple[dt.date, dt.time | None]:
    if not isinstance(value, dt.datetime):
        return value, None
    return day_of(value, zone), to_local(value, zone).time().replace(second=0, microsecond=0)


def _touching(
    begins: Field, ends: Field | None, first: dt.date, last: dt.date, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """Return the conditions that a record begins no later than the last day, and ends no sooner than the first."""
    until = (
        {"field": begins.name, "below": _text(day_end(last, zone))}
        if kind_of(begins) == "datetime"
        else {"field": begins.name, "at_most": last.isoformat()}
    )
    reaches = [
        {"field": field.name, "at_least": _text(day_start(first, zone))}
        if kind_of(field) == "datetime"
        else {"field": field.name, "at_least": first.isoformat()}
        for field in (begins, ends)
        if field is not None
    ]
    return [until, {"any": reaches} if len(reaches) > 1 else reaches[0]]


def _text(moment: dt.datetime) -> str:
    """Return a moment in UTC as conditions read it."""
    return moment.isoformat(timespec="seconds") + "+00:00"
