"""Who uses a field, an entity, a choice or another document: found by structure, not by words in a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.entities.declared_names import DeclaredNames
from crm.entities.kinds import walk_document
from crm.entities.model import Document
from crm.entities.walk import CHILDREN, CHOICE, ENTITY, FIELD, Mention, Walker
from crm.texts import Text

Key = tuple[str, ...]
"""`("field", entity, name)`, children alike; `("choice", entity, field, value)`; all others are `(kind, name)`."""


@dataclass(frozen=True)
class Use:
    """One place where something is used.

    Shape:  `kind` and `name` are those of the document, or `view` and `import` with the number of a row. `entity`
            is the one the document is about. `path` holds keys and indexes from 0, `place` the same for people,
            counted from 1: `then.2.assign.to`. `line` is known when the document came from a text.
    """

    kind: str
    name: str
    label: Text
    path: tuple
    entity: str = ""
    file: str = ""
    line: int | None = None

    @property
    def place(self) -> str:
        """Return the path as people read it."""
        return ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in self.path)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        found = {"kind": self.kind, "name": self.name, "entity": self.entity, "place": self.place}
        found["label"] = self.label.source
        return {**found, **({"file": self.file, "line": self.line} if self.line else {})}


@dataclass(frozen=True)
class Shelf:
    """Names that are kept outside the documents: saved views, mappings of imports.

    Shape:  `read` returns pseudo-documents, one per row, by the names of the live revision; `walk` is like that of a
            kind; `write` puts one's body back when something was renamed, None where rows know their revision. With
            `is_use` False the names are followed, but nobody is told of them as users.
    """

    kind: str
    walk: Callable[[Mapping[str, Any], Walker], Mapping[str, Any]]
    read: Callable[[sa.Connection], list[Document]]
    write: Callable[[sa.Connection, Document], None] | None = None
    is_use: bool = True


SHELVES: list[Shelf] = []
"""Every place outside the live documents where names of entities and fields are kept; filled by `app.py`."""


class Usage:
    """Every mention in a set of documents, looked up by what is mentioned.

    Shape:  `declarations` holds the names that can be looked up; with those of an older revision among them, names that
            are gone can be found where they are still used.
    """

    def __init__(self, documents: Iterable[Document], before: Iterable[Document] = ()) -> None:
        self.documents = tuple(documents)
        self.declarations = DeclaredNames([*before, *self.documents])
        self.found: dict[Key, list[Use]] = {}
        for document in self.documents:
            self._read(document, lambda walker, document=document: walk_document(document, walker))

    def add_shelves(self, connection: sa.Connection) -> Usage:
        """Read what is kept outside the documents as well."""
        for shelf in SHELVES:
            for row in shelf.read(connection) if shelf.is_use else ():
                self._read(row, lambda walker, row=row, shelf=shelf: shelf.walk(row.body, walker))
        return self

    def _read(self, document: Document, walk: Callable[[Walker], object]) -> None:
        def visit(mention: Mention) -> str:
            self.found.setdefault(key_of(mention), []).append(use_of(document, mention.path))
            return mention.name

        walk(Walker(self.declarations, visit))

    def of_entity(self, name: str) -> list[Use]:
        """Return who uses an entity: by its name, or by any of its fields from another document."""
        fields = [
            use for field in self.declarations.entities.get(name, ()) for use in self.of_field(name, field)
        ]
        return _once(
            use
            for use in [*self.found.get((ENTITY, name), ()), *fields]
            if (use.kind, use.name) != (ENTITY, name)
        )

    def of_field(self, entity: str, name: str) -> list[Use]:
        """Return who uses a field; the children it gives to another entity are used for its sake."""
        target = self.declarations.target(entity, name)
        children = [
            use
            for called, found in self.declarations.inverses.get(target, {}).items()
            if found == (entity, name)
            for use in self.found.get((CHILDREN, target, called), ())
        ]
        return [*self.found.get((FIELD, entity, name), ()), *children]

    def of_choice(self, entity: str, field: str, value: str) -> list[Use]:
        """Return who speaks of a choice; its own field's default and moves are not counted."""
        own = ("fields", field)
        found = self.found.get((CHOICE, entity, field, value), ())
        return [use for use in found if (use.kind, use.name) != (ENTITY, entity) or use.path[:2] != own]

    def of_document(self, kind: str, name: str) -> list[Use]:
        """Return who names a document: a segment, report, role, template or entity."""
        return self.of_entity(name) if kind == ENTITY else list(self.found.get((kind, name), ()))


def key_of(mention: Mention) -> Key:
    """Return under what a mention is looked up."""
    if mention.kind == CHOICE:
        return (CHOICE, mention.entity, mention.field, mention.name)
    return (mention.kind, mention.entity, mention.name) if mention.entity else (mention.kind, mention.name)


def use_of(document: Document, path: tuple) -> Use:
    """Return the use at one place of a document."""
    body = document.body
    return Use(
        document.kind,
        document.name,
        Text(body["label"]) if isinstance(body.get("label"), str | dict) else Text({"en": document.name}),
        path,
        document.name if document.kind == ENTITY else str(body.get("entity") or ""),
        document.file,
        document.line(*path) if document.marks else None,
    )


def _once(uses: Iterable[Use]) -> list[Use]:
    return list({(use.kind, use.name, use.path): use for use in uses}.values())
