"""What an admin does to the choices of a field: from a field's body to a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.drafts.edits import Body
from crm.drafts.keys import FIELD_ORDER, INNER_ORDER, move_key, place_key, put_key, read_texts
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


def add_choice(field: Body, key: str, label: Any = None, color: str = "") -> dict[str, Any]:
    """Add a choice at the end."""
    return set_choices(field, [*rows_of(field), ChoiceRow(key, label, color)])


def change_choice(
    field: Body, key: str, texts: Mapping[str, str] | None = None, color: str | None = None
) -> dict[str, Any]:
    """Give a choice other words or another colour; None leaves what it has."""
    rows = [
        ChoiceRow(
            row.key,
            row.label if texts is None else read_texts(texts, row.label) or None,
            row.color if color is None else color,
            row.was,
        )
        if row.key == key
        else row
        for row in rows_of(field)
    ]
    return set_choices(field, rows)


def remove_choice(field: Body, key: str) -> dict[str, Any]:
    """Remove a choice, also from the allowed moves and the default."""
    return set_choices(field, [row for row in rows_of(field) if row.key != key])


def move_choice(field: Body, key: str, steps: int) -> dict[str, Any]:
    """Move a choice up (negative) or down."""
    order = move_key({row.key: row for row in rows_of(field)}, key, steps)
    return set_choices(field, order.values())


def set_moves(field: Body, moves: Mapping[str, Iterable[str] | None]) -> dict[str, Any]:
    """Say which choice may follow which; None lets every one follow.

    Shape:  a choice that is not named keeps its line.
    """
    found: Body = field.get("next") if isinstance(field.get("next"), Mapping) else {}
    order = [row.key for row in rows_of(field)]
    for key, after in moves.items():
        if after is None:
            found = {each: kept for each, kept in found.items() if each != key}
        elif key not in found or set(_as_list(found[key])) != set(after):
            found = place_key(found, key, [word for word in order if word in set(after)], order)
    return put_key(field, "next", found, FIELD_ORDER)
