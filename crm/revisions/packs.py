"""Packs: a folder of documents with a name, added to the live schema and taken out again; the data stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.database import metadata, only_reading, row_of, utcnow
from crm.entities.identity import EntityIdentity, Identities, assign_identities, identities_from_json
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.entities.usage import Shelf
from crm.entities.walk import ENTITY, Spot, Walker
from crm.errors import NotFoundError, Problem, SchemaError
from crm.revisions import store
from crm.revisions.proposal import Proposal, proposal_of
from crm.revisions.publish import publish_proposal

Key = tuple[str, str]
"""The kind and the name of a document."""

pack = sa.Table(
    "crm_pack",
    metadata,
    sa.Column("name", sa.String(48), primary_key=True),
    sa.Column("documents", sa.Text, nullable=False),  # [[kind, name], ...]
    sa.Column(
        "identities", sa.Text, nullable=False
    ),  # of its entities, so that their data comes back with them
    sa.Column("is_added", sa.Boolean, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
)


def list_packs(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return the packs that are added: name, documents as (kind, name), who and when."""
    with only_reading(), engine.connect() as connection:
        rows = connection.execute(sa.select(pack).where(pack.c.is_added).order_by(pack.c.name))
        found = [dict(row_of(row)) for row in rows]
    return [{**row, "documents": _keys(row)} for row in found]


def add_pack(engine: sa.Engine, name: str, documents: list[Document], user_name: str = "") -> int:
    """Publish a pack's documents beside the live ones, or in place of its former version; return the revision.

    Shape:  entities that the pack had before it was removed get their tables and columns back, with their data.
    Errors: SchemaError when a document is somebody else's, and as `publish_schema`.
    """

    def propose(connection: sa.Connection) -> Proposal:
        known, live = _find(connection, name), _live(connection)
        own = {(document.kind, document.name) for document in documents}
        former = set(_keys(known)) if known and known["is_added"] else set()
        kept = [one for one in live if (one.kind, one.name) not in former]
        _refuse_taken(kept, own)
        proposal = _proposal(connection, [*kept, *documents], known)
        identities = {key: proposal.after.entities[key] for kind, key in own if kind == "entity"}
        _write(connection, name, sorted(own), Identities(identities), (True, user_name))
        return proposal

    return publish_proposal(engine, propose, (f"Pack {name}", user_name))


def remove_pack(engine: sa.Engine, name: str, user_name: str = "") -> int:
    """Publish the live documents without a pack's; what it kept is set aside with its data. Return the revision.

    Errors: NotFoundError; SchemaError when other documents still use it, naming each.
    """

    def propose(connection: sa.Connection) -> Proposal:
        known = _find(connection, name)
        if known is None or not known["is_added"]:
            raise NotFoundError("schema.no_such_pack", name=name)
        own = set(_keys(known))
        lasting = _lasting(known, identities_from_json(_live_row(connection)["identities"]))
        rest = [one for one in _live(connection) if (one.kind, one.name) not in own]
        _write(connection, name, sorted(own), Identities(lasting), (False, user_name))
        return proposal_of(connection, rest)

    return publish_proposal(engine, propose, (f"Without pack {name}", user_name))


def walk_pack(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to the entities that a pack brought."""
    keys = [
        (kind, walker.entity(name, Spot()) if kind == ENTITY else name) for kind, name in body["documents"]
    ]
    return {**body, "documents": keys}


def _read_added(connection: sa.Connection) -> list[Document]:
    rows = connection.execute(sa.select(pack).where(pack.c.is_added).order_by(pack.c.name))
    return [Document("pack", row.name, {"documents": _keys(row_of(row))}) for row in rows]


def _write_keys(connection: sa.Connection, row: Document) -> None:
    keys = json.dumps(row.body["documents"])
    connection.execute(sa.update(pack).where(pack.c.name == row.name).values(documents=keys))


PACKS = Shelf("pack", walk_pack, _read_added, _write_keys, is_use=False)
"""The packs that are added: an entity that an admin renames is still theirs, and goes with them."""


def _proposal(connection: sa.Connection, documents: list[Document], known: Mapping | None) -> Proposal:
    """Work out documents, the pack's former entities keeping the tables they had."""
    if known is None:
        return proposal_of(connection, documents)
    before = identities_from_json(_live_row(connection)["identities"])
    entities = {**_lasting(known, before), **before.entities}
    return proposal_of(
        connection, documents, assign_identities(documents, replace(before, entities=entities))
    )


def _lasting(known: Mapping, live: Identities) -> dict[str, EntityIdentity]:
    """Return the identities of a pack's entities as they are now, by the names the pack gives them."""
    today = {entity.uid: entity for entity in live.entities.values()}
    stored = identities_from_json(json.loads(known["identities"])).entities
    return {name: today.get(entity.uid, entity) for name, entity in stored.items()}


def _refuse_taken(live: Iterable[Document], own: set[Key]) -> None:
    problems = [
        Problem("schema.pack_taken", {"kind": one.kind, "name": one.name}, file=one.file, line=1)
        for one in live
        if (one.kind, one.name) in own
    ]
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))


def _live_row(connection: sa.Connection) -> Mapping:
    return store.find_revision(connection, store.live_number(connection)) or {
        "documents": [],
        "identities": Identities().as_json(),
    }


def _live(connection: sa.Connection) -> list[Document]:
    return documents_from_json(_live_row(connection)["documents"])


def _find(connection: sa.Connection, name: str) -> Mapping | None:
    row = connection.execute(sa.select(pack).where(pack.c.name == name)).first()
    return row_of(row) if row else None


def _keys(row: Mapping) -> list[Key]:
    return [(kind, name) for kind, name in json.loads(row["documents"])]


def _write(
    connection: sa.Connection, name: str, keys: list[Key], lasting: Identities, state: tuple[bool, str]
) -> None:
    values = {
        "documents": json.dumps(keys),
        "identities": json.dumps(lasting.as_json()),
        "is_added": state[0],
        "user_name": state[1],
        "changed_at": utcnow(),
    }
    done = connection.execute(sa.update(pack).where(pack.c.name == name).values(**values))
    if not done.rowcount:
        connection.execute(sa.insert(pack).values(name=name, **values))
