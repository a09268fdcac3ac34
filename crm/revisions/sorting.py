"""The indexes that serve the order of lists: of the one a list opens in, and of texts that are to be sorted quickly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from functools import lru_cache
from hashlib import blake2s

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.fields import FIELD_TYPES
from crm.fields.alphabet import ALPHABETS
from crm.fields.base import Field

SORT = "sort"
LONGEST_KEPT = 255  # characters of a text kept in the index after its key, so that late pages are quick


def sort_indexes(entity: Entity, dialect: sa.Dialect) -> Iterator[sa.Index]:
    """Yield the indexes that an entity's lists want, one per language where that changes the order.

    Empty values stand last, the newest first among equals.
    """
    seen = set()
    for field, descending in _orders(entity):
        if (field.name, descending) not in seen and FIELD_TYPES[field.type].stored:
            seen.add((field.name, descending))
            yield from _indexes(_Wanted.by(entity, field, descending, dialect))


def _orders(entity: Entity) -> Iterator[tuple[Field, bool]]:
    if entity.sort and entity.sort[0][0] in entity.fields:
        yield entity.fields[entity.sort[0][0]], entity.sort[0][1]
    for field in entity.fields.values():
        if field.index and not field.encrypted and FIELD_TYPES[field.type].kind == "text":
            yield field, False  # the index on the field itself is in another order


@dataclass(frozen=True)
class _Wanted:
    """What an order depends on, so that what two revisions share is worked out once."""

    table: str
    column: str
    type: str
    options: str
    descending: bool
    database: str
    field: Field = attribute(compare=False)
    dialect: sa.Dialect = attribute(compare=False)

    @classmethod
    def by(cls, entity: Entity, field: Field, descending: bool, dialect: sa.Dialect) -> _Wanted:
        """Return what is asked for an order of an entity's records by a field."""
        told = (entity.table, field.column, field.type, repr(field.options), descending, dialect.name)
        return cls(*told, field, dialect)


@lru_cache(maxsize=1_000)
def _indexes(wanted: _Wanted) -> tuple[sa.Index, ...]:
    found = [_index(wanted, language) for language in ALPHABETS]
    return tuple({index.name: index for index in found}.values())


def _index(wanted: _Wanted, language: str) -> sa.Index:
    """Return one index, named after what it holds: in another order it is another index."""
    table, field, dialect = wanted.table, wanted.field, wanted.dialect
    columns = sa.Table(
        table, sa.MetaData(), sa.Column("id", sa.Integer), sa.Column(field.column, sa.String())
    ).c
    keys = FIELD_TYPES[field.type].order(field, columns[field.column], language)
    if (field.options.get("max_length") or LONGEST_KEPT + 1) > LONGEST_KEPT:
        keys = keys[:1]
    tail = "_down" if wanted.descending else "_up"
    if keys[0] is not columns[field.column]:
        written = ",".join(
            str(key.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for key in keys
        )
        tail = f"_{blake2s(written.encode(), digest_size=4).hexdigest()}{tail}"
        keys = tuple(map(Grouping, keys))
    first, *others = (key.desc() if wanted.descending else key.asc() for key in keys)
    first = first.nulls_last() if dialect.name == "postgresql" else first
    return sa.Index(object_name(SORT, table, field.column, tail), first, *others, columns.id.desc())
