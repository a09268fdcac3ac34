"""What an entity does for the others because its document says so: `activity` says that it holds what is to be done.

The engine names no entity: who plans an activity asks which entity is declared to hold them, and by which fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import WORD, closed
from crm.entities.schema_parts import Schema as Shape
from crm.fields import type_named
from crm.fields.base import FieldType


@dataclass(frozen=True)
class Duty:
    """One duty of an entity: a key of its document whose words name its fields.

    Shape:  `places` says for each word what the field there may be: a kind, "choice", or a "user" or "record" it
            links to. `needed` are the words that must stand there.
    """

    key: str
    places: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """The JSON Schema of what stands behind the key."""
        return {**closed(**dict.fromkeys(self.places, WORD)), "required": list(self.needed)}

    def check(self, body: Mapping[str, Any], fields: Mapping[str, Any], reader: BodyReader) -> None:
        """Note unknown words and fields, and fields of a type that cannot serve."""
        if body.get(self.key) is None:
            return
        for word, name in reader.keys(body[self.key], (self.key,), self.places, self.needed).items():
            path = (self.key, word)
            if reader.known(name, fields, path, "field") and not _serves(fields[name], self.places[word]):
                wanted = ", ".join(self.places[word])
                reader.refuse("schema.duty_needs_type", path, name=name, types=wanted)


def _serves(field: Any, wanted: tuple[str, ...]) -> bool:
    found = type_named(field.get("type") if isinstance(field, Mapping) else None)
    return found.writable and bool(_traits(found).intersection(wanted))


def _traits(found: FieldType) -> set[str]:
    if found.points:
        return {found.links}
    return {"choice"} if found.chooses_one else {found.kind} if not found.several else set()


ACTIVITY = Duty(
    "activity",
    {
        "kind": ("choice",),
        "subject": ("text",),
        "at": ("datetime", "date"),
        "due": ("datetime", "date"),
        "for": ("user",),
    },
    ("subject", "due", "for"),
)
DUTIES: Mapping[str, Duty] = {duty.key: duty for duty in (ACTIVITY,)}


def entities_with(schema: Schema, duty: Duty) -> dict[str, Entity]:
    """Return the entities that have a duty, by name."""
    return {name: entity for name, entity in schema.entities.items() if duty.key in entity.options}


def declared_with(documents: Iterable[Document], duty: Duty) -> dict[str, Mapping[str, Any]]:
    """Return what documents of entities say of a duty, by entity, as far as it can be made out."""
    return {
        document.name: document.body[duty.key]
        for document in documents
        if document.kind == "entity" and isinstance(document.body.get(duty.key), Mapping)
    }
