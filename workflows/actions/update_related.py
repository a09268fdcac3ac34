"""`update_related: {through: deals, where: [...], values: {...}}`: write related records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, CONDITIONS, WORD, closed
from crm.entities.walk import Spot, Walker
from crm.fields import FIELD_TYPES
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.values import check_values, walk_values
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say


def related_entity(through: object, entity: Entity, schema: Schema) -> Entity | None:
    """Return the entity behind the name of children or of a reference; None when there is none."""
    if through in entity.inverses:
        return schema.entities.get(entity.inverses[through].entity)
    field = entity.fields.get(str(through))
    return (
        schema.entities.get(str(field.options.get("to")))
        if field and FIELD_TYPES[field.type].links == "record"
        else None
    )


class UpdateRelated(Action):
    """Writes fields of related records; paths and formulas in its values are read at each of those."""

    name = "update_related"
    label = NP_("step", "Edit related records")
    shape = closed(through=WORD, where=CONDITIONS, values=ANYTHING)
    words = {
        "rule.unknown_relation": N_("There are no related records “%(name)s”."),
        "rule.unknown_relation_near": N_("There are no related records “%(name)s”. Did you mean “%(near)s”?"),
        "rule.says_update_related": N_("Edit related records: %(entities)s"),
        "rule.effect_changed_records": NP_("step", "Updated records"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown relations and fields, wrong conditions, and values that do not fit."""
        found = place.keys(body, self.keys, ("through", "values"))
        if "through" not in found:
            return
        entity = place.entity
        target = related_entity(found["through"], entity, place.schema)
        if target is None:
            pointers = [
                field.name for field in entity.fields.values() if FIELD_TYPES[field.type].links == "record"
            ]
            place.at("through").known(found["through"], [*entity.inverses, *pointers], "relation")
            return
        if "where" in found:
            place.at("where").conditions(found["where"], target)
        below = Place(place.reader, place.schema, target, (*place.path, "values"))
        check_values(found.get("values"), below, target)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The fields of the related records are written, what stands in `where` and the values is read there."""
        through = str(body.get("through")) if isinstance(body, Mapping) else ""
        children = walker.declarations.children(spot.entity, through)
        target = children.entity if children else walker.declarations.target(spot.entity, through)
        steps = {
            "through": walker.over,
            "where": lambda value, at: walker.lines(value, at.of(target)),
            "values": lambda value, at: walk_values(value, at.of(target), target, "update", walker),
        }
        return walker.inside(body, spot, steps)

    def condition_of(self, body: Any, entity: Entity, schema: Schema) -> Any:
        """Return the parsed `where`."""
        target = related_entity(body["through"], entity, schema)
        return self.parse(body.get("where"), target, schema) if target else None

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say which records are written."""
        target = related_entity(step.body["through"], entity, schema)
        return say("rule.says_update_related", language, entities=target.plural)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write each through the records' service, as the rule."""
        target = related_entity(step.body["through"], work.entity, work.schema)
        records = work.related(step.body["through"], target, step.condition)
        for record in records:
            values = {
                name: work.value(value, target.fields[name], record)
                for name, value in step.body["values"].items()
            }
            work.update(record, values)
        ids = [record.id for record in records]
        return Outcome({"action": self.name, "entity": target.name, "records": ids})

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which records were written."""
        numbers = ", ".join(f"#{number}" for number in effect["records"])
        yield say("rule.effect_changed_records", language), f"{target} {numbers}" if numbers else "—"
