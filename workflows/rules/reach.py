"""How far the conditions of a rule reach: which other records they read, by which ways, and whether time changes them.

A condition about the record's own stored values is judged by the journal, change by change. What reaches further
becomes true without a change of the record: a child comes, what it refers to changes, a day passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from crm.conditions.language.segments import segment_tree
from crm.conditions.tree.model import (
    Age,
    Call,
    Children,
    FieldPath,
    InSegment,
    Node,
    Step,
    parts_of,
)
from crm.entities.model import Entity, Schema

TIME = ("today", "now")  # functions whose value nobody's change brings about
TO, FROM = "to", "from"
MOST_HOPS = 12  # of a way through segments that ask for segments

Hop = tuple[str, str, str]
"""One hop from a record to others: `to` or `from`, and the entity and field of the reference that is followed."""
Way = tuple[Hop, ...]


@dataclass(frozen=True)
class Reach:
    """What the conditions of one rule read.

    Shape:  `ways` leads from the rule's record to every entity that is read; the way to the record itself is empty.
            `is_clocked` says that the condition may become true with no event at all: by time, or by a field that
            keeps no history; `is_wide` that no change of the record itself need bring it about. `digest` stands for all
            that is asked: while it is the same, what held still counts as having held.
    """

    ways: Mapping[str, frozenset[Way]]
    is_clocked: bool = False
    is_wide: bool = False
    digest: str = ""


def reach_of(node: Node, entity: Entity, schema: Schema) -> Reach:
    """Return how far a condition of an entity reaches."""
    found = _Reader(schema)
    found.note(entity.name, ())
    found.read(node, ())
    is_wide = found.is_clocked or found.is_computed or found.ways != {entity.name: {()}}
    asked = repr((entity.uid, node, sorted(found.segments.items())))
    return Reach(
        ways={name: frozenset(ways) for name, ways in found.ways.items()},
        is_clocked=found.is_clocked,
        is_wide=is_wide,
        digest=hashlib.sha256(asked.encode()).hexdigest(),
    )


@dataclass
class _Reader:
    """Reads a tree, formulas and segments on the way included."""

    schema: Schema
    ways: dict[str, set[Way]] = attribute(default_factory=dict)
    segments: dict[str, str] = attribute(default_factory=dict)
    seen: set[tuple[str, Way]] = attribute(default_factory=set)
    is_clocked: bool = False
    is_computed: bool = False

    def note(self, entity: str, way: Way) -> None:
        self.ways.setdefault(entity, set()).add(way)

    def read(self, node: Node, way: Way) -> None:
        if isinstance(node, FieldPath):
            self._path(node, way)
        elif isinstance(node, Children):
            self._children(node, way)
        elif isinstance(node, InSegment):
            self._segment(node, way)
        else:
            self.is_clocked |= isinstance(node, Age) or (isinstance(node, Call) and node.name in TIME)
            for part in parts_of(node):
                self.read(part, way)

    def _path(self, node: FieldPath, way: Way) -> None:
        end = self._follow(node.way, way, node.steps[-1][0])
        entity, name = node.steps[-1]
        for place, step in (*((entity, step) for entity, step in node.way), (entity, name)):
            self._keep_history(place, step)
        if node.computed is not None:
            self.is_computed = True
            self.read(node.computed, end)

    def _keep_history(self, entity: str, name: str) -> None:
        known = self.schema.entities.get(entity)
        field = known.fields.get(name) if known else None
        if field is None:
            self.is_clocked |= name.startswith("updated")  # written with every change, kept with none
        elif not field.history:
            self.is_clocked = True

    def _children(self, node: Children, way: Way) -> None:
        below = (*self._follow(node.way, way, node.parent), (FROM, node.entity, node.field))
        self.note(node.entity, below)
        self._keep_history(node.entity, node.field)
        for part in (node.value, node.where):
            if part is not None:
                self.read(part, below)

    def _segment(self, node: InSegment, way: Way) -> None:
        end = self._follow(node.way, way, node.entity)
        if (node.segment, end) not in self.seen and len(end) < MOST_HOPS:
            self.seen.add((node.segment, end))
            tree = segment_tree(node.segment, self.schema)
            self.segments[node.segment] = repr(tree)
            self.is_computed = True
            self.read(tree, end)

    def _follow(self, steps: tuple[Step, ...], way: Way, target: str) -> Way:
        """Return the way after some references, having noted every record on it; the last one leads to `target`."""
        entities = [entity for entity, _field in steps[1:]] + [target]
        for (entity, field), reached in zip(steps, entities, strict=False):
            way = (*way, (TO, entity, field))
            self.note(reached, way)
        return way
