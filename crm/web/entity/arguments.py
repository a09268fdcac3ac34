"""The arguments of a list's address: filters, order, page; what cannot be read stays among them, with its problem."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any
from urllib.parse import urlencode

from flask import abort

from crm.conditions import line
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem, QueryError
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.permissions.sight import readable_schema
from crm.records.listing import PAGE_SIZE_LIMIT, ListQuery, line_problems, order_problems
from crm.records.values import field_of

FILTER = re.compile(r"_flt_(\d)_(\w+)")
LONGEST_SEARCH = 200
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
    if type_of(field).chooses_one or field.encrypted:
        return OPERATORS["choice"]
    return OPERATORS.get(kind_of(field), ())


YES, NO = ("true", "1", "y", "yes"), ("false", "0", "n", "no")


@dataclass(frozen=True)
class ActiveFilter:
    """One filter in the address.

    Shape:  `line` is the raw condition; `argument` and `value` the pair of the address it came from. `problems` say
            why it cannot be applied; then a list that has it shows nothing.
    """

    line: Any
    argument: str
    value: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class ListArguments:
    """What an address asks of a list.

    Shape:  `notes` tell what was not understood and changes no answer: a page, a size, an order.
    """

    query: ListQuery
    filters: list[ActiveFilter]
    notes: list[Problem] = attribute(default_factory=list)
    segment: str = ""

    @property
    def problems(self) -> list[Problem]:
        """Return why filters cannot be applied."""
        return [problem for found in self.filters for problem in found.problems]


def read_arguments(session: CrmSession, entity: Entity, pairs: Iterable[tuple[str, str]]) -> ListArguments:
    """Return what the arguments of a list's address ask for.

    Shape:  `_flt_<number>_<field>`, `_oc_…`/`_od_…`, `page_…`, `psize_…` as Flask-AppBuilder names them (the part
            after the last underscore is the view's name and does not matter), `q`, `segment`, `after`, and `where`,
            raw condition lines as JSON.
    """
    pairs = list(pairs)
    notes: list[Problem] = []
    readable = readable_schema(session).entities.get(entity.name, entity)
    filters = [_judged(session, entity, found) for found in _filters(readable, pairs)]
    arguments = {_short(name): value for name, value in pairs}
    after = _whole(arguments.get("after"), 0, 10**18, notes, "after")
    query = ListQuery(
        lines=[found.line for found in filters],
        search=arguments.get("q", ""),
        order=_order(session, entity, arguments, notes),
        page=_whole(arguments.get("page"), 0, LARGEST_PAGE, notes, "page"),
        page_size=_whole(arguments.get("psize"), USUAL_PAGE_SIZE, PAGE_SIZE_LIMIT, notes, "psize")
        or USUAL_PAGE_SIZE,
        after=after or None,
    )
    return ListArguments(query, filters, notes, arguments.get("segment", ""))


def answerable_query(session: CrmSession, entity: Entity, pairs: Iterable[tuple[str, str]]) -> ListQuery:
    """Return what an address asks for, where no page can mark what is wrong with it.

    Errors: QueryError with every problem.
    """
    arguments = read_arguments(session, entity, pairs)
    problems = [*arguments.problems, *arguments.notes]
    if problems:
        raise QueryError("record.bad_query", problems)
    return arguments.query


def _judged(session: CrmSession, entity: Entity, found: ActiveFilter) -> ActiveFilter:
    """Return a filter with the problems that the reader's rights and the schema give it."""
    if found.problems:
        return found
    return replace(found, problems=tuple(line_problems(session, entity, found.line)))


def _short(name: str) -> str:
    for prefix in ("_oc", "_od", "page", "psize"):
        if name == prefix or name.startswith(prefix + "_"):
            return prefix
    return name


def _order(
    session: CrmSession, entity: Entity, arguments: Mapping[str, str], notes: list[Problem]
) -> tuple[tuple[str, bool], ...]:
    """Return the order asked for; none, with a note, where records cannot be sorted so."""
    name, direction = arguments.get("_oc", ""), arguments.get("_od", "asc")
    asked = ((name, direction == "desc"),) if name else ()
    found = list(order_problems(session, entity, asked))
    if direction not in ("asc", "desc"):
        found.append(Problem("record.bad_argument", {"name": "_od", "value": direction[:60]}, "_od"))
    notes += found
    return () if found else asked


def _whole(text: str | None, usual: int, most: int, notes: list[Problem], name: str) -> int:
    if text is None or text == "":
        return usual
    if text.isascii() and text.isdigit() and len(text) < 19:
        return min(int(text), most)
    notes.append(Problem("record.bad_argument", {"name": name, "value": text[:60]}, name))
    return usual


def _filters(entity: Entity, pairs: Iterable[tuple[str, str]]) -> Iterator[ActiveFilter]:
    for name, value in pairs:
        if name == "where":
            yield from _where(value)
        elif name == "q" and len(value) > LONGEST_SEARCH:
            problem = Problem("record.search_too_long", {"limit": LONGEST_SEARCH}, name)
            yield ActiveFilter(None, name, value, (problem,))
        elif name == "segment" and value:
            yield ActiveFilter({"in_segment": value}, name, value)
        elif name.startswith("_flt"):
            try:
                yield ActiveFilter(_filter_line(entity, name, value), name, value)
            except ValueError:
                yield _unreadable(name, value, entity)


def _unreadable(name: str, value: str, entity: Entity) -> ActiveFilter:
    """Return a filter of which nothing but its place in the address is known."""
    found = FILTER.fullmatch(name)
    if found and found[2] in entity.fields:
        problem = Problem("record.bad_argument", {"name": name[:60], "value": value[:60]}, found[2])
    else:
        problem = Problem("record.unknown_filter", {"name": name[:60]}, name[:60])
    return ActiveFilter(None, name, value, (problem,))


def _where(value: str) -> Iterator[ActiveFilter]:
    lines = _lines_in(value)
    if lines is None:
        problem = Problem("record.bad_argument", {"name": "where", "value": value[:60]}, "where")
        yield ActiveFilter(None, "where", value, (problem,))
        return
    for found in lines:
        yield ActiveFilter(found, "where", _written([found]))


def _lines_in(value: str) -> list[Any] | None:
    """Return the lines in an argument's JSON; None when it cannot be read."""
    try:
        lines = json.loads(value) if len(value) <= LONGEST_WHERE else None
        _written(lines).encode()  # half a letter, which JSON may hold, is a ValueError
    except (ValueError, RecursionError):
        return None
    return lines if isinstance(lines, list) else None


def _written(lines: Any) -> str:
    return json.dumps(lines, ensure_ascii=False)


def _filter_line(entity: Entity, name: str, value: str) -> Any:
    """Return the condition of one `_flt_` argument.

    Errors: ValueError when there is no such field or operator, or the value is none for it.
    """
    found = FILTER.fullmatch(name)
    if found is None or (found[2] not in entity.fields and found[2] not in SYSTEM_FIELDS):
        raise ValueError(name)
    field = field_of(entity, found[2])
    operators = operators_of(field)
    if int(found[1]) >= len(operators):
        raise ValueError(name)
    operator = operators[int(found[1])]
    if operator == EMPTY or kind_of(field) == "boolean":
        return line(field.name, operator, _truth(value))
    if kind_of(field) in ("reference", "user") and value.isascii() and value.isdigit() and len(value) < 19:
        return line(field.name, operator, int(value))
    return line(field.name, operator, value)


def _truth(text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError(text)
    return text.lower() in YES


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
        lines = _lines_in(value) if name == gone.argument == "where" else None
        if lines is not None:
            rest = [found for found in lines if _written([found]) != gone.value]
            kept += [(name, _written(rest))] if rest else []
        elif (name, value) != (gone.argument, gone.value) and _short(name) not in ("page", "after"):
            kept.append((name, value))
    return f"{path}?{urlencode(kept)}" if kept else path


def record_number(text: str) -> int:
    """Return a record's number from an address; 404 where it can be none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        abort(404)
    return int(text)
