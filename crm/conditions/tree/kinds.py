"""What a field holds, as conditions see it, and which constants fit beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    MANY,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    Const,
    Me,
    MyTeam,
    Node,
)
from crm.conditions.tree.moments import parse_day, parse_moment
from crm.conditions.tree.numbers import parse_number
from crm.fields import FIELD_TYPES, kind_of, type_of
from crm.fields.base import Field
from crm.texts import NP_

SYSTEM_FIELDS: Mapping[str, tuple[str, str]] = {
    "id": (NUMBER, NP_("field", "Record number")),
    "created_at": (DATETIME, NP_("field", "Created at")),
    "created_by": (USER, NP_("field", "Created by")),
    "updated_at": (DATETIME, NP_("field", "Updated at")),
    "updated_by": (USER, NP_("field", "Updated by")),
}
"""What every record has besides its declared fields: kind and label."""

__all__ = ["NONE", "SYSTEM_FIELDS", "attribute_of", "constant", "is_computed", "kind_of"]

NONE = "none"  # files and places cannot be compared, only be empty or not
MAX_TEXT = 2_000
MAX_ID = 2**63 - 1


def is_computed(field: Field) -> bool:
    """Return whether a field has no column and is calculated from others."""
    return bool(type_of(field).computes)


def attribute_of(name: str, field: Field | None) -> str:
    """Return the mapped attribute of a field; without one, of a name every record has."""
    if field is not None:
        return FIELD_TYPES[field.type].attribute(field)
    return f"{name}_id" if name in ("created_by", "updated_by") else name


def is_formula(value: Any) -> bool:
    """Return whether a value is computed; a text that begins with the sign of a formula has the sign twice.

    >>> is_formula("= now()"), is_formula("==5"), is_formula(5)
    (True, False, False)
    """
    return isinstance(value, str) and value.startswith("=") and not value.startswith("==")


def literal(value: Any) -> Any:
    """Return a value, or several, as conditions hold what is never a formula.

    >>> literal("=5"), literal(["a", "=b"]), literal(5)
    ('==5', ['a', '==b'], 5)
    """
    if isinstance(value, list | tuple):
        return [literal(one) for one in value]
    return f"={value}" if isinstance(value, str) and value.startswith("=") else value


def unescaped(value: Any) -> Any:
    """Return the text that `literal` wrote."""
    return value[1:] if isinstance(value, str) and value.startswith("==") else value


def constant(value: Any, kind: str) -> Node | None:
    """Return a value of a condition as a node of the kind it is compared with; None when it does not fit."""
    if isinstance(value, str) and (not value or "\0" in value or len(value) > MAX_TEXT):
        return None
    if kind == USER and value in ("me", "my_team"):
        return Me() if value == "me" else MyTeam()
    found = CONSTANTS[kind](value) if kind in CONSTANTS else None
    return None if found is None else Const(found, _kind_of_constant(found, kind))


def _kind_of_constant(value: object, kind: str) -> str:
    """Return the kind; a day beside a datetime stays a day, a word among several is a text."""
    if kind == MANY:
        return TEXT
    return DATE if kind == DATETIME and not isinstance(value, dt.datetime) else kind


def _text(value: Any) -> str | None:
    """Return a text; a code an admin wrote without quotes is one too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < MAX_ID else None
    return value if isinstance(value, str) else None


def _id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ID else None


def _moment(value: Any) -> dt.date | None:
    moment = parse_moment(value)
    if moment is not None and moment.tzinfo is not None:
        return moment
    return parse_day(value) if moment is None else moment


CONSTANTS = {
    TEXT: _text,
    MANY: _text,
    NUMBER: parse_number,
    BOOLEAN: lambda value: value if isinstance(value, bool) else None,
    DATE: parse_day,
    DATETIME: _moment,
    REFERENCE: _id,
    USER: _id,
}
