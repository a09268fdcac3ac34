"""`contains` and `starts_with`: parts of texts, case and accents aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.compare import must_be
from crm.conditions.operators.base import Operator
from crm.conditions.tree import model
from crm.conditions.tree.model import MANY, TEXT
from crm.texts import NP_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader
    from crm.conditions.tree.model import Node


class Contains(Operator):
    """A text has another one somewhere in it; among several words, one of them has."""

    name = "contains"
    kinds = (TEXT, MANY)
    labels = {"": NP_("operator", "contains")}
    control = "text"

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the condition on the text."""
        return model.Contains(left, must_be(reader.value(given, left, context), TEXT, MANY))


class StartsWith(Operator):
    """A text begins with another one."""

    name = "starts_with"
    kinds = (TEXT,)
    labels = {"": NP_("operator", "starts with")}
    control = "text"

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the condition on the text."""
        return model.StartsWith(left, must_be(reader.value(given, left, context), TEXT, MANY))
