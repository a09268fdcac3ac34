"""The rison argument `q` of the REST lists: columns, filters, order and page, checked against what one may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import prison
from prison.decoder import ParserException

from crm.conditions import line
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import CrmError, Problem
from crm.permissions.model import Actor
from crm.records.listing import ListQuery

USUAL_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 100
MOST_FILTERS = 100
LONGEST = 20_000
KNOWN = (
    "columns",
    "keys",
    "filters",
    "order_column",
    "order_direction",
    "page",
    "page_size",
    "search",
    "where",
)

OPERATORS: Mapping[str, str] = {
    "eq": "is",
    "neq": "is_not",
    "sw": "starts_with",
    "ct": "contains",
    "gt": "above",
    "lt": "below",
    "gte": "at_least",
    "lte": "at_most",
    "in": "is_one_of",
    "nin": "is_none_of",
    "empty": "is_empty",
    "rel_o_m": "is",
    "rel_m_m": "contains",
}
"""Flask-AppBuilder's names of operators, in our language's words; some more than it has."""

OPPOSITES: Mapping[str, str] = {
    "nct": "contains",
    "nsw": "starts_with",
    "nrel_o_m": "is",
    "nrel_m_m": "contains",
}
"""Operators that say that another one does not hold."""


class ArgumentError(CrmError):
    """The argument `q` cannot be followed."""

    status = 400


@dataclass(frozen=True)
class ApiArguments:
    """What a call asks for, checked."""

    query: ListQuery
    wants_descriptions: bool


def read_rison(entity: Entity, actor: Actor, text: str) -> ApiArguments:
    """Return what `q` asks for.

    Errors: ArgumentError when it is no rison, or names what does not exist or is not open to the actor.
    """
    asked = _decode(text)
    problems = [Problem("web.unknown_argument", {"name": key}) for key in asked if key not in KNOWN]
    columns = _names(entity, actor, asked.get("columns"), problems)
    order = asked.get("order_column")
    if order is not None:
        _names(entity, actor, [order], problems)
    lines = _lines(entity, actor, asked.get("filters") or [], problems)
    lines += _where(asked.get("where"), problems)
    if problems:
        raise ArgumentError("web.bad_arguments", problems)
    query = ListQuery(
        lines=lines,
        search=str(asked.get("search") or "")[:200],
        order=((order, asked.get("order_direction") == "desc"),) if order else (),
        page=_whole(asked.get("page"), 0, 10_000_000),
        page_size=_whole(asked.get("page_size"), USUAL_PAGE_SIZE, LARGEST_PAGE_SIZE) or USUAL_PAGE_SIZE,
        columns=columns,
    )
    return ApiArguments(query, asked.get("keys") in (None, []) or "none" not in asked["keys"])


def _decode(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        found = prison.loads(text) if len(text) <= LONGEST else None
    except (ParserException, ValueError, RecursionError, IndexError) as error:
        raise ArgumentError("web.not_rison") from error
    if not isinstance(found, dict):
        raise ArgumentError("web.not_rison")
    return found


def _names(entity: Entity, actor: Actor, names: Any, problems: list[Problem]) -> tuple[str, ...] | None:
    """Return field names the actor may see; `customer.name` counts as `customer`."""
    if names is None or names == []:
        return None
    hidden = actor.rights(entity.name).hidden
    found = []
    for name in names if isinstance(names, list) else [names]:
        base = str(name).split(".")[0]
        if base in SYSTEM_FIELDS or (base in entity.fields and base not in hidden):
            found.append(base)
        else:
            problems.append(Problem("record.unknown_field", {"name": str(name)[:60]}, str(name)[:60]))
    return tuple(dict.fromkeys(found))


def _lines(entity: Entity, actor: Actor, filters: Any, problems: list[Problem]) -> list[Any]:
    if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
        problems.append(Problem("web.bad_filters", {"limit": MOST_FILTERS}))
        return []
    lines = []
    for asked in filters:
        name, operator = (
            (str(asked.get(key, "")) for key in ("col", "opr")) if isinstance(asked, dict) else ("", "")
        )
        known = _names(entity, actor, [name], problems)
        if not known:
            continue
        if operator in OPERATORS:
            lines.append(line(name, OPERATORS[operator], asked.get("value")))
        elif operator in OPPOSITES:
            lines.append({"none": [line(name, OPPOSITES[operator], asked.get("value"))]})
        else:
            problems.append(Problem("web.unknown_operator", {"name": operator[:20]}, name))
    return lines


def _where(lines: Any, problems: list[Problem]) -> list[Any]:
    """Return raw condition lines, the language of everything else here."""
    if lines is None:
        return []
    if not isinstance(lines, list):
        problems.append(Problem("web.unknown_argument", {"name": "where"}))
        return []
    return lines


def _whole(value: Any, usual: int, most: int) -> int:
    return min(max(value, 0), most) if isinstance(value, int) and not isinstance(value, bool) else usual
