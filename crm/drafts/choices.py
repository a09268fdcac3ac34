"""What an admin does to the choices of a field: from a field's body to a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.drafts.edits import Body
from crm.drafts.keys import FIELD_ORDER, INNER_ORDER, put_key
from crm.errors import SchemaError


@dataclass(frozen=True)
class ChoiceRow:
    """One choice as a form shows it.

    Shape:  `label` is what the document holds: a string, a map per language, or None for the key made readable.
            `was` is the key it had before, "" for a new one.
    """

    key: str
    label: Any = None
    color: str = ""
    was: str = ""


def rows_of(field: Body) -> list[ChoiceRow]:
    """Return the choices of a field, in order, however they are written."""
    choices = field.get("choices")
    if isinstance(choices, Mapping):
        return [_row(str(key), written) for key, written in choices.items()]
    return [ChoiceRow(str(key), was=str(key)) for key in choices] if isinstance(choices, list) else []


def _row(key: str, written: Any) -> ChoiceRow:
    if isinstance(written, Mapping) and ("label" in written or "color" in written):
        return ChoiceRow(key, written.get("label"), str(written.get("color") or ""), key)
    return ChoiceRow(key, written or None, was=key)


def set_choices(field: Body, rows: Iterable[ChoiceRow]) -> dict[str, Any]:
    """Give a field these choices, in this order: what did not change stays as it was written.

    Shape:  a choice that is no more leaves the allowed moves and the default too; one with a new key is renamed there.
    Errors: SchemaError when two choices have one key.
    """
    rows = list(rows)
    keys = [row.key for row in rows]
    twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
    if twice is not None:
        raise SchemaError("edit.choice_exists", name=twice)
    before = {row.key: row for row in rows_of(field)}
    written = field.get("choices")
    choices: Any = {row.key: _written(row, before.get(row.was), written) for row in rows}
    if isinstance(written, list) and not any(choices.values()):
        choices = keys
    changed = put_key(field, "choices", choices, FIELD_ORDER)
    return _after(changed, {row.was: row.key for row in rows if row.was}, set(before))


def _written(row: ChoiceRow, before: ChoiceRow | None, written: Any) -> Any:
    """Return one choice as the document holds it."""
    if before is not None and (row.label, row.color) == (before.label, before.color):
        return written[before.key] if isinstance(written, Mapping) else None
    body = put_key({}, "label", row.label, INNER_ORDER["choices"])
    return put_key(body, "color", row.color, INNER_ORDER["choices"]) or None


def _after(field: Body, names: Mapping[str, str], known: set[str]) -> dict[str, Any]:
    """Let moves and default follow choices that were renamed or went."""
    gone = known - set(names)
    renamed = {old: new for old, new in names.items() if old != new}
    if not gone and not renamed:
        return dict(field)
    moves = field.get("next")
    if isinstance(moves, Mapping):
        kept = {
            renamed.get(key, key): [renamed.get(word, word) for word in _as_list(after) if word not in gone]
            for key, after in moves.items()
            if key not in gone
        }
        field = put_key(field, "next", kept, FIELD_ORDER)
    default = field.get("default")
    words = [default] if isinstance(default, str) else default
    if isinstance(words, list) and any(word in gone or word in renamed for word in words):
        left = [renamed.get(word, word) for word in words if word not in gone]
        field = put_key(
            field, "default", (left[0] if left else None) if isinstance(default, str) else left, FIELD_ORDER
        )
    return dict(field)


def _as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]
