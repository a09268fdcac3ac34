"""`set_field: {field: status, to: escalated}`: write one field of the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed
from crm.entities.walk import Spot, Walker, to_be
from crm.texts import N_, NP_
from workflows.actions.base import Action, Outcome
from workflows.actions.values import check_value, walk_value
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import field_label, say, value_words
from workflows.runs.together import each, for_good, update_all


class SetField(Action):
    """Writes one field; an equal value writes nothing, so that nothing follows from it."""

    name = "set_field"
    label = NP_("step", "Set a field")
    labels = {
        "to": NP_("key", "New value"),
    }
    shape = closed(field=WORD, to=ANYTHING)
    writes_record = True
    is_set_based = True
    words = {
        "rule.set_field_needs_to": N_("Enter the new value after “to”. “to: null” clears the field."),
        "rule.says_set_field": N_("Set “%(field)s” to “%(value)s”"),
        "rule.says_clear_field": NP_("step", "Clear “%(field)s”"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown fields, fields nobody may write, and values that do not fit."""
        found = place.keys(body, self.keys, ("field",))
        if found and "to" not in found:
            place.refuse("rule.set_field_needs_to")
        elif "field" in found and place.at("field").known(
            found["field"], place.entity.fields, "field_of_target"
        ):
            check_value(found.get("to"), place.at("to"), place.entity.fields[found["field"]])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The field is written, what the value names is read."""
        name = body.get("field") if isinstance(body, Mapping) else ""
        value = walk_value(walker, spot.entity, name)
        return walker.inside(body, spot, {"field": to_be("update", walker.field), "to": value})

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say which field gets which value."""
        field = entity.fields[step.body["field"]]
        if step.body["to"] is None:
            return say("rule.says_clear_field", language, field=field.label)
        value = value_words(step.body["to"], field, language)
        return say("rule.says_set_field", language, field=field_label(field, language), value=value)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write the field through the records' service, as the rule."""
        return self._outcome(step, work.update(work.record, self._values(step, work)))

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Write the field of every record."""
        changes = update_all(works, each(works, lambda work: self._values(step, work)))
        return for_good(changes, lambda _places, good: [self._outcome(step, one) for one in good])

    @staticmethod
    def _values(step: Step, work: Any) -> dict[str, Any]:
        name = step.body["field"]
        return {name: work.value(step.body["to"], work.entity.fields[name], work.record)}

    def _outcome(self, step: Step, changes: Mapping[str, Any]) -> Outcome:
        return Outcome({"action": self.name, "field": step.body["field"], "changes": changes})
