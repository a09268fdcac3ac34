"""The revisions there were: listed, compared with one another, and gone back to."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, released_engine
from crm.drafts.model import Clash
from crm.drafts.service import require_configurator
from crm.entities.identity import Identities, assign_identities, identities_from_json
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.errors import NotFoundError
from crm.revisions import store
from crm.revisions.diff import diff_documents, same
from crm.revisions.impact import Impact
from crm.revisions.parked import weigh_rollback
from crm.revisions.publish import rollback_schema

LARGEST_NUMBER = 2**31 - 1
LOOKED_BACK = 100  # revisions in which the last change of an entity is looked for


@dataclass(frozen=True)
class Comparison:
    """Two states of documents and what differs (shape of `changes`: `diff_documents`)."""

    changes: Mapping[str, list[dict[str, Any]]]
    old: list[Document]
    new: list[Document]


@dataclass(frozen=True)
class Origin:
    """Since when an entity is as it is, by whom, and whether it came with the first revision."""

    created_at: dt.datetime
    user_name: str
    is_built_in: bool


def origins_of(session: CrmSession) -> Mapping[str, Origin]:
    """Return, by name, where the live entities come from; looked up once per revision.

    Shape:  what has not changed for many revisions counts as changed by the oldest one that was looked at.
    """
    require_configurator(session)
    kept = session.workspace.trees
    if ("origins",) not in kept:
        kept["origins",] = _find_origins(session)
    return kept["origins",]


def _find_origins(session: CrmSession) -> dict[str, Origin]:
    connection, number = session.connection(), session.workspace.number
    rows = [row for row in store.list_revisions(connection) if row["number"] <= number]
    first = _bodies_by_uid(connection, rows[-1]["number"])
    wanted = _bodies_by_uid(connection, number)
    changed = {}
    for newer, older in itertools.pairwise(rows[:LOOKED_BACK]):
        if len(changed) == len(wanted):
            break
        before = _bodies_by_uid(connection, older["number"])
        for uid in wanted.keys() - changed.keys():
            if not same(before.get(uid), wanted[uid]):
                changed[uid] = newer
    oldest = rows[:LOOKED_BACK][-1]
    found = {uid: changed.get(uid, oldest) for uid in wanted}
    return {
        wanted[uid]["entity"]: Origin(row["created_at"], row["user_name"], uid in first)
        for uid, row in found.items()
    }


def _bodies_by_uid(connection: sa.Connection, number: int) -> dict[str, Mapping[str, Any]]:
    """Return the documents of a revision's entities by what stays through renames."""
    found = store.find_revision(connection, number)
    uids = {name: known["uid"] for name, known in found["identities"]["entities"].items()}
    bodies = [body for body in found["documents"] if next(iter(body)) == "entity"]
    return {uids[body["entity"]]: body for body in bodies}


def list_revisions(session: CrmSession) -> list[Mapping]:
    """Return every revision without its documents, newest first."""
    require_configurator(session)
    return store.list_revisions(session.connection())


def get_revision(session: CrmSession, number: int) -> Mapping:
    """Return one revision with its documents.

    Errors: NotFoundError.
    """
    require_configurator(session)
    found = store.find_revision(session.connection(), min(number, LARGEST_NUMBER))
    if found is None:
        raise NotFoundError("schema.no_such_revision", number=number)
    return found


def go_back(
    session: CrmSession,
    number: int,
    base: int | None = None,
    roll_back: Callable[..., int] = rollback_schema,
) -> int:
    """Make an older revision live again as a new one and return its number; commits on its own.

    Shape:  `base` is the live revision whose end was agreed to. `roll_back` is `rollback_schema`, or what stands in
            for it.
    Errors: NotFoundError; ConflictError when another one is live by now; else as `publish_schema`.
    """
    get_revision(session, number)
    return roll_back(released_engine(session), number, session.actor.name, base)


def weigh_going_back(session: CrmSession, number: int) -> tuple[dict[str, Any], Impact]:
    """Return what the actor's going back to a revision would do, and the stored values behind it.

    Errors: NotFoundError.
    """
    get_revision(session, number)
    return weigh_rollback(released_engine(session), number, session.actor.name)


def compare_revisions(session: CrmSession, old: int | None, new: int) -> Comparison:
    """Return what differs from one revision to another; None means no revision."""
    empty = {"documents": [], "identities": {"entities": {}, "taken": []}}
    before, after = get_revision(session, old) if old else empty, get_revision(session, new)
    documents = documents_from_json(before["documents"]), documents_from_json(after["documents"])
    names = identities_from_json(before["identities"]), identities_from_json(after["identities"])
    return Comparison(diff_documents(*documents, *names), *documents)


def compare_clash(clash: Clash, body: Mapping[str, Any] | None) -> Comparison:
    """Return what one side of a clash changed since both began."""
    old = documents_from_json([clash.base] if clash.base else [])
    new = documents_from_json([body] if body else [])
    before = assign_identities(old, Identities())
    return Comparison(diff_documents(old, new, before, assign_identities(new, before)), old, new)
