"""What stays the same when names change: uids, tables and columns, carried from revision to revision."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute

from crm.entities.model import Document


@dataclass(frozen=True)
class FieldIdentity:
    """The lasting facts of one field: its column never changes, but for a change of type, which takes a new one."""

    uid: str
    column: str
    type: str


@dataclass(frozen=True)
class EntityIdentity:
    """The lasting facts of one entity."""

    uid: str
    table: str
    fields: Mapping[str, FieldIdentity] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Identities:
    """The identities of one revision, by today's names.

    Shape:  `taken` holds every (table, column) and table ever given, so that nothing is given twice: a removed
            field's column is parked with its data.
    """

    entities: Mapping[str, EntityIdentity] = attribute(default_factory=dict)
    taken: frozenset[str] = frozenset()

    def entity(self, name: str) -> EntityIdentity:
        """Return an entity's identity; a provisional one for an entity that was never published."""
        return self.entities.get(name) or EntityIdentity(f"new:{name}", name)

    def field(self, entity: str, name: str, stored_type: str) -> FieldIdentity:
        """Return a field's identity; a provisional one where none was given."""
        return self.entity(entity).fields.get(name) or FieldIdentity(
            f"new:{entity}.{name}", name, stored_type
        )

    def as_json(self) -> dict:
        """Return the identities as plain data, for the revision row."""
        return {
            "taken": sorted(self.taken),
            "entities": {
                name: {
                    "uid": entity.uid,
                    "table": entity.table,
                    "fields": {key: [f.uid, f.column, f.type] for key, f in entity.fields.items()},
                }
                for name, entity in self.entities.items()
            },
        }


def identities_from_json(stored: Mapping) -> Identities:
    """Return the identities of a revision row."""
    entities = {
        name: EntityIdentity(
            body["uid"], body["table"], {key: FieldIdentity(*row) for key, row in body["fields"].items()}
        )
        for name, body in stored["entities"].items()
    }
    return Identities(entities, frozenset(stored["taken"]))


def assign_identities(documents: Iterable[Document], previous: Identities) -> Identities:
    """Return the identities of new documents: known ones kept, renamed ones (`was`) moved, new ones made.

    Shape:  a field whose type changed keeps its uid and gets a fresh column; the old one stays parked.
    """
    taken = set(previous.taken)
    entities = {}
    for document in documents:
        if document.kind != "entity":
            continue
        body, name = document.body, document.name
        old = previous.entities.get(name) or previous.entities.get(str(body.get("was") or ""))
        table = old.table if old else _fresh(name, taken, "")
        uid = old.uid if old else uuid.uuid4().hex
        fields = _assign_fields(body.get("fields") or {}, old, table, taken)
        entities[name] = EntityIdentity(uid, table, fields)
    return Identities(entities, frozenset(taken))


def _assign_fields(
    declared: Mapping, old: EntityIdentity | None, table: str, taken: set[str]
) -> dict[str, FieldIdentity]:
    fields = {}
    known = old.fields if old else {}
    for name, body in declared.items():
        stored_type = stored_type_of(body)
        before = known.get(name) or known.get(str(body.get("was") or ""))
        if before and before.type == stored_type:
            fields[name] = before
            continue
        column = _fresh(column_name(name, stored_type), taken, f"{table}.")
        fields[name] = (
            replace(before, column=column, type=stored_type)
            if before
            else FieldIdentity(uuid.uuid4().hex, column, stored_type)
        )
    return fields


def stored_type_of(body: Mapping) -> str:
    """Return what decides a column's SQL type: the field's type, and the result type and places of numbers.

    >>> stored_type_of({"type": "formula", "of": "money"})
    'formula of money'
    """
    word = str(body.get("type"))
    if body.get("of"):
        word += f" of {body['of']}"
    return f"{word} {body['places']}" if "places" in body else word


def column_name(name: str, stored_type: str) -> str:
    """Return the column a field is given at first: its name, with `_id` when it points to a record or a user."""
    return f"{name}_id" if stored_type in ("reference", "user") else name


def _fresh(name: str, taken: set[str], prefix: str) -> str:
    fresh, count = name, 1
    while prefix + fresh in taken:
        count += 1
        fresh = f"{name}__{count}"
    taken.add(prefix + fresh)
    return fresh


def reuse_identities(identities: Identities, taken: Iterable[str]) -> Identities:
    """Return an older revision's identities for a rollback, remembering every name given since."""
    return replace(identities, taken=identities.taken | frozenset(taken))
