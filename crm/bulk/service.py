"""What people do with bulk changes: look before, ask, follow, stop, undo. Callers commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from crm import queue
from crm.bulk import store
from crm.bulk.deleting import delete_each
from crm.bulk.editing import Editor, kept_edit
from crm.bulk.telling import FEW
from crm.bulk.work import BulkWorkshop, run_job
from crm.bulk.writing import Outcome
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, NotFoundError, Problem, RecordError
from crm.permissions.service import require
from crm.records.buttons import Press, press_button
from crm.records.listing import ListQuery, list_ids
from crm.revisions.former_names import read_former_names

JOB = "bulk.run"
DEEDS: dict[str, type] = {"values": dict, "delete": bool, "button": str}
"""What may be asked for many records, and of what kind is what it says."""
MOST_IDS = 100_000  # records that are named one by one; a filter may find more
DELETED_TO_LOOK = 200  # records that are deleted and brought back to see what it does
LOOKED_AT = 1_000  # records that are judged before anything is done

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Which:
    """Which records a deed is for: some that are named, or all that a query finds now."""

    ids: Sequence[int] = ()
    query: ListQuery | None = None

    def find(self, session: CrmSession, entity: Entity) -> Iterator[int]:
        """Yield the records, each once.

        Errors: NotAllowedError; QueryError for a query that cannot be applied; RecordError for too many.
        """
        require(session.actor, "read", entity)
        if self.query is not None:
            yield from list_ids(session, entity, self.query)
            return
        named = list(dict.fromkeys(self.ids))
        if len(named) > MOST_IDS:
            raise RecordError("record.too_many", limit=MOST_IDS)
        yield from named


@dataclass(frozen=True)
class Forecast:
    """What a deed would do.

    Shape:  `total` records are asked for, of which the first `looked_at` were judged; `refused` holds the reasons
            by record.
    """

    total: int
    looked_at: int
    changed: int
    refused: dict[int, list[Problem]]


def foresee_edit(
    session: CrmSession, entity: Entity, which: Which, values: Mapping[str, Any], source: str
) -> Forecast:
    """Return what an edit would do; nothing is written.

    Errors: as `start_edit`.
    """
    kept_edit(session, entity, values, source)
    ids = list(which.find(session, entity))
    outcome, first = Outcome(), list(islice(ids, LOOKED_AT))
    edits, apart = Editor(session, entity, values, source).judge(first, outcome)
    session.rollback()
    return Forecast(len(ids), len(first), len(edits) + len(apart), outcome.refused)


def start_edit(
    session: CrmSession, entity: Entity, which: Which, values: Mapping[str, Any], source: str = "api"
) -> int:
    """Set the same values on many records; return the job's number.

    Shape:  `values` are what a form or the API sends.
    Errors: NotAllowedError, QueryError; RecordError with every bad field.
    """
    return start(session, entity, which, "edit", kept_edit(session, entity, values, source))


def start_deed(session: CrmSession, entity: Entity, which: Which, deed: Mapping[str, Any]) -> int:
    """Do what a program asks for; return the job's number.

    Shape:  `deed` has one key, of `DEEDS`; a button may come with `inputs`.
    Errors: as `start_edit`.
    """
    if "button" in deed:
        return start_press(session, entity, which, deed["button"], deed.get("inputs") or {})
    if "delete" in deed:
        return start_delete(session, entity, which)
    return start_edit(session, entity, which, deed["values"])


def start_press(
    session: CrmSession, entity: Entity, which: Which, name: str, inputs: Mapping[str, Any]
) -> int:
    """Press a button on many records; return the job's number.

    Errors: NotFoundError for an unknown button; NotAllowedError, RecordError as a press on no record has them.
    """
    require(session.actor, "read", entity)
    press_button(session, entity, [], Press(name, inputs))
    return start(session, entity, which, "button", {"button": name, "inputs": dict(inputs)})


def start_delete(session: CrmSession, entity: Entity, which: Which) -> int:
    """Delete many records; return the job's number.

    Errors: NotAllowedError, QueryError; RecordError for too many.
    """
    require(session.actor, "delete", entity)
    return start(session, entity, which, "delete", {})


def foresee_delete(session: CrmSession, entity: Entity, which: Which) -> Forecast:
    """Return what a deletion would do: the first records are deleted, and it is taken back.

    Errors: as `start_delete`.
    """
    require(session.actor, "delete", entity)
    ids = list(which.find(session, entity))
    outcome, first = Outcome(), ids[:DELETED_TO_LOOK]
    delete_each(session, entity, first, outcome)
    session.rollback()
    return Forecast(len(ids), len(first), outcome.changed, outcome.refused)


def start(session: CrmSession, entity: Entity, which: Which, kind: str, asked: Mapping[str, Any]) -> int:
    """Write a job with the records it is for, which are fixed from now on; it is rung for after the commit."""
    values = {**_new(session, entity, kind, asked), "total": 0}
    number = store.add_job(session.connection(), values)
    total = store.add_chunks(session.connection(), number, which.find(session, entity))
    store.change_job(session.connection(), number, total=total)
    return number


def _new(session: CrmSession, entity: Entity, kind: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entity": entity.name,
        "kind": kind,
        "state": store.WORKING,
        "user_id": session.actor.user_id,
        "asked": asked,
        "revision": session.workspace.number,
        "created_at": session.clock(),
    }


def begin(workshop: BulkWorkshop, number: int, total: int) -> None:
    """Do a committed job now when it is small, else leave it to the workers."""
    if total <= FEW:
        run_job(workshop, number)
    else:
        queue.ring_or_do(JOB, lambda: run_job(workshop, number), number)


def get_job(session: CrmSession, number: int) -> dict[str, Any]:
    """Return a job of the actor's own, with today's name of its entity; an admin sees everybody's.

    Errors: NotFoundError.
    """
    found = store.find_job(session.connection(), number)
    actor = session.actor
    if found is None or not (actor.sees_everything or found["user_id"] == actor.user_id):
        raise NotFoundError("bulk.no_such_job")
    return _today(session, found)


def list_jobs(session: CrmSession) -> list[dict[str, Any]]:
    """Return the newest jobs the actor may see."""
    actor = session.actor
    found = store.list_jobs(session.connection(), None if actor.sees_everything else actor.user_id)
    return [_today(session, each) for each in found]


def _today(session: CrmSession, job: dict[str, Any]) -> dict[str, Any]:
    former = read_former_names(session.connection())
    entity = former.entity_today(session.workspace.schema, job["entity"], job["revision"])
    return {**job, "entity": entity.name if entity else job["entity"], "is_gone": entity is None}


def cancel(session: CrmSession, number: int) -> None:
    """Stop a job; what is done stays, and can be undone.

    Errors: NotFoundError; ConflictError when it has ended.
    """
    job = get_job(session, number)
    values = {"state": store.CANCELLED, "finished_at": session.clock()}
    if not store.LEASED.move(session.connection(), job["id"], (store.WORKING,), values):
        raise ConflictError("bulk.has_ended")


def start_undo(session: CrmSession, number: int) -> int:
    """Take a job back by another one, and return its number.

    Errors: NotFoundError; ConflictError while it runs, and when it is undone already or being undone.
    """
    job, connection = get_job(session, number), session.connection()
    if job["kind"] == "button":
        raise ConflictError("bulk.no_undo")
    if job["is_gone"]:
        raise NotFoundError("bulk.entity_gone")
    if not can_undo(session, job):
        raise ConflictError("bulk.cannot_undo")
    entity = session.workspace.schema.entities[job["entity"]]
    values = {**_new(session, entity, "undo", {}), "total": job["done"], "origin_id": job["id"]}
    undo = store.add_job(connection, values)
    if not store.leave_to_undo(connection, job, undo):
        raise ConflictError("bulk.cannot_undo")
    store.add_mirror(connection, undo, job["id"])
    return undo


def can_undo(session: CrmSession, job: Job) -> bool:
    """Return whether a job has ended and is neither undone nor being undone."""
    if job["is_gone"] or job["kind"] == "button" or job["state"] not in store.ENDED:
        return False
    newest = store.find_job(session.connection(), job["undone_by"]) if job["undone_by"] else None
    return newest is None or newest["state"] not in (store.WORKING, store.DONE)


def list_forgotten(engine: sa.Engine, now: Any) -> list[int]:
    """Return the jobs that wait and nobody works on."""
    with engine.connect() as connection:
        return [number for number, _state in store.LEASED.list_forgotten(connection, now)]
