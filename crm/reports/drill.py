"""The way from a mark of a report to exactly the records it counts: conditions that select one group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from crm.conditions import line
from crm.fields import kind_of
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.reports.model import Group
from crm.reports.periods import end_of


def group_line(group: Group, field: Field, value: Any) -> dict[str, Any]:
    """Return the condition that selects the records of one group; None as the value means that the field is empty."""
    if value is None:
        return {"field": group.name, "is_empty": True}
    if group.period is not None:
        return {
            "field": group.name,
            "between": [value.isoformat(), end_of(value, group.period).isoformat()],
        }
    return line(group.name, "is", str(value) if kind_of(field) == "many" else _plain(value))


def currency_lines(group: Group, field: Field, code: str, usual: str, known: Iterable[str]) -> list[Any]:
    """Return the conditions that select the records whose amounts are in a currency.

    Shape:  the usual currency is that of all records which name no other; `known` are the currencies there are.
    """
    others = [one for one in dict.fromkeys(known) if one != usual]
    if code != usual:
        return [_currency_line(group, field, code)]
    return [{"none": [_currency_line(group, field, other) for other in others]}] if others else []


def _currency_line(group: Group, field: Field, code: str) -> dict[str, Any]:
    if "choices" in field.options and code in all_choices(field):
        return {"field": group.name, "is": code}
    return {"formula": f"upper({group.name}) = {quoted(code)}"}


def quoted(text: str) -> str:
    """Return a text as a formula writes it.

    >>> quoted('say "a"')
    '"say ""a\"""'
    """
    return '"' + text.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return value
