"""The arguments of a list's address: filters, order, page; what cannot be followed is left out and noted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any
from urllib.parse import urlencode

from flask import abort

from crm.conditions import line
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import kind_of
from crm.fields.base import Field
from crm.records.listing import PAGE_SIZE_LIMIT, ListQuery
from crm.records.values import field_of

FILTER = re.compile(r"_flt_(\d)_(\w+)")
LONGEST_WHERE = 10_000
LARGEST_PAGE = 10_000_000
USUAL_PAGE_SIZE = 25

IS, IS_NOT, EMPTY = "is", "is_not", "is_empty"
TEXT_OPERATORS = ("starts_with", "contains", IS, IS_NOT, EMPTY)
SIZE_OPERATORS = (IS, "above", "below", IS_NOT, "at_least", "at_most", EMPTY)
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "text": TEXT_OPERATORS,
    "number": SIZE_OPERATORS,
    "date": SIZE_OPERATORS,
    "datetime": SIZE_OPERATORS,
    "boolean": (IS, IS_NOT),
    "choice": (IS, IS_NOT, EMPTY),
    "reference": (IS, IS_NOT, EMPTY),
    "user": (IS, IS_NOT, EMPTY),
    "many": ("contains", EMPTY),
}
"""What a filter may ask, by the kind of the field; the place of an operator is its number in the address."""


def operators_of(field: Field) -> tuple[str, ...]:
    """Return the operators a field can be filtered by."""
    if field.encrypted and kind_of(field) == "many":
        return (EMPTY,)
    if field.type == "choice" or field.encrypted:
        return OPERATORS["choice"]
    return OPERATORS.get(kind_of(field), ())


@dataclass(frozen=True)
class ActiveFilter:
    """One filter in the address.

    Shape:  `line` is the raw condition; `argument` and `value` the pair of the address it came from.
    """

    line: Any
    argument: str
    value: str


@dataclass(frozen=True)
class ListArguments:
    """What an address asks of a list, as far as it can be followed."""

    query: ListQuery
    filters: list[ActiveFilter]
    notes: list[Problem] = attribute(default_factory=list)
    segment: str = ""


def read_arguments(entity: Entity, pairs: Iterable[tuple[str, str]]) -> ListArguments:
    """Return what the arguments of a list's address ask for.

    Shape:  `_flt_<number>_<field>`, `_oc_…`/`_od_…`, `page_…`, `psize_…` as Flask-AppBuilder names them (the part
            after the last underscore is the view's name and does not matter), `q`, `segment`, `after`, and `where`,
            raw condition lines as JSON.
    """
    pairs = list(pairs)
    notes: list[Problem] = []
    filters = list(_filters(entity, pairs, notes))
    arguments = {_short(name): value for name, value in pairs}
    order = _order(arguments)
    segment = arguments.get("segment", "")
    lines = [found.line for found in filters]
    after = arguments.get("after", "")
    query = ListQuery(
        lines=lines,
        search=arguments.get("q", "")[:200],
        order=order,
        page=_whole(arguments.get("page"), 0, LARGEST_PAGE, notes, "page"),
        page_size=_whole(arguments.get("psize"), USUAL_PAGE_SIZE, PAGE_SIZE_LIMIT, notes, "psize")
        or USUAL_PAGE_SIZE,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None,
    )
    return ListArguments(query, filters, notes, segment)


def _short(name: str) -> str:
    for prefix in ("_oc", "_od", "page", "psize"):
        if name == prefix or name.startswith(prefix + "_"):
            return prefix
    return name


def _order(arguments: Mapping[str, str]) -> tuple[tuple[str, bool], ...]:
    name = arguments.get("_oc", "")
    return ((name, arguments.get("_od", "asc") == "desc"),) if name else ()


def _whole(text: str | None, usual: int, most: int, notes: list[Problem], name: str) -> int:
    if text is None or text == "":
        return usual
    if text.isascii() and text.isdigit() and len(text) < 12:
        return min(int(text), most)
    notes.append(Problem("record.unknown_filter", {"name": name}))
    return usual


def _filters(
    entity: Entity, pairs: Iterable[tuple[str, str]], notes: list[Problem]
) -> Iterator[ActiveFilter]:
    for name, value in pairs:
        if name == "where":
            yield from _where(value, notes)
        elif name == "segment" and value:
            yield ActiveFilter({"in_segment": value}, name, value)
        elif name.startswith("_flt_"):
            found = _filter_line(entity, name, value)
            if found is None:
                notes.append(Problem("record.unknown_filter", {"name": name[:60]}))
            else:
                yield ActiveFilter(found, name, value)


def _where(value: str, notes: list[Problem]) -> Iterator[ActiveFilter]:
    try:
        lines = json.loads(value) if len(value) <= LONGEST_WHERE else None
        json.dumps(lines, ensure_ascii=False).encode()  # half a letter, which JSON may hold, is a ValueError
    except (ValueError, RecursionError):
        lines = None
    if not isinstance(lines, list):
        notes.append(Problem("record.unknown_filter", {"name": "where"}))
        return
    for found in lines:
        yield ActiveFilter(found, "where", json.dumps([found], ensure_ascii=False))


def _filter_line(entity: Entity, name: str, value: str) -> Any:
    """Return the condition of one `_flt_` argument; None when there is no such field or operator."""
    found = FILTER.fullmatch(name)
    if found is None or (found[2] not in entity.fields and found[2] not in SYSTEM_FIELDS):
        return None
    field = field_of(entity, found[2])
    operators = operators_of(field)
    if int(found[1]) >= len(operators):
        return None
    operator = operators[int(found[1])]
    if operator == "is_empty":
        return line(field.name, operator, value.lower() not in ("false", "0"))
    if kind_of(field) == "boolean":
        return line(field.name, operator, value.lower() in ("true", "1", "y", "yes"))
    if kind_of(field) in ("reference", "user") and value.isascii() and value.isdigit() and len(value) < 19:
        return line(field.name, operator, int(value))
    return line(field.name, operator, value)


def address_with(path: str, pairs: Iterable[tuple[str, str]], **changes: str | int | None) -> str:
    """Return an address with some arguments replaced; None takes one away.

    >>> address_with("/deal/list/", [("q", "x"), ("page", "3")], page=None, psize=50)
    '/deal/list/?q=x&psize=50'
    """
    kept = [(name, value) for name, value in pairs if _short(name) not in changes]
    kept += [(name, str(value)) for name, value in changes.items() if value is not None]
    return f"{path}?{urlencode(kept)}" if kept else path


def address_without(path: str, pairs: Iterable[tuple[str, str]], gone: ActiveFilter) -> str:
    """Return an address without one of its filters."""
    kept = []
    for name, value in pairs:
        if name == gone.argument == "where":
            rest = [found for found in json.loads(value) if [found] != json.loads(gone.value)]
            kept += [(name, json.dumps(rest, ensure_ascii=False))] if rest else []
        elif (name, value) != (gone.argument, gone.value) and _short(name) not in ("page", "after"):
            kept.append((name, value))
    return f"{path}?{urlencode(kept)}" if kept else path


def record_number(text: str) -> int:
    """Return a record's number from an address; 404 where it can be none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        abort(404)
    return int(text)
