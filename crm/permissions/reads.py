"""What a condition or a computed field reads in the end: through formulas, summaries and segments."""

from __future__ import annotations

from collections.abc import Iterator

from crm.conditions import fields_of, parse_field, segments_of
from crm.conditions.language.segments import segment_tree
from crm.conditions.tree.model import FieldPath, Node, Step, walk
from crm.entities.model import Schema
from crm.fields import FIELD_TYPES


def deep_fields_of(node: Node, schema: Schema) -> frozenset[Step]:
    """Return every (entity, field) a tree reads, what its formula fields and segments read included."""
    found: set[Step] = set()
    waiting, seen = [node], set()
    while waiting:
        tree = waiting.pop()
        found |= fields_of(tree)
        waiting += [part.computed for part in walk(tree) if isinstance(part, FieldPath) and part.computed]
        fresh = segments_of(tree) - seen
        seen |= fresh
        waiting += [segment_tree(name, schema) for name in fresh]
    return frozenset(found)


class ComputedReads:
    """What every formula and summary field of a revision reads; worked out when it is first asked for."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._known: dict[str, dict[str, frozenset[Step]]] = {}

    def of(self, entity: str) -> dict[str, frozenset[Step]]:
        """Return what each computed field of an entity reads, by field name."""
        if entity not in self._known:
            self._known[entity] = dict(self._read(entity))
        return self._known[entity]

    def _read(self, name: str) -> Iterator[tuple[str, frozenset[Step]]]:
        entity = self._schema.entities.get(name)
        for field in entity.fields.values() if entity else ():
            if not FIELD_TYPES[field.type].stored:
                tree, _problems = parse_field(entity, field, self._schema)
                yield field.name, deep_fields_of(tree, self._schema)
