"""Values of parts as the controls of a form hold them, and back; what was not touched stays as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.drafts.keys import place_key, read_texts, shown_texts
from crm.entities.yaml import read_yaml, write_yaml
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.texts import LANGUAGES
from workflows.editor.parts import MISSING, Part
from workflows.rules.schedule import DURATION, UNITS

Sent = Mapping[str, list[str]]
"""What a form holds, by name: the values in their order."""

CLEARED = "null"  # chosen to clear a field
FORMULA = "="  # chosen in place of a choice: a formula is written instead


def name_of(node: str, path: tuple) -> str:
    """Return what the controls of a place are called.

    >>> name_of("s3", ("among", "role")), name_of("s3", ())
    ('s3.b.among.role', 's3.b')
    """
    return ".".join([node, "b", *map(str, path)])


def at(value: Any, path: tuple) -> Any:
    """Return what stands at a path; MISSING when nothing does."""
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return MISSING
        value = value[key]
    return value


def state_of(part: Part, value: Any) -> dict[str, list[str]]:
    """Return what the controls of a part without parts hold, by the end of their names."""
    if part.control == "texts":
        known = shown_texts(value if isinstance(value, str | Mapping) else None)
        return {f".{language}": [known[language]] for language in LANGUAGES}
    if part.control == "several":
        return {"": _words(value)}
    if part.control == "recipients":
        return _recipients(part, value)
    if part.control == "values":
        pairs = list(value.items()) if isinstance(value, Mapping) else []
        return {".k": [str(key) for key, _ in pairs], ".v": [shown(one) for _, one in pairs]}
    if part.control == "flag":
        return {"": ["true"] if value is True else []}
    if part.control == "span":
        return _span(value)
    return {"": [_text(part, value)]}


def _words(value: Any) -> list[str]:
    if value is MISSING or value is None:
        return []
    return [str(word) for word in (value if isinstance(value, list) else [value])]


def _in_old_order(words: Iterable[str], old: Iterable[str]) -> list[str]:
    """Return chosen words: a choice of several comes in the order of its options, a document has its own."""
    known = list(old)
    ranks = {word: rank for rank, word in enumerate(known)}
    return sorted(filter(None, dict.fromkeys(words)), key=lambda word: ranks.get(word, len(known)))


def _text(part: Part, value: Any) -> str:
    if part.control == "value" and value is None:
        return CLEARED
    if value is MISSING or value is None:
        return ""
    if part.control == "yaml":
        return write_yaml(value).rstrip("\n")
    return shown(value)


def shown(value: Any) -> str:
    """Return a single value as it is typed."""
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | Mapping) else str(value)


def _recipients(part: Part, value: Any) -> dict[str, list[str]]:
    """Return the recipients that can be chosen, and the lines of all others."""
    offered = {key for key, _label in part.options}
    chosen, others = [], []
    for line in [] if value in (MISSING, None) else value if isinstance(value, list) else [value]:
        one = next(iter(line.items())) if isinstance(line, Mapping) and len(line) == 1 else ("way", line)
        key = f"{one[0]}:{one[1]}"
        (chosen if key in offered else others).append(key if key in offered else shown(line))
    return {"": chosen, ".more": ["\n".join(others)]}


def _span(value: Any) -> dict[str, list[str]]:
    found = DURATION.match(value) if isinstance(value, str) else None
    if found is None:
        return {"": [shown(value)], ".u": [""]}
    return {"": [found[1]], ".u": [f"{found[2]}s"]}


# Back


FieldOf = Callable[[str, str], Field | None]
"""Finds a field by its entity and name."""


@dataclass(frozen=True)
class Reader:
    """Reads the parts of one node out of a form."""

    sent: Sent
    node: str
    field_of: FieldOf

    def read(self, part: Part, old: Any) -> Any:
        """Return what the form says of a part; MISSING when it says nothing."""
        if part.control == "group":
            return self._group(part, old)
        if part.control == "ways":
            return self._ways(part, old)
        name = name_of(self.node, part.path)
        state = {suffix: self.sent.get(name + suffix, []) for suffix in state_of(part, MISSING)}
        if part.control in ("several", "recipients"):
            state[""] = _in_old_order(state[""], state_of(part, old)[""])
        if f"{name}.was" not in self.sent or _alike(state, state_of(part, old)):
            return old
        if part.control == "value":
            text = (state[""] or [""])[0].strip()
            typed = as_typed("" if text == CLEARED else text, self.field_of(part.entity, part.field))
            return typed if text else MISSING
        if part.control == "values":
            return self._values(part, state, old)
        return READ.get(part.control, _read_word)(part, state, old)

    def _group(self, part: Part, old: Any) -> Any:
        known = old if isinstance(old, Mapping) else {}
        order = [one.path[-1] for one in part.parts]
        found: Mapping[str, Any] = known
        for one in part.parts:
            if one.control not in ("steps", "conditions"):
                found = put(found, one.path[-1], self.read(one, known.get(one.path[-1], MISSING)), order)
        return MISSING if not found and part.path and old is MISSING else dict(found)

    def _ways(self, part: Part, old: Any) -> Any:
        name = name_of(self.node, part.path)
        way, before = self.sent.get(f"{name}.way", [""])[0], way_of(part, old)
        if not way.isdigit() or int(way) >= len(part.parts):
            return old
        if int(way) != before:
            return {} if part.parts[int(way)].control == "group" else MISSING
        found = self.read(part.parts[before], old)
        return MISSING if found == {} else found

    def _values(self, part: Part, state: Sent, old: Any) -> Any:
        known = old if isinstance(old, Mapping) else {}
        found = {}
        for key, text in zip(state[".k"], state[".v"], strict=False):
            is_same = key in known and shown(known[key]) == text.replace("\r\n", "\n").strip()
            if key:
                found[key] = known[key] if is_same else as_typed(text, self.field_of(part.entity, key))
        return found or MISSING


def put(body: Mapping[str, Any], key: str, value: Any, order: Iterable[str]) -> Mapping[str, Any]:
    """Return a body with one key in its place, or without it."""
    if value is MISSING:
        return {each: kept for each, kept in body.items() if each != key}
    return place_key(body, key, value, order)


def _alike(state: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> bool:
    def plain(one: Mapping[str, list[str]]) -> list:
        """Return the words without what a control sends of itself: an empty choice, a box that is not ticked."""
        return [(key, [_plain(word) for word in words]) for key, words in sorted(one.items())]

    return plain(state) == plain(other)


def _plain(word: str) -> str:
    return word.replace("\r\n", "\n").strip()


def way_of(part: Part, value: Any) -> int:
    """Return which of the ways of a part a value has taken."""
    for number, way in enumerate(part.parts):
        fits = {"group": Mapping, "several": list}.get(way.control, str | int | float)
        if value is not MISSING and isinstance(value, fits):
            keys = {one.path[-1] for one in way.parts}
            if not isinstance(value, Mapping) or keys.issuperset(value):
                return number
    return 0


def _read_word(_part: Part, state: Sent, _old: Any) -> Any:
    text = (state[""] or [""])[0].replace("\r\n", "\n").strip()
    return text or MISSING


def _read_scalar(part: Part, state: Sent, old: Any) -> Any:
    text = _read_word(part, state, old)
    return MISSING if text is MISSING else as_yaml(text)


def as_yaml(text: str) -> Any:
    """Return what a text is in YAML, where it is a single value or a whole document; else the text."""
    value, parsed = read_yaml(text)
    return text if parsed.problems else value


def as_typed(text: str, field: Field | None) -> Any:
    """Return a value that was typed for a field: nothing clears it, a number is a number, a yes is a yes.

    >>> as_typed("= today()", None), as_typed("", None)
    ('= today()', None)
    """
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    kind = FIELD_TYPES[field.type].kind if field else ""
    if kind in ("number", "boolean") and not text.startswith(("=", "{")):
        value = as_yaml(text)
        return value if isinstance(value, bool | int | float) else text
    if text[0] in "[{" and field and FIELD_TYPES[field.type].several:
        return as_yaml(text)
    return text


def _read_several(_part: Part, state: Sent, _old: Any) -> Any:
    return state[""] or MISSING


def _read_flag(_part: Part, state: Sent, old: Any) -> Any:
    if "true" in state[""]:
        return True
    return MISSING if old is MISSING else False


def _read_recipients(_part: Part, state: Sent, _old: Any) -> Any:
    lines: list[Any] = []
    for word in state[""]:
        kind, _, rest = word.partition(":")
        if rest:
            lines.append(rest if kind == "way" else {kind: rest})
    for line in (state[".more"] or [""])[0].splitlines():
        text = line.strip()
        lines += [as_yaml(text) if text.startswith("{") else text] if text else []
    return MISSING if not lines else lines[0] if len(lines) == 1 else lines


def _read_texts(_part: Part, state: Sent, old: Any) -> Any:
    sent = {language: (state[f".{language}"] or [""])[0].replace("\r\n", "\n") for language in LANGUAGES}
    return read_texts(sent, None if old is MISSING else old) or MISSING


def _read_span(_part: Part, state: Sent, _old: Any) -> Any:
    number, unit = (state[""] or [""])[0].strip(), (state[".u"] or [""])[0]
    if not number:
        return MISSING
    if unit.removesuffix("s") not in UNITS or not number.isdigit():
        return number
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}"


READ = {
    "scalar": _read_scalar,
    "number": _read_scalar,
    "yaml": _read_scalar,
    "several": _read_several,
    "flag": _read_flag,
    "recipients": _read_recipients,
    "texts": _read_texts,
    "span": _read_span,
}
