"""`above`, `at_least`, `below`, `at_most`, `between`: numbers and dates in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.compare import kinds_meet
from crm.conditions.language.resolve import Refusal
from crm.conditions.operators.base import DATES, TWO, Operator
from crm.conditions.operators.equal import compared
from crm.conditions.tree.model import DATE, DATETIME, NUMBER
from crm.conditions.tree.model import Between as BetweenNode
from crm.texts import N_, NP_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader
    from crm.conditions.tree.model import Node


class OrderOperator(Operator):
    """A comparison by a sign."""

    kinds = (NUMBER, *DATES)
    sign: str

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the comparison."""
        return compared(self.sign, reader, left, given, context)


class Above(OrderOperator):
    """More, or later."""

    name, sign = "above", ">"
    labels = {
        "": NP_("operator", "is above"),
        DATE: NP_("operator", "is after"),
        DATETIME: NP_("operator", "is after"),
    }


class AtLeast(OrderOperator):
    """As much or more; that day or later."""

    name, sign = "at_least", ">="
    labels = {"": N_("is at least"), DATE: N_("is on or after"), DATETIME: N_("is on or after")}


class Below(OrderOperator):
    """Less, or earlier."""

    name, sign = "below", "<"
    labels = {
        "": NP_("operator", "is below"),
        DATE: NP_("operator", "is before"),
        DATETIME: NP_("operator", "is before"),
    }


class AtMost(OrderOperator):
    """As much or less; that day or earlier."""

    name, sign = "at_most", "<="
    labels = {"": N_("is at most"), DATE: N_("is on or before"), DATETIME: N_("is on or before")}


class Between(Operator):
    """From one value to another, both included."""

    name = "between"
    kinds = (NUMBER, *DATES)
    labels = {"": NP_("operator", "is between")}
    takes = TWO

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the range."""
        if not isinstance(given, list | tuple) or len(given) != 2:
            raise Refusal("conditions.two_expected", value=str(given)[:60])
        low, high = reader.values(given, left, context)
        for end in (low, high):
            if not kinds_meet(left.kind, end.kind):
                raise Refusal("conditions.kinds_differ", first=left.kind, second=end.kind)
        return BetweenNode(left, low, high)
