"""What the stored records say about an entity's declarations, and is worth a second look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from crm.entities.model import Entity
from crm.entities.usage import Usage
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.revisions.models import Models, is_indexed
from crm.texts import Text, listed

BIG = 10_000  # records, from which on a condition without an index is felt
MOST = 100_000  # records, up to which values are counted one by one
SELECTING = {"role": "records", "segment": "if", "report": "if", "rule": "if"}
"""Where documents have conditions that select among all the records of an entity."""


def notes_on_data(connection: sa.Connection, models: Models, entity: Entity, usage: Usage) -> list[Problem]:
    """Return what to look at once more in a live entity, for the sake of what is stored."""
    table = models.table(entity.name)
    few = sa.select(sa.literal(1)).select_from(table).limit(MOST + 1).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(few)) or 0
    found = list(_without_index(entity, usage, count)) if count > BIG else []
    if 0 < count <= MOST:
        found += _already_alike(connection, table, entity)
        found += _unused_choices(connection, models, entity)
    return found


def _without_index(entity: Entity, usage: Usage, count: int) -> Iterator[Problem]:
    for field in entity.fields.values():
        is_plain = (
            FIELD_TYPES[field.type].stored and not field.encrypted and FIELD_TYPES[field.type].is_indexable
        )
        if not is_plain or field.unique or is_indexed(field):
            continue
        uses = usage.of_field(entity.name, field.name)
        users = {use.name: use.label or Text(use.name) for use in uses if SELECTING.get(use.kind) in use.path}
        if users:
            names = listed(list(users.values())[:5])
            params = {"entity": entity.plural, "field": field.label, "names": names}
            yield Problem("schema.note_no_index", {**params, "count": min(count, MOST)}, field.name)


def _already_alike(connection: sa.Connection, table: sa.Table, entity: Entity) -> Iterator[Problem]:
    """Yield duplicate rules that stored records meet letter by letter; those that differ in case are more."""
    for group in entity.same_if:
        fields = [entity.fields[name] for name in group]
        if any(field.encrypted or not FIELD_TYPES[field.type].stored for field in fields):
            continue
        columns = [table.c[field.column] for field in fields]
        twice = sa.select(sa.literal(1)).where(*(column.is_not(None) for column in columns))
        twice = twice.group_by(*columns).having(sa.func.count() > 1).subquery()
        count = connection.scalar(sa.select(sa.func.count()).select_from(twice)) or 0
        if count:
            names = listed(field.label for field in fields)
            params = {"entity": entity.plural, "fields": names, "count": count}
            yield Problem("schema.note_alike", params)


def _unused_choices(connection: sa.Connection, models: Models, entity: Entity) -> Iterator[Problem]:
    for field in entity.fields.values():
        if not FIELD_TYPES[field.type].has_choices or field.encrypted:
            continue
        counts = count_choices(connection, models, entity, field)
        unused = [key for key in field.options["choices"] if key not in counts]
        if unused:
            names = listed(field.options["choices"][key].label for key in unused[:12])
            params = {"entity": entity.plural, "field": field.label, "choices": names}
            yield Problem("schema.note_unused_choices", params, field.name)


def count_choices(connection: sa.Connection, models: Models, entity: Entity, field: Field) -> Counter[str]:
    """Return how many records hold each choice of a field."""
    column = models.table(entity.name).c[field.column]
    rows = connection.execute(sa.select(column, sa.func.count()).where(column.is_not(None)).group_by(column))
    found: Counter[str] = Counter()
    for value, count in rows:
        for key in value if isinstance(value, tuple) else (value,):
            found[key] += count
    return found
