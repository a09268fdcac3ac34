"""What a record is found by: the words of its searched fields, each with the mark of its field.

    k3x^papadopoulos     k3x is the mark of the field; ^ the first word of the title
    k3x=giorgos          another word of the title
    p07:2101234567       a word of another field
    p07~4567             the rest of a word from some letter on
    k3x=^5f0c…           a whole value, for those that look the same (`same_if`)

A query names the marks of the fields that the reader may see, so it says nothing about the others: one key serves
every reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2s
from typing import Any

from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.likeness import asked_likeness, is_identity, kept_likeness, says_something
from crm.fields.words import FIRST, HEBREW_SOUND, LATIN_SOUND, PART, cut
from crm.records.prepare import is_empty
from crm.records.values import title_fields
from crm.revisions.likeness import compared_fields

BEGINS, IN_TITLE, BESIDE, WHOLE = "^", "=", ":", "=^"
MARK = 3  # letters
MOST_KNOWN = 500  # entities
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SIGNED = (PART, HEBREW_SOUND, LATIN_SOUND)


@dataclass(frozen=True)
class Keying:
    """How the keys of an entity's records are made, found out once for many records."""

    searched: tuple[Field, ...]
    compared: tuple[Field, ...]
    marks: Mapping[str, str]
    titles: tuple[str, ...]

    @classmethod
    def of(cls, entity: Entity) -> Keying:
        """Return how the keys of an entity are made."""
        searched, compared = searched_fields(entity), compared_fields(entity)
        marks = marks_of([*searched, *compared])
        return cls(tuple(searched), tuple(compared), marks, tuple(titles_of(entity)))

    def key(self, values: Mapping[str, Any]) -> str | None:
        """Return what finds a record, from its searched fields and from those that are compared."""
        found: dict[str, None] = {}
        for field in self.searched:
            value = values.get(field.name)
            if not is_empty(value):
                words = FIELD_TYPES[field.type].search_key(field, value).split(" ")
                place = self.titles.index(field.name) if field.name in self.titles else None
                found |= dict.fromkeys(_marked(words, self.marks[field.name], place))
        for field in self.compared:
            value = values.get(field.name)
            if isinstance(value, str) and says_something(value):
                mark = self.marks[field.name] + WHOLE
                for word in kept_likeness(value, is_identity(field, FIELD_TYPES[field.type])):
                    found[mark + word] = None
        return " ".join(found) or None


_KNOWN: dict[int, tuple[Entity, Keying]] = {}
"""How keys are made, by the entity itself: one of an earlier revision has another place in memory."""


def search_key_of(entity: Entity, values: Mapping[str, Any]) -> str | None:
    """Return what finds a record."""
    return keying_of(entity).key(values)


def keying_of(entity: Entity) -> Keying:
    """Return how the keys of an entity are made, from memory where it was asked before."""
    known = _KNOWN.get(id(entity))
    if known is None or known[0] is not entity:
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[id(entity)] = (entity, Keying.of(entity))
    return known[1]


def like_tokens(entity: Entity, field: Field, value: str, is_loose: bool) -> list[str]:
    """Return the words of keys by which one field's values are found that look the same."""
    mark = keying_of(entity).marks[field.name]
    asked = asked_likeness(value, is_identity(field, FIELD_TYPES[field.type]), is_loose)
    return [f"{mark}{WHOLE}{word}" for word in asked]


def key_fields(entity: Entity) -> dict[str, Field]:
    """Return the fields of whose values a record's key is made."""
    return {field.name: field for field in (*searched_fields(entity), *compared_fields(entity))}


def searched_fields(entity: Entity) -> list[Field]:
    """Return the fields by whose words records are found."""
    return [field for field in entity.fields.values() if field.search]


def titles_of(entity: Entity) -> list[str]:
    """Return the searched fields of which the title is made, in its order."""
    return [name for name in title_fields(entity) if name in entity.fields and entity.fields[name].search]


def _marked(words: Iterable[str], mark: str, place: int | None) -> Iterator[str]:
    """Yield the words of one field as they are kept; `place` is where it stands in the title."""
    first, other = {None: (BESIDE, BESIDE), 0: (BEGINS, IN_TITLE)}.get(place, (IN_TITLE, IN_TITLE))
    for word in words:
        if word[:1] in SIGNED:
            yield mark + word
        elif word[:1] == FIRST:
            yield mark + first + word[1:]
        elif word.isalnum():
            yield mark + other + word
        else:  # of a field type that somebody else wrote
            yield from (mark + other + part for piece in cut(word) for part in piece)


def marks_of(fields: Iterable[Field]) -> dict[str, str]:
    """Return the mark of each field, which lasts as long as the field does; no two have the same."""
    found: dict[str, str] = {}
    for field in sorted({field.name: field for field in fields}.values(), key=lambda one: one.uid):
        mark = _mark(field.uid, 0)
        salt = 0
        while mark in found.values():
            salt += 1
            mark = _mark(field.uid, salt)
        found[field.name] = mark
    return found


@lru_cache(maxsize=5_000)
def _mark(uid: str, salt: int) -> str:
    number = int.from_bytes(blake2s(f"{uid}{salt or ''}".encode(), digest_size=4).digest(), "big")
    return "".join(DIGITS[number // 36**place % 36] for place in range(MARK))
