"""The functions of the formula language: what each takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from crm.conditions.language.compare import common_kind, must_be, must_be_condition
from crm.conditions.language.resolve import Refusal
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    Call,
    Const,
    If,
    IsEmpty,
    Node,
)
from crm.conditions.tree.numbers import PLACES

Arguments = tuple[Node, ...]
MAX_ARGUMENTS = 50
SINGLE = (NUMBER, TEXT, DATE, DATETIME, BOOLEAN, REFERENCE, USER)


def _count(arguments: Arguments, least: int, most: int = MAX_ARGUMENTS) -> None:
    if not least <= len(arguments) <= most:
        raise Refusal("conditions.arguments", least=least, most=most, found=len(arguments))


def _if(arguments: Arguments) -> Node:
    _count(arguments, 3, 3)
    common_kind(must_be(argument, *SINGLE) for argument in arguments[1:])
    return If(must_be_condition(arguments[0]), arguments[1], arguments[2])


def _today(arguments: Arguments) -> Node:
    _count(arguments, 0, 0)
    return Call("today", (), DATE)


def _now(arguments: Arguments) -> Node:
    _count(arguments, 0, 0)
    return Call("now", (), DATETIME)


def _days_between(arguments: Arguments) -> Node:
    _count(arguments, 2, 2)
    return Call("days_between", tuple(_day(argument) for argument in arguments), NUMBER)


def _add_days(arguments: Arguments) -> Node:
    _count(arguments, 2, 2)
    return Call("add_days", (_day(arguments[0]), must_be(arguments[1], NUMBER)), DATE)


def _hours_between(arguments: Arguments) -> Node:
    _count(arguments, 2, 2)
    return Call("hours_between", tuple(must_be(argument, DATETIME) for argument in arguments), NUMBER)


def _add_hours(arguments: Arguments) -> Node:
    return _add_time("add_hours", arguments)


def _add_minutes(arguments: Arguments) -> Node:
    return _add_time("add_minutes", arguments)


def _add_time(name: str, arguments: Arguments) -> Node:
    _count(arguments, 2, 2)
    return Call(name, (must_be(arguments[0], DATETIME), must_be(arguments[1], NUMBER)), DATETIME)


def _working_days_between(arguments: Arguments) -> Node:
    _count(arguments, 2, 3)
    days = tuple(_day(argument) for argument in arguments[:2])
    return Call("working_days_between", (*days, _calendar(arguments)), NUMBER)


def _add_working_hours(arguments: Arguments) -> Node:
    _count(arguments, 2, 3)
    moment, hours = must_be(arguments[0], DATETIME), must_be(arguments[1], NUMBER)
    return Call("add_working_hours", (moment, hours, _calendar(arguments)), DATETIME)


def _calendar(arguments: Arguments) -> Node:
    """Return the name of the business calendar that is meant; none for the usual one."""
    return must_be(arguments[2], TEXT) if len(arguments) > 2 else Const("", TEXT)


def _year(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return Call("year", (_day(arguments[0]),), NUMBER)


def _month(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return Call("month", (_day(arguments[0]),), NUMBER)


def _day(node: Node) -> Node:
    """Return a date; a moment becomes the day it has in the organisation's time zone."""
    must_be(node, DATE, DATETIME)
    return Call("day", (node,), DATE) if node.kind == DATETIME else node


def _round(arguments: Arguments) -> Node:
    _count(arguments, 1, 2)
    places = arguments[1] if len(arguments) == 2 else Const(Decimal(0), NUMBER)
    if not isinstance(places, Const) or places.kind != NUMBER or places.value not in range(PLACES + 1):
        raise Refusal("conditions.round_places", most=PLACES)
    return Call("round", (must_be(arguments[0], NUMBER), places), NUMBER)


def _least(arguments: Arguments) -> Node:
    return _extreme("min", arguments)


def _greatest(arguments: Arguments) -> Node:
    return _extreme("max", arguments)


def _extreme(name: str, arguments: Arguments) -> Node:
    """Return min or max of what is not empty."""
    _count(arguments, 1)
    kind = common_kind(must_be(argument, NUMBER, DATE, DATETIME) for argument in arguments)
    return Call(name, arguments, kind)


def _coalesce(arguments: Arguments) -> Node:
    _count(arguments, 1)
    return Call("coalesce", arguments, common_kind(must_be(argument, *SINGLE) for argument in arguments))


def _is_empty(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return IsEmpty(arguments[0])


def _concat(arguments: Arguments) -> Node:
    _count(arguments, 1)
    return Call("concat", tuple(must_be(argument, TEXT, NUMBER, DATE) for argument in arguments), TEXT)


def _upper(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return Call("upper", (must_be(arguments[0], TEXT),), TEXT)


def _lower(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return Call("lower", (must_be(arguments[0], TEXT),), TEXT)


def _length(arguments: Arguments) -> Node:
    _count(arguments, 1, 1)
    return Call("length", (must_be(arguments[0], TEXT),), NUMBER)


FUNCTIONS: dict[str, Callable[[Arguments], Node]] = {
    "if": _if,
    "today": _today,
    "now": _now,
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
    "is_empty": _is_empty,
    "concat": _concat,
    "upper": _upper,
    "lower": _lower,
    "length": _length,
}
"""Every function but those over children; each takes the arguments it is given and refuses what does not fit."""
