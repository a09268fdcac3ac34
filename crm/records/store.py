"""Core statements on entity tables that change neither version nor history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.workspace import Workspace
from crm.fields.encrypted import INDEX_LENGTH
from crm.secrets import ID_LENGTH


def write_search_keys(session: CrmSession, entity: Entity, keys: Sequence[dict[str, Any]]) -> None:
    """Write the search keys of records.

    Shape:  each of `keys` holds `row`, the record's id, and `key`.
    """
    table = session.workspace.models.table(entity.name)
    written = sa.update(table).where(table.c.id == sa.bindparam("row")).values(search_key=sa.bindparam("key"))
    session.connection().execute(written, keys)


def sealed_columns(workspace: Workspace) -> Iterator[sa.Column]:
    """Yield the column of every encrypted field."""
    for entity, field in workspace.schema.encrypted_fields():
        yield workspace.models.table(entity.name).c[field.column]


def list_sealed_otherwise(
    connection: sa.Connection, column: sa.Column, key_id: str, limit: int
) -> list[tuple[int, str]]:
    """Return ids and stored texts of a sealed column whose values another key sealed."""
    raw = sa.type_coerce(column, sa.Text())
    own = sa.func.substr(raw, INDEX_LENGTH + 2, ID_LENGTH, type_=sa.Text())
    table = column.table
    asked = sa.select(table.c.id, raw).where(column.is_not(None), own != key_id).order_by(table.c.id)
    return [(row[0], row[1]) for row in connection.execute(asked.limit(limit))]


def replace_sealed(connection: sa.Connection, column: sa.Column, rows: Sequence[dict[str, Any]]) -> None:
    """Write values anew that still are what was read: what somebody saved meanwhile is newer.

    Shape:  each of `rows` holds `row`, the id, `old`, the stored text, and `value`, the plain value.
    """
    table, raw = column.table, sa.type_coerce(column, sa.Text())
    same = raw == sa.bindparam("old", type_=sa.Text())
    fresh = sa.update(table).where(table.c.id == sa.bindparam("row"), same)
    connection.execute(fresh.values({column.name: sa.bindparam("value", type_=column.type)}), rows)
