"""A field whose type changed: every value read by the old type and written by the new one, into a fresh column."""

from __future__ import annotations

import sqlalchemy as sa

from crm.entities.identity import FieldIdentity, Identities
from crm.entities.workspace import Workspace
from crm.errors import FieldError, Problem, SchemaError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.texts import Text

CHUNK = 2_000
EXAMPLES = 20


def convert_columns(connection: sa.Connection, before: Identities, workspace: Workspace) -> None:
    """Fill the columns of fields whose type changed.

    Errors: SchemaError naming the records whose values do not convert; the transaction is then undone.
    """
    problems: list[Problem] = []
    for name, entity in workspace.schema.entities.items():
        old = before.entities.get(name)
        by_uid = {identity.uid: identity for identity in old.fields.values()} if old else {}
        for field in entity.fields.values():
            identity = by_uid.get(field.uid)
            if identity and identity.column != field.column and FIELD_TYPES[field.type].writable:
                problems += _convert(connection, workspace.models.table(name), identity, field)
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))


def _convert(connection: sa.Connection, table: sa.Table, old: FieldIdentity, field: Field) -> list[Problem]:
    source = sa.column(old.column, _column_type(old))
    rows = connection.execute(sa.select(table.c.id, source).select_from(table).where(source.is_not(None)))
    field_type, situation = FIELD_TYPES[field.type], Situation(source="import")
    update = (
        table.update().where(table.c.id == sa.bindparam("row")).values({field.column: sa.bindparam("value")})
    )
    refused, total = [], 0
    for part in rows.partitions(CHUNK):
        values = []
        for row_id, value in part:
            try:
                text = _plain(value, old)
                values.append({"row": row_id, "value": field_type.clean(field, text, situation)})
            except FieldError:
                refused.append(f"{row_id}: {value}")
        total += len(part)
        if values:
            connection.execute(update, values)
    if not refused:
        return []
    params = {"field": field.name, "good": total - len(refused), "bad": len(refused)}
    return [
        Problem(
            "schema.values_do_not_convert", {**params, "examples": "; ".join(refused[:EXAMPLES])}, field.name
        )
    ]


def _plain(value: object, old: FieldIdentity) -> object:
    """Return a stored value as the text an import would bring."""
    ghost = _ghost(old)
    if ghost is None or ghost.type in ("reference", "user"):
        return value
    plain = FIELD_TYPES[ghost.type].to_json(ghost, value)
    return str(plain).lower() if isinstance(plain, bool) else plain


def _ghost(old: FieldIdentity) -> Field | None:
    """Return the field as it was, as far as its column needs it: type and places."""
    kind, *rest = old.type.split()
    if kind not in FIELD_TYPES or not FIELD_TYPES[kind].stored:
        return None
    places = {"places": int(rest[-1])} if rest and rest[-1].isdigit() else {}
    return Field(old.column, kind, Text(old.column), options=places)


def _column_type(old: FieldIdentity) -> sa.types.TypeEngine:
    """Return the SQL type the values were stored with, so that they are read as what they meant."""
    ghost = _ghost(old)
    return sa.types.NULLTYPE if ghost is None else FIELD_TYPES[ghost.type].column_type(ghost)
