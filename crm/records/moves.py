"""Moves on a calendar: a record is ticked, put off, or put on another day or hour, each of which can be taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crm.conditions.tree.moments import add_days, shift_moment
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError, Problem, RecordError
from crm.fields import type_of
from crm.fields.base import Field
from crm.fields.date_reading import read_date, read_moment
from crm.fields.wall_clock import to_local, to_utc
from crm.records.service import get_record, update_record
from crm.records.sources import Source, source_of, tick_value
from crm.records.values import values_of

SNOOZES = ("hour", "tomorrow", "week")
Before = Mapping[str, str]
"""What the fields of a calendar held before a move, by its key, as an address can carry it; "" for nothing."""


def tick(session: CrmSession, entity: Entity, record_id: int) -> Before:
    """Note that something is done; return what was there before.

    Errors: as `update_record`; NotFoundError where the reader may not say so.
    """
    source, row = _found(session, entity, record_id)
    value = tick_value(session, source, row)
    if value is None:
        raise NotFoundError("record.not_found", entity=entity.label, id=record_id)
    return _save(session, source, row, {"done": value})


def snooze(session: CrmSession, entity: Entity, record_id: int, until: str) -> Before:
    """Put something off for an hour, until tomorrow at its hour, or until the first day of next week.

    Errors: as `update_record`; RecordError for another word.
    """
    source, row = _found(session, entity, record_id)
    if until not in SNOOZES or until == "hour" and not source.has_hours:
        raise RecordError("record.has_problems", [Problem("record.bad_move", {"value": until[:60]})], count=1)
    return _move(session, source, row, _put_off(session, source, row, until))


def move(session: CrmSession, entity: Entity, record_id: int, to: str, end: str = "") -> Before:
    """Put something on another day or hour of the reader's wall clock; it lasts as long as before without an end.

    Shape:  `to` and `end` are texts as people type them or in ISO form: a day, which leaves the hour, or with a time.
    Errors: as `update_record`; RecordError for a text that is none.
    """
    source, row = _found(session, entity, record_id)
    begins = _typed(session, source.begins, row, to)
    if not end or source.ends is None:
        return _move(session, source, row, begins)
    return _save(session, source, row, {"from": begins, "to": _typed(session, source.ends, row, end)})


def put_back(session: CrmSession, entity: Entity, record_id: int, before: Before) -> None:
    """Take a move back: give the fields of a calendar the values they had.

    Errors: as `update_record`.
    """
    source, _row = _found(session, entity, record_id)
    fields = _fields(source)
    values = {fields[key].name: value or None for key, value in before.items() if fields.get(key)}
    update_record(session, entity, record_id, values)


def _found(session: CrmSession, entity: Entity, record_id: int) -> tuple[Source, dict[str, Any]]:
    record, source = get_record(session, entity, record_id), source_of(session, entity)
    if source is None:
        raise NotFoundError("record.not_found", entity=entity.label, id=record_id)
    names = [field.name for field in _fields(source).values() if field]
    return source, {**values_of(session, record, names), "id": record.id}


def _fields(source: Source) -> dict[str, Field | None]:
    return {"from": source.begins, "to": source.ends, "done": source.done}


def _put_off(session: CrmSession, source: Source, row: Mapping[str, Any], until: str) -> dt.date:
    now, zone = session.clock(), session.actor.time_zone
    today = to_local(now, zone).date()
    if until == "hour":
        return shift_moment(
            max(row[source.begins.name], now.replace(second=0, microsecond=0)), 1, "hours", zone
        )
    ahead = 1 if until == "tomorrow" else (session.actor.first_weekday - today.weekday() - 1) % 7 + 1
    return _on(session, source.begins, row, add_days(today, ahead) or today)


def _on(session: CrmSession, field: Field, row: Mapping[str, Any], day: dt.date) -> dt.date:
    """Return a field's value on another day, at the hour it had."""
    held, zone = row[field.name], session.actor.time_zone
    if not isinstance(held, dt.datetime):
        return day
    return to_utc(dt.datetime.combine(day, to_local(held, zone).replace(fold=0).time()), zone)


def _typed(session: CrmSession, field: Field, row: Mapping[str, Any], text: str) -> dt.date:
    day, moment = read_date(text), read_moment(text)
    if moment is None:
        raise RecordError("record.has_problems", [Problem("record.bad_move", {"value": text[:60]})], count=1)
    if day is not None or not isinstance(row[field.name], dt.datetime):
        return _on(session, field, row, day or moment.date())
    return to_utc(moment, session.actor.time_zone)


def _move(session: CrmSession, source: Source, row: Mapping[str, Any], begins: dt.date) -> Before:
    """Begin at another time, and end as much later."""
    values = {"from": begins}
    start, end = row[source.begins.name], row[source.ends.name] if source.ends else None
    if end is not None and type(end) is type(start):
        values["to"] = end + (begins - start)
    return _save(session, source, row, values)


def _save(session: CrmSession, source: Source, row: Mapping[str, Any], values: Mapping[str, Any]) -> Before:
    fields = _fields(source)
    sent = {
        fields[key].name: value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value
        for key, value in values.items()
    }
    update_record(session, source.entity, row["id"], sent)
    return {key: _text(fields[key], row[fields[key].name]) for key in values}


def _text(field: Field, value: Any) -> str:
    plain = type_of(field).to_json(field, value)
    return "" if plain is None else str(plain).lower() if isinstance(plain, bool) else str(plain)
