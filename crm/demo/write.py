"""Writes pieces with their whole history: records as they are now, and a journal of how they became so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from crm.database import CrmSession
from crm.demo.model import Piece
from crm.entities.model import Entity
from crm.errors import RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.records.bulk import (
    RecordEdit,
    copy_rows,
    created_values,
    number_rows,
    take_ids,
    updated_values,
)
from crm.records.journal import CREATED, UPDATED, change, change_row
from crm.records.prepare import clean_values
from crm.records.search_keys import search_key_of

Values = dict[str, Any]
SYSTEM_COLUMNS = (
    "id", "created_at", "created_by_id", "updated_at", "updated_by_id", "row_version", "search_key",
)  # fmt: skip
MEANT = Situation("en", ZoneInfo("UTC"), "api")
"""How the values are meant: moments without a zone are UTC."""


@dataclass(frozen=True)
class Entry:
    """One line of the journal: what was saved, when, by whom."""

    at: dt.datetime
    entity: str
    record_id: int
    kind: str
    values: bytes
    by: str


class Writer:
    """Writes pieces set by set, in the names of those who had them in hand; no rule hears of it.

    Shape:  `users` are ids by user name. With `is_checked` every value is cleaned as a form's would be.
    """

    def __init__(self, session: CrmSession, users: Mapping[str, int]) -> None:
        self.session = session
        self.users = users

    def write(self, pieces: Iterable[Piece], is_checked: bool = True) -> int:
        """Write pieces whose references are among them or written already; return how many records it were.

        Errors: RecordError when the live schema does not take the values.
        """
        entries: list[Entry] = []
        written = 0
        for name, group in _by_entity(pieces):
            entity = self.session.workspace.schema.entities.get(name)
            if entity is not None:
                entries += self._write_entity(entity, group, is_checked)
                written += len(group)
        if entries:
            self._write_journal(sorted(entries, key=lambda entry: entry.at))
        return written

    def _write_entity(self, entity: Entity, pieces: list[Piece], is_checked: bool) -> Iterator[Entry]:
        """Write the records of one entity, oldest first, and return their journal."""
        pieces.sort(key=lambda piece: piece.at)
        connection = self.session.connection()
        table = self.session.workspace.models.table(entity.name)
        first = self._numbered(entity, pieces, [self._values(entity, piece, is_checked) for piece in pieces])
        ids = take_ids(connection, table, len(pieces))
        last = []
        for piece, record_id, values in zip(pieces, ids, first, strict=True):
            piece.id = record_id
            last.append({**values, **self._later(entity, piece)})
        fields = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
        columns = [*SYSTEM_COLUMNS, *(field.column for field in fields)]
        rows = (
            (
                *self._system(piece),
                search_key_of(entity, values),
                *(values.get(field.name) for field in fields),
            )
            for piece, values in zip(pieces, last, strict=True)
        )
        copy_rows(connection, table, columns, rows)
        return self._entries(entity, pieces, first)

    def _values(self, entity: Entity, piece: Piece, is_checked: bool) -> Values:
        """Return the first values of a piece as they are stored, without fields the live schema has not."""
        links = {name: target.id for name, target in piece.links.items()}
        people = {name: self.users[user] for name, user in piece.people.items()}
        given = {**piece.values, **links, **people}
        values = {name: value for name, value in given.items() if name in entity.fields and value is not None}
        if not is_checked:
            return values
        clean, problems = clean_values(entity, values, MEANT)
        if problems:
            raise RecordError("record.has_problems", problems, count=len(problems))
        return clean

    def _later(self, entity: Entity, piece: Piece) -> Values:
        changed = {name: value for _at, values, _by in piece.later for name, value in values.items()}
        return {name: value for name, value in changed.items() if name in entity.fields}

    def _numbered(self, entity: Entity, pieces: list[Piece], rows: list[Values]) -> list[Values]:
        """Give the sequences of an entity their numbers, day by day, in the order of the moments."""
        if all(field.type != "sequence" for field in entity.fields.values()):
            return rows
        found: list[Values] = []
        for _day, group in groupby(zip(pieces, rows, strict=True), key=lambda pair: pair[0].at.date()):
            pairs = list(group)
            self.session.clock = lambda at=pairs[0][0].at: at
            found += number_rows(self.session, entity, [values for _piece, values in pairs])
        return found

    def _system(self, piece: Piece) -> tuple:
        at, _values, by = piece.later[-1] if piece.later else (piece.at, {}, piece.by)
        return piece.id, piece.at, self.users[piece.by], at, self.users[by], 1 + len(piece.later)

    def _entries(self, entity: Entity, pieces: list[Piece], rows: list[Values]) -> Iterator[Entry]:
        for piece, values, created in zip(pieces, rows, created_values(entity, rows), strict=True):
            yield Entry(piece.at, entity.name, piece.id, CREATED, created, piece.by)
            before = dict(values)
            for at, later, by in piece.later:
                after = {name: value for name, value in later.items() if before.get(name) != value}
                text = updated_values(entity, RecordEdit(piece.id, before, after))
                yield Entry(at, entity.name, piece.id, UPDATED, text, by)
                before |= after

    def _write_journal(self, entries: list[Entry]) -> None:
        connection = self.session.connection()
        same = change_row(self.session, "", 0, CREATED, {})
        own = ("entity", "record_id", "kind", "values", "user_id", "actor_kind", "actor_name", "at")
        for name in own:
            del same[name]
        ids = take_ids(connection, change, len(entries))
        rows = (
            (change_id, entry.entity, entry.record_id, entry.kind, entry.values.decode(), *self._who(entry))
            for change_id, entry in zip(ids, entries, strict=True)
        )
        copy_rows(connection, change, ("id", *own), rows, same)

    def _who(self, entry: Entry) -> tuple:
        return self.users[entry.by], "user", entry.by, entry.at


def _by_entity(pieces: Iterable[Piece]) -> Iterator[tuple[str, list[Piece]]]:
    """Return the pieces entity by entity, in the order in which the entities first appear."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.entity, []).append(piece)
    return iter(found.items())
