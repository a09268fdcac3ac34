"""Records as the rows of a file, as far as the actor may see and export them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.service import readable_fields, require
from crm.records.listing import ListQuery, iterate_records
from crm.records.values import field_of, linked_titles, situation_of, type_of


def export_columns(session: CrmSession, entity: Entity, names: Sequence[str] | None = None) -> list[str]:
    """Return the fields an export holds: the wanted ones, or all the actor may see.

    Errors: NotAllowedError without the right to export.
    """
    require(session.actor, "export", entity)
    require(session.actor, "read", entity)
    readable = readable_fields(session.actor, entity)
    return [name for name in (names or ["id", *readable]) if name == "id" or name in readable]


def export_header(session: CrmSession, entity: Entity, names: Sequence[str]) -> list[str]:
    """Return the labels of the columns in the actor's language."""
    return [field_of(entity, name).label.get(session.actor.language) for name in names]


def export_rows(
    session: CrmSession, entity: Entity, query: ListQuery, names: Sequence[str]
) -> Iterator[list[Any]]:
    """Yield every matching record as cells, references and users by their titles, in bounded memory."""
    situation = situation_of(session)
    fields = [(name, field_of(entity, name)) for name in names]
    wanted = ListQuery(
        query.lines, query.search, query.order, columns=tuple(name for name in names if name != "id")
    )
    for part in iterate_records(session, entity, wanted):
        titles = linked_titles(session, entity, part, names, situation)
        for row in part:
            yield [
                titles[name].get(row[name])
                if name in titles
                else type_of(field).to_cell(field, row.get(name), situation)
                for name, field in fields
            ]
