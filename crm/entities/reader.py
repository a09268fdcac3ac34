"""Reading a document's body key by key, so that every problem is found and has a place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from crm.entities.model import Document
from crm.errors import Problem
from crm.texts import FORMS, GENDERS, LANGUAGES, Text

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
ABOUT_KEYS = frozenset(
    {
        "schema.unknown_key", "schema.unknown_language", "schema.unknown_period", "conditions.unknown_operator",
        "conditions.operator_not_here", "conditions.one_operator",
    }
)  # fmt: skip
"""Codes (with `_near` and without) that are about the key at their place, not about what stands under it."""


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the known name most like a wrong one, or "" when none is near.

    >>> nearest("ammount", ["amount", "owner"])
    'amount'
    """
    found = difflib.get_close_matches(str(name), list(known), 1, 0.6)
    return found[0] if found else ""


class BodyReader:
    """Reads values out of one document; what does not fit becomes a problem and reads as absent."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def refuse(self, code: str, path: tuple, **params: object) -> None:
        """Note a problem at a path of the document."""
        self.problems.append(_placed(Problem(code, params), self.document, path))

    def add(self, problems: Iterable[Problem], path: tuple) -> None:
        """Take over problems found elsewhere, placed at a path of this document; some know the rest of it."""
        self.problems += place_problems(problems, self.document, *path)

    def keys(
        self, body: object, path: tuple, allowed: Iterable[str], required: Iterable[str] = ()
    ) -> Mapping[str, Any]:
        """Return the body as a mapping, having refused unknown and missing keys."""
        if not isinstance(body, Mapping):
            self.refuse("schema.expected_map", path, key=_place(path))
            return {}
        names = list(allowed)
        for key in body:
            if key not in names:
                near = nearest(key, names)
                code = "schema.unknown_key_near" if near else "schema.unknown_key"
                self.refuse(code, (*path, key), key=key, near=near)
        for key in required:
            if body.get(key) is None:
                self.refuse("schema.missing_key", path, key=key)
        return body

    def known(self, name: object, names: Iterable[str], path: tuple, what: str) -> bool:
        """Return whether a name is known; note a problem with the nearest one when it is not."""
        names = list(names)
        if isinstance(name, str) and name in names:
            return True
        near = nearest(name, names)
        code = f"schema.unknown_{what}_near" if near else f"schema.unknown_{what}"
        self.refuse(code, path, name=name, near=near, known=", ".join(names))
        return False

    def name(self, value: object, path: tuple) -> str:
        """Return a lower_snake_case name; refuse anything else."""
        if isinstance(value, str) and NAME.match(value) and not value.endswith("_"):
            return value
        self.refuse("schema.bad_name", path, name=str(value)[:60])
        return ""

    def text(self, body: Mapping, key: str, path: tuple, default: str | None = None) -> Text | None:
        """Return a text for people: a string, or one per language."""
        value = body.get(key)
        if value is None:
            return None if default is None else Text(default)
        if isinstance(value, str):
            return Text(value)
        if isinstance(value, Mapping) and value:
            for language, words in value.items():
                place = (*path, key, language)
                if not self.known(language, LANGUAGES, place, "language") or isinstance(words, str):
                    continue
                if key == "label" and isinstance(words, Mapping):
                    self.forms(words, place)
                else:
                    self.refuse("schema.expected_text", place, key=language)
            return Text({language: words for language, words in value.items() if language in LANGUAGES})
        self.refuse("schema.expected_text", (*path, key), key=key)
        return Text(default or "")

    def forms(self, words: Mapping, path: tuple) -> None:
        """Refuse forms of a label that no sentence asks for, and those that are no words."""
        self.keys(words, path, FORMS, ("one",))
        for form in FORMS:
            if not isinstance(words.get(form, ""), str):
                self.refuse("schema.expected_text", (*path, form), key=form)
        if words.get("gender", "m") not in GENDERS:
            self.refuse("schema.bad_gender", (*path, "gender"), value=str(words["gender"])[:40])

    def flag(self, body: Mapping, key: str, path: tuple, default: bool = False) -> bool:
        """Return true or false; `on`, `yes` and their like are refused."""
        value = body.get(key, default)
        if isinstance(value, bool):
            return value
        self.refuse("schema.expected_boolean", (*path, key), key=key, value=str(value)[:40])
        return default

    def words(self, body: Mapping, key: str, path: tuple) -> tuple[str, ...]:
        """Return a list of names; absent is empty."""
        value = body.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return tuple(value)
        self.refuse("schema.expected_list", (*path, key), key=key)
        return ()

    def items(self, body: Mapping, key: str, path: tuple) -> list:
        """Return a list of anything; absent is empty."""
        value = body.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self.refuse("schema.expected_list", (*path, key), key=key)
        return []

    def mapping(self, body: Mapping, key: str, path: tuple) -> Mapping[str, Any]:
        """Return a map; absent is empty."""
        value = body.get(key)
        if value is None or isinstance(value, Mapping):
            return value or {}
        self.refuse("schema.expected_map", (*path, key), key=key)
        return {}

    def string(self, body: Mapping, key: str, path: tuple, default: str = "") -> str:
        """Return one string."""
        value = body.get(key)
        if value is None or isinstance(value, str):
            return value or default
        self.refuse("schema.expected_text", (*path, key), key=key)
        return default


def _place(path: tuple) -> str:
    return ".".join(str(part) for part in path)


def place_problems(problems: Iterable[Problem], document: Document, *path: object) -> list[Problem]:
    """Return problems of what stands at `path` of a document with file, line and column.

    Shape:  conditions and formulas know the rest of the path; types of fields the key, and the word they refuse.
    """
    found = []
    for problem in problems:
        rest = (*getattr(problem, "path", ()), *getattr(problem, "spot", ()))
        found.append(_placed(problem, document, _written(document.body, (*path, *rest))))
    return found


def _placed(problem: Problem, document: Document, path: tuple) -> Problem:
    if problem.code.removesuffix("_near") in ABOUT_KEYS:
        return problem.at(**document.place_of_key(*path))
    if problem.code == "conditions.in_formula":
        is_value = str(_at(document.body, path)).startswith("=")  # the formula begins behind the sign
        return problem.at(**document.place_in_text(problem.params["position"] + is_value, *path))
    if problem.field is not None and "key" in problem.params:
        path = (*path, *_path_to(_at(document.body, path), problem.params))
    return problem.at(**document.place(*path))


def _written(body: Any, path: tuple) -> tuple:
    """Return a path as the document has it: a line that stands alone, where a list may, has no index."""
    found: tuple = ()
    for step in path:
        if step == 0 and isinstance(body, Mapping):
            continue
        body, found = _at(body, (step,)), (*found, step)
    return found


def _at(body: Any, path: tuple) -> Any:
    for step in path:
        is_there = (isinstance(body, Mapping) and step in body) or (
            isinstance(body, list) and isinstance(step, int) and step < len(body)
        )
        body = body[step] if is_there else None
    return body


def _path_to(body: Any, params: Mapping[str, Any]) -> tuple:
    """Return the path from a field to what its type refuses: a key, or the word or number under it."""
    key, wanted = params["key"], params.get("value")
    own: tuple = (key,) if isinstance(body, Mapping) and key in body else ()
    waiting: list[tuple[tuple, Any]] = [(own, _at(body, own))]
    while waiting and wanted is not None:
        path, inner = waiting.pop(0)
        if isinstance(inner, Mapping | list):
            rows = inner.items() if isinstance(inner, Mapping) else enumerate(inner)
            waiting += [((*path, step), part) for step, part in rows]
        if wanted in (str(step)[:40] for step in path[-1:]) or str(inner)[:40] == wanted:
            return path
    return own
