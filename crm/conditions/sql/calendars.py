"""The business calendars that functions of working time need, as a statement brings them along."""

from __future__ import annotations

from crm.conditions.tree.model import Call, Const
from crm.conditions.tree.scope import Scope
from crm.conditions.tree.working import WORKING, calendars_of, chosen, write_calendars

__all__ = ["WORKING", "working_calendars"]


def working_calendars(node: Call, scope: Scope) -> str:
    """Return the calendars a call may ask as text: the one it names, else all of them."""
    known, name = calendars_of(scope.schema), node.arguments[2]
    if isinstance(name, Const):
        known = {"": chosen(known, name.value)}
    return write_calendars(known, scope.time_zone)
