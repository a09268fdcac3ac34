"""`older_than`, `within_last`, `within_next`: how far a date is from now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.resolve import Refusal
from crm.conditions.operators.base import DATES, Operator
from crm.conditions.tree.model import DATE, Age
from crm.conditions.tree.moments import parse_duration
from crm.texts import N_, NP_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader
    from crm.conditions.tree.model import Node


class AgeOperator(Operator):
    """A span of time back from now, or ahead."""

    kinds = DATES
    control = "span"

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the condition on the date."""
        duration = parse_duration(given)
        if duration is None:
            raise Refusal("conditions.duration_expected", value=str(given)[:60])
        if duration[1] == "hours" and left.kind == DATE:
            raise Refusal("conditions.no_hours")
        return Age(self.name, left, *duration)


class OlderThan(AgeOperator):
    """Further back than the span."""

    name = "older_than"
    labels = {"": NP_("operator", "is more than … ago")}


class WithinLast(AgeOperator):
    """From the span ago until now."""

    name = "within_last"
    labels = {"": N_("is in the last")}


class WithinNext(AgeOperator):
    """From now until the span is over."""

    name = "within_next"
    labels = {"": N_("is in the next")}
