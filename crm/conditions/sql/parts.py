"""What the parts of the SQL compiler ask of one another: conditions of values, values of conditions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

import sqlalchemy as sa

from crm.conditions.python.evaluate import Evaluator
from crm.conditions.sql.rows import Row
from crm.conditions.tree.model import Children, Compare, Node
from crm.conditions.tree.scope import Scope

Sql = sa.ColumnElement


class Values(Protocol):
    """How one database computes values."""

    def places(self, column: Any) -> int | None:
        """Return the decimal places of a column; None for one that compares with any number."""

    def result(self, node: Node, row: Row) -> Sql:
        """Return a value as it leaves the database."""

    def condition(self, node: Node, row: Row) -> Sql:
        """Return a condition on values that are not plain columns."""

    def can_group(self, node: Children) -> bool:
        """Return whether SQL alone computes a count or sum per group."""

    def group_compare(self, node: Compare, constant: Decimal, child: Row) -> Sql:
        """Return a count or sum of a group of children beside a constant."""


class Conditions(Protocol):
    """How conditions are compiled, for every database alike."""

    scope: Scope
    python: Evaluator
    values: Values

    def condition(self, node: Node, row: Row) -> Sql:
        """Return a condition; where it does not hold it may be NULL."""

    def certain(self, node: Node, row: Row) -> Sql:
        """Return a condition that is true or false and never NULL."""

    def any_child(self, node: Children, row: Row) -> Sql:
        """Return whether there is such a child."""

    def children(self, node: Children, row: Row, select: Callable[[Row], sa.Select]) -> sa.Select:
        """Return a select on the children that count."""
