"""`create_record: {entity: activity, values: {subject: "Call {name}", customer: "= id"}}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed
from crm.entities.walk import Spot, Walker, to_be
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.values import check_values, walk_values
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.runs.together import create_all, each, for_good


class CreateRecord(Action):
    """Creates one record of any entity; paths and formulas in its values are read at the rule's record."""

    name = "create_record"
    label = NP_("step", "Create a record")
    shape = closed(entity=WORD, values=ANYTHING)
    is_set_based = True
    words = {
        "rule.says_create": N_("Create record: %(entity)s"),
        "rule.effect_created": NP_("step", "Created"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown entities and fields, and values that do not fit."""
        found = place.keys(body, self.keys, ("entity", "values"))
        if "entity" in found and place.at("entity").known(found["entity"], place.schema.entities, "entity"):
            check_values(found.get("values"), place.at("values"), place.schema.entities[found["entity"]])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The entity and the fields of its new record are written, what the values name is read."""
        target = str(body.get("entity")) if isinstance(body, Mapping) else ""
        steps = {
            "entity": to_be("create", walker.entity),
            "values": lambda value, at: walk_values(value, at, target, "create", walker),
        }
        return walker.inside(body, spot, steps)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say what is created."""
        return say("rule.says_create", language, entity=schema.entities[step.body["entity"]].label)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Create it through the records' service, as the rule."""
        return self._outcome(step, work.create(step.body["entity"], self._values(step, work)).id)

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Create one for every record."""
        values = each(works, lambda work: self._values(step, work))
        created = create_all(works, step.body["entity"], values)
        return for_good(created, lambda _places, good: [self._outcome(step, one) for one in good])

    @staticmethod
    def _values(step: Step, work: Any) -> dict[str, Any]:
        target = work.schema.entities[step.body["entity"]]
        return {
            name: work.value(value, target.fields[name], work.record)
            for name, value in step.body["values"].items()
        }

    def _outcome(self, step: Step, record_id: int) -> Outcome:
        return Outcome({"action": self.name, "entity": step.body["entity"], "record": record_id})

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which record was created."""
        yield say("rule.effect_created", language), f"{target} #{effect['record']}"
