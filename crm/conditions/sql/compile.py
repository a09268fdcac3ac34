"""Compiles a tree to SQL: plain comparisons stay plain, so that indexes serve; each database computes its own way.

A condition is written for `WHERE`, `CASE WHEN` and `FILTER`: where it does not hold it may be NULL. Negate the tree
(`Not(node)`), never the SQL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crm.conditions.language.segments import segment_tree
from crm.conditions.python.constants import constant_of, is_constant
from crm.conditions.python.evaluate import MAX_SEGMENTS, Evaluator
from crm.conditions.python.values import age_bounds
from crm.conditions.sql.groups import as_grouped, compile_grouped
from crm.conditions.sql.parts import Sql, Values
from crm.conditions.sql.postgresql import PostgreSQL
from crm.conditions.sql.rows import Row, root_row
from crm.conditions.sql.sqlite import SQLite
from crm.conditions.tree import model
from crm.conditions.tree.folding import fold
from crm.conditions.tree.model import DATE, DATETIME, MANY, NUMBER, TEXT, USER, Node, Not, is_condition
from crm.conditions.tree.moments import day_end, day_start
from crm.conditions.tree.numbers import fit
from crm.conditions.tree.scope import Scope
from crm.fields.encrypted import Encrypted, matches

TRUE, FALSE = sa.true(), sa.false()
USER_ID = sa.table("ab_user", sa.column("id")).c.id
ONE = sa.select(sa.literal_column("1"))


def compile_sql(node: Node, entity_name: str, scope: Scope, root: Any = None) -> Sql:
    """Return the SQL of a tree, standing on an entity.

    Shape:  a condition for `WHERE`, or the value of a formula, which comes out as `evaluate` gives it. `root` is
            an alias of the mapped class when the statement uses one.
    """
    return Compiler(scope).top(node, root_row(entity_name, scope, root))


class Compiler:
    """Compiles conditions; values are left to the database's own part."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.python = Evaluator(scope)
        self.values: Values = (PostgreSQL if scope.dialect == "postgresql" else SQLite)(self)
        self.segments_open = 0

    def top(self, node: Node, row: Row) -> Sql:
        """Return a whole tree."""
        return self.condition(node, row) if is_condition(node) else self.values.result(node, row)

    def condition(self, node: Node, row: Row) -> Sql:
        """Return a condition; where it does not hold it may be NULL."""
        if is_constant(node):
            return TRUE if self.python.holds(node, None) else FALSE
        if isinstance(node, COMPLEX):
            return BUILD[type(node)](self, node, row)
        subject = subject_of(node)
        grouped = as_grouped(node, self)
        if grouped is not None:
            return compile_grouped(grouped, row, self)
        if subject is None:
            return self.values.condition(node, row)
        if subject.way:
            return row.follow(subject.way, lambda end: self._found(node, subject, end)).exists()
        return PLAIN[type(node)](self, node, row)

    def _found(self, node: Node, subject: model.FieldPath, end: Row) -> sa.Select:
        """Return a select of the record at the end of a way that meets a condition there."""
        return ONE.where(self.condition(with_subject(node, model.shorten(subject)), end))

    def certain(self, node: Node, row: Row) -> Sql:
        """Return a condition that is true or false and never NULL."""
        if isinstance(node, model.And | model.Or):
            join, nothing = (sa.and_, TRUE) if isinstance(node, model.And) else (sa.or_, FALSE)
            return join(nothing, *(self.certain(part, row) for part in node.parts))
        if isinstance(node, Not | model.IsEmpty | model.InSegment):
            return self.condition(node, row)
        if isinstance(node, model.Children) or (subject_of(node) is not None and subject_of(node).way):
            return self.condition(node, row)
        return sa.func.coalesce(self.condition(node, row), FALSE)

    def every(self, node: model.And, row: Row) -> Sql:
        """Return all parts."""
        return sa.and_(TRUE, *(self.condition(part, row) for part in node.parts))

    def either(self, node: model.Or, row: Row) -> Sql:
        """Return one of the parts."""
        return sa.or_(FALSE, *(self.condition(part, row) for part in node.parts))

    def opposite(self, node: Not, row: Row) -> Sql:
        """Return the opposite; of a plain comparison without a function around the column."""
        subject = subject_of(node.part)
        if subject is not None and not subject.way:
            column = row.column(subject.steps[-1][1])
            return sa.or_(column.is_(None), sa.not_(self.condition(node.part, row)))
        return sa.not_(self.certain(node.part, row))

    def is_empty(self, node: model.IsEmpty, row: Row) -> Sql:
        """Return whether a value is empty; at the end of a way also when the way breaks off."""
        path = node.value
        if path.kind == USER:
            return self._nobody(self.values.result(path, row))
        if not isinstance(path, model.FieldPath) or path.computed is not None:
            return self.values.condition(node, row)
        if path.way:
            there = Not(model.IsEmpty(model.shorten(path)))
            return ~row.follow(path.way, lambda end: ONE.where(self.condition(there, end))).exists()
        column = row.column(path.steps[-1][1])
        if path.kind in (TEXT, MANY):
            return sa.or_(column.is_(None), sa.type_coerce(column, sa.Text()) == "")
        return column.is_(None)

    @staticmethod
    def _nobody(user: Sql) -> Sql:
        """Return whether a value is no user: empty, or one who was deleted."""
        return sa.func.coalesce(user, 0).not_in(sa.select(USER_ID))

    def any_child(self, node: model.Children, row: Row) -> Sql:
        """Return whether there is such a child."""
        if node.aggregate != "any":
            return self.values.condition(node, row)
        return self.children(node, row, lambda _child: ONE).exists()

    def children(self, node: model.Children, row: Row, select: Callable[[Row], sa.Select]) -> sa.Select:
        """Return a select on the children that count."""
        child = row.another(node.entity)
        parent = row.column("id")
        if node.way:
            parent = row.follow(node.way, lambda end: sa.select(end.column("id"))).scalar_subquery()
        found = select(child).select_from(child.source).where(child.column(node.field) == parent)
        if node.where is not None:
            found = found.where(self.condition(node.where, child))
        return found.correlate(row.source)

    def in_segment(self, node: model.InSegment, row: Row) -> Sql:
        """Return whether the record, or the one at the end of a way, belongs to a segment."""
        if self.segments_open >= MAX_SEGMENTS:
            return FALSE
        self.segments_open += 1
        try:
            tree = segment_tree(node.segment, self.scope.schema)
            if not node.way:
                return self.certain(tree, row)
            return row.follow(node.way, lambda end: ONE.where(self.condition(tree, end))).exists()
        finally:
            self.segments_open -= 1

    def never(self, _node: Node, _row: Row) -> Sql:
        """Return false: in a statement nothing is changing."""
        return FALSE

    def compare(self, node: model.Compare, row: Row) -> Sql:
        """Return a column beside a constant."""
        column = row.column(node.left.steps[-1][1])
        if isinstance(column.type, Encrypted):
            return self._sealed(column, node.left.kind, [constant_of(node.right, self.python)])
        return self.beside(node.operator, column, node.left.kind, node.right)

    def _sealed(self, column: Any, kind: str, constants: list[Any]) -> Sql:
        """Return a sealed column that holds one of some values, found by its blind index."""
        days = kind == DATE
        values = [self.python.day(one) if days and isinstance(one, dt.datetime) else one for one in constants]
        return sa.and_(column.is_not(None), matches(column, values))

    def beside(self, operator: str, column: Any, kind: str, right: Node) -> Sql:
        """Return a column of a kind compared with a constant node."""
        constant = constant_of(right, self.python)
        if constant is None:
            return FALSE
        if kind == NUMBER:
            return self._number(operator, column, constant)
        if kind == DATETIME and not isinstance(constant, dt.datetime):
            return self._day(operator, column, constant)
        if kind == DATE and isinstance(constant, dt.datetime):
            constant = self.python.day(constant)
        return OPERATORS[operator](column, sa.literal(constant, LITERALS[kind]))

    def _number(self, operator: str, column: Any, constant: Decimal) -> Sql:
        places = self.values.places(column)
        if places is None:
            return OPERATORS[operator](column, sa.literal(constant, sa.Numeric()))
        fitted = fit(operator, constant, places)
        if isinstance(fitted, bool):
            return column.is_not(None) if fitted else FALSE
        return OPERATORS[fitted[0]](
            sa.type_coerce(column, sa.BigInteger()), sa.literal(fitted[1], sa.BigInteger())
        )

    def _day(self, operator: str, column: Any, day: dt.date) -> Sql:
        """Return a moment compared with a whole day of the organisation."""
        start = sa.literal(day_start(day, self.scope.time_zone), sa.DateTime())
        end = sa.literal(day_end(day, self.scope.time_zone), sa.DateTime())
        if operator == "=":
            return sa.and_(column >= start, column < end)
        edge = start if operator in ("<", ">=") else end
        return column < edge if operator[0] == "<" else column >= edge

    def between(self, node: model.Between, row: Row) -> Sql:
        """Return a column between two constants."""
        column, kind = row.column(node.value.steps[-1][1]), node.value.kind
        return sa.and_(self.beside(">=", column, kind, node.low), self.beside("<=", column, kind, node.high))

    def one_of(self, node: model.In, row: Row) -> Sql:
        """Return a column that is one of several constants."""
        column, kind = row.column(node.value.steps[-1][1]), node.value.kind
        options: list[Any] = []
        for option in node.options:
            if isinstance(option, model.MyTeam):
                options += self.scope.team_user_ids
            else:
                options.append(constant_of(option, self.python))
        found = [option for option in dict.fromkeys(options) if option is not None]
        if isinstance(column.type, Encrypted):
            return self._sealed(column, kind, found)
        if kind == NUMBER:
            return self._one_number(column, found)
        return sa.type_coerce(column, LITERALS[kind]).in_(found) if found else FALSE

    def _one_number(self, column: Any, options: list[Decimal]) -> Sql:
        places = self.values.places(column)
        if places is None:
            return sa.type_coerce(column, sa.Numeric()).in_(options)
        fitted = [fit("=", option, places) for option in options]
        whole = [found[1] for found in fitted if not isinstance(found, bool)]
        return sa.type_coerce(column, sa.BigInteger()).in_(whole) if whole else FALSE

    def many_holds(self, node: model.Holds, row: Row) -> Sql:
        """Return a column of several words that has one of them."""
        word = constant_of(node.word, self.python)
        return self._place(row.column(node.value.steps[-1][1]), f"|{word}|") > 0 if word else FALSE

    def contains(self, node: model.Contains, row: Row) -> Sql:
        """Return a text column with a text in it; a column of words with one of them."""
        return self._folded(node, row) > 0

    def starts_with(self, node: model.StartsWith, row: Row) -> Sql:
        """Return a text column that begins with a text."""
        return self._folded(node, row) == 1

    def _folded(self, node: model.Contains | model.StartsWith, row: Row) -> Sql:
        column = sa.type_coerce(row.column(node.value.steps[-1][1]), sa.Text())
        part = fold(constant_of(node.part, self.python) or "")
        if not part:
            return sa.literal(0, sa.Integer())
        part = f"|{part}|" if node.value.kind == MANY else part
        return self._place(sa.func.crm_fold(column, type_=sa.Text()), part)

    def _place(self, text: Any, part: str) -> Sql:
        """Return the place of a part in a text, from 1; 0 when it is not there."""
        name = "strpos" if self.scope.dialect == "postgresql" else "instr"
        text = sa.type_coerce(text, sa.Text())
        return getattr(sa.func, name)(text, sa.literal(part, sa.Text()), type_=sa.Integer())

    def age(self, node: model.Age, row: Row) -> Sql:
        """Return a date or moment within bounds."""
        column, bounds = row.column(node.value.steps[-1][1]), age_bounds(node, self.scope)
        low, high = (
            None if bound is None else sa.literal(bound, LITERALS[node.value.kind])
            for bound in (bounds.low, bounds.high)
        )
        below = column <= high if bounds.high_included else column < high
        return below if low is None else sa.and_(column >= low, below)


def subject_of(node: Node) -> model.FieldPath | None:
    """Return the stored field a node compares with nothing but constants; None when it does anything else."""
    if type(node) not in PLAIN:
        return None
    subject = node.left if isinstance(node, model.Compare) else node.value
    others = [part for part in model.parts_of(node) if part is not subject]
    if not isinstance(subject, model.FieldPath) or subject.computed is not None:
        return None
    return subject if all(is_constant(part) for part in others) else None


def with_subject(node: Node, subject: model.FieldPath) -> Node:
    """Return the same node about another field."""
    return replace(node, **{"left" if isinstance(node, model.Compare) else "value": subject})


OPERATORS: Mapping[str, Callable[[Any, Any], Sql]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

LITERALS: Mapping[str, sa.types.TypeEngine] = {
    TEXT: sa.Text(),
    model.BOOLEAN: sa.Boolean(),
    DATE: sa.Date(),
    DATETIME: sa.DateTime(),
    model.REFERENCE: sa.BigInteger(),
    USER: sa.BigInteger(),
}

PLAIN: Mapping[type[Node], Callable[[Compiler, Any, Row], Sql]] = {
    model.Compare: Compiler.compare,
    model.Between: Compiler.between,
    model.In: Compiler.one_of,
    model.Holds: Compiler.many_holds,
    model.Contains: Compiler.contains,
    model.StartsWith: Compiler.starts_with,
    model.Age: Compiler.age,
}

BUILD: Mapping[type[Node], Callable[[Compiler, Any, Row], Sql]] = {
    model.And: Compiler.every,
    model.Or: Compiler.either,
    model.Not: Compiler.opposite,
    model.IsEmpty: Compiler.is_empty,
    model.Children: Compiler.any_child,
    model.InSegment: Compiler.in_segment,
    model.Changed: Compiler.never,
    model.ChangedTo: Compiler.never,
    model.ChangedFrom: Compiler.never,
}
COMPLEX = tuple(BUILD)
