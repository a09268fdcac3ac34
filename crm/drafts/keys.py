"""The order of the keys of a document, and what each means when it is absent."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from crm.entities.check import CALENDAR_KEYS, ENTITY_KEYS, FIELD_KEYS
from crm.entities.duties import DUTIES
from crm.fields import FIELD_TYPES
from crm.texts import LANGUAGES, Text

OWN_KEYS = (
    "to", "only_role", "kind", "country_field", "region", "region_field", "choices", "of", "over", "where", "result",
    "formula", "currency", "currency_field", "places", "at_least", "at_most", "max_length", "pattern", "after",
    "before", "many", "max_mb", "accept",
)  # fmt: skip
LATE_KEYS = ("on_delete", "inverse", "only", "default", "next")  # read better after what is required
FLAGS_LAST = ("unique", "index", "search", "history", "personal", "encrypted")

FIELD_ORDER = (
    "type", "was", "label", "help", *OWN_KEYS,
    *(key for key in FIELD_KEYS if key not in ("type", "was", "label", "help", "default", *FLAGS_LAST)),
    *LATE_KEYS, *FLAGS_LAST,
)  # fmt: skip
ENTITY_ORDER = ENTITY_KEYS
INNER_ORDER: Mapping[str, tuple[str, ...]] = {
    "list": ("columns", "sort"),
    "form": ("section", "columns", "fields"),
    "kanban": ("by", "sum", "card"),
    "calendar": CALENDAR_KEYS,
    "timeline": ("at", "kind", "title", "text"),
    **{key: tuple(duty.shape["properties"]) for key, duty in DUTIES.items()},
    "checks": ("when", "message"),
    "inverse": ("name", "label"),
    "choices": ("label", "color"),
}
"""The documented order of keys, by their parent."""

USUAL_OF_FIELD: Mapping[str, Any] = {
    **dict.fromkeys(("required", "read_only", "unique", "index", "search", "personal", "encrypted"), False),
    "history": True,
    "on_delete": "refuse",
}
USUAL_OF_ENTITY: Mapping[str, Any] = {"icon": "folder", "menu_place": 0, "if_same": "warn"}


def usual_value(field_type: str, key: str) -> Any:
    """Return what a key of a field means where it is absent; None when there is no such value.

    >>> usual_value("money", "places"), usual_value("text", "history")
    (2, True)
    """
    behaviour = FIELD_TYPES.get(field_type)
    if key == "max_length":
        return getattr(behaviour, "usual_length", None)
    if key == "places":
        return getattr(behaviour, "usual_places", None)
    return USUAL_OF_FIELD.get(key)


def is_nothing(value: Any) -> bool:
    """Return whether a value says nothing: an absent key says the same."""
    return value is None or (isinstance(value, (str, list, tuple, Mapping)) and not value)


def put_key(body: Mapping[str, Any], key: str, value: Any, order: Iterable[str]) -> dict[str, Any]:
    """Return a body with one key set: in its place, or in its documented place when it is new; nothing removes it.

    >>> put_key({"type": "text", "search": True}, "label", "Name", FIELD_ORDER)
    {'type': 'text', 'label': 'Name', 'search': True}
    """
    if is_nothing(value):
        return {each: kept for each, kept in body.items() if each != key}
    return place_key(body, key, value, order)


def place_key(body: Mapping[str, Any], key: str, value: Any, order: Iterable[str]) -> dict[str, Any]:
    """Return a map with one key set, be it to nothing: in its place, or where the order puts it."""
    if key in body:
        return {**body, key: value}
    ranks = {each: rank for rank, each in enumerate(order)}
    last = len(ranks)
    own = ranks.get(key, last)
    before = [place for place, each in enumerate(body) if ranks.get(each, last) <= own]
    return insert(body, key, value, before[-1] + 1 if before else 0)


def insert(body: Mapping[str, Any], key: str, value: Any, place: int) -> dict[str, Any]:
    """Return a map with a new key at a place."""
    items = list(body.items())
    items.insert(place, (key, value))
    return dict(items)


def move_key(body: Mapping[str, Any], key: str, steps: int) -> dict[str, Any]:
    """Return a map with one key moved up (negative) or down, as far as it goes.

    >>> list(move_key({"a": 1, "b": 2, "c": 3}, "c", -1))
    ['a', 'c', 'b']
    """
    return order_keys(body, moved(list(body), key, steps)) if key in body else dict(body)


def order_keys(body: Mapping[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """Return a map in a wished order; keys that are not named keep theirs, at the end."""
    wished = [key for key in dict.fromkeys(order) if key in body]
    return {key: body[key] for key in (*wished, *(key for key in body if key not in wished))}


def moved(items: list, item: Any, steps: int) -> list:
    """Return a list with one item moved up (negative) or down, as far as it goes."""
    place = items.index(item)
    rest = [*items[:place], *items[place + 1 :]]
    rest.insert(max(0, place + steps), item)
    return rest


# Texts


def shown_texts(source: Any) -> dict[str, str]:
    """Return a text for people as the four inputs show it; a plain string in the words of the catalogues."""
    if isinstance(source, str):
        return {language: Text(source).get(language) for language in LANGUAGES}
    found = source if isinstance(source, Mapping) else {}
    return {language: Text({language: found.get(language) or ""}).get(language) for language in LANGUAGES}


def read_texts(sent: Mapping[str, str], before: Any) -> Any:
    """Return what four inputs say as a document holds it: what was not changed stays as it was written.

    >>> read_texts({"en": "Deal", "el": " "}, None)
    {'en': 'Deal'}
    """
    wanted = {
        language: unicodedata.normalize("NFC", sent.get(language) or "").strip() for language in LANGUAGES
    }
    if not is_nothing(before) and wanted == {key: text.strip() for key, text in shown_texts(before).items()}:
        return before
    known = before if isinstance(before, Mapping) else {}
    shown = shown_texts(known)  # a word that stays keeps its forms
    return {
        language: known[language] if language in known and shown[language].strip() == text else text
        for language, text in wanted.items()
        if text
    }


def missing_languages(source: Any) -> list[str]:
    """Return the languages in which a text still has no words; none for a text that is absent or a plain string."""
    if is_nothing(source) or isinstance(source, str):
        return []
    return [language for language in LANGUAGES if not source.get(language)]
