"""Values in SQLite, which has no exact decimals: columns stay columns, everything computed goes to `run_program`.

A whole formula is one call into Python, not one call per sign: SQLite parses only about thirty nested brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields as attributes
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from crm.conditions.python.constants import constant_of, is_constant
from crm.conditions.python.program import write_program, write_surroundings
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
    Leaf,
    Node,
    is_condition,
)
from crm.conditions.tree.numbers import fit, to_text
from crm.fields.columns import ExactDecimal, Words


class PlainDecimal(TypeDecorator):
    """A computed number: plain text in SQLite, Decimal in Python."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """Return the plain text."""
        return None if value is None else to_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Return the number."""
        return None if value is None else Decimal(value)


TYPES: Mapping[str, sa.types.TypeEngine] = {
    TEXT: sa.Text(),
    MANY: Words(),
    NUMBER: PlainDecimal(),
    BOOLEAN: sa.Boolean(),
    DATE: sa.Date(),
    DATETIME: sa.DateTime(),
    REFERENCE: sa.BigInteger(),
    USER: sa.BigInteger(),
}
SIGNS: Mapping[str, Callable[[Any, Any], Sql]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class SQLite:
    """Compiles values: those of columns and children in SQL, all others as one call into Python."""

    def __init__(self, compiler: Conditions) -> None:
        self.compiler = compiler
        self.scope = compiler.scope
        self.python = compiler.python

    @staticmethod
    def places(column: Any) -> int | None:
        """Return the decimal places of a column of scaled whole numbers."""
        return column.type.places if isinstance(column.type, ExactDecimal) else 0

    def result(self, node: Node, row: Row) -> Sql:
        """Return a value as it leaves the database; rounded numbers as a column holds them, to sum and sort by."""
        if is_constant(node):
            return sa.literal(constant_of(node, self.python), TYPES.get(node.kind, sa.Text()))
        rounded = model.places_of_round(node)
        if rounded is not None:
            found = sa.func.crm_compute_scaled(
                sa.literal(rounded[1], sa.Integer()), *self._program(rounded[0], row)
            )
            return sa.type_coerce(found, ExactDecimal(rounded[1]))
        if isinstance(node, model.FieldPath) and node.computed is not None and not node.way:
            return self.result(node.computed, row)
        if not self._is_stored(node):
            return self.compute(node, row)
        value, places = self.stored(node, row)
        return sa.type_coerce(value, ExactDecimal(places)) if node.kind == NUMBER else value

    def condition(self, node: Node, row: Row) -> Sql:
        """Return a condition on values that are not plain columns; never NULL."""
        is_compare = isinstance(node, model.Compare) and node.left.kind == NUMBER and is_constant(node.right)
        if is_compare and self._is_stored(node.left):
            return self._beside(node.operator, node.left, constant_of(node.right, self.python), row)
        if isinstance(node, model.FieldPath) and self._is_stored(node):
            return self.stored(node, row)[0] == sa.true()
        return self.compute(node, row) == sa.true()

    def _beside(self, operator: str, left: Node, constant: Decimal | None, row: Row) -> Sql:
        """Return a stored number, such as a count of children, beside a constant."""
        value, places = self.stored(left, row)
        return sa.false() if constant is None else fitted_compare(operator, value, constant, places)

    def can_group(self, node: model.Children) -> bool:
        """Return whether a count or sum can be calculated per group, without Python."""
        return self._is_stored(node)

    def group_compare(self, node: model.Compare, constant: Decimal, child: Row) -> Sql:
        """Return a count or sum of a group of children beside a constant."""
        if node.left.aggregate == "count":
            return fitted_compare(node.operator, sa.func.count(), constant, 0)
        value, places = self.stored(node.left.value, child)
        return fitted_compare(node.operator, total(value), constant, places)

    def _is_stored(self, node: Node) -> bool:
        """Return whether SQL alone gives the value: a column, or children of which columns are put together."""
        if isinstance(node, model.FieldPath):
            return node.computed is None
        if not isinstance(node, model.Children) or node.aggregate == "avg":
            return False
        return node.value is None or self._is_stored(node.value)

    def stored(self, node: Node, row: Row) -> tuple[Sql, int]:
        """Return the SQL of a stored value and its decimal places."""
        if isinstance(node, model.Children):
            return self._aggregated(node, row)
        if not node.way:
            column = row.column(node.steps[-1][1])
            if node.kind in (TEXT, MANY):
                return sa.func.nullif(sa.type_coerce(column, sa.Text()), "", type_=TYPES[node.kind]), 0
            if node.kind != NUMBER:
                return sa.type_coerce(column, TYPES.get(node.kind, sa.Text())), 0
            return sa.type_coerce(column, sa.BigInteger()), self.places(column) or 0
        last, places = model.shorten(node), []

        def select(end: Row) -> sa.Select:
            value, found = self.stored(last, end)
            places.append(found)
            return sa.select(value)

        return row.follow(node.way, select).scalar_subquery(), places[0]

    def _aggregated(self, node: model.Children, row: Row) -> tuple[Sql, int]:
        if node.aggregate == "any":
            return self.compiler.any_child(node, row), 0
        places: list[int] = [0]

        def select(child: Row) -> sa.Select:
            if node.aggregate == "count":
                return sa.select(sa.func.count())
            value, places[0] = self.stored(node.value, child)
            return aggregated(node.aggregate, value, child)

        return self.compiler.children(node, row, select).scalar_subquery(), places[0]

    def compute(self, node: Node, row: Row) -> Sql:
        """Return a value that Python computes from the stored values of a row."""
        return sa.type_coerce(sa.func.crm_compute(*self._program(node, row)), TYPES.get(node.kind, sa.Text()))

    def _program(self, node: Node, row: Row) -> list[Sql]:
        """Return the program of a node, its surroundings and the values it reads."""
        leaves: dict[Node, Leaf] = {}
        values: list[Sql] = []
        program = write_program(self._ground(node, row, leaves, values))
        surroundings = write_surroundings(self.scope)
        return [sa.literal(program, sa.Text()), sa.literal(surroundings, sa.Text()), *values]

    def _ground(self, node: Node, row: Row, leaves: dict[Node, Leaf], values: list[Sql]) -> Node:
        """Return the node with everything that SQL reads replaced by numbered leaves."""
        if isinstance(node, model.FieldPath) and node.computed is not None and not node.way:
            return self._ground(node.computed, row, leaves, values)
        if isinstance(node, model.FieldPath | model.Children | model.InSegment) or asks_for_user(node):
            if node not in leaves:
                value, places = self._leaf(node, row)
                leaves[node] = Leaf(len(values), node.kind, places)
                values.append(value)
            return leaves[node]
        if isinstance(node, model.Changed | model.ChangedTo | model.ChangedFrom):
            return model.NOTHING
        found = {}
        for attribute in attributes(node):
            value = getattr(node, attribute.name)
            if isinstance(value, Node):
                found[attribute.name] = self._ground(value, row, leaves, values)
            elif isinstance(value, tuple) and value and isinstance(value[0], Node):
                found[attribute.name] = tuple(self._ground(part, row, leaves, values) for part in value)
        if isinstance(node, model.Call) and node.name in WORKING:
            known = model.Const(working_calendars(node, self.scope), TEXT)
            found["arguments"] = (*found["arguments"], known)
        return replace(node, **found) if found else node

    def _leaf(self, node: Node, row: Row) -> tuple[Sql, int]:
        if is_condition(node):
            return self.compiler.certain(node, row), 0
        if self._is_stored(node):
            return self.stored(node, row)
        if isinstance(node, model.FieldPath):
            last = model.shorten(node)
            return row.follow(node.way, lambda end: sa.select(self.compute(last, end))).scalar_subquery(), 0
        return self._computed_children(node, row), 0

    def _computed_children(self, node: model.Children, row: Row) -> Sql:
        """Return an aggregate that Python calculates: of calculated values, or an average."""

        def select(child: Row) -> sa.Select:
            value = self.compute(node.value, child)
            if node.aggregate == "last":
                return sa.select(value).order_by(child.column("id").desc()).limit(1)
            found = sa.func.crm_gather(node.aggregate, node.value.kind, value)
            return sa.select(sa.func.coalesce(found, "0") if node.aggregate == "sum" else found)

        return self.compiler.children(node, row, select).scalar_subquery()


def asks_for_user(node: Node) -> bool:
    """Return whether a node asks if there is a user, which only the database knows."""
    return isinstance(node, model.IsEmpty) and node.value.kind == USER


def fitted_compare(operator: str, value: Sql, constant: Decimal, places: int) -> Sql:
    """Return a scaled whole number beside a constant of any number of places."""
    fitted = fit(operator, constant, places)
    if isinstance(fitted, bool):
        return value.is_not(None) if fitted else sa.false()
    return SIGNS[fitted[0]](value, sa.literal(fitted[1], sa.BigInteger()))


def total(value: Sql) -> Sql:
    """Return the sum of a stored value; 0 when there is none."""
    return sa.func.coalesce(sa.func.sum(value, type_=value.type), 0, type_=value.type)


def aggregated(aggregate: str, value: Sql, child: Row) -> sa.Select:
    """Return a select that puts stored values of children together."""
    if aggregate == "last":
        return sa.select(value).order_by(child.column("id").desc()).limit(1)
    return sa.select(
        total(value) if aggregate == "sum" else getattr(sa.func, aggregate)(value, type_=value.type)
    )
