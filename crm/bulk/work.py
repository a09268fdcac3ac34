"""The work on a job: chunk by chunk, with the rights of who asked, by the live revision. Safe to repeat and to kill."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa

from crm import leases
from crm.bulk import store
from crm.bulk.deleting import Deleter
from crm.bulk.editing import Editor, values_today
from crm.bulk.pressing import Presser
from crm.bulk.store import Chunk
from crm.bulk.telling import tell_end
from crm.bulk.undoing import Undoer
from crm.bulk.writing import Outcome
from crm.database import CrmSession, about_to_write
from crm.entities.model import Entity
from crm.errors import NotFoundError
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user
from crm.revisions.former_names import read_former_names
from crm.revisions.workspace import Workspace
from crm.workshop import Workshop

Job = Mapping[str, Any]


class Doer(Protocol):
    """Does one kind of deed, chunk by chunk."""

    def perform(self, chunk: Chunk) -> Outcome:
        """Do one chunk in the transaction that is open."""


@dataclass(frozen=True)
class BulkWorkshop(Workshop):
    """The place where jobs are worked off.

    Unit:   `turn_seconds`: how long one attempt may go on before it lets others have the worker.
    """

    language: str = "en"
    time_zone: str = "Europe/Athens"
    turn_seconds: float = math.inf


def _editor(session: CrmSession, entity: Entity, job: Job) -> Doer:
    values = values_today(session, entity, job["asked"], job["revision"])
    return Editor(session, entity, values, job["asked"]["source"])


def _undoer(session: CrmSession, entity: Entity, job: Job) -> Doer:
    return Undoer(session, entity, job["origin_id"])


def _deleter(session: CrmSession, entity: Entity, _job: Job) -> Doer:
    return Deleter(session, entity)


DOERS: dict[str, Callable[[CrmSession, Entity, Job], Doer]] = {
    "edit": _editor,
    "delete": _deleter,
    "button": Presser,
    "undo": _undoer,
}
"""What each kind of job does."""


def run_job(workshop: BulkWorkshop, number: int) -> bool:
    """Work on a job unless somebody else does; return whether it was ours.

    Errors: TurnOverError.
    """
    with about_to_write():
        return leases.labour(partial(open_job, workshop, number), work_off)


def work_off(attempt: leases.Attempt) -> None:
    """Do what is left of a job; each chunk is one transaction with the note that it is done."""
    session, job = attempt.session, attempt.row
    doer = DOERS[job["kind"]](session, attempt.entity, job)
    while True:
        attempt.hold_to_write()
        connection = session.connection()
        chunk = store.next_chunk(connection, job["id"], job["done_number"])
        if chunk is None:
            break
        outcome = doer.perform(chunk)
        store.end_chunk(connection, job["id"], chunk.number, outcome.result, outcome.told())
        attempt.note(
            done=job["done"] + chunk.size,
            changed=job["changed"] + outcome.changed,
            refused=job["refused"] + len(outcome.refused),
            done_number=chunk.number,
        )
        session.commit()
        session.expunge_all()
        attempt.give_way()
    settle_origin(session, job)
    tell_end(session, job)
    attempt.finish(store.DONE)


def settle_origin(session: CrmSession, job: Job) -> None:
    """Note on the job that was taken back that it is; and on the one before, which is in force again."""
    connection = session.connection()
    if job["kind"] != "undo":
        return
    store.change_job(connection, job["origin_id"], state=store.UNDONE)
    origin = store.find_job(connection, job["origin_id"])
    if origin and origin["kind"] == "undo":
        store.change_job(connection, origin["origin_id"], state=store.DONE, undone_by=None)


@contextmanager
def open_job(workshop: BulkWorkshop, number: int) -> Iterator[leases.Attempt | None]:
    """Claim a job and open a session of who asked for it; None when there is nothing to do."""
    workspace = workshop.workspace()
    with CrmSession(workspace.bind(workshop.engine)) as session:
        session.clock, session.workspace, session.actor = workshop.clock, workspace, SYSTEM
        attempt = store.LEASED.claim(session.connection(), number, store.WORKING, session.clock())
        job = store.find_job(session.connection(), number) if attempt else None
        if job is None:
            session.commit()
            yield None
            return
        former = read_former_names(session.connection())
        entity = former.entity_today(workspace.schema, job["entity"], job["revision"])
        if entity is None:
            ended = {"state": store.FAILED, "problem": ["bulk.entity_gone", {}], "lease_until": None}
            store.change_job(session.connection(), number, **ended, finished_at=session.clock())
            session.commit()
            yield None
            return
        session.actor = actor_of(session.connection(), workspace, job, workshop)
        session.cause = (f"job:{number}",)
        session.commit()
        ends = time.monotonic() + workshop.turn_seconds
        yield leases.Attempt(session, dict(job), entity, attempt, store.LEASED, store.change_job, ends)


def actor_of(connection: sa.Connection, workspace: Workspace, job: Job, workshop: BulkWorkshop) -> Actor:
    """Return who asked, with the rights of now; one who is no longer active may do nothing."""
    if job["user_id"] is None:
        return replace(SYSTEM, language=workshop.language)
    try:
        return actor_of_user(
            connection, job["user_id"], workspace.schema, workshop.language, workshop.time_zone
        )
    except NotFoundError:
        return Actor("user", str(job["user_id"]), job["user_id"])
