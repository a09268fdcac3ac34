"""`in_segment`: the record that a reference points to belongs to a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.resolve import reference_target
from crm.conditions.operators.base import Operator
from crm.conditions.tree.model import REFERENCE
from crm.texts import N_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader
    from crm.conditions.tree.model import Node


class InSegment(Operator):
    """The record belongs to a segment."""

    name = "in_segment"
    kinds = (REFERENCE,)
    labels = {"": N_("is in segment")}
    control = "segment"

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the belonging."""
        return reader.resolver.segment(given, left.steps, reference_target(left, reader.resolver.schema))
