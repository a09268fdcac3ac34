"""What would become of stored values under a field's new type or limits: the real converter, writing nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.entities.identity import ENCRYPTED, FieldIdentity
from crm.errors import FieldError, Problem
from crm.fields.base import Field
from crm.revisions.convert import CHUNK, converted, ghost_of
from crm.revisions.models import stored_column_type

SHOWN = 200  # refused values that are listed; the rest is counted


@dataclass(frozen=True)
class Refused:
    """One value that does not fit: the record it belongs to, the value as stored, and why."""

    record: int
    value: str
    reason: Problem


@dataclass(frozen=True)
class Conversion:
    """How the values of one field fare.

    Shape:  `before` and `after` are types; equal when only limits changed. `good` and `bad` count values; with
            `is_complete` False the time was up, and there are at least so many. `refused` lists the first of the bad.
            `returns` says that the column is one the field had before: what does not fit leaves the value from then
            ("kept"), or nothing when that was purged ("dropped").
    """

    entity: str
    field: str
    before: str
    after: str
    good: int
    bad: int
    is_complete: bool
    refused: tuple[Refused, ...] = ()
    returns: str = ""
    uid: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain data without the values: a configurator may not be allowed to read them."""
        shown = [{"record": found.record, "code": found.reason.code} for found in self.refused]
        return {
            "entity": self.entity,
            "field": self.field,
            "before": self.before,
            "after": self.after,
            "good": self.good,
            "bad": self.bad,
            "complete": self.is_complete,
            "returns": self.returns,
            "refused": shown,
        }


@dataclass(frozen=True)
class ValueSource:
    """Where values are read: the entity's name, its table, and the columns of the fields by which they are read."""

    entity: str
    table: sa.Table
    beside: Mapping[str, sa.ColumnElement] = attribute(default_factory=dict)


def rehearse(
    connection: sa.Connection, source: ValueSource, old: FieldIdentity, field: Field, until: float
) -> Conversion:
    """Read every stored value of a field as its new declaration would, until the time is up.

    Unit:   `until` is a moment of `time.monotonic`.
    """
    is_secret = field.encrypted or old.type.endswith(ENCRYPTED)
    good, refused, is_complete, bad = 0, [], True, 0
    for row_id, value, reason in _readings(connection, source, old, field):
        if reason is None:
            good += 1
        else:
            bad += 1
            if len(refused) < SHOWN:
                refused.append(Refused(row_id, "…" if is_secret else str(value)[:200], reason))
        if not (good + bad) % CHUNK and time.monotonic() > until:
            is_complete = False
            break
    types = old.type.split()[0], field.type
    return Conversion(
        source.entity, field.name, *types, good, bad, is_complete, tuple(refused), uid=field.uid
    )


def _readings(
    connection: sa.Connection, source: ValueSource, old: FieldIdentity, field: Field
) -> Iterator[tuple[int, Any, Problem | None]]:
    ghost, table = ghost_of(old), source.table
    if ghost is None:
        return
    stored = sa.column(old.column, stored_column_type(ghost, table.name))
    beside = [(name, column) for name, column in source.beside.items() if name != field.name]
    asked = (
        sa.select(table.c.id, stored, *(column for _name, column in beside))
        .select_from(table)
        .where(stored.is_not(None))
        .order_by(table.c.id)
    )
    names = [name for name, _column in beside]
    with connection.execution_options(yield_per=CHUNK).execute(asked) as rows:
        for row_id, value, *others in rows:
            try:
                converted(ghost, field, value, dict(zip(names, others, strict=True)))
            except FieldError as error:
                yield row_id, value, error.as_problem()
            else:
                yield row_id, value, None
