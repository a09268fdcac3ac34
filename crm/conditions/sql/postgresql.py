"""Values in PostgreSQL: NUMERIC is exact, and a few functions of our own fold texts and keep within the calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from crm.conditions.python.constants import constant_of, is_constant
from crm.conditions.python.values import age_bounds
from crm.conditions.sql.calendars import WORKING, working_calendars
from crm.conditions.sql.parts import Conditions, Sql
from crm.conditions.sql.rows import Row
from crm.conditions.tree import model
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    MANY,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    Node,
    is_condition,
)
from crm.fields.columns import ExactDecimal, Words

EXACT = sa.Numeric()
TYPES: Mapping[str, sa.types.TypeEngine] = {
    TEXT: sa.Text(),
    MANY: sa.Text(),
    NUMBER: EXACT,
    BOOLEAN: sa.Boolean(),
    DATE: sa.Date(),
    DATETIME: sa.DateTime(),
    REFERENCE: sa.BigInteger(),
    USER: sa.BigInteger(),
}


class PostgreSQL:
    """Compiles values; every text value is NULL when empty, every number NUMERIC."""

    def __init__(self, compiler: Conditions) -> None:
        self.compiler = compiler
        self.scope = compiler.scope
        self.python = compiler.python

    @staticmethod
    def places(column: Any) -> int | None:
        """Return the decimal places of a column of whole numbers; None for one that compares with any number."""
        return 0 if isinstance(column.type, sa.Integer) else None

    def result(self, node: Node, row: Row) -> Sql:
        """Return a value as it leaves the database."""
        value, rounded = self.value(node, row), model.places_of_round(node)
        if rounded is not None:
            return sa.type_coerce(value, ExactDecimal(rounded[1]))
        return sa.type_coerce(value, Words()) if node.kind == MANY else value

    def value(self, node: Node, row: Row) -> Sql:
        """Return a value to compute with."""
        if is_condition(node):
            return self.compiler.certain(node, row)
        if is_constant(node):
            constant, type_ = constant_of(node, self.python), TYPES.get(node.kind, sa.Text())
            return sa.cast(sa.null(), type_) if constant is None else sa.literal(constant, type_)
        return VALUES[type(node)](self, node, row)

    def condition(self, node: Node, row: Row) -> Sql:
        """Return a condition on values that are not plain columns; NULL where it does not hold."""
        if type(node) in CONDITIONS:
            return CONDITIONS[type(node)](self, node, row)
        return self.value(node, row)

    def field(self, node: model.FieldPath, row: Row) -> Sql:
        """Return the value of a field, at the end of its way."""
        if node.way:
            last = model.shorten(node)
            return row.follow(node.way, lambda end: sa.select(self.value(last, end))).scalar_subquery()
        if node.computed is not None:
            return self.value(node.computed, row)
        column = row.column(node.steps[-1][1])
        if node.kind in (TEXT, MANY):
            return sa.func.nullif(sa.type_coerce(column, sa.Text()), "", type_=sa.Text())
        return sa.cast(column, EXACT) if node.kind == NUMBER else column

    def arithmetic(self, node: model.Arithmetic, row: Row) -> Sql:
        """Return exact arithmetic."""
        parts = [self.value(part, row) for part in node.parts]
        if node.operator == "/":
            return sa.func.crm_divide(*parts, type_=EXACT)
        if node.operator == "-":
            return -parts[0]
        return reduce(lambda left, right: left + right if node.operator == "+" else left * right, parts)

    def choose(self, node: model.If, row: Row) -> Sql:
        """Return one of two values."""
        then, otherwise = (self.value(part, row) for part in (node.then, node.otherwise))
        chosen = sa.case((self.compiler.condition(node.condition, row), then), else_=otherwise)
        return sa.type_coerce(chosen, TYPES.get(node.kind, sa.Text()))

    def call(self, node: model.Call, row: Row) -> Sql:
        """Return what a function gives."""
        values = [self.value(argument, row) for argument in node.arguments]
        if node.name in WORKING:
            values.append(sa.cast(sa.literal(working_calendars(node, self.scope), sa.Text()), JSONB))
        found = CALLS[node.name](self, *values)
        return sa.type_coerce(found, TYPES[node.kind])

    def day(self, moment: Sql) -> Sql:
        """Return the organisation's day of a moment in UTC."""
        aware = sa.func.timezone("UTC", moment)
        return sa.cast(sa.func.timezone(self.scope.time_zone.key, aware), sa.Date())

    def children(self, node: model.Children, row: Row) -> Sql:
        """Return children put into one value."""
        return self.compiler.children(node, row, lambda child: self._aggregate(node, child)).scalar_subquery()

    @staticmethod
    def can_group(_node: model.Children) -> bool:
        """Return whether a count or sum can be calculated per group."""
        return True

    def group_compare(self, node: model.Compare, constant: Decimal, child: Row) -> Sql:
        """Return a count or sum of a group of children beside a constant."""
        total = self._total(node.left, child)
        return total.op(node.operator, is_comparison=True)(sa.literal(constant, EXACT))

    def _total(self, node: model.Children, child: Row) -> Sql:
        if node.aggregate == "count":
            return sa.cast(sa.func.count(), EXACT)
        value = self.value(node.value, child)
        return sa.func.coalesce(sa.func.sum(value, type_=EXACT), sa.literal(0, EXACT))

    def _aggregate(self, node: model.Children, child: Row) -> sa.Select:
        if node.aggregate in ("count", "sum"):
            return sa.select(self._total(node, child))
        value = self.value(node.value, child)
        if node.aggregate == "last":
            return sa.select(value).order_by(child.column("id").desc()).limit(1)
        if node.aggregate == "avg":
            total, count = sa.func.sum(value), sa.cast(sa.func.count(value), EXACT)
            return sa.select(sa.func.crm_divide(total, count, type_=EXACT))
        return sa.select(getattr(sa.func, node.aggregate)(value, type_=value.type))

    def _pair(self, first: Node, second: Node, row: Row) -> tuple[Sql, Sql]:
        """Return two values of one kind: beside a day, a moment becomes its day."""
        left, right = self.value(first, row), self.value(second, row)
        if {first.kind, second.kind} != {DATE, DATETIME}:
            return left, right
        return (self.day(left), right) if first.kind == DATETIME else (left, self.day(right))

    def compare(self, node: model.Compare, row: Row) -> Sql:
        """Return two values compared."""
        left, right = self._pair(node.left, node.right, row)
        return left.op(node.operator, is_comparison=True)(right)

    def between(self, node: model.Between, row: Row) -> Sql:
        """Return a value between two."""
        low = self.compare(model.Compare(">=", node.value, node.low), row)
        return sa.and_(low, self.compare(model.Compare("<=", node.value, node.high), row))

    def one_of(self, node: model.In, row: Row) -> Sql:
        """Return a value that is one of several."""
        options = [option for option in node.options if not isinstance(option, model.MyTeam)]
        team = self.scope.team_user_ids if len(options) < len(node.options) else ()
        options += [model.Const(user, USER) for user in team]
        found = (self.compare(model.Compare("=", node.value, option), row) for option in options)
        return sa.or_(sa.false(), *found)

    def many_holds(self, node: model.Holds, row: Row) -> Sql:
        """Return several words that have one of them."""
        word = sa.func.concat("|", self.value(node.word, row), "|")
        return sa.and_(
            self.value(node.word, row).is_not(None), sa.func.strpos(self.value(node.value, row), word) > 0
        )

    def contains(self, node: model.Contains, row: Row) -> Sql:
        """Return a text with another in it; several words with one of them."""
        return self._folded(node, row) > 0

    def starts_with(self, node: model.StartsWith, row: Row) -> Sql:
        """Return a text that begins with another."""
        return self._folded(node, row) == 1

    def _folded(self, node: model.Contains | model.StartsWith, row: Row) -> Sql:
        text, part = (sa.func.crm_fold(self.value(side, row)) for side in (node.value, node.part))
        part = sa.func.nullif(part, "")
        part = part if node.value.kind != MANY else sa.literal("|", sa.Text()).concat(part).concat("|")
        return sa.func.strpos(text, part, type_=sa.Integer())

    def is_empty(self, node: model.IsEmpty, row: Row) -> Sql:
        """Return whether a value is empty."""
        return self.value(node.value, row).is_(None)

    def age(self, node: model.Age, row: Row) -> Sql:
        """Return a date or moment within bounds."""
        value, bounds = self.value(node.value, row), age_bounds(node, self.scope)
        type_ = TYPES[node.value.kind]
        high = sa.literal(bounds.high, type_)
        below = value <= high if bounds.high_included else value < high
        return below if bounds.low is None else sa.and_(value >= sa.literal(bounds.low, type_), below)


def _shown(value: Sql) -> Sql:
    """Return a value as `concat` writes it."""
    if isinstance(value.type, sa.Numeric):
        return sa.cast(sa.func.trim_scale(value), sa.Text())
    return sa.func.to_char(value, "YYYY-MM-DD") if isinstance(value.type, sa.Date) else value


VALUES: Mapping[type[Node], Callable[[PostgreSQL, Any, Row], Sql]] = {
    model.FieldPath: PostgreSQL.field,
    model.Arithmetic: PostgreSQL.arithmetic,
    model.If: PostgreSQL.choose,
    model.Call: PostgreSQL.call,
    model.Children: PostgreSQL.children,
}

CONDITIONS: Mapping[type[Node], Callable[[PostgreSQL, Any, Row], Sql]] = {
    model.Compare: PostgreSQL.compare,
    model.Between: PostgreSQL.between,
    model.In: PostgreSQL.one_of,
    model.Holds: PostgreSQL.many_holds,
    model.Contains: PostgreSQL.contains,
    model.StartsWith: PostgreSQL.starts_with,
    model.IsEmpty: PostgreSQL.is_empty,
    model.Age: PostgreSQL.age,
}

CALLS: Mapping[str, Callable[..., Sql]] = {
    "day": lambda values, moment: values.day(moment),
    "days_between": lambda _values, first, second: sa.cast(second.op("-")(first), EXACT),
    "add_days": lambda _values, day, days: sa.func.crm_add_days(day, days),
    "hours_between": lambda _values, first, second: sa.func.crm_hours_between(first, second),
    "add_hours": lambda _values, moment, hours: sa.func.crm_add_seconds(moment, hours, 3600),
    "add_minutes": lambda _values, moment, minutes: sa.func.crm_add_seconds(moment, minutes, 60),
    "working_days_between": lambda _values, *parts: sa.func.crm_working_days(*parts),
    "add_working_hours": lambda _values, *parts: sa.func.crm_add_working(*parts),
    "year": lambda _values, day: sa.cast(sa.extract("year", day), EXACT),
    "month": lambda _values, day: sa.cast(sa.extract("month", day), EXACT),
    "round": lambda _values, number, places: sa.func.round(number, sa.cast(places, sa.Integer())),
    "min": lambda _values, *parts: sa.func.least(*parts),
    "max": lambda _values, *parts: sa.func.greatest(*parts),
    "coalesce": lambda _values, *parts: sa.func.coalesce(*parts),
    "concat": lambda _values, *parts: sa.func.nullif(sa.func.concat(*map(_shown, parts)), ""),
    "upper": lambda _values, text: sa.func.crm_upper(text),
    "lower": lambda _values, text: sa.func.crm_lower(text),
    "length": lambda _values, text: sa.cast(sa.func.coalesce(sa.func.char_length(text), 0), EXACT),
}
