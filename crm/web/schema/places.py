"""Where in a document something changed, in words: keys, languages, numbers and labels, never their identifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crm.fields.locales import locale_of
from crm.texts import LANGUAGES, N_, NP_, Text
from crm.web.language import spoken
from crm.web.schema.controls import KEYS

PATH = re.compile(r"\w+(\.[\w-]+)*")
PLACES: Mapping[str, str] = {
    "plural": NP_("key", "Label (several records)"),
    "icon": NP_("key", "Icon"),
    "menu": NP_("key", "Menu group"),
    "title": NP_("key", "Record title"),
    "list": NP_("key", "List"),
    "columns": NP_("key", "Columns"),
    "sort": NP_("key", "Sorting"),
    "form": NP_("key", "Form"),
    "section": NP_("key", "Section"),
    "fields": NP_("key", "Fields"),
    "kanban": NP_("key", "Board"),
    "by": NP_("key", "Group by"),
    "sum": NP_("key", "Total"),
    "card": NP_("key", "Card"),
    "calendar": NP_("key", "Calendar"),
    "timeline": NP_("key", "Timeline"),
    "same_if": NP_("key", "Duplicates"),
    "checks": NP_("key", "Validations"),
    "when": NP_("key", "Trigger"),
    "if": NP_("key", "Conditions"),
    "then": NP_("key", "Actions"),
    "message": NP_("key", "Message"),
    "entities": NP_("key", "Permissions"),
    "can": NP_("key", "Permissions"),
    "records": NP_("key", "Records"),
    "reports": NP_("key", "Reports"),
    "admin": NP_("key", "Administration"),
    "hidden": NP_("key", "Hidden fields"),
    "enabled": NP_("key", "Active"),
    "group_by": NP_("key", "Group by"),
    "measures": NP_("key", "Measures"),
    "chart": NP_("key", "Chart"),
    "subject": NP_("key", "Subject"),
    "body": NP_("key", "Text"),
    "cards": NP_("key", "Cards"),
    "inverse": N_("Label in the linked entity"),
    "on_delete": N_("When the linked record is deleted"),
    "color": NP_("key", "Colour"),
}
"""What keys of documents are called that no form of a field has."""


def key_words(key: object) -> str:
    """Return what a key of a document is called; the key itself where nothing calls it."""
    if key in KEYS:
        return spoken(KEYS[str(key)].label)
    return spoken(PLACES[str(key)]) if key in PLACES else str(key)


def place_words(place: str, body: Any, language: str) -> str:
    """Return a path within a document in words, part by part; a sentence stays as it is.

    Shape:  `place` is `form.1.fields` or `label.el`; `body` the document it leads through.
    """
    if not PATH.fullmatch(place):
        return place
    words = []
    for part in place.split("."):
        inner = _within(body, part)
        words.append(_part(part, inner, language))
        body = inner
    return " › ".join(words)


def _within(body: Any, part: str) -> Any:
    if isinstance(body, Mapping):
        return body.get(part)
    if isinstance(body, list) and part.isdigit() and 0 < int(part) <= len(body):
        return body[int(part) - 1]
    return None


def _part(part: str, inner: Any, language: str) -> str:
    if part in LANGUAGES:
        return locale_of(language).languages[part]
    label = inner.get("label") if isinstance(inner, Mapping) else None
    if isinstance(label, (str, Mapping)):
        return Text(label).get(language)
    return key_words(part)
