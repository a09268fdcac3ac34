"""Counts and sums of children compared with a constant: computed in one pass for all parents, not one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crm.conditions.python.constants import constant_of, is_constant
from crm.conditions.python.evaluate import compare
from crm.conditions.sql.parts import Conditions
from crm.conditions.sql.rows import Row
from crm.conditions.tree.model import Children, Compare, FieldPath, Node

Having = Callable[[Row], sa.ColumnElement]


def as_grouped(node: Node, compiler: Conditions) -> Compare | None:
    """Return a node that compares a count or sum of the record's own children with a constant; None for others.

    Shape:  a summary field counts as its aggregate.
    """
    if not isinstance(node, Compare) or not is_constant(node.right):
        return None
    left = node.left
    if isinstance(left, FieldPath) and left.computed is not None and not left.way:
        left = left.computed
    if not isinstance(left, Children) or left.aggregate not in ("count", "sum") or left.way:
        return None
    return replace(node, left=left) if compiler.values.can_group(left) else None


def compile_grouped(node: Compare, row: Row, compiler: Conditions) -> sa.ColumnElement:
    """Return the condition that a record is, or is not, among the parents that a grouping selects.

    Shape:  a parent without children is in no group. Where such a parent meets the condition, as with
            `at_most: 3`, the groups that fail are selected, and every other parent meets it.
    """
    constant = constant_of(node.right, compiler.python)
    if constant is None:
        return sa.false()
    holds_without = compare(node.operator, Decimal(0), constant)

    def having(child: Row) -> sa.ColumnElement:
        found = compiler.values.group_compare(node, constant, child)
        return sa.not_(found) if holds_without else found

    parents = _parents(node.left, row, compiler, having)
    return _is_none_of(parents, row, compiler) if holds_without else row.column("id").in_(parents)


def _parents(node: Children, row: Row, compiler: Conditions, having: Having) -> sa.Select:
    """Return a select of the parents whose children as a group meet a condition."""
    child = row.another(node.entity)
    parent: Any = child.column(node.field)
    found = sa.select(parent.label("parent")).select_from(child.source).where(parent.is_not(None))
    if node.where is not None:
        found = found.where(compiler.condition(node.where, child))
    return found.group_by(parent).having(having(child))


def _is_none_of(parents: sa.Select, row: Row, compiler: Conditions) -> sa.ColumnElement:
    """Return that a record is not among parents, in the form that the database plans well."""
    if compiler.scope.dialect != "postgresql":
        return row.column("id").not_in(parents)
    groups = parents.subquery()
    return (
        ~sa.select(sa.literal_column("1"))
        .where(groups.c.parent == row.column("id"))
        .correlate(row.source)
        .exists()
    )
