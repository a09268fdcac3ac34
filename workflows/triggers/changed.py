"""`changed: [stage, amount]`: one of these fields has another value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import WORD, one_or_many
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.rules.place import Place
from workflows.rules.words import field_label, say
from workflows.triggers.base import EventTrigger
from workflows.triggers.records import CHANGES


class Changed(EventTrigger):
    """One of the named fields was changed, or filled in a new record."""

    name = "changed"
    label = NP_("trigger", "Fields change")
    shape = one_or_many(WORD)
    events = CHANGES
    words = {
        "rule.trigger_needs_fields": N_("Enter at least one field."),
        "rule.when_changed": N_("When one of these fields changes: %(fields)s"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown fields, and when there are none."""
        names = names_of(body)
        if not names:
            place.refuse("rule.trigger_needs_fields")
        for index, name in enumerate(names):
            place.at(index).known(name, place.entity.fields, "field_of_record")

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Whether the fields changed is read."""
        return walker.each(walker.field)(body, spot)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say which fields."""
        labels = [
            field_label(entity.fields[name], language) for name in names_of(body) if name in entity.fields
        ]
        return say("rule.when_changed", language, fields=", ".join(labels))

    def is_met(self, body: Any, changed: Mapping[str, Any], after: Any) -> bool:
        """Return whether one of the fields is among the changed ones."""
        return not changed.keys().isdisjoint(names_of(body))


def names_of(body: Any) -> list:
    """Return the fields that `changed` names, one or many."""
    return body if isinstance(body, list) else [body]
