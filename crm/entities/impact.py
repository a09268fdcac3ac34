"""Which records a proposal touches, and which of them forbid it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm.entities.models import Models
from crm.errors import Problem
from crm.fields import FIELD_TYPES

if TYPE_CHECKING:
    from crm.entities.publish import Proposal


def rows_touched(
    connection: sa.Connection, proposal: Proposal, models: Models
) -> tuple[dict[str, Any], list[Problem]]:
    """Return counts of records by what would happen to them, and the problems that stop the proposal.

    Shape:  keys read `entity.field: what`; only counts above zero appear.
    """
    counts: dict[str, Any] = {}
    problems: list[Problem] = []
    tables = set(sa.inspect(connection).get_table_names())
    for name, cls in models.items():
        identity = proposal.before.entities.get(name)
        if identity is None or identity.table not in tables:
            continue
        table = models.table(name)
        known = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for field in cls.__entity__.fields.values():
            if field.column not in known or not FIELD_TYPES[field.type].stored:
                continue
            column = table.c[field.column]
            if field.unique:
                problems += _not_unique(connection, name, field.name, column)
            _count(connection, counts, name, field, column)
    for row in proposal.changes["removed"]:
        _count_removed(connection, counts, proposal, row, tables)
    return counts, problems


def _not_unique(connection: sa.Connection, entity: str, field: str, column: sa.Column) -> list[Problem]:
    twice = sa.select(column).where(column.is_not(None)).group_by(column).having(sa.func.count() > 1).limit(5)
    values = [str(value) for value in connection.scalars(twice)]
    if not values:
        return []
    return [
        Problem("schema.not_unique", {"entity": entity, "field": field, "values": ", ".join(values)}, field)
    ]


def _count(connection: sa.Connection, counts: dict, entity: str, field: Any, column: sa.Column) -> None:
    total = sa.select(sa.func.count()).select_from(column.table)
    if field.required:
        empty = connection.scalar(total.where(column.is_(None)))
        if empty:
            counts[f"{entity}.{field.name}: required but empty"] = empty
    if field.type == "choice":
        gone = connection.scalar(total.where(column.not_in(list(field.options["choices"]))))
        if gone:
            counts[f"{entity}.{field.name}: holds a value that is no choice any more"] = gone


def _count_removed(
    connection: sa.Connection, counts: dict, proposal: Proposal, row: dict, tables: set[str]
) -> None:
    entity = proposal.before.entities.get(row.get("entity", row["name"]))
    if entity is None or entity.table not in tables or row["kind"] not in ("entity", "field"):
        return
    table = sa.table(entity.table, sa.column("id"))
    asked = sa.select(sa.func.count()).select_from(table)
    key = f"{row['name']}: records set aside"
    if row["kind"] == "field":
        identity = entity.fields.get(row["name"])
        columns = {column["name"] for column in sa.inspect(connection).get_columns(entity.table)}
        if identity is None or identity.column not in columns:
            return
        asked = asked.where(sa.column(identity.column).is_not(None))
        key = f"{row['entity']}.{row['name']}: values set aside"
    found = connection.scalar(asked)
    if found:
        counts[key] = found
