"""Where typed words stand in a record that was found: which to mark in its title, else the field that holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.fold import fold
from crm.fields.words import cut, is_found_in_part, search_keys
from crm.permissions.service import readable_fields
from crm.records.prepare import is_empty
from crm.records.values import title_fields

WORD = re.compile(r"\S+|\s+")
LONGEST = 60  # characters of a value
BEFORE = 3  # words shown before the one that was found
MOST_WORDS = 400  # of one text that are looked through


def searched_beside_title(session: CrmSession, entity: Entity) -> list[Field]:
    """Return the fields that the reader may see and that find a record although its title does not."""
    titles = title_fields(entity)
    readable = readable_fields(session.actor, entity).values()
    return [field for field in readable if field.search and field.name not in titles]


def found_in(fields: Iterable[Field], values: Mapping[str, Any], words: str) -> Field | None:
    """Return the first field that holds some of the typed words."""
    for field in fields:
        value = values.get(field.name)
        if not is_empty(value) and is_found_in_part(words, FIELD_TYPES[field.type].search_key(field, value)):
            return field
    return None


def excerpt(text: str, words: str) -> str:
    """Return the beginning of a value; of a long one the part around the words that were found.

    >>> excerpt("one two three four five six", "six"), excerpt("a " * 40 + "harbour view", "view")
    ('one two three four five six', '… a a harbour view')
    """
    if len(text) <= LONGEST:
        return text
    pieces = text.split()[:MOST_WORDS]
    place = next((n for n, one in enumerate(pieces) if is_found_in_part(words, search_keys(one))), 0)
    start = max(0, place - BEFORE)
    part = " ".join(pieces[start:])
    return ("… " if start else "") + (part if len(part) <= LONGEST else part[:LONGEST].rstrip() + "…")


def marked(text: str, words: str) -> list[tuple[str, bool]]:
    """Return a title in parts, with whether typed words found the part: as much of a word as was typed.

    >>> marked("Λιμάνι Old", "λιμ"), marked("Λιμάνι", "limani")
    ([('Λιμ', True), ('άνι Old', False)], [('Λιμάνι', True)])
    """
    typed = [part for piece in cut(words) for part in piece]
    parts: list[tuple[str, bool]] = []
    for part, is_marked in _parts(text, typed, words):
        if parts and parts[-1][1] == is_marked:
            parts[-1] = (parts[-1][0] + part, is_marked)
        elif part:
            parts.append((part, is_marked))
    return parts


def _parts(text: str, typed: list[str], words: str) -> Iterator[tuple[str, bool]]:
    for piece in WORD.findall(text[:1_000]):
        plain = fold(piece)
        begun = max((one for one in typed if plain.startswith(one)), key=len, default="")
        if begun and len(plain) == len(piece):  # letter by letter the same
            yield piece[: len(begun)], True
            yield piece[len(begun) :], False
        else:
            yield piece, not piece.isspace() and (bool(begun) or is_found_in_part(words, search_keys(piece)))
