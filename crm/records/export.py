"""Records as the rows of a file, as far as the actor may see and export them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.service import readable_fields, require
from crm.records.headers import headers_of
from crm.records.listing import ListQuery, iterate_records
from crm.records.sheet_cells import Styled
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
    """Return the headers of the columns in the actor's language; no two fields share one."""
    return headers_of(entity, names, session.actor.language)


def export_rows(
    session: CrmSession, entity: Entity, query: ListQuery, names: Sequence[str]
) -> Iterator[list[Any]]:
    """Return every matching record as cells, references and users by their titles, in bounded memory."""
    return _rows_of(session, entity, query, names, cells_of)


def sheet_rows(
    session: CrmSession, entity: Entity, query: ListQuery, names: Sequence[str]
) -> Iterator[list[Any]]:
    """Return what `export_rows` does, numbers and dates in the formats of their reader."""
    return _rows_of(session, entity, query, names, _styled)


def _rows_of(
    session: CrmSession, entity: Entity, query: ListQuery, names: Sequence[str], cells: Callable[..., list]
) -> Iterator[list[Any]]:
    """Yield rows of what `cells` makes of each column, a chunk of records at a time."""
    for rows in _chunks(session, entity, query, names):
        columns = [cells(session, entity, rows, name) for name in names]
        yield from map(list, zip(*columns, strict=True))


def _styled(session: CrmSession, entity: Entity, rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    situation, field, cells = (
        situation_of(session),
        field_of(entity, name),
        cells_of(session, entity, rows, name),
    )
    field_type, styled = type_of(field), []
    for row, cell in zip(rows, cells, strict=True):
        code = "" if cell is None else field_type.sheet_format(field, cell, replace(situation, values=row))
        styled.append(Styled(cell, code) if code else cell)
    return styled


def _chunks(
    session: CrmSession, entity: Entity, query: ListQuery, names: Sequence[str]
) -> Iterator[list[Mapping[str, Any]]]:
    wanted = ListQuery(
        query.lines, query.search, query.order, columns=tuple(name for name in names if name != "id")
    )
    for part in iterate_records(session, entity, wanted):
        yield list(part)


def cells_of(session: CrmSession, entity: Entity, rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return one column of some records as cells.

    Shape:  a record that the actor cannot see is left blank, and so are those among several.
    """
    situation, field = situation_of(session), field_of(entity, name)
    titles = linked_titles(session, entity, rows, [name], situation)
    if name in titles:
        return [titles[name].get(row.get(name)) for row in rows]
    field_type = type_of(field)
    return [field_type.to_cell(field, row.get(name), situation) for row in rows]
