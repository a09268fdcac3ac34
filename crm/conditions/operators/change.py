"""`changed`, `changed_to`, `changed_from`: what the change at hand did to a field, asked by rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.compare import check_choice
from crm.conditions.language.resolve import Refusal
from crm.conditions.operators.base import ALL, SINGLE, FlagOperator, Operator
from crm.conditions.tree import model
from crm.conditions.tree.model import MANY, Not
from crm.texts import N_, NP_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader
    from crm.conditions.tree.model import FieldPath, Node


def require_own(left: FieldPath) -> None:
    """Refuse a field of another record, and one that is calculated: changes of these are not noted."""
    if left.way or left.computed is not None:
        raise Refusal("conditions.change_of_own", name=".".join(name for _, name in left.steps))


class Changed(FlagOperator):
    """The change touched the field."""

    name = "changed"
    kinds = ALL
    labels = {"": NP_("operator", "has changed"), MANY: NP_("operator", "have changed")}
    opposite = "unchanged"
    opposite_labels = {"": N_("has not changed"), MANY: N_("have not changed")}
    seals = asks_change = True

    def build(self, reader: LineReader, left: FieldPath, given: Any, context: Context) -> Node:
        """Return the question about the change, or its opposite."""
        require_own(left)
        return model.Changed(left) if self.flag(given) else Not(model.Changed(left))


class ChangedTo(Operator):
    """The change brought the field to a value."""

    name = "changed_to"
    kinds = SINGLE
    labels = {"": N_("has changed to")}
    asks_change = True
    node = model.ChangedTo

    def build(self, reader: LineReader, left: FieldPath, given: Any, context: Context) -> Node:
        """Return the question about the change."""
        require_own(left)
        option = reader.value(given, left, context)
        check_choice(left, option, reader.resolver.schema)
        return self.node(left, option)


class ChangedFrom(ChangedTo):
    """The change took the field away from a value."""

    name = "changed_from"
    labels = {"": N_("has changed from")}
    node = model.ChangedFrom
