"""What differs between two revisions, in words an admin reads: one line per change, with before and after."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

from flask_babel import gettext, pgettext

from crm.entities.model import Document
from crm.revisions.diff import same
from crm.texts import LANGUAGES, N_, NP_, Text
from crm.web.language import spoken
from crm.web.schema.controls import COLORS
from crm.web.schema.places import Names, key_words, name_words, names_of, place_words

LONGEST_VALUE = 160  # characters of a value before and after
SIGNS = {"added": ("circle-plus", "green"), "changed": ("pencil", "blue"), "removed": ("trash", "red")}


@dataclass(frozen=True)
class ChangeLine:
    """One change of a document.

    Shape:  `keys` holds (place, value before, value after) for what changed inside. With `is_whole` it is about the
            document itself and not about one of its fields.
    """

    way: str
    title: str
    name: str = ""
    keys: tuple[tuple[str, str, str], ...] = ()
    is_whole: bool = False

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

    @property
    def is_plain(self) -> bool:
        """Return whether one line that stands for the whole document says it all."""
        return len(self.lines) == 1 and self.lines[0].is_whole and not self.lines[0].keys

    @property
    def counts(self) -> dict[str, int]:
        """Return how many lines are additions, changes and removals."""
        ways = [line.way for line in self.lines]
        return {way: ways.count(way) for way in SIGNS}


Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


def changed_documents(
    changes: Mapping[str, Iterable[Mapping]], old: Iterable[Document], new: Iterable[Document], language: str
) -> list[ChangedDocument]:
    """Return the changes of `diff_documents` in words, document by document."""
    old, new = tuple(old), tuple(new)
    before = {(document.kind, document.name): document.body for document in old}
    after = {(document.kind, document.name): document.body for document in new}
    names = names_of((*old, *new), language)
    lines: dict[tuple[str, str], list[ChangeLine]] = {}
    for way in SIGNS:
        for row in changes[way]:
            lines.setdefault(_document(row), []).append(_line(way, row, before, after, names))
    return [
        ChangedDocument(
            *key, document_label(after.get(key) or before.get(key) or {}, key[1], language), tuple(found)
        )
        for key, found in lines.items()
    ]


def document_words(kind: str, name: str, body: Mapping[str, Any], language: str) -> str:
    """Return what people call a document: its kind and its label."""
    return pgettext(
        "kind", "%(kind)s “%(name)s”", kind=kind_label(kind), name=document_label(body, name, language)
    )


REASONS = (
    (re.compile("First start"), NP_("reason", "First start")),
    (re.compile(r"Rollback to revision (?P<name>\d+)"), N_("Rolled back to revision %(name)s")),
    (re.compile(r"Pack (?P<name>\w+)"), NP_("reason", "Pack “%(name)s”")),
    (re.compile(r"Without pack (?P<name>\w+)"), NP_("reason", "Without pack “%(name)s”")),
)
"""What the history keeps as the reason of a revision that the software made itself, and how people read it."""


def reason_words(why: str) -> str:
    """Return the reason of a revision as it was written, or in the reader's language when we wrote it."""
    for written, sentence in REASONS:
        if found := written.fullmatch(why):
            return spoken(sentence) % found.groupdict()
    return why


def _document(row: Mapping) -> tuple[str, str]:
    return ("entity", row["entity"]) if row["kind"] == "field" else (row["kind"], row["name"])


def document_label(body: Mapping[str, Any], name: str, language: str) -> str:
    """Return the label of a document, for many records where it tells one; its name where it has none."""
    label = body.get("plural") or body.get("label")
    return Text(label).get(language) if label and isinstance(label, (str, dict)) else name


def _line(way: str, row: Mapping, before: Bodies, after: Bodies, names: Names) -> ChangeLine:
    old, new = _bodies(row, before, after)
    label = document_label(new or old, row["name"], names.language) if row["kind"] == "field" else ""
    kind, name = _document(row)
    keys = tuple(told_changes(kind, name, (old, new), row.get("keys", ()), names))
    if row["kind"] != "field" and "was" not in row:
        label = document_label(new or old, row["name"], names.language)
    name = row["name"] if label not in ("", row["name"]) else ""
    return ChangeLine(way, _title(way, row, label), name, keys, row["kind"] != "field")


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
        return gettext("%(kind)s “%(old)s”: renamed to “%(name)s”", kind=kind, old=row["was"], name=name)
    if way == "added":
        return gettext("New: %(kind)s “%(name)s”", kind=kind, name=name)
    if way == "removed":
        return gettext("Removed: %(kind)s “%(name)s”", kind=kind, name=name)
    return gettext("Changed: %(kind)s “%(name)s”", kind=kind, name=name)


def told_changes(
    kind: str, name: str, bodies: tuple[Mapping, Mapping], keys: Iterable[str], names: Names
) -> Iterator[tuple[str, str, str]]:
    """Yield (place, before, after) in words for what differs under the keys of a document, or of one of its fields."""
    old, new = bodies
    fields = names.within(kind, name, new or old)
    for key in keys:
        for place, before, after in inner_changes(
            old.get(key), new.get(key), str(key), Tongue(names.language, fields, names.fields)
        ):
            yield place_words(place, new if new.get(key) is not None else old, names, fields), before, after


@dataclass(frozen=True)
class Tongue:
    """How values are said: in a language, fields of the entity by their labels; a role speaks of many `entities`."""

    language: str
    fields: Mapping[str, str] = attribute(default_factory=dict)
    entities: Mapping[str, Mapping[str, str]] = attribute(default_factory=dict)

    def within(self, place: str, key: object) -> Tongue:
        """Return how values are said under a key of a place."""
        known = self.entities.get(str(key)) if place == "entities" else None
        return self if known is None else replace(self, fields=known)


ENGLISH = Tongue("en")


def inner_changes(old: Any, new: Any, place: str, tongue: Tongue = ENGLISH) -> Iterator[tuple[str, str, str]]:
    """Yield (place, before, after) for the smallest parts of a value that differ.

    >>> list(inner_changes({"en": "Deal", "el": "x"}, {"en": "Deals", "el": "x"}, "label"))
    [('label.en', 'Deal', 'Deals')]
    >>> list(inner_changes(["a", "b"], ["b", "c"], "columns"))
    [('columns', 'a', 'c')]
    """
    key = next((part for part in reversed(place.split(".")) if not part.isdigit()), "")
    if same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and set(old) | set(new):
        keys = [*new, *(key for key in old if key not in new)]
        parts = [
            part
            for part_key in keys
            for part in inner_changes(
                old.get(part_key),
                new.get(part_key),
                _place(place, part_key, (old, new), tongue),
                tongue.within(place, part_key),
            )
        ]
        yield from parts or [(place, value_words(list(old), tongue), value_words(list(new), tongue))]
    elif _are_records(old) and _are_records(new) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from inner_changes(*pair, f"{place}.{index + 1}", tongue)
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
        before, after = (gone, come) if gone or come else (old, new)
        yield place, value_words(before, tongue, key), value_words(after, tongue, key)
    else:
        yield place, value_words(old, tongue, key), value_words(new, tongue, key)


def _place(place: str, key: object, pair: tuple[Mapping, Mapping], tongue: Tongue) -> str:
    """Return the place of a key within a value; a choice that comes or goes is said in words."""
    old, new = (body.get(key) for body in pair)
    if place != "choices" or (old is not None and new is not None):
        return f"{place}.{key}"
    body = new if new is not None else old
    name = document_label(body, str(key), tongue.language) if isinstance(body, Mapping) else str(key)
    if new is None:
        return gettext("Choice removed: “%(name)s”", name=name)
    return gettext("New choice: “%(name)s”", name=name)


def _are_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def value_words(value: Any, tongue: Tongue = ENGLISH, key: str = "") -> str:
    """Return a value of a document as one line for people, as a key says it; "" where there is none.

    >>> value_words({"label": {"en": "Won", "el": "Κερδήθηκε"}, "color": "green"})
    'Label: Won, Colour: Green'
    """
    text = _words(value, tongue, key)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _words(value: Any, tongue: Tongue, key: str) -> str:
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return pgettext("value", "yes") if value else pgettext("value", "no")
    if isinstance(value, Mapping) and set(value) <= set(LANGUAGES):
        return Text(dict(value)).get(tongue.language)
    if isinstance(value, Mapping):
        return ", ".join(
            f"{key_words(each)}: {_of_key(str(each), part, tongue)}" for each, part in value.items()
        )
    if isinstance(value, list):
        parts = [_words(part, tongue, key) for part in value]
        return " · ".join(parts) if _are_records(value) else ", ".join(parts)
    return name_words(str(value), key, tongue.fields)


def _of_key(key: str, value: Any, tongue: Tongue) -> str:
    """Return the value of a key, a colour by its name, a map within in brackets."""
    if key == "color" and value in COLORS:
        return spoken(COLORS[value])
    text = _words(value, tongue, key)
    return f"({text})" if isinstance(value, Mapping) and not set(value) <= set(LANGUAGES) else text


def kind_label(kind: str) -> str:
    """Return what people call a kind of document."""
    words = {
        "entity": pgettext("kind", "Entity"),
        "field": pgettext("kind", "Field"),
        "role": pgettext("kind", "Role"),
        "rule": pgettext("kind", "Rule"),
        "segment": pgettext("kind", "Segment"),
        "report": pgettext("kind", "Report"),
        "dashboard": pgettext("kind", "Dashboard"),
        "business_calendar": pgettext("kind", "Business calendar"),
        "template": pgettext("kind", "Message template"),
        "view": pgettext("kind", "Saved view"),
        "import": pgettext("kind", "Import"),
    }
    return words.get(kind, kind)
