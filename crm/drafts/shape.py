"""Whether a document has the shape that pages can show; what it says may still be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INNER_LISTS = {"list": ("columns", "sort"), "kanban": ("card",), "calendar": ("done_is",), "timeline": ()}


def is_text(value: Any) -> bool:
    """Return whether a value is a text for people, or nothing."""
    if isinstance(value, Mapping):
        return all(isinstance(words, str) or _are_forms(words) for words in value.values())
    return value is None or isinstance(value, str)


def _are_forms(words: Any) -> bool:
    """Return whether a label tells its forms in a language, one of them how it is called."""
    return (
        isinstance(words, Mapping)
        and "one" in words
        and all(isinstance(form, str) for form in words.values())
    )


def is_words(value: Any) -> bool:
    """Return whether a value is a list of words, or nothing."""
    return value is None or (isinstance(value, list) and all(isinstance(word, str) for word in value))


def has_shape(body: Mapping[str, Any]) -> bool:
    """Return whether the document of an entity can be shown on its pages, and not as YAML only."""
    fields = body.get("fields")
    if not isinstance(fields, Mapping) or not all(_is_field(field) for field in fields.values()):
        return False
    if not is_text(body.get("label")) or not is_text(body.get("plural")):
        return False
    if not all(
        body.get(key) is None or isinstance(body[key], str)
        for key in ("icon", "color", "menu", "title", "new_caller")
    ):
        return False
    return all(_is_inner(body.get(key), lists) for key, lists in INNER_LISTS.items()) and _has_lists(body)


def _is_field(field: Any) -> bool:
    if not isinstance(field, Mapping) or not isinstance(field.get("type"), str):
        return False
    moves = field.get("next")
    sound = moves is None or (
        isinstance(moves, Mapping)
        and all(isinstance(after, str) or is_words(after) for after in moves.values())
    )
    return (
        sound
        and is_text(field.get("label"))
        and is_text(field.get("help"))
        and _are_choices(field.get("choices"))
    )


def _are_choices(choices: Any) -> bool:
    if not isinstance(choices, Mapping):
        return is_words(choices)
    return all(
        is_text(row) or (isinstance(row, Mapping) and is_text(row.get("label"))) for row in choices.values()
    )


def _is_inner(found: Any, lists: tuple[str, ...]) -> bool:
    if found is None:
        return True
    if not isinstance(found, Mapping) or not all(is_words(found.get(key)) for key in lists):
        return False
    return all(
        value is None or isinstance(value, str | bool) for key, value in found.items() if key not in lists
    )


def _has_lists(body: Mapping[str, Any]) -> bool:
    sections, groups, checks = (body.get(key) or [] for key in ("form", "same_if", "checks"))
    if not all(isinstance(each, list) for each in (sections, groups, checks)):
        return False
    return (
        all(
            isinstance(each, Mapping) and is_words(each.get("fields")) and is_text(each.get("section"))
            for each in sections
        )
        and all(is_words(group) for group in groups)
        and all(isinstance(each, Mapping) and is_text(each.get("message")) for each in checks)
    )
