"""Texts with `{field}` and `{customer.name}` in them: no template language, only names that are looked up.

A text is cut into words and paths once. Whoever renders it says how a value is written where it goes (a
header, a plain text, HTML), so that a value is never read as part of the text around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.texts import Text
from workflows.given import GIVEN_PATH, given_of
from workflows.paths import PATH, find_path

BRACES = re.compile(r"\{([^{}\n]{1,120})\}")
WORDLIKE = re.compile(r"\s*[A-Za-z_][\w. ]*\Z")
MAX_TEXT = 20_000


def cut(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text: (words, False) and (path, True).

    Shape:  braces that hold no path are words like any other.

    >>> list(cut("Dear {customer.name}, {7*7}"))
    [('Dear ', False), ('customer.name', True), (', {7*7}', False)]
    """
    start = 0
    for found in BRACES.finditer(text):
        if not PATH.match(found[1]) and not GIVEN_PATH.match(found[1]):
            continue
        if found.start() > start:
            yield text[start : found.start()], False
        yield found[1], True
        start = found.end()
    if start < len(text):
        yield text[start:], False


def fill(text: str, write: Callable[[str], str], escape: Callable[[str], str] = str) -> str:
    """Return a text with every path written by `write` and every other piece by `escape`."""
    return "".join(write(piece) if is_path else escape(piece) for piece, is_path in cut(text))


def check_text(text: object, entity: Entity, schema: Schema) -> list[Problem]:
    """Return the problems of one text: too long, or a name in braces that nothing is called.

    Shape:  every language of a `Text` or map is checked; a problem stands there once.
    """
    found: dict[tuple, Problem] = {}
    for words in _languages(text):
        if len(words) > MAX_TEXT:
            found["length",] = Problem("rule.text_too_long", {"limit": MAX_TEXT})
            continue
        for name in _names(words):
            problem = _check_name(name, entity, schema)
            if problem:
                found[problem.code, name] = problem
    return list(found.values())


def _names(words: str) -> Iterator[str]:
    for braces in BRACES.finditer(words):
        if WORDLIKE.match(braces[1]):
            yield braces[1]


def _check_name(name: str, entity: Entity, schema: Schema) -> Problem | None:
    given = given_of(entity)
    if not PATH.match(name) and not (given and given.owns(name)):
        return Problem("rule.bad_placeholder", {"name": name})
    path = find_path(name, entity, schema)
    if isinstance(path, Problem):
        return path
    return Problem("schema.encrypted_not_here", {"name": name}) if path.field.encrypted else None


def _languages(text: object) -> list[str]:
    source: Any = text.source if isinstance(text, Text) else text
    if isinstance(source, dict):
        return [words for words in source.values() if isinstance(words, str)]
    return [source] if isinstance(source, str) else []
