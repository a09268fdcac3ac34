"""Where in a document something is and what it says, in words and labels, never identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.entities.model import Document
from crm.fields.locales import locale_of
from crm.messages.permissions import DEED_LABELS
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
    "field": NP_("key", "Field"),
    "entity": NP_("key", "Entity"),
    "menu_place": N_("Position in the menu"),
    "kpi": NP_("key", "Figure"),
    "measure": NP_("key", "Measure"),
    "report": NP_("key", "Report"),
    "notify": NP_("key", "Notification"),
    "send_email": NP_("key", "Email"),
    "assign": NP_("key", "Assignment"),
    "set_field": NP_("key", "New value"),
    "create_record": NP_("key", "New record"),
    "values": NP_("key", "Values"),
    "text": NP_("key", "Text"),
    "template": NP_("key", "Message template"),
    "else": NP_("key", "Otherwise"),
}
"""What keys of documents are called that no form of a field has."""
NAME_FIELDS = frozenset(
    (
        "columns",
        "sort",
        "fields",
        "hidden",
        "read_only",
        "by",
        "sum",
        "card",
        "from",
        "to",
        "same_if",
        "field",
    )
    + ("group_by", "x", "y", "changed", "currency_field", "country_field", "region_field", "new_caller", "at")
    + ("kind", "for", "subject", "due", "avg", "min", "max")
)
"""Keys whose values name fields."""


@dataclass(frozen=True)
class Names:
    """What entities and fields are called in one language: `entities` by name, `fields` by entity and name."""

    language: str
    entities: Mapping[str, str]
    fields: Mapping[str, Mapping[str, str]]

    def within(self, kind: str, name: str, body: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what the fields are called that a document speaks of."""
        about = name if kind == "entity" else str(body.get("entity") or "")
        return self.fields.get(about, {})


def names_of(documents: Iterable[Document], language: str) -> Names:
    """Return what the entities of documents and their fields are called; the last document of a name counts."""
    entities, fields = {}, {}
    for document in documents:
        if document.kind == "entity":
            entities[document.name] = _called(document.body, document.name, language)
            fields[document.name] = {
                str(name): _called(field, str(name), language)
                for name, field in dict(document.body.get("fields") or {}).items()
            }
    return Names(language, entities, fields)


def _called(body: Any, name: str, language: str) -> str:
    label = (body.get("plural") or body.get("label")) if isinstance(body, Mapping) else None
    return Text(label).get(language) if isinstance(label, (str, Mapping)) and label else name


def key_words(key: object) -> str:
    """Return what a key of a document is called; the key itself where nothing calls it."""
    if key in KEYS:
        return spoken(KEYS[str(key)].label)
    return spoken(PLACES[str(key)]) if key in PLACES else str(key)


def place_words(place: str, body: Any, names: Names, fields: Mapping[str, str]) -> str:
    """Return a path within a document in words, part by part; a sentence stays as it is.

    Shape:  `place` is `form.1.fields` or `label.el`; `body` the document it leads through; `fields` what the fields are
            called that the document speaks of. What has no name for people is left out.
    """
    if not PATH.fullmatch(place):
        return place
    words: list[str] = []
    before = ""
    for part in place.split("."):
        inner = _within(body, part)
        if before == "entities" and part in names.entities:
            fields = names.fields.get(part, {})
        words.append(_part(part, before, inner, names, fields))
        body, before = inner, part
    return " › ".join(word for word in words if word) or place


def _within(body: Any, part: str) -> Any:
    if isinstance(body, Mapping):
        return body.get(part)
    if isinstance(body, (list, tuple)) and part.isdigit() and 0 < int(part) <= len(body):
        return body[int(part) - 1]
    return None


def _part(part: str, before: str, inner: Any, names: Names, fields: Mapping[str, str]) -> str:
    """Return one part of a path in words; "" when it has none."""
    if part in LANGUAGES:
        return locale_of(names.language).languages[part]
    if before == "entities":
        return names.entities.get(part, part)
    label = (inner.get("label") or inner.get("section")) if isinstance(inner, Mapping) else None
    if isinstance(label, (str, Mapping)):
        return Text(label).get(names.language)
    if part.isdigit():
        return name_words(inner, before, fields) if isinstance(inner, str) else f"{part}."
    if before in ("fields", "values", "measures"):
        return fields.get(part, part)
    known = key_words(part)
    return "" if known == part else known


def name_words(value: str, key: str, fields: Mapping[str, str]) -> str:
    """Return what a value of a key is called: a permission, a field of the entity; else the value."""
    if key == "can" and value in DEED_LABELS:
        return spoken(DEED_LABELS[value])
    name = value.removeprefix("-")
    return fields[name] if key in NAME_FIELDS and name in fields else value
