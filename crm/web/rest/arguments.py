"""The rison argument `q` of the REST lists: columns, filters, order and page, checked against what one may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import prison
from prison.decoder import ParserException

from crm.conditions import line, parse_conditions
from crm.entities.model import Entity, Schema
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem, QueryError
from crm.permissions.sight import asked_of
from crm.records.listing import ListQuery

LARGEST_PAGE = 10_000_000
USUAL_PAGE_SIZE = 20
LARGEST_PAGE_SIZE = 100
MOST_FILTERS = 100
LONGEST = 20_000
LONGEST_SEARCH = 200
KNOWN_OF_ONE = ("columns", "keys")
KNOWN = (
    *KNOWN_OF_ONE,
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


UNREADABLE = (
    ParserException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""How the parser fails: on what is cut in the middle, in ways of its own."""


@dataclass(frozen=True)
class ApiArguments:
    """What a call asks for, checked."""

    query: ListQuery
    wants_descriptions: bool


class RisonReader:
    """Reads the argument `q` of one call, against the schema as the caller may see it; notes every problem."""

    def __init__(self, entity: Entity, schema: Schema, text: str, known: tuple[str, ...] = KNOWN) -> None:
        self.asked = decode(text)
        self.schema = schema
        self.entity = schema.entities.get(entity.name, entity)
        self.problems = [
            Problem("web.unknown_argument", {"name": key}, key) for key in self.asked if key not in known
        ]

    def read(self) -> ApiArguments:
        """Return what `q` asks for.

        Errors: QueryError with every problem.
        """
        keys = self._names_in("keys")
        query = ListQuery(
            lines=[*self._lines(), *self._where()],
            search=self._search(),
            order=self._order(),
            page=self._page(),
            page_size=self._page_size(),
            columns=self._columns(),
        )
        if self.problems:
            raise QueryError("web.bad_arguments", self.problems)
        return ApiArguments(query, "none" not in keys)

    def _refuse(self, key: str) -> None:
        self.problems.append(Problem("web.unknown_argument", {"name": key}, key))

    def _search(self) -> str:
        words = str(self._plain("search", (str, int, float), ""))
        if len(words) > LONGEST_SEARCH:  # a shorter one would find more
            self.problems.append(Problem("record.search_too_long", {"limit": LONGEST_SEARCH}, "search"))
        return words[:LONGEST_SEARCH]

    def _plain(self, key: str, kinds: tuple[type, ...], usual: Any) -> Any:
        found = self.asked.get(key)
        if found is None:
            return usual
        if isinstance(found, kinds) and not isinstance(found, bool):
            return found
        self._refuse(key)
        return usual

    def _page(self) -> int:
        page = self._plain("page", (int,), 0)
        if page < 0:
            self._refuse("page")
        return max(0, min(page, LARGEST_PAGE))

    def _page_size(self) -> int:
        """Return how many records a page has; -1 is Flask-AppBuilder's "as many as there may be"."""
        size = self._plain("page_size", (int,), USUAL_PAGE_SIZE) or USUAL_PAGE_SIZE
        return min(size, LARGEST_PAGE_SIZE) if size > 0 else LARGEST_PAGE_SIZE

    def _names_in(self, key: str) -> list[str]:
        found = self._plain(key, (list, str), [])
        names = [found] if isinstance(found, str) else found
        if not all(isinstance(name, str) for name in names):
            self._refuse(key)
            return []
        return names

    def _columns(self) -> tuple[str, ...] | None:
        """Return the fields asked for; `customer.name` counts as `customer`."""
        found = [name.split(".")[0] for name in self._names_in("columns") if self._is_known(name)]
        return tuple(dict.fromkeys(found)) or None

    def _is_known(self, name: str) -> bool:
        """Return whether a field is known and open to the caller, of a record it points to as well."""
        first, _dot, rest = name.partition(".")
        field = self.entity.fields.get(first)
        target = self.schema.entities.get(str(field.options.get("to"))) if field else None
        is_known = field is not None or first in SYSTEM_FIELDS
        if is_known and rest:
            is_known = target is not None and (rest in target.fields or rest in SYSTEM_FIELDS)
        if not is_known:
            self.problems.append(Problem("record.unknown_field", {"name": name[:60]}, name[:60]))
        return is_known

    def _order(self) -> tuple[tuple[str, bool], ...]:
        name = self._plain("order_column", (str,), "")
        direction = self._plain("order_direction", (str,), "asc")
        if direction not in ("asc", "desc"):
            self._refuse("order_direction")
        if name and name not in self.entity.fields and name not in SYSTEM_FIELDS:
            self.problems.append(Problem("record.unknown_field", {"name": name[:60]}, name[:60]))
        return ((name, direction == "desc"),) if name else ()

    def _lines(self) -> Iterator[Any]:
        filters = self.asked.get("filters") or []
        if not isinstance(filters, list) or len(filters) > MOST_FILTERS:
            self.problems.append(Problem("web.bad_filters", {"limit": MOST_FILTERS}, "filters"))
            return
        for asked in filters:
            is_filter = isinstance(asked, dict) and set(asked) <= {"col", "opr", "value"}
            name, operator = (asked.get("col"), asked.get("opr")) if is_filter else (None, None)
            if not isinstance(name, str) or not isinstance(operator, str):
                self.problems.append(Problem("web.bad_filters", {"limit": MOST_FILTERS}, "filters"))
            elif operator in OPERATORS:
                yield from self._line(name, OPERATORS[operator], asked.get("value"))
            elif operator in OPPOSITES:
                for line in self._line(name, OPPOSITES[operator], asked.get("value")):
                    yield {"none": [line]}
            else:
                self.problems.append(Problem("web.unknown_operator", {"name": operator[:20]}, name[:60]))

    def _line(self, name: str, operator: str, value: Any) -> Iterator[Any]:
        """Yield the condition of one filter, if it can be applied."""
        found = line(name, operator, value)
        problems = parse_conditions([found], self.entity, self.schema)[1]
        self.problems += [problem.at(field=name[:60]) for problem in problems]
        if not problems:
            yield found

    def _where(self) -> list[Any]:
        """Return raw condition lines, the language of everything else here."""
        found = self._plain("where", (list,), [])
        problems = parse_conditions(found, self.entity, self.schema)[1] if found else []
        self.problems += [problem.at(field=asked_of(found, problem.path)) for problem in problems]
        return [] if problems else found


def query_of(entity: Entity, schema: Schema, asked: Mapping[str, Any]) -> ListQuery:
    """Return the query that conditions in the body of a request ask for: `filters`, `where` and `search`.

    Errors: QueryError with every problem.
    """
    reader = RisonReader(entity, schema, "", tuple(asked))
    reader.asked = asked
    return reader.read().query


def decode(text: str) -> Mapping[str, Any]:
    """Return the mapping that a rison text is.

    Errors: QueryError.
    """
    if not text:
        return {}
    try:
        found = prison.loads(text) if len(text) <= LONGEST else None
    except UNREADABLE as error:
        raise QueryError("web.not_rison") from error
    if not isinstance(found, dict):
        raise QueryError("web.not_rison")
    return found
