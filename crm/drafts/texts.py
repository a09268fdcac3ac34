"""Every text for people in the document of an entity: found, counted where a language lacks words, and set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.drafts.keys import ENTITY_ORDER, FIELD_ORDER, is_nothing, missing_languages, place_key, put_key

Path = tuple[str | int, ...]
"""Keys of maps and places in lists, from the document inwards."""


def texts_of(body: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield every text with its place, in the document's order; labels also where there is none yet.

    >>> list(texts_of({"entity": "deal", "fields": {"name": {"type": "text", "label": {"en": "Name"}}}}))
    [(('label',), None), (('plural',), None), (('fields', 'name', 'label'), {'en': 'Name'})]
    """
    for key in ("label", "plural"):
        yield (key,), body.get(key)
    fields = body.get("fields")
    for name, field in fields.items() if isinstance(fields, Mapping) else ():
        if isinstance(field, Mapping):
            yield from _of_field(field, ("fields", name))
    for key, inner in (("form", "section"), ("checks", "message")):
        rows = body.get(key)
        for place, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, Mapping):
                yield from _one(row, inner, (key, place))


def _of_field(field: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    yield (*path, "label"), field.get("label")
    yield from _one(field, "help", path)
    choices = field.get("choices")
    for key, row in choices.items() if isinstance(choices, Mapping) else ():
        inner = (*path, "choices", key)
        if isinstance(row, Mapping) and ("label" in row or "color" in row):
            yield from _one(row, "label", inner)
        elif not is_nothing(row):
            yield inner, row
    if isinstance(field.get("inverse"), Mapping):
        yield from _one(field["inverse"], "label", (*path, "inverse"))


def _one(body: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[Path, Any]]:
    if not is_nothing(body.get(key)):
        yield (*path, key), body[key]


def count_missing(body: Mapping[str, Any]) -> int:
    """Return how many texts lack words in some language."""
    return sum(1 for _path, text in texts_of(body) if isinstance(text, Mapping) and missing_languages(text))


def set_text(body: Any, path: Path, text: Any) -> Any:
    """Return a document with the text at a place replaced; all else stays as it is, a choice without words too.

    >>> set_text({"form": [{"section": {"en": "Main"}}]}, ("form", 0, "section"), {"en": "First"})
    {'form': [{'section': {'en': 'First'}}]}
    """
    return _put(body, path, text, FIELD_ORDER if path[0] == "fields" else ENTITY_ORDER)


def _put(body: Any, path: Path, text: Any, order: tuple[str, ...]) -> Any:
    key, rest = path[0], path[1:]
    if isinstance(body, list):
        return [_put(item, rest, text, order) if place == key else item for place, item in enumerate(body)]
    if len(rest) == 1 and key == "choices":
        return {**body, key: place_key(body[key], rest[0], text or None, ())}
    return {**body, key: _put(body[key], rest, text, order)} if rest else put_key(body, key, text, order)
