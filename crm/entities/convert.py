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
    source = sa.column(old.column)
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
                text = _plain(value, old, field)
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


def _plain(value: object, old: FieldIdentity, field: Field) -> object:
    """Return a stored value as the text an import would bring."""
    kind = old.type.split()[0]
    if kind in FIELD_TYPES and kind not in ("reference", "user"):
        ghost = Field(old.column, kind, Text(old.column), options=field.options)
        return FIELD_TYPES[kind].to_json(ghost, value)
    return value
