"""Parses a formula into a tree: a small bounded grammar that can reach only what it names.

    or, and, not            conditions
    = == != <> < <= > >=    comparisons; `bought_on in last 90 days`, `due_on in next 2 weeks`,
                            `bought_on in 90 to 180 days ago` place a date
    + - * / ( )             exact numbers
    "text" 'text' 12.5 true false, field names and paths (`customer.credit_limit`)
    functions               those of `functions_known` below

`count_of(complaints)` and `sum_of(orders.total)` compute over children. A second argument selects among them and is
read at the child, so that dated slices are written

    sum_of(orders.total, bought_on in last 90 days) < 0.6 * sum_of(orders.total, bought_on in 90 to 180 days ago)

The short form `sum_of(orders_last_90_days.total)`, `sum_of(orders_90_to_180_days_ago.total)` means the same by the
children's main date: what their calendar shows, else their first date, else when they were created.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from crm.conditions.language.builders import FUNCTIONS
from crm.conditions.language.compare import build_compare, must_be, must_be_condition
from crm.conditions.language.resolve import Refusal, Resolver, both, unknown
from crm.conditions.language.tokens import FormulaRefusal, Token, tokens_of
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    TEXT,
    Age,
    And,
    Arithmetic,
    Const,
    Node,
    Not,
    Or,
)
from crm.conditions.tree.moments import UNITS
from crm.conditions.tree.numbers import parse_number

if TYPE_CHECKING:
    from crm.entities.model import Entity

MAX_DEPTH = 50
SIGNS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
CHILDREN = ("count_of", "sum_of")
WORDS = {"true": True, "false": False}


def functions_known() -> tuple[str, ...]:
    """Return the name of every function there is."""
    return (*FUNCTIONS, *CHILDREN)


@contextmanager
def placed(position: int) -> Iterator[None]:
    """Give a position to a refusal that has none yet."""
    try:
        yield
    except FormulaRefusal:
        raise
    except Refusal as refusal:
        raise FormulaRefusal(refusal, position) from None


class FormulaReader:
    """Reads one formula, from the loosest sign to the tightest."""

    def __init__(self, text: object, entity: Entity, resolver: Resolver) -> None:
        self.tokens = tokens_of(text)
        self.place = 0
        self.entity = entity
        self.resolver = resolver

    def read(self) -> Node:
        """Return the tree of the whole text.

        Errors: FormulaRefusal, which knows the position.
        """
        depth = self.resolver.depth
        try:
            found = self._either()
            if self.token.sort != "end":
                raise self._refusal("conditions.unexpected", found=self.token.text[:40])
            return found
        except FormulaRefusal:
            raise
        except Refusal as refusal:
            raise FormulaRefusal(refusal, self.token.position) from None
        finally:
            self.resolver.depth = depth

    @property
    def token(self) -> Token:
        """Return the word that comes next."""
        return self.tokens[self.place]

    def _take(self, *texts: str) -> str | None:
        """Return the next word and step past it when it is one of these signs or names."""
        if self.token.sort in ("sign", "name") and self.token.text in texts:
            self.place += 1
            return self.tokens[self.place - 1].text
        return None

    def _demand(self, text: str) -> None:
        if not self._take(text):
            raise self._refusal("conditions.expected_sign", sign=text, found=self.token.text[:40] or "…")

    def _refusal(self, code: str, **params: object) -> FormulaRefusal:
        """Return the refusal of the word that comes next."""
        return FormulaRefusal(Refusal(code, **params), self.token.position)

    def _either(self) -> Node:
        self.resolver.depth += 1
        if self.resolver.depth > MAX_DEPTH:
            raise self._refusal("conditions.too_deep", limit=MAX_DEPTH)
        parts = [self._every()]
        while self._take("or"):
            parts.append(self._every())
        self.resolver.depth -= 1
        return parts[0] if len(parts) == 1 else Or(tuple(must_be_condition(part) for part in parts))

    def _every(self) -> Node:
        parts = [self._negation()]
        while self._take("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else And(tuple(must_be_condition(part) for part in parts))

    def _negation(self) -> Node:
        times = 0
        while self._take("not"):
            times += 1
        found = self._comparison()
        if not times:
            return found
        return Not(must_be_condition(found)) if times % 2 else must_be_condition(found)

    def _comparison(self) -> Node:
        left = self._sum()
        position = self.token.position
        sign = self._take(*SIGNS)
        if sign:
            right = self._sum()
            with placed(position):
                return build_compare(SIGNS[sign], left, right, self.resolver.schema)
        return self._age(left) if self._take("in") else left

    def _age(self, value: Node) -> Node:
        must_be(value, DATE, DATETIME)
        word = self._take("last", "next")
        if word:
            amount, unit = self._whole(), self._unit(value)
            return Age(f"within_{word}", value, amount, unit)
        near = self._whole()
        self._demand("to")
        far, unit = self._whole(), self._unit(value)
        self._demand("ago")
        return Age("ago", value, max(near, far), unit, min(near, far))

    def _whole(self) -> int:
        token = self.token
        if token.sort != "number" or not token.text.isdigit() or len(token.text) > 5:
            raise self._refusal("conditions.whole_number_expected", found=token.text[:40])
        self.place += 1
        return int(token.text)

    def _unit(self, value: Node) -> str:
        token = self.token
        unit = token.text if token.text.endswith("s") else f"{token.text}s"
        if token.sort != "name" or unit not in UNITS:
            raise FormulaRefusal(unknown("unit", token.text, UNITS), token.position)
        if unit == "hours" and value.kind == DATE:
            raise self._refusal("conditions.no_hours")
        self.place += 1
        return unit

    def _sum(self) -> Node:
        parts, position = [self._product()], self.token.position
        while sign := self._take("+", "-"):
            part = self._number()
            parts.append(_opposite(part) if sign == "-" else part)
        if len(parts) == 1:
            return parts[0]
        with placed(position):
            must_be(parts[0], NUMBER)
        return Arithmetic("+", tuple(parts))

    def _number(self) -> Node:
        position, found = self.token.position, self._product()
        with placed(position):
            return must_be(found, NUMBER)

    def _product(self) -> Node:
        found, position = self._signed(), self.token.position
        while sign := self._take("*", "/"):
            with placed(position):
                found, right = must_be(found, NUMBER), must_be(self._signed(), NUMBER)
            flat = sign == "*" and isinstance(found, Arithmetic) and found.operator == "*"
            found = Arithmetic(sign, (*(found.parts if flat else (found,)), right))
            position = self.token.position
        return found

    def _signed(self) -> Node:
        times = 0
        while self._take("-"):
            times += 1
        found = self._value()
        return _opposite(must_be(found, NUMBER)) if times % 2 else found

    def _value(self) -> Node:
        token = self.token
        if token.sort == "number":
            self.place += 1
            return Const(parse_number(token.text), NUMBER)
        if token.sort == "text":
            self.place += 1
            return Const(token.text or None, TEXT)
        if token.sort == "name":
            self.place += 1
            with placed(token.position):
                return self._named(token)
        if self._take("("):
            found = self._either()
            self._demand(")")
            return found
        raise self._refusal("conditions.value_expected", found=token.text[:40] or "…")

    def _named(self, token: Token) -> Node:
        if self._take("("):
            return self._call(token.text)
        if token.text in WORDS:
            return Const(WORDS[token.text], BOOLEAN)
        return self.resolver.plain_path(token.text, self.entity)

    def _call(self, name: str) -> Node:
        if name in CHILDREN:
            return self._over_children(name)
        if name not in functions_known():
            raise unknown("function", name, functions_known())
        arguments: list[Node] = []
        while not self._take(")"):
            if arguments:
                self._demand(",")
            arguments.append(self._either())
        found = FUNCTIONS[name](tuple(arguments))
        self.resolver.know_calendar(found)
        return found

    def _over_children(self, name: str) -> Node:
        token = self.token
        if token.sort != "name":
            raise self._refusal("conditions.children_expected", value=token.text[:60])
        self.place += 1
        with_value = name == "sum_of"
        with placed(token.position):
            base, rest = self.resolver.children(token.text, self.entity, with_value)
            child = self.resolver.entity(base.entity)
            value = must_be(self.resolver.plain_path(rest, child), NUMBER) if rest else None
        where = both(base.where, self._where(child) if self._take(",") else None)
        self._demand(")")
        return replace(base, aggregate="sum" if with_value else "count", value=value, where=where)

    def _where(self, child: Entity) -> Node:
        outer, self.entity = self.entity, child
        try:
            return must_be_condition(self._either())
        finally:
            self.entity = outer


def _opposite(node: Node) -> Node:
    if isinstance(node, Const):
        return Const(-node.value, NUMBER)
    return Arithmetic("-", (node,))
