"""The order of lists in SQL: by what people read, so by titles and names where a field points to something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.conditions import compile_sql
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.alphabet import alphabetical
from crm.fields.base import Field
from crm.permissions.rows import scope_of
from crm.records.values import field_of, formula_tree, title_fields, type_of


def expression_of(session: CrmSession, entity: Entity, name: str) -> Any:
    """Return the SQL of a field: its column, or the expression that computes it."""
    field = field_of(entity, name)
    field_type = type_of(field)
    if field_type.stored:
        return getattr(session.workspace.models[entity.name], field_type.attribute(field))
    tree = formula_tree(session, entity, field)
    return compile_sql(tree, entity.name, scope_of(session)).label(name)


def value_of_field(session: CrmSession, entity: Entity, name: str) -> Any:
    """Return the SQL of a field without a label, to be used in expressions."""
    found = expression_of(session, entity, name)
    return found.element if isinstance(found, sa.Label) else found


def order_by(session: CrmSession, entity: Entity, order: Sequence[tuple[str, bool]]) -> Iterator[Any]:
    """Yield the sort keys; empty values come last in both directions."""
    for name, descending in order:
        if name == "id":
            cls = session.workspace.models[entity.name]
            yield cls.id.desc() if descending else cls.id.asc()
            continue
        first, *others = _keys(session, entity, field_of(entity, name))
        yield first.desc().nulls_last() if descending else first.asc().nulls_last()
        for key in others:
            yield key.desc() if descending else key.asc()


def _keys(session: CrmSession, entity: Entity, field: Field) -> tuple[Any, ...]:
    """Return what a field is sorted by; the first key is empty where the field is."""
    value = value_of_field(session, entity, field.name)
    if type_of(field).links == "user":
        return (_name_of(session, value),)
    if type_of(field).links == "record":
        return (*_titles(session, session.workspace.schema.entities[field.options["to"]], value), value)
    return type_of(field).result(field).order(field, value, session.actor.language)


def user_order(user: Any, language: str) -> sa.ColumnElement:
    """Return the SQL by which users are sorted: the name they are shown by, in the order of a language."""
    return alphabetical(
        sa.func.coalesce(
            sa.func.nullif(sa.func.trim(user.first_name + " " + user.last_name), ""), user.username
        ),
        language,
    )


def _name_of(session: CrmSession, number: Any) -> Any:
    user = aliased(session.workspace.models.user)
    return sa.select(user_order(user, session.actor.language)).where(user.id == number).scalar_subquery()


def _titles(session: CrmSession, target: Entity, number: Any) -> Iterator[Any]:
    """Yield the keys of what a title is made of; a record the actor may not see counts as empty."""
    rights = session.actor.rights(target.name)
    if "read" not in rights.can:
        return
    cls = aliased(session.workspace.models[target.name])
    for name in title_fields(target):
        field = field_of(target, name)
        if name not in rights.hidden and type_of(field).stored:
            value = getattr(cls, type_of(field).attribute(field))
            key, *_rest = type_of(field).order(field, value, session.actor.language)
            yield sa.select(key).where(cls.id == number).scalar_subquery()
