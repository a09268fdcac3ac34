"""What new documents would mean on top of the live revision, worked out before anything is published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from crm.entities.identity import (
    Identities,
    assign_identities,
    identities_from_json,
    retire_choices,
    reuse_identities,
    twice_claimed,
)
from crm.entities.load import check_schema, documents_from_json
from crm.entities.model import Document, Schema
from crm.entities.secret_words import seal_secrets
from crm.errors import NotFoundError, Problem
from crm.revisions import store
from crm.revisions.diff import diff_documents
from crm.revisions.models import Models


@dataclass(frozen=True)
class Proposal:
    """New documents beside the revision they start from, fully worked out."""

    base: int
    documents: list[Document]
    old_documents: list[Document]
    before: Identities
    after: Identities
    schema: Schema
    problems: list[Problem]

    @property
    def changes(self) -> dict[str, list[dict[str, Any]]]:
        """Return what is added, changed and removed."""
        return diff_documents(self.old_documents, self.documents, self.before, self.after)

    @cached_property
    def models(self) -> Models:
        """The mapped classes, made once for all who judge, weigh and publish: mapping costs most of a publish."""
        return Models(self.schema)

    @property
    def is_whole(self) -> bool:
        """Return whether every entity could be built, so that records can be looked at in spite of other problems."""
        entities = self.schema.entities
        pointed_at = {
            field.options.get("to") for entity in entities.values() for field in entity.fields.values()
        }
        declared = {document.name for document in self.documents if document.kind == "entity"}
        return declared == set(entities) and pointed_at - {None} <= set(entities)


def proposal_of(
    connection: sa.Connection, documents: list[Document], identities: Identities | None = None
) -> Proposal:
    """Work out what new documents would mean on top of the live revision."""
    base = store.live_number(connection)
    live = store.find_revision(connection, base)
    before = identities_from_json(live["identities"]) if live else Identities()
    old = documents_from_json(live["documents"]) if live else []
    documents = seal_secrets(documents, old)
    sound = with_sound_fields(documents)
    after = identities or assign_identities(sound, before)
    after = retire_choices(after, sound, before, old)
    schema, problems = check_schema(documents, base + 1, after)
    if identities is None:
        problems = problems + _claimed_twice(sound, before)
    return Proposal(base, documents, old, before, after, schema, problems)


def with_sound_fields(documents: Iterable[Document]) -> list[Document]:
    """Leave out documents whose fields are no map of maps; the check names them."""
    return [document for document in documents if _has_sound_fields(document.body.get("fields", {}))]


def _has_sound_fields(fields: Any) -> bool:
    return isinstance(fields, dict) and all(isinstance(body, dict) for body in fields.values())


def _claimed_twice(documents: list[Document], before: Identities) -> list[Problem]:
    """Return a problem for every further entity or field that claims the same former name."""
    entities = {document.name: document for document in documents if document.kind == "entity"}
    known = before.entities
    found = [
        _claimed(entities[name], (), was)
        for name, was in twice_claimed({name: one.body for name, one in entities.items()}, known).items()
    ]
    for name, document in entities.items():
        old = known.get(name) or known.get(str(document.body.get("was")))
        fields = document.body.get("fields") or {}
        for field, was in twice_claimed(fields, old.fields if old else {}).items():
            found.append(_claimed(document, ("fields", field), was))
    return found


def _claimed(document: Document, path: tuple, was: str) -> Problem:
    return Problem("schema.was_twice", {"name": was}).at(**document.place(*path, "was"))


def rollback_proposal(connection: sa.Connection, number: int) -> Proposal:
    """Work out what an older revision would mean on top of the live one, with the tables and columns it had.

    Errors: NotFoundError when there is no such revision.
    """
    found = store.find_revision(connection, number)
    if found is None:
        raise NotFoundError("schema.no_such_revision", number=number)
    live = store.find_revision(connection, store.live_number(connection))
    taken = identities_from_json(live["identities"]).taken
    identities = reuse_identities(identities_from_json(found["identities"]), taken)
    return proposal_of(connection, documents_from_json(found["documents"]), identities)
