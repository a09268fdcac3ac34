"""`add_to_segment: vips`, or `{segment: vips, of: customer}`: make somebody a member of a fixed segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import WORD, closed
from crm.entities.walk import Spot, Walker
from crm.errors import RuleError
from crm.fields import FIELD_TYPES
from crm.texts import N_, NP_
from workflows.actions.base import Action, Outcome
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say


def read(body: Any) -> tuple[Any, str]:
    """Return the segment, and the reference that leads to the member; "" for the record itself."""
    if isinstance(body, Mapping):
        return body.get("segment"), str(body.get("of") or "")
    return body, ""


class AddToSegment(Action):
    """Writes the name of a fixed segment into the field of tags that keeps it."""

    name = "add_to_segment"
    label = NP_("step", "Add to a segment")
    shape = {"anyOf": [WORD, {**closed(segment=WORD, of=WORD), "required": ["segment"]}]}
    writes_record = True
    words = {
        "rule.segment_is_live": N_("The segment “%(name)s” has conditions, so nobody can be added to it."),
        "rule.not_a_link": N_("“%(name)s” is not a linked record."),
        "rule.says_add_to_segment": N_("Add to the segment “%(segment)s”"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown segments, live ones, those of other entities, and references that lead elsewhere."""
        if isinstance(body, Mapping) and not place.keys(body, ("segment", "of"), ("segment",)):
            return
        name, of = read(body)
        segments = place.schema.parts.get("segment", {})
        here = place.at("segment") if isinstance(body, Mapping) else place
        if not here.known(name, segments, "segment") or segments[name] is None:
            return
        entity = place.entity.name
        if of:
            field = place.entity.fields.get(of)
            if field is None or FIELD_TYPES[field.type].links != "record":
                place.at("of").refuse("rule.not_a_link", name=of[:60])
                return
            entity = field.options["to"]
        if segments[name].entity != entity:
            here.refuse("rule.segment_of_another", name=name)
        elif not segments[name].kept_in:
            here.refuse("rule.segment_is_live", name=name)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The field that keeps the segment is written."""
        name, of = read(body)
        target = walker.declarations.target(spot.entity, of) if of else spot.entity
        for document in walker.declarations.documents:
            if document.kind == "segment" and document.name == name and "kept_in" in document.body:
                walker.field(document.body["kept_in"], spot.of(target).to_be("update"))
        if isinstance(body, Mapping):
            return walker.inside(body, spot, {"segment": walker.part("segment"), "of": walker.field})
        return walker.part("segment")(body, spot)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say which segment."""
        segment = schema.parts["segment"][read(step.body)[0]]
        return say("rule.says_add_to_segment", language, segment=segment.label)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Add the segment's name to the tags of the member, as the rule; who is one already stays one."""
        name, of = read(step.body)
        member = getattr(work.record, of) if of else work.record
        if member is None:
            raise RuleError("rule.path_is_empty", path=of)
        field = work.schema.parts["segment"][name].kept_in
        tags = tuple(getattr(member, field) or ())
        changes = {} if name in tags else work.update(member, {field: [*tags, name]})
        about = {"entity": member.__entity__.name, "record": member.id} if of else {}
        return Outcome({"action": self.name, "segment": name, "changes": {} if of else changes, **about})
