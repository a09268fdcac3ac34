"""What differs between two revisions, in words an admin reads: one line per change, with before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from crm.entities.diff import same
from crm.entities.model import Document
from crm.entities.yaml import write_yaml
from crm.texts import Text

LONGEST_VALUE = 160  # characters of a value before and after
SIGNS = {"added": ("circle-plus", "green"), "changed": ("pencil", "blue"), "removed": ("trash", "red")}


@dataclass(frozen=True)
class ChangeLine:
    """One change of a document.

    Shape:  `keys` holds (place, value before, value after) for what changed inside.
    """

    way: str
    title: str
    name: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()

    @property
    def icon(self) -> str:
        """Return the icon of an addition, a change or a removal."""
        return SIGNS[self.way][0]

    @property
    def color(self) -> str:
        """Return its colour."""
        return SIGNS[self.way][1]


@dataclass(frozen=True)
class ChangedDocument:
    """The changes of one document, under its label."""

    kind: str
    name: str
    label: str
    lines: tuple[ChangeLine, ...]


Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


def changed_documents(
    changes: Mapping[str, Iterable[Mapping]], old: Iterable[Document], new: Iterable[Document], language: str
) -> list[ChangedDocument]:
    """Return the changes of `diff_documents` in words, document by document."""
    before = {(document.kind, document.name): document.body for document in old}
    after = {(document.kind, document.name): document.body for document in new}
    lines: dict[tuple[str, str], list[ChangeLine]] = {}
    for way in SIGNS:
        for row in changes[way]:
            lines.setdefault(_document(row), []).append(_line(way, row, before, after, language))
    return [
        ChangedDocument(*key, _label(after.get(key) or before.get(key) or {}, key[1], language), tuple(found))
        for key, found in lines.items()
    ]


def _document(row: Mapping) -> tuple[str, str]:
    return ("entity", row["entity"]) if row["kind"] == "field" else (row["kind"], row["name"])


def _label(body: Mapping, name: str, language: str) -> str:
    label = body.get("plural") or body.get("label")
    return Text(label).get(language) if label and isinstance(label, (str, dict)) else name


def _line(way: str, row: Mapping, before: Bodies, after: Bodies, language: str) -> ChangeLine:
    old, new = _bodies(row, before, after)
    label = _label(new or old, row["name"], language) if row["kind"] == "field" else ""
    keys = tuple(
        part for key in row.get("keys", ()) for part in inner_changes(old.get(key), new.get(key), key)
    )
    return ChangeLine(
        way, _title(way, row, label), row["name"] if label not in ("", row["name"]) else "", keys
    )


def _bodies(row: Mapping, before: Bodies, after: Bodies) -> tuple[Mapping, Mapping]:
    """Return what changed as it was and as it will be."""
    kind, name = _document(row)
    was = row.get("was")
    old = before.get((kind, was if was and row["kind"] == "entity" else name)) or {}
    new = after.get((kind, name)) or {}
    if row["kind"] != "field":
        return old, new
    return (old.get("fields") or {}).get(was or row["name"]) or {}, (new.get("fields") or {}).get(
        row["name"]
    ) or {}


def _title(way: str, row: Mapping, label: str) -> str:
    kind, name = kind_label(row["kind"]), label or row["name"]
    if "was" in row:
        return gettext("%(kind)s “%(old)s” is now called “%(name)s”", kind=kind, old=row["was"], name=name)
    if way == "added":
        return gettext("New: %(kind)s “%(name)s”", kind=kind, name=name)
    if way == "removed":
        return gettext("Removed: %(kind)s “%(name)s”", kind=kind, name=name)
    return gettext("Changed: %(kind)s “%(name)s”", kind=kind, name=name)


def inner_changes(old: Any, new: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Yield (place, before, after) for the smallest parts of a value that differ.

    >>> list(inner_changes({"en": "Deal", "el": "x"}, {"en": "Deals", "el": "x"}, "label"))
    [('label.en', 'Deal', 'Deals')]
    >>> list(inner_changes(["a", "b"], ["b", "c"], "columns"))
    [('columns', 'a', 'c')]
    """
    if same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and set(old) | set(new):
        keys = [*new, *(key for key in old if key not in new)]
        parts = [part for key in keys for part in inner_changes(old.get(key), new.get(key), f"{place}.{key}")]
        yield from parts or [(place, _value(list(old)), _value(list(new)))]
    elif _are_records(old) and _are_records(new) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from inner_changes(*pair, f"{place}.{index + 1}")
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
        yield (place, _value(gone), _value(come)) if gone or come else (place, _value(old), _value(new))
    else:
        yield place, _value(old), _value(new)


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def _value(value: Any) -> str:
    """Return a value of a document as one line; "" where there is none."""
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(part, (str, int, float)) for part in value):
        text = ", ".join(str(part) for part in value)
    else:
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
        "view": gettext("Saved view"),
        "import": gettext("Import"),
    }
    return words.get(kind, kind)
