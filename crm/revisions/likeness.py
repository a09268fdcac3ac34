"""The indexes by which records that look the same are found: one per group of `same_if` that no other index serves."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.likeness import alike
from crm.revisions.models import is_indexed

LIKE = "like"


def is_folded(field: Field) -> bool:
    """Return whether a field's values are compared without case and accents."""
    return FIELD_TYPES[field.type].kind == "text" and not field.encrypted


def same_groups(entity: Entity) -> Iterator[tuple[Field, ...]]:
    """Yield the groups of fields by which records of an entity look the same; computed fields are not compared."""
    for group in entity.same_if:
        fields = tuple(entity.fields[name] for name in group)
        if all(FIELD_TYPES[field.type].stored for field in fields):
            yield fields


def like_indexes(entity: Entity) -> Iterator[sa.Index]:
    """Yield the indexes that an entity's `same_if` wants."""
    seen = set()
    for group in same_groups(entity):
        if any(not is_folded(field) and (field.unique or is_indexed(field)) for field in group):
            continue
        first = next((field for field in group if is_folded(field)), group[0])
        if first.name not in seen and not first.encrypted:
            seen.add(first.name)
            yield _index(entity.table, first)


def _index(table: str, field: Field) -> sa.Index:
    column = sa.Table(table, sa.MetaData(), sa.Column(field.column, sa.String())).c[field.column]
    return sa.Index(
        object_name(LIKE, table, field.column), Grouping(alike(column)) if is_folded(field) else column
    )
