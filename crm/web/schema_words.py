"""What differs between two revisions, in words an admin reads: one line per change, with before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from crm.entities.model import Document, Schema
from crm.entities.yaml import write_yaml

LONGEST_VALUE = 160  # characters of a value before and after
SIGNS = {"added": ("circle-plus", "green"), "changed": ("pencil", "blue"), "removed": ("trash", "red")}


@dataclass(frozen=True)
class ChangeLine:
    """One change of a document.

    Shape:  `keys` holds (key, value before, value after) for what changed inside; `document` is (kind, name), the
            document the change belongs to.
    """

    way: str
    title: str
    document: tuple[str, str]
    keys: tuple[tuple[str, str, str], ...] = ()

    @property
    def icon(self) -> str:
        """Return the icon of an addition, a change or a removal."""
        return SIGNS[self.way][0]

    @property
    def color(self) -> str:
        """Return its colour."""
        return SIGNS[self.way][1]


def change_lines(
    changes: Mapping[str, Iterable[Mapping]], old: Iterable[Document], new: Iterable[Document]
) -> list[ChangeLine]:
    """Return the changes of `diff_documents` in words."""
    before = {(document.kind, document.name): document.body for document in old}
    after = {(document.kind, document.name): document.body for document in new}
    return [
        ChangeLine(way, _title(way, row), _document(row), tuple(_keys(row, before, after)))
        for way in SIGNS
        for row in changes[way]
    ]


def _document(row: Mapping) -> tuple[str, str]:
    if row["kind"] == "field":
        return "entity", row["entity"]
    return row["kind"], row["name"]


def _title(way: str, row: Mapping) -> str:
    name = f"{row['entity']}.{row['name']}" if row["kind"] == "field" else row["name"]
    kind = kind_label(row["kind"])
    if "was" in row:
        return gettext("%(kind)s “%(old)s” is now called “%(name)s”", kind=kind, old=row["was"], name=name)
    if way == "added":
        return gettext("New: %(kind)s “%(name)s”", kind=kind, name=name)
    if way == "removed":
        return gettext("Removed: %(kind)s “%(name)s”", kind=kind, name=name)
    return gettext("Changed: %(kind)s “%(name)s”", kind=kind, name=name)


def _keys(row: Mapping, before: Mapping, after: Mapping) -> Iterator[tuple[str, str, str]]:
    kind, name = _document(row)
    was = row.get("was")
    old = before.get((kind, was if was and row["kind"] == "entity" else name)) or {}
    new = after.get((kind, name)) or {}
    if row["kind"] == "field":
        old = (old.get("fields") or {}).get(was or row["name"]) or {}
        new = (new.get("fields") or {}).get(row["name"]) or {}
    for key in row.get("keys", ()):
        yield key, _value(old.get(key)), _value(new.get(key))


def _value(value: Any) -> str:
    """Return a value of a document as one line of YAML; "" where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, (str, int, float)) else " ".join(write_yaml(value).split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def kind_label(kind: str) -> str:
    """Return what people call a kind of document."""
    words = {
        "entity": gettext("Entity"),
        "field": gettext("Field"),
        "role": gettext("Role"),
        "rule": gettext("Rule"),
        "segment": gettext("Segment"),
        "report": gettext("Report"),
        "dashboard": gettext("Dashboard"),
        "template": gettext("Message template"),
    }
    return words.get(kind, kind)


def label_of_document(schema: Schema, kind: str, name: str, language: str) -> str:
    """Return a document's label in a language; its name where it has none."""
    found = schema.entities.get(name) if kind == "entity" else schema.parts.get(kind, {}).get(name)
    label = getattr(found, "plural", None) or getattr(found, "label", None)
    return label.get(language) if label is not None else name
