"""What the functions of the language do, in Python; `evaluate` and SQLite use these very ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from crm.conditions.tree import folding, moments, numbers, working
from crm.conditions.tree.scope import Scope

Values = list[Any]


def _today(scope: Scope, _values: Values) -> dt.date:
    return scope.today


def _now(scope: Scope, _values: Values) -> dt.datetime:
    return scope.now


def _day(scope: Scope, values: Values) -> dt.date | None:
    return None if values[0] is None else moments.day_of(values[0], scope.time_zone)


def _days_between(_scope: Scope, values: Values) -> Decimal | None:
    return None if None in values else Decimal((values[1] - values[0]).days)


def _add_days(_scope: Scope, values: Values) -> dt.date | None:
    """Return a day so many whole days away; a part of a day is left out."""
    if None in values or abs(values[1]) > numbers.MANY_DAYS:
        return None
    return moments.add_days(values[0], int(values[1]))


def _hours_between(_scope: Scope, values: Values) -> Decimal | None:
    if None in values:
        return None
    return numbers.divide(_seconds(values[1] - values[0]), Decimal(3_600))


def _seconds(span: dt.timedelta) -> Decimal:
    return Decimal(span // dt.timedelta(microseconds=1)).scaleb(-6)


def _add_hours(_scope: Scope, values: Values) -> dt.datetime | None:
    return _later(values, 3_600)


def _add_minutes(_scope: Scope, values: Values) -> dt.datetime | None:
    return _later(values, 60)


def _later(values: Values, unit: int) -> dt.datetime | None:
    """Return a moment so many whole seconds away; a part of a second is left out."""
    if None in values or abs(values[1]) > numbers.MANY_DAYS * 24:
        return None
    return moments.add_seconds(values[0], int(numbers.multiply([values[1], Decimal(unit)])))


def _working_days_between(scope: Scope, values: Values) -> Decimal | None:
    if None in values[:2]:
        return None
    found = working.working_days_between(values[0], values[1], _calendar(scope, values))
    return Decimal(found)


def _add_working_hours(scope: Scope, values: Values) -> dt.datetime | None:
    if None in values[:2]:
        return None
    return working.add_working_hours(values[0], values[1], _calendar(scope, values), scope.time_zone)


def _calendar(scope: Scope, values: Values) -> working.Calendar:
    """Return the calendar that is meant: of those a program brings along, or of the schema."""
    known = working.read_calendars(values[3]) if len(values) > 3 else working.calendars_of(scope.schema)
    return working.chosen(known, values[2])


def _year(_scope: Scope, values: Values) -> Decimal | None:
    return None if values[0] is None else Decimal(values[0].year)


def _month(_scope: Scope, values: Values) -> Decimal | None:
    return None if values[0] is None else Decimal(values[0].month)


def _round(_scope: Scope, values: Values) -> Decimal | None:
    return None if values[0] is None else numbers.round_half_up(values[0], int(values[1]))


def _least(scope: Scope, values: Values) -> Any:
    return min(_present(scope, values), default=None)


def _greatest(scope: Scope, values: Values) -> Any:
    return max(_present(scope, values), default=None)


def _present(_scope: Scope, values: Values) -> Values:
    return [value for value in values if value is not None]


def _coalesce(scope: Scope, values: Values) -> Any:
    return next(iter(_present(scope, values)), None)


def _concat(_scope: Scope, values: Values) -> str | None:
    return "".join(shown(value) for value in values) or None


def shown(value: Any) -> str:
    """Return a text, number or date as `concat` writes it; an empty one is nothing."""
    if value is None:
        return ""
    return numbers.to_text(value) if isinstance(value, Decimal) else str(value)


def _upper(_scope: Scope, values: Values) -> str | None:
    return None if values[0] is None else folding.upper(values[0])


def _lower(_scope: Scope, values: Values) -> str | None:
    return None if values[0] is None else folding.lower(values[0])


def _length(_scope: Scope, values: Values) -> Decimal:
    return Decimal(len(values[0] or ""))


CALLS: Mapping[str, Callable[[Scope, Values], Any]] = {
    "today": _today,
    "now": _now,
    "day": _day,
    "days_between": _days_between,
    "add_days": _add_days,
    "hours_between": _hours_between,
    "add_hours": _add_hours,
    "add_minutes": _add_minutes,
    "working_days_between": _working_days_between,
    "add_working_hours": _add_working_hours,
    "year": _year,
    "month": _month,
    "round": _round,
    "min": _least,
    "max": _greatest,
    "coalesce": _coalesce,
    "concat": _concat,
    "upper": _upper,
    "lower": _lower,
    "length": _length,
}
"""Every function by name; `day` is what a moment becomes before a function of days."""
