"""What makes the calendars of people quick: which records are still open as SQL, and the indexes that find them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2s
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS, object_name
from crm.fields import type_of

CALENDAR = "ix"


def is_open(entity: Entity, done: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a record is not done yet.

    Shape:  `done` is the attribute or column of the calendar's `done`. Written out in full, so that both databases see
            that an index with the same condition serves it.
    """
    words = entity.calendar.get("done_is")
    if not words:
        return done.is_not(sa.true())
    return sa.and_(*(done.is_distinct_from(sa.literal_column(_quoted(word))) for word in words))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def day_of_year(moment: Any) -> sa.ColumnElement[int]:
    """Return month and day of a date as one number: 1231 for the last day of any year."""
    month, day = sa.extract("month", moment), sa.extract("day", moment)
    return month * sa.literal_column("100") + day


def calendar_indexes(entity: Entity, table: sa.Table) -> Iterator[sa.Index]:
    """Yield the indexes of an entity's calendar: by person and moment, of what is open, of what is due for anybody.

    Shape:  nothing for a calendar that names no person.
    """
    told = entity.calendar or {}
    if "person" not in told or not _is_stored(entity, told["from"]):
        return
    person, begins = _column(entity, table, "person"), _column(entity, table, "from")
    if told.get("yearly"):
        yield sa.Index(_name(entity, table, "yearly"), person, Grouping(day_of_year(begins)))
        yield sa.Index(_name(entity, table, "days"), Grouping(day_of_year(begins)))
        return
    yield sa.Index(_name(entity, table, "person"), person, begins)
    if "done" in told:
        open_ones = is_open(entity, _column(entity, table, "done"))
        where = {"sqlite_where": open_ones, "postgresql_where": open_ones}
        yield sa.Index(_name(entity, table, "open"), person, begins, **where)
        yield sa.Index(_name(entity, table, "due"), begins, **where)


def _is_stored(entity: Entity, name: str) -> bool:
    return name in SYSTEM_FIELDS or type_of(entity.fields[name]).stored


def _column(entity: Entity, table: sa.Table, key: str) -> sa.Column:
    name = entity.calendar[key]
    return table.c[entity.fields[name].column if name not in SYSTEM_FIELDS else name]


def _name(entity: Entity, table: sa.Table, kind: str) -> str:
    """Return the name of an index, which tells what it holds: of other fields it is another index."""
    keys = {
        "person": ("person", "from"),
        "yearly": ("person", "from"),
        "days": ("from",),
        "due": ("from", "done", "done_is"),
    }
    told = [_said(entity, table, key) for key in keys.get(kind, ("person", "from", "done", "done_is"))]
    digest = blake2s(repr(told).encode(), digest_size=4).hexdigest()
    return object_name(CALENDAR, entity.table, "calendar", f"_{kind}_{digest}")


def _said(entity: Entity, table: sa.Table, key: str) -> Any:
    if key == "done_is":
        return list(entity.calendar.get(key) or ())
    return _column(entity, table, key).name
