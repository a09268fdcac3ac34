"""The tree of a segment, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from crm.conditions.language.parse import parse_conditions
from crm.conditions.tree.model import NOTHING, Node

if TYPE_CHECKING:
    from crm.entities.model import Schema

_KNOWN: dict[tuple[int, str], tuple[ref, Node]] = {}
"""Trees by schema and name; an entry goes with its schema."""


def segment_tree(name: str, schema: Schema) -> Node:
    """Return the condition of a segment, read once per revision; nobody meets one that is missing or broken."""
    key = (id(schema), name)
    known = _KNOWN.get(key)
    if known is not None and known[0]() is schema:
        return known[1]
    node = _read(name, schema)
    _KNOWN[key] = (ref(schema, lambda _gone: _KNOWN.pop(key, None)), node)
    return node


def _read(name: str, schema: Schema) -> Node:
    part = schema.parts.get("segment", {}).get(name)
    if part is None:
        return NOTHING
    lines = getattr(part, "condition", None)
    lines = getattr(part, "lines", None) if lines is None else lines
    if isinstance(lines, Node):
        return lines
    return parse_conditions(lines, schema.entities[part.entity], schema)[0]
