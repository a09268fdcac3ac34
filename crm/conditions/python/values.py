"""Stored values as the language sees them, and the bounds that a date is held against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm.conditions.tree.model import BOOLEAN, DATE, DATETIME, MANY, NUMBER, REFERENCE, TEXT, USER, Age
from crm.conditions.tree.moments import parse_day, parse_moment, shift_day, shift_moment
from crm.conditions.tree.numbers import parse_number
from crm.conditions.tree.scope import Scope
from crm.fields.wall_clock import to_utc


@dataclass(frozen=True)
class Bounds:
    """From `low`, included, to `high`; None is no bound."""

    low: Any
    high: Any
    high_included: bool


def age_bounds(node: Age, scope: Scope) -> Bounds:
    """Return the days or moments (naive UTC) between which a date must lie."""
    now = scope.today if node.value.kind == DATE else scope.now

    def at(amount: int) -> Any:
        if node.value.kind == DATE:
            return shift_day(now, amount, node.unit)
        return shift_moment(now, amount, node.unit, scope.time_zone)

    if node.operator == "older_than":
        return Bounds(None, at(-node.amount), False)
    if node.operator == "within_last":
        return Bounds(at(-node.amount), now, True)
    if node.operator == "within_next":
        return Bounds(now, at(node.amount), True)
    return Bounds(at(-node.amount), at(-node.nearer), False)


def fits_bounds(value: Any, bounds: Bounds) -> bool:
    """Return whether a value lies within bounds."""
    if bounds.low is not None and value < bounds.low:
        return False
    return value < bounds.high or (bounds.high_included and value == bounds.high)


def instant(value: dt.datetime, scope: Scope) -> dt.datetime:
    """Return the instant (naive UTC) of a constant: aware, or the organisation's wall clock."""
    if value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return to_utc(value, scope.time_zone)


def typed(value: Any, kind: str) -> Any:
    """Return a stored value, or one from the journal's JSON, as the language sees it; None when empty.

    >>> typed("", "text"), typed(3, "number"), typed("2026-03-29", "date")
    (None, Decimal('3'), datetime.date(2026, 3, 29))
    """
    return TYPED[kind](value) if value is not None and kind in TYPED else value


def _moment(value: Any) -> dt.datetime | None:
    found = parse_moment(value)
    return found.astimezone(dt.UTC).replace(tzinfo=None) if found is not None and found.tzinfo else found


def _words(value: Any) -> tuple[str, ...] | None:
    words = value.split("|") if isinstance(value, str) else value
    return tuple(str(word) for word in words if word != "") or None


TYPED: Mapping[str, Callable[[Any], Any]] = {
    TEXT: lambda value: str(value) or None,
    NUMBER: lambda value: value if isinstance(value, Decimal) else parse_number(value),
    BOOLEAN: bool,
    DATE: lambda value: value.date() if isinstance(value, dt.datetime) else parse_day(value),
    DATETIME: _moment,
    MANY: _words,
    REFERENCE: int,
    USER: int,
}
