"""What fields held before a change: given back where they still hold what it wrote, kept where others changed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.model import Entity
from crm.errors import FieldError
from crm.fields import FIELD_TYPES


class FormerValues:
    """Reads what records of an entity held before changes; a value that many have is read once."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        self.known: dict[tuple[str, type, Any], Any] = {}

    def before(
        self, values: Mapping[str, Any], current: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the fields to give back with their typed values, and those that cannot be given back.

        Shape:  `values` are those of a change, by today's names; `current` what the record holds now, typed.
        """
        after: dict[str, Any] = {}
        kept = []
        for name, (old, new) in values.items():
            field = self.entity.fields.get(name)
            if field is None or not FIELD_TYPES[field.type].stored:
                kept.append(name)
                continue
            try:
                before, written = self.typed(name, old), self.typed(name, new)
            except FieldError:  # the field is of another type by now, which cannot hold it
                kept.append(name)
                continue
            if current.get(name) == written:
                after[name] = before
            elif current.get(name) != before:
                kept.append(name)
        return after, kept

    def typed(self, name: str, value: Any) -> Any:
        """Return a value of the journal as the typed value it was.

        Errors: FieldError when the field can no longer hold it.
        """
        if value is None:
            return None
        field = self.entity.fields[name]
        if not isinstance(value, (str, int, float)):
            return FIELD_TYPES[field.type].from_json(field, value)
        key = (name, type(value), value)
        if key not in self.known:
            self.known[key] = FIELD_TYPES[field.type].from_json(field, value)
        return self.known[key]
