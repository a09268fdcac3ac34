"""`delete_record`: erase the rule's record."""

from __future__ import annotations

from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.walk import ENTITY, Mention, Spot, Walker
from crm.texts import NP_
from workflows.actions.base import AloneAction, Outcome
from workflows.rules.model import Step
from workflows.rules.words import say


class DeleteRecord(AloneAction):
    """Deletes the record, as a user would, references of others respected; the run ends with it."""

    name = "delete_record"
    label = NP_("step", "Delete the record")
    writes_record = True
    words = {
        "rule.says_delete": NP_("step", "Delete record"),
    }

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The record of the rule's entity is deleted."""
        walker.visit(Mention(ENTITY, spot.entity, spot.path, spot=spot.to_be("delete")))
        return body

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say that the record is deleted."""
        return say("rule.says_delete", language, entity=entity.label)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Delete it through the records' service, as the rule."""
        number = work.record.id
        work.delete(work.record)
        return Outcome({"action": self.name, "entity": work.entity.name, "record": number}, goes_on=False)
