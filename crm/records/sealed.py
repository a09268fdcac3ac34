"""Where the database has sealed values, and the statements that find those of one key and seal them again.

Three kinds of place: columns of entities, live or set aside; whole texts in our own tables; JSON in our own tables with
sealed values in it. A column of our own says so itself: `info={"sealed": "text"}` or `{"sealed": "values"}`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import metadata
from crm.entities.identity import ENCRYPTED, identities_from_json
from crm.errors import UnavailableError
from crm.records.journal import SEALED, reseal_values, with_sealed
from crm.revisions.store import revision
from crm.secrets import (
    ID_LENGTH,
    INDEX_LENGTH,
    MARK,
    blind_index,
    current_keys,
    open_text,
    seal,
    seal_text,
    unseal,
)

FIELDS, TEXT, VALUES = "field", "text", "values"


@dataclass(frozen=True)
class SealedPlace:
    """One column that holds sealed values.

    Shape:  `kind` is FIELDS (`<blind index>.<token>`), TEXT (`sealed:<token>`) or VALUES (JSON with tokens in it).
    """

    kind: str
    table: sa.TableClause
    column: sa.ColumnElement
    key: tuple[sa.ColumnElement, ...]

    @property
    def name(self) -> str:
        """Return what the values were sealed for: table and column."""
        return f"{self.table.name}.{self.column.name}"

    @property
    def text(self) -> sa.ColumnElement:
        """Return the column as text, also where it is JSON."""
        is_json = isinstance(self.column.type, sa.JSON)
        return sa.cast(self.column, sa.Text) if is_json else sa.type_coerce(self.column, sa.Text())

    @property
    def key_id(self) -> sa.ColumnElement:
        """Return the id of the key that sealed a value; not for VALUES, which hold several."""
        begin = INDEX_LENGTH + 2 if self.kind == FIELDS else len(MARK) + 1
        part = (sa.literal_column(str(number)) for number in (begin, ID_LENGTH))
        return sa.func.substr(self.text, *part, type_=sa.Text())

    def holds_any(self) -> sa.ColumnElement:
        """Return the condition that something sealed is in a row."""
        marks = {TEXT: f"{MARK}%", VALUES: f'%"{SEALED}"%'}
        return self.column.is_not(None) if self.kind == FIELDS else self.text.like(marks[self.kind])

    def holds(self, key_ids: Sequence[str]) -> sa.ColumnElement:
        """Return the condition that one of some keys sealed what is in a row."""
        if self.kind == VALUES:
            found = (self.text.contains(f'"{key_id}.', autoescape=True) for key_id in key_ids)
            return sa.and_(self.holds_any(), sa.or_(sa.false(), *found))
        return sa.and_(self.holds_any(), self.key_id.in_(key_ids))

    def sealed_anew(self, stored: str) -> Any:
        """Return what a row holds, sealed by the first key.

        Errors: UnavailableError for what does not open.
        """
        if self.kind == TEXT:
            return seal_text(open_text(stored, self.name), self.name)
        if self.kind == FIELDS:
            text = unseal(stored[INDEX_LENGTH + 1 :], self.name)
            return f"{blind_index(text, self.name)}.{seal(text, self.name)}"
        fresh = reseal_values(json.loads(stored))
        return fresh if isinstance(self.column.type, sa.JSON) else json.dumps(fresh, ensure_ascii=False)


def list_places(connection: sa.Connection) -> list[SealedPlace]:
    """Return every place of the database that may hold sealed values."""
    places = [*_field_places(connection)]
    for table in metadata.sorted_tables:
        for column in table.columns:
            if SEALED in column.info:
                places.append(SealedPlace(column.info[SEALED], table, column, tuple(table.primary_key)))
    return places


def _field_places(connection: sa.Connection) -> Iterator[SealedPlace]:
    """Yield the columns of fields that are or were encrypted and that are still there, set aside or not."""
    inspector = sa.inspect(connection)
    asked = sa.select(revision.c.identities).where(revision.c.identities.contains(ENCRYPTED))
    found: dict[tuple[str, str], None] = {}
    for stored in connection.scalars(asked):
        for entity in identities_from_json(json.loads(stored)).entities.values():
            for field in entity.fields.values():
                if field.type.endswith(f" {ENCRYPTED}"):
                    found[entity.table, field.column] = None
    there: dict[str, set[str]] = {}
    for table_name, column_name in found:
        if table_name not in there:
            known = inspector.has_table(table_name)
            there[table_name] = {one["name"] for one in inspector.get_columns(table_name)} if known else set()
        if column_name in there[table_name]:
            table = sa.table(table_name, sa.column("id"), sa.column(column_name, sa.Text()))
            yield SealedPlace(FIELDS, table, table.c[column_name], (table.c.id,))


def count_by_key(connection: sa.Connection, place: SealedPlace) -> Counter[str]:
    """Return how many values, texts or rows of a place each key has sealed."""
    if place.kind != VALUES:
        asked = sa.select(place.key_id, sa.func.count()).where(place.holds_any()).group_by(place.key_id)
        return Counter({row[0]: row[1] for row in connection.execute(asked)})
    found: Counter[str] = Counter()
    rows = connection.execution_options(yield_per=1_000).execute(
        sa.select(place.text).where(place.holds_any())
    )
    for (stored,) in rows:
        found.update(_keys_in(stored))
    return found


def _keys_in(stored: str) -> set[str]:
    """Return the keys that sealed values in a row of JSON."""
    found: set[str] = set()
    with_sealed(json.loads(stored), lambda _uid, token: found.add(token.partition(".")[0]))
    return found


def count_of(connection: sa.Connection, place: SealedPlace, key_ids: Sequence[str]) -> int:
    """Return how many rows some keys have sealed."""
    asked = sa.select(sa.func.count()).select_from(place.table).where(place.holds(key_ids))
    return connection.scalar(asked) or 0


def reseal_next(
    connection: sa.Connection, place: SealedPlace, after: tuple | None, limit: int
) -> tuple[tuple | None, int]:
    """Seal the next rows after a primary key again; return the last row's key (None: no rows left) and the count.

    Rows that are being written are skipped: the writer seals the new value. Rows that cannot be opened stay.
    """
    older = [key.id for key in current_keys()[1:]]
    asked = sa.select(*place.key, place.text).where(place.holds(older)).order_by(*place.key).limit(limit)
    if after is not None:
        asked = asked.where(sa.tuple_(*place.key) > sa.tuple_(*map(sa.literal, after)))
    rows = connection.execute(asked.with_for_update(skip_locked=True, of=place.table)).all()
    done = 0
    for *key, stored in rows:
        try:
            fresh = place.sealed_anew(stored)
        except UnavailableError:
            continue
        mine = [column == value for column, value in zip(place.key, key, strict=True)]
        written = sa.update(place.table).where(*mine, place.text == stored).values({place.column: fresh})
        done += connection.execute(written).rowcount
    return (tuple(rows[-1][:-1]) if rows else None), done
