"""The guard on reading: every ORM statement of a session obeys its actor's rights, no matter which code runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, defer
from sqlalchemy.sql import visitors

from crm.database import CrmSession
from crm.errors import NotAllowedError
from crm.fields import FIELD_TYPES
from crm.permissions.model import Actor
from crm.permissions.rows import row_criteria
from crm.revisions.models import Record
from crm.revisions.workspace import Workspace
from crm.texts import Text


@sa.event.listens_for(CrmSession, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    session: Any = state.session
    if not (state.is_select or state.is_orm_statement):
        return
    if not state.is_select and _touches_records(state.statement):
        raise RuntimeError("Records are written through crm.records, not by statements.")
    if not session.is_guarded or not state.is_select or not hasattr(session, "actor"):
        return
    if session.actor.sees_everything or state.is_column_load:
        return
    hidden = hidden_columns(session.workspace, session.actor)
    _refuse_hidden(session.workspace, state.statement, hidden, state.is_orm_statement)
    state.statement = state.statement.options(
        *_row_options(session, state.statement), *_field_options(session, state.statement)
    )


def _touches_records(statement: Any) -> bool:
    mapper = (
        getattr(statement, "table", None) is not None and statement.table._annotations.get("parententity")
    ) or None
    return mapper is not None and issubclass(mapper.class_, Record)


def _row_options(session: CrmSession, statement: Any) -> Iterator[Any]:
    """Yield the row conditions of the statement's entities, anywhere in it."""
    for cls in _reached_classes(session.workspace, statement):
        criteria = row_criteria(session, cls.__entity__, "read")
        if criteria is not None:
            yield RowCriteria(cls, criteria, include_aliases=True)


def _reached_classes(workspace: Workspace, statement: Any) -> list[type[Record]]:
    """Return the classes a statement reads; all of them when options may join others to it.

    A relationship that is loaded by a statement of its own comes by the guard again.
    """
    if any(not isinstance(option, RowCriteria) for option in statement._with_options):
        return list(workspace.models.values())
    tables = {table.name for table in map(_table_of, visitors.iterate(statement)) if table is not None}
    reached = [cls for cls in workspace.models.values() if cls.__entity__.table in tables]
    return reached if tables else list(workspace.models.values())


def _table_of(element: Any) -> Any:
    """Return the table an element is, or is a column of; else None."""
    if isinstance(element, sa.Column):
        return _real_table(element.table)
    return element if isinstance(element, sa.Table) else None


class RowCriteria(LoaderCriteriaOption):
    """A condition on every occurrence of an entity; an aliased one that is joined to gets it on its own columns."""

    _traverse_internals = LoaderCriteriaOption._traverse_internals  # its cache key is the same

    def _resolve_where_criteria(self, ext_info: Any) -> Any:
        criteria = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(criteria) if ext_info.is_aliased_class else criteria


def _field_options(session: CrmSession, statement: Any) -> Iterator[Any]:
    """Yield what keeps hidden fields from being loaded with whole records."""
    named = [
        row for row in statement.column_descriptions if "entity" in row
    ]  # columns of our own tables have none
    roots = {row["entity"] for row in named if row["expr"] is row["entity"]}
    for cls in roots:
        entity = getattr(cls, "__entity__", None)
        for field_name in session.actor.rights(entity.name).hidden if entity else ():
            field = entity.fields.get(field_name)
            if field is not None and FIELD_TYPES[field.type].stored:
                yield defer(getattr(cls, FIELD_TYPES[field.type].attribute(field)), raiseload=True)


def hidden_columns(workspace: Workspace, actor: Actor) -> dict[str, frozenset[str]]:
    """Return the column names that are hidden from an actor, by table; tables without any are absent."""
    found = {}
    for name, entity in workspace.schema.entities.items():
        columns = {
            entity.fields[field].column for field in actor.rights(name).hidden if field in entity.fields
        }
        if any(entity.fields[field].search for field in actor.rights(name).hidden if field in entity.fields):
            columns.add("search_key")  # it contains the searched words of hidden fields
        if columns:
            found[entity.table] = frozenset(columns)
    return found


def _called(workspace: Workspace, table: str, column: str) -> Text | str:
    """Return what people call the field of a column; the column where it has none."""
    for entity in workspace.schema.entities.values():
        if entity.table == table:
            return next((each.label for each in entity.fields.values() if each.column == column), column)
    return column


def _refuse_hidden(
    workspace: Workspace, statement: Any, hidden: dict[str, frozenset[str]], is_mapped: bool
) -> None:
    """Refuse a statement that selects, filters, sorts or groups by a hidden field, or goes round the mappers."""
    own = {workspace.models.table(name) for name in workspace.models}
    for element in visitors.iterate(statement):
        if not isinstance(element, sa.Column):
            continue
        table = _real_table(element.table)
        if table is not None and element.name in hidden.get(table.name, ()):
            raise NotAllowedError(
                "permissions.hidden_field", field=_called(workspace, table.name, element.name)
            )
        if table in own and not is_mapped:
            raise RuntimeError("Entity tables are read through their mapped classes, so that rights apply.")


def _real_table(table: Any) -> Any:
    while table is not None and not isinstance(table, sa.Table):
        table = getattr(table, "element", None)
    return table


@sa.event.listens_for(CrmSession, "before_flush")
def _refuse_side_doors(session: CrmSession, _context: Any, _instances: Any) -> None:
    if session.info.get("saving"):
        return
    if _first_record((*session.new, *session.dirty, *session.deleted)) is not None:
        raise RuntimeError("Records are saved through crm.records, so that rights, checks and history apply.")


def _first_record(objects: Iterable[object]) -> Record | None:
    return next((found for found in objects if isinstance(found, Record)), None)
