"""The parts of a tree that need no record: computed once, in Python, before a statement is written."""

from __future__ import annotations

from typing import Any

from crm.conditions.python.evaluate import Evaluator
from crm.conditions.tree.model import (
    Changed,
    ChangedFrom,
    ChangedTo,
    Children,
    FieldPath,
    InSegment,
    Leaf,
    Node,
    walk,
)

READS = (FieldPath, Leaf, Children, InSegment, Changed, ChangedTo, ChangedFrom)


def is_constant(node: Node) -> bool:
    """Return whether a node gives the same for every record."""
    return not any(isinstance(part, READS) for part in walk(node))


def constant_of(node: Node, python: Evaluator) -> Any:
    """Return the value of a node that needs no record."""
    return python.value(node, None)
