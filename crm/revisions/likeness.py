"""What finds records that look the same by `same_if`: the index of words, else an index of its own."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.revisions.models import is_indexed

LIKE = "like"


def is_folded(field: Field) -> bool:
    """Return whether a field's values are compared as words, without case and accents."""
    return FIELD_TYPES[field.type].kind == "text" and not field.encrypted


def same_groups(entity: Entity) -> Iterator[tuple[Field, ...]]:
    """Yield the groups of fields by which records of an entity look the same; computed fields are not compared."""
    for group in entity.same_if:
        fields = tuple(entity.fields[name] for name in group)
        if all(FIELD_TYPES[field.type].stored for field in fields):
            yield fields


def compared_fields(entity: Entity) -> list[Field]:
    """Return the fields whose words find records that look the same, by the index of words."""
    found = {field.name: field for group in same_groups(entity) for field in group if is_folded(field)}
    return list(found.values())


def like_indexes(entity: Entity) -> Iterator[sa.Index]:
    """Yield the indexes for groups of `same_if` that neither words nor another index find."""
    seen = set()
    for group in same_groups(entity):
        if any(is_folded(field) or field.unique or is_indexed(field) for field in group):
            continue
        if group[0].name not in seen and not group[0].encrypted:
            seen.add(group[0].name)
            yield _index(entity.table, group[0])


def _index(table: str, field: Field) -> sa.Index:
    column = sa.Table(table, sa.MetaData(), sa.Column(field.column, sa.String())).c[field.column]
    return sa.Index(object_name(LIKE, table, field.column), column)
