"""The names that documents declare, as far as they can be made out: also from documents with problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from crm.entities.model import Document
from crm.fields import type_named


class Children(NamedTuple):
    """What a name of children leads to: the children's entity and the reference they have."""

    entity: str
    field: str


class DeclaredNames:
    """Entities, their fields and their children by name, read from raw bodies.

    Shape:  a later document of the same entity adds its fields to those of the earlier ones, so that names which
            are about to go can still be looked up.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = tuple(documents)
        self.entities: dict[str, dict[str, Mapping[str, Any]]] = {}
        for document in self.documents:
            if document.kind == "entity":
                known = self.entities.setdefault(document.name, {})
                known.update(fields_of(document.body))

    def field(self, entity: str, name: str) -> Mapping[str, Any] | None:
        """Return what is declared of a field; None when there is none of that name."""
        return self.entities.get(entity, {}).get(name)

    def target(self, entity: str, name: str) -> str:
        """Return the entity a reference leads to; "" for every other field."""
        body = self.field(entity, name) or {}
        return str(body.get("to") or "") if type_named(body.get("type")).links == "record" else ""

    def children(self, entity: str, name: str) -> Children | None:
        """Return what a name of children of an entity means."""
        return self.inverses.get(entity, {}).get(name)

    @cached_property
    def inverses(self) -> Mapping[str, Mapping[str, Children]]:
        """Return the names of children by entity, declared ones and usual ones, as `build` gives them."""
        found: dict[str, dict[str, Children]] = {name: {} for name in self.entities}
        for entity in sorted(self.entities):
            for field, body in self.entities[entity].items():
                target = self.target(entity, field)
                if target in found:
                    name = _name_of_children(entity, field, body, found[target])
                    found[target].setdefault(name, Children(entity, field))
        return found

    def name_of(self, entity: str, wanted: Children) -> str | None:
        """Return what an entity calls certain children."""
        return next((name for name, found in self.inverses.get(entity, {}).items() if found == wanted), None)


def fields_of(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the fields of an entity's body that are maps, by name."""
    fields = body.get("fields")
    if not isinstance(fields, Mapping):
        return {}
    return {str(name): field for name, field in fields.items() if isinstance(field, Mapping)}


def _name_of_children(entity: str, field: str, body: Mapping, taken: Mapping) -> str:
    declared = body.get("inverse")
    if isinstance(declared, Mapping) and isinstance(declared.get("name"), str):
        return declared["name"]
    usual = f"{entity}_list"
    return usual if usual not in taken else f"{entity}_{field}_list"
