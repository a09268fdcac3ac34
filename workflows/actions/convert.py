"""`convert: {to: deal, values: {name: "{subject}"}, source: complaint}`: make another record of one.

The record stays, with its history and files; the new one leads back to it by `source`, and is made once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed, list_of
from crm.entities.walk import Spot, Walker, to_be
from crm.fields import FIELD_TYPES
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.plan_activity import pointers_of
from workflows.actions.values import check_values, walk_values
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.runs.locks import hold_lock
from workflows.runs.work import attribute_of

LINE_KEYS = ("through", "to", "parent", "values")


class Convert(Action):
    """Creates a record of another entity from this one, with its lines, once."""

    name = "convert"
    label = NP_("step", "Convert to another record")
    labels = {
        "values": NP_("key", "Values"),
        "source": NP_("key", "Leads back by"),
        "lines": NP_("key", "Lines"),
        "parent": NP_("key", "Belongs to it by"),
    }
    shape = closed(
        to=WORD,
        values=ANYTHING,
        source=WORD,
        lines=list_of(closed(through=WORD, to=WORD, parent=WORD, values=ANYTHING)),
    )
    writes_record = True
    words = {
        "rule.convert_needs_link": N_(
            "“%(name)s” must be a field of “%(entity)s” that links to “%(target)s”."
        ),
        "rule.says_convert": N_("Convert to: %(entity)s"),
        "rule.effect_converted": NP_("step", "Made"),
        "rule.effect_lines": NP_("step", "Lines"),
        "rule.effect_converted_before": N_("Was made before."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown entities, fields and relations, values that do not fit, and links that lead elsewhere."""
        found = place.keys(body, self.keys, ("to", "values", "source"))
        entities = place.schema.entities
        if "to" not in found or not place.at("to").known(found["to"], entities, "entity"):
            return
        target = entities[found["to"]]
        check_values(found.get("values"), place.at("values"), target)
        _check_link(found.get("source"), place.at("source"), target, place.entity)
        for index, line in enumerate(found.get("lines") or ()):
            self._check_line(line, place.at("lines", index), target)

    @staticmethod
    def _check_line(line: Any, place: Place, target: Entity) -> None:
        found, entities = place.keys(line, LINE_KEYS, LINE_KEYS), place.schema.entities
        if set(found) < set(LINE_KEYS) or not place.at("through").known(
            found["through"], place.entity.inverses, "relation"
        ):
            return
        if place.at("to").known(found["to"], entities, "entity"):
            child = entities[place.entity.inverses[found["through"]].entity]
            below = Place(place.reader, place.schema, child, (*place.path, "values"))
            check_values(found["values"], below, entities[found["to"]])
            _check_link(found["parent"], place.at("parent"), entities[found["to"]], target)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The records are created with their fields, what the values name is read."""
        target = str(body.get("to")) if isinstance(body, Mapping) else ""

        def line(value: Any, at: Spot) -> Any:
            if not isinstance(value, Mapping):
                return value
            to, children = (
                str(value.get("to")),
                walker.declarations.children(spot.entity, str(value.get("through"))),
            )
            child = children.entity if children else ""
            steps = {
                "through": walker.over,
                "to": to_be("create", walker.entity),
                "parent": lambda name, here: walker.field(name, here.of(to).to_be("create")),
                "values": lambda values, here: walk_values(values, here.of(child), to, "create", walker),
            }
            return walker.inside(value, at, steps)

        steps = {
            "to": to_be("create", walker.entity),
            "values": lambda values, at: walk_values(values, at, target, "create", walker),
            "source": lambda name, at: walker.field(name, at.of(target).to_be("create")),
            "lines": walker.each(line),
        }
        return walker.inside(body, spot, steps)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say what is made of it."""
        return say("rule.says_convert", language, entity=schema.entities[step.body["to"]].label)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Create the records through the records' service, as the rule; a second time nothing is made."""
        body, target = step.body, work.schema.entities[step.body["to"]]
        hold_lock(work.session, f"convert:{work.entity.uid}:{work.record.id}:{target.uid}")
        cls = work.session.workspace.models[target.name]
        source = getattr(cls, attribute_of(target.fields[body["source"]]))
        before = work.session.scalar(
            sa.select(cls.id).where(source == work.record.id).order_by(cls.id).limit(1)
        )
        effect = {"action": self.name, "entity": target.name}
        if before is not None:
            return Outcome({**effect, "record": before, "already": True})
        values = {
            name: work.value(value, target.fields[name], work.record)
            for name, value in body["values"].items()
        }
        made = work.create(target.name, {**values, body["source"]: work.record.id})
        count = sum(self._copy(line, work, made.id) for line in body.get("lines") or ())
        return Outcome({**effect, "record": made.id, "lines": count})

    @staticmethod
    def _copy(line: Mapping[str, Any], work: Any, parent: int) -> int:
        child = work.schema.entities[work.entity.inverses[line["through"]].entity]
        target = work.schema.entities[line["to"]]
        records = work.related(line["through"], child, None)
        for record in records:
            values = {
                name: work.value(one, target.fields[name], record) for name, one in line["values"].items()
            }
            work.create(target.name, {**values, line["parent"]: parent})
        return len(records)

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which record was made, and with how many lines."""
        yield say("rule.effect_converted", language), f"{target} #{effect['record']}"
        if effect.get("lines"):
            yield say("rule.effect_lines", language), str(effect["lines"])
        if effect.get("already"):
            yield "", say("rule.effect_converted_before", language)


def _check_link(name: Any, place: Place, holder: Entity, target: Entity) -> None:
    if name is None or not place.known(name, holder.fields, "field_of_target"):
        return
    if pointers_of(holder).get(name) != target.name or not FIELD_TYPES[holder.fields[name].type].writable:
        place.refuse("rule.convert_needs_link", name=name, entity=holder.label, target=target.label)
