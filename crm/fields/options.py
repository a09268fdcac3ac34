"""Small checks of a field's extra keys, each a list of problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from crm.errors import Problem

MISSING = object()


def bad(name: str, key: str, code: str, **params: object) -> list[Problem]:
    """Return one problem with a key of a field."""
    return [Problem(code, {"name": name, "key": key, **params}, field=name)]


def check_whole(name: str, body: Mapping[str, Any], key: str, least: int, most: int) -> list[Problem]:
    """Return the problem of a key that is no whole number from `least` to `most`."""
    value = body.get(key)
    if value is None or (type(value) is int and least <= value <= most):
        return []
    return bad(name, key, "field.expected_whole_number", value=str(value)[:40], least=least, most=most)


def check_word(name: str, body: Mapping[str, Any], key: str, known: Iterable[str]) -> list[Problem]:
    """Return the problem of a key that is none of the known words; the nearest one is named."""
    value = body.get(key)
    words = list(known)
    if value is None or (isinstance(value, str) and value in words):
        return []
    near = get_close_matches(str(value), words, 1, 0.5)
    return bad(
        name,
        key,
        "field.unknown_word",
        value=str(value)[:40],
        near=near[0] if near else ", ".join(words[:12]),
    )


def check_name(name: str, body: Mapping[str, Any], key: str) -> list[Problem]:
    """Return the problem of a key that is no name of a field or an entity."""
    value = body.get(key)
    if value is None or (isinstance(value, str) and value.isidentifier()):
        return []
    return bad(name, key, "field.expected_name", value=str(value)[:40])


def check_one_of_two(name: str, body: Mapping[str, Any], first: str, second: str) -> list[Problem]:
    """Return the problem of two keys that exclude each other."""
    if body.get(first) is None or body.get(second) is None:
        return []
    return bad(name, second, "field.one_of_two", other=first)


def as_number(value: Any) -> Decimal | None:
    """Return a YAML number as a Decimal; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None
