"""What stays the same when names change: uids, tables and columns, carried from revision to revision."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, TypeVar

from crm.entities.model import Document
from crm.fields import type_named

ENCRYPTED = "encrypted"


@dataclass(frozen=True)
class FieldIdentity:
    """The lasting facts of one field: its column never changes, but for a change of type, which takes a new one.

    Shape:  `was` is the former name it was declared with, "" for none and None when nobody noted it. `to` is the uid
            of the entity it points to. `retired` holds the choices that were taken away, as they were last declared:
            records may still have them.
    """

    uid: str
    column: str
    type: str
    was: str | None = None
    to: str = ""
    retired: Mapping[str, Any] = attribute(default_factory=dict)

    def as_row(self) -> list[Any]:
        """Return the identity as plain data."""
        row = [self.uid, self.column, self.type, self.was, self.to]
        return [*row, dict(self.retired)] if self.retired else row


@dataclass(frozen=True)
class EntityIdentity:
    """The lasting facts of one entity; `was` as for fields."""

    uid: str
    table: str
    fields: Mapping[str, FieldIdentity] = attribute(default_factory=dict)
    was: str | None = None


Lasting = TypeVar("Lasting", FieldIdentity, EntityIdentity)


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
                    "was": entity.was,
                    "fields": {key: field.as_row() for key, field in entity.fields.items()},
                }
                for name, entity in self.entities.items()
            },
        }


def identities_from_json(stored: Mapping) -> Identities:
    """Return the identities of a revision row."""
    entities = {
        name: EntityIdentity(
            body["uid"],
            body["table"],
            {key: FieldIdentity(*row) for key, row in body["fields"].items()},
            body.get("was"),
        )
        for name, body in stored["entities"].items()
    }
    return Identities(entities, frozenset(stored["taken"]))


def assign_identities(documents: Iterable[Document], previous: Identities) -> Identities:
    """Return the identities of new documents: known ones kept, renamed ones (`was`) moved, new ones made.

    Shape:  a field whose type changed, or that points to another entity now, keeps its uid and gets a fresh column;
            the old one stays parked.
    """
    bodies = {document.name: document.body for document in documents if document.kind == "entity"}
    taken = set(previous.taken)
    known = follow_names(bodies, previous.entities)
    entities = {}
    for name, body in bodies.items():
        old = known.get(name)
        table = old.table if old else _fresh(name, taken, "")
        entities[name] = EntityIdentity(old.uid if old else uuid.uuid4().hex, table, {}, former_name(body))
    uids = {name: entity.uid for name, entity in entities.items()}
    for name, body in bodies.items():
        fields = _assign_fields(
            body.get("fields") or {}, known.get(name), _EntityColumns(entities[name].table, taken, uids)
        )
        entities[name] = replace(entities[name], fields=fields)
    return Identities(entities, frozenset(taken))


def retire_choices(
    after: Identities, documents: Iterable[Document], before: Identities, old_documents: Iterable[Document]
) -> Identities:
    """Return the identities of new documents, each field knowing the choices that it had once and has no more."""
    had = {}
    for document in old_documents:
        for name, body in _choosing(document):
            known = before.field(document.name, name, "")
            had[known.uid] = {**known.retired, **_rows_of(body["choices"])}
    entities = dict(after.entities)
    for document in documents:
        for name, body in _choosing(document):
            entity, choices = entities[document.name], _rows_of(body["choices"])
            field = entity.fields[name]
            once = {**field.retired, **had.get(field.uid, {})}
            retired = {key: row for key, row in once.items() if key not in choices}
            if retired != field.retired:
                fields = {**entity.fields, name: replace(field, retired=retired)}
                entities[document.name] = replace(entity, fields=fields)
    return replace(after, entities=entities)


def _choosing(document: Document) -> Iterator[tuple[str, Mapping]]:
    """Yield the fields of an entity's document that have choices."""
    fields = document.body.get("fields") if document.kind == "entity" else None
    for name, body in fields.items() if isinstance(fields, Mapping) else ():
        if isinstance(body, Mapping) and isinstance(body.get("choices"), (Mapping, list, tuple)):
            yield name, body


def _rows_of(choices: Any) -> dict[str, Any]:
    """Return the declarations of choices by key; a list declares keys alone."""
    rows = choices.items() if isinstance(choices, Mapping) else ((key, None) for key in choices)
    return {key: row for key, row in rows if isinstance(key, str)}


def follow_names(declared: Mapping[str, Mapping], known: Mapping[str, Lasting]) -> dict[str, Lasting]:
    """Return what was known, by the names it has now.

    A `was` is followed once, when it is new: documents keep it, and publishing them again moves nothing. What has the
    former name of something that moved is new itself; so two names can be exchanged.
    """
    moved: dict[str, Lasting] = {}
    for name, was in _news(declared, known).items():
        if known[was] not in moved.values():  # of two that claim one, `twice_claimed` tells
            moved[name] = known[was]
    left = {name: found for name, found in known.items() if found not in moved.values()}
    return moved | {name: left[name] for name in declared if name in left and name not in moved}


def twice_claimed(declared: Mapping[str, Mapping], known: Mapping[str, Lasting]) -> dict[str, str]:
    """Return the names whose `was` another name has claimed before them, with that `was`."""
    seen: set[str] = set()
    found = {}
    for name, was in _news(declared, known).items():
        if was in seen:
            found[name] = was
        seen.add(was)
    return found


def former_name(body: Mapping) -> str:
    """Return the name a document says its entity or field had; "" when it says none."""
    return str(body.get("was") or "")


def _news(declared: Mapping[str, Mapping], known: Mapping[str, Lasting]) -> dict[str, str]:
    """Return the former names that were not followed yet, by the names that declare them."""
    found = {}
    for name, body in declared.items():
        was, old = former_name(body), known.get(name)
        is_new = old is None or (old.was is not None and old.was != was)
        if is_new and was in known and was != name:
            found[name] = was
    return found


@dataclass(frozen=True)
class _EntityColumns:
    """Where the fields of one entity stand: its table, every name given, and the uid of every entity by name."""

    table: str
    taken: set[str]
    uids: Mapping[str, str]


def _assign_fields(
    declared: Mapping, old: EntityIdentity | None, ground: _EntityColumns
) -> dict[str, FieldIdentity]:
    known = follow_names(declared, old.fields if old else {})
    fields = {}
    for name, body in declared.items():
        stored_type, was = stored_type_of(body), former_name(body)
        to = ground.uids.get(str(body.get("to") or ""), "")
        before = known.get(name)
        if before and before.type == stored_type and (not before.to or before.to == to):
            fields[name] = replace(before, was=was, to=to)
            continue
        column = _fresh(column_name(name, stored_type), ground.taken, f"{ground.table}.")
        uid = before.uid if before else uuid.uuid4().hex
        fields[name] = FieldIdentity(uid, column, stored_type, was, to)
    return fields


def stored_type_of(body: Mapping) -> str:
    """Return what decides a column's SQL type: the field's type, the result type and places of numbers, sealing.

    >>> stored_type_of({"type": "formula", "of": "money"})
    'formula of money'
    """
    word = str(body.get("type"))
    if body.get("of"):
        word += f" of {body['of']}"
    if "places" in body:
        word += f" {body['places']}"
    return f"{word} {ENCRYPTED}" if body.get("encrypted") is True else word


def column_name(name: str, stored_type: str) -> str:
    """Return the column a field is given at first: its name, with `_id` when it points to a record or a user."""
    return f"{name}_id" if type_named(stored_type).links else name


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
