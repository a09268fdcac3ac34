"""The operators of condition lines, one class each. To add one, follow `docs/extending/operator.md`."""

from __future__ import annotations

from crm.conditions.operators.age import OlderThan, WithinLast, WithinNext
from crm.conditions.operators.base import FLAG, FlagOperator, Operator
from crm.conditions.operators.change import Changed, ChangedFrom, ChangedTo
from crm.conditions.operators.equal import Empty, Is, IsNoneOf, IsNot, IsOneOf
from crm.conditions.operators.order import Above, AtLeast, AtMost, Below, Between
from crm.conditions.operators.segment import InSegment
from crm.conditions.operators.words import Contains, StartsWith
from crm.conditions.tree.kinds import NONE
from crm.conditions.tree.model import NUMBER


def registry(*members: Operator) -> dict[str, Operator]:
    """Return operators by name.

    Errors: TypeError when one lacks a part or a name is there twice, so that nothing starts.
    """
    found: dict[str, Operator] = {}
    for member in members:
        missing = [part for part in ("name", "kinds", "labels") if not getattr(member, part, None)]
        if missing or member.name in found:
            raise TypeError(
                f"{type(member).__qualname__}: {', '.join(missing) or 'its name is there already'}"
            )
        found[member.name] = member
    return found


OPERATORS = registry(
    Is(),
    IsNot(),
    IsOneOf(),
    IsNoneOf(),
    Above(),
    AtLeast(),
    Below(),
    AtMost(),
    Between(),
    OlderThan(),
    WithinLast(),
    WithinNext(),
    Empty(),
    Contains(),
    StartsWith(),
    InSegment(),
    Changed(),
    ChangedTo(),
    ChangedFrom(),
)
"""Every operator, in the order in which an editor offers them."""

FLAGS = {name: operator for name, operator in OPERATORS.items() if isinstance(operator, FlagOperator)}
COUNTED = tuple(
    name
    for name, operator in OPERATORS.items()
    if operator.fits(NUMBER) and operator.takes != FLAG and not operator.asks_change
)
"""What can be asked of a count or a sum of children, which is never empty and has no history."""


def operators_of_kind(kind: str, is_encrypted: bool = False) -> tuple[str, ...]:
    """Return the operators that fit a kind of field; an unknown kind can be empty or change."""
    found = tuple(name for name, operator in OPERATORS.items() if operator.fits(kind, is_encrypted))
    return found or operators_of_kind(NONE, is_encrypted)
