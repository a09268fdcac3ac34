"""`enters_segment: at_risk`, `leaves_segment: at_risk`: a record comes to belong to a segment, or no longer does."""

from __future__ import annotations

from typing import Any

from crm.conditions.tree.model import InSegment, Node
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import WORD
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.triggers.base import EventTrigger
from workflows.triggers.records import CHANGES


class _OfSegment(EventTrigger):
    """The edge of a segment's conditions; the rule's own are asked when it comes."""

    shape = WORD
    events = CHANGES

    def check(self, body: Any, place: Place) -> None:
        """Note an unknown segment, and one of another entity."""
        segments = place.schema.parts.get("segment", {})
        if not place.known(body, segments, "segment"):
            return
        segment = segments[body]
        if segment is not None and segment.entity != place.entity.name:
            place.refuse("rule.segment_of_another", name=body)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Whether a record belongs to the segment is read."""
        return walker.part("segment")(body, spot)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say which segment."""
        segment = schema.parts.get("segment", {}).get(body)
        return say(
            f"rule.when_{self.name}", language, segment=segment.label.get(language) if segment else body
        )

    def edge_of(self, body: Any, entity: Entity) -> Node:
        """Return the belonging itself, in place of the rule's conditions."""
        return InSegment(body, entity.name)

    @property
    def has_no_change(self) -> bool:
        """No change of the record need stand behind it."""
        return True


class EntersSegment(_OfSegment):
    """A record has come to belong to a segment."""

    name = "enters_segment"
    label = NP_("trigger", "Segment entered")
    words = {
        "rule.when_enters_segment": N_("When a record enters the segment “%(segment)s”"),
        "rule.unknown_segment": N_("There is no segment “%(name)s”."),
        "rule.unknown_segment_near": N_("There is no segment “%(name)s”. Did you mean “%(near)s”?"),
        "rule.segment_of_another": N_("The segment “%(name)s” belongs to another entity."),
    }


class LeavesSegment(_OfSegment):
    """A record no longer belongs to a segment; one that was deleted has not left it."""

    name = "leaves_segment"
    label = NP_("trigger", "Segment left")
    edge_falls = True
    words = {
        "rule.when_leaves_segment": N_("When a record leaves the segment “%(segment)s”"),
    }
