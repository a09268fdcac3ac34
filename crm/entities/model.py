"""The schema as frozen data: entities, and the documents of every other kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, NamedTuple

from crm.fields.base import Field
from crm.texts import Text


@dataclass(frozen=True)
class Section:
    """One titled group of fields in the form and on the record page; `columns` is 1 or 2, on a wide screen."""

    label: Text | None
    fields: tuple[str, ...]
    columns: int = 2


@dataclass(frozen=True)
class Check:
    """A condition under which a record is refused, with the message the user reads."""

    when: tuple
    message: Text


@dataclass(frozen=True)
class Board:
    """A board of the records: one column per choice of the field `by`."""

    by: str
    sum: str | None = None
    card: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inverse:
    """The children an entity has through another entity's reference (`customer.deals`).

    Shape:  `entity` is the children's entity, `field` their reference field.
    """

    name: str
    label: Text
    entity: str
    field: str


@dataclass(frozen=True)
class Entity:
    """One declared kind of record.

    Shape:  `fields` by name, in declared order. `table` and `uid` are given at the first publish and stay.
            `sort` holds (field name, descending). `menu_place` orders the menu, small numbers first.
            `new_caller` is the field that takes the number of somebody unknown who calls. `inverses` are filled
            in from the other entities. `refuses_same`: a program must ask for a second record that
            looks the same.
    """

    name: str
    label: Text
    plural: Text
    fields: Mapping[str, Field]
    uid: str = ""
    table: str = ""
    icon: str = "folder"
    color: str = ""
    menu: str = ""
    menu_place: int = 0
    title: str = "{id}"
    columns: tuple[str, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    form: tuple[Section, ...] = ()
    board: Board | None = None
    calendar: Mapping[str, str] | None = None
    new_caller: str = ""
    same_if: tuple[tuple[str, ...], ...] = ()
    refuses_same: bool = False
    checks: tuple[Check, ...] = ()
    inverses: Mapping[str, Inverse] = attribute(default_factory=dict)
    options: Mapping[str, Any] = attribute(default_factory=dict)


class Mark(NamedTuple):
    """Where something stands in a text; lines and columns count from 1.

    Shape:  `line` and `column` are those of a key or of an item of a list. `value` is where a single value begins,
            within its quotes; None for maps and lists. `is_literal`: the value stands in one line just as it reads.
    """

    line: int
    column: int
    value: tuple[int, int] | None = None
    is_literal: bool = False


@dataclass(frozen=True)
class Document:
    """One YAML document: what an admin wrote, with the place of everything in it.

    Shape:  `kind` is its first key ("entity", "rule", ...), `name` that key's value, `body` the whole
            mapping as plain data. `marks` maps a path of keys and indexes to its place; empty when there is no text.
    """

    kind: str
    name: str
    body: Mapping[str, Any]
    file: str = ""
    marks: Mapping[tuple, Mark] = attribute(default_factory=dict)

    def line(self, *path: object) -> int:
        """Return the line of the longest known prefix of a path."""
        return self._mark(path).line

    def place(self, *path: object) -> dict[str, Any]:
        """Return file, line and column of what stands at a path: of a single value itself, else of its key."""
        mark = self._mark(path)
        return self._place(*(mark.value or (mark.line, mark.column)))

    def place_of_key(self, *path: object) -> dict[str, Any]:
        """Return file, line and column of the key, or the item of a list, at a path."""
        mark = self._mark(path)
        return self._place(mark.line, mark.column)

    def place_in_text(self, position: int, *path: object) -> dict[str, Any]:
        """Return file, line and column of a character (from 1) of the text at a path, if it is written as it reads."""
        mark, place = self._mark(path), self.place(*path)
        return {**place, "column": place["column"] + position - 1} if mark.is_literal else place

    def _mark(self, path: tuple) -> Mark:
        prefixes = (path[:size] for size in range(len(path), -1, -1))
        return next((self.marks[prefix] for prefix in prefixes if prefix in self.marks), Mark(1, 1))

    def _place(self, line: int, column: int) -> dict[str, Any]:
        return {"file": self.file, "line": line, "column": column if self.marks else None}


@dataclass(frozen=True)
class Schema:
    """All documents of one revision, built.

    Shape:  `entities` by name; `parts` holds the built models of every other kind by kind, then name:
            `schema.parts["role"]["sales"]`. `documents` keeps what was written, for export and diff.
    """

    number: int
    entities: Mapping[str, Entity]
    parts: Mapping[str, Mapping[str, Any]] = attribute(default_factory=dict)
    documents: tuple[Document, ...] = ()

    @property
    def has_secrets(self) -> bool:
        """Return whether any field is encrypted: then what may hold its values is sealed as well."""
        return any(True for _found in self.encrypted_fields())

    def encrypted_fields(self) -> Iterator[tuple[Entity, Field]]:
        """Yield every encrypted field with its entity."""
        for entity in self.entities.values():
            for field in entity.fields.values():
                if field.encrypted:
                    yield entity, field
