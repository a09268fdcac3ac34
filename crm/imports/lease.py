"""The lease of a batch: one attempt at its work at a time, by the live revision. Safe to repeat, safe to kill.

Every chunk is one transaction that first locks the batch and last notes how far it is, which renews the lease: a
killed worker's chunk is rolled back whole, and whoever takes over goes on behind the last chunk that was committed.
"""

from __future__ import annotations

import datetime as dt
import gc
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem, UnavailableError
from crm.imports import service, store
from crm.imports.service import Batch, ImportSettings
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user
from crm.revisions.former_names import read_former_names
from crm.revisions.store import live_number
from crm.revisions.workspace import Workspace
from crm.workshop import Workshop

CHUNK = 1_000  # rows of one transaction
LEASE_SECONDS = 30  # a worker that was killed is replaced after so long; a chunk takes well under one
COLLECT_CHUNKS = 100  # errors of refused rows do make cycles, so now and then somebody must look


class PublishedError(Exception):
    """Somebody published since this attempt began: it must go on with the live revision."""


class TurnOverError(Exception):
    """The worker has been at this batch for long enough: others wait, and the rest is left to a later job."""


class LeaseLostError(Exception):
    """Somebody cancelled the batch, or another worker took it over: whatever is not committed must not be."""


@dataclass(frozen=True)
class ImportWorkshop(Workshop):
    """The place where imports are worked on.

    Unit:   `turn_seconds`: how long one attempt may go on before it lets others have the worker.
    """

    settings: ImportSettings
    language: str = "en"
    time_zone: str = "Europe/Athens"
    turn_seconds: float = math.inf


@dataclass
class Attempt:
    """One attempt at a batch: the session it works in, and the lease it holds."""

    session: CrmSession
    batch: Batch
    entity: Entity
    number: int
    turn_ends: float = math.inf
    chunks: int = 0

    def hold(self) -> None:
        """Begin a chunk: lock the batch, as long as it is ours.

        Errors: LeaseLostError; the transaction is rolled back.
        """
        self.chunks += 1
        if self.chunks % COLLECT_CHUNKS == 0:
            gc.collect()
        if not store.lock_batch(self.session.connection(), self.batch["id"], self.number):
            self.session.rollback()
            raise LeaseLostError

    def hold_to_write(self) -> None:
        """Begin a chunk that writes records: nobody can publish until it ends, and nobody has since we began.

        Errors: LeaseLostError, PublishedError; the transaction is rolled back.
        """
        self.hold()
        store.lock_table(self.session, self.entity)
        if live_number(self.session.connection()) != self.session.workspace.number:
            self.session.rollback()
            raise PublishedError

    def give_way(self) -> None:
        """Call between two chunks that may be far apart in time.

        Errors: TurnOverError.
        """
        if time.monotonic() >= self.turn_ends:
            raise TurnOverError

    def note(self, **values: Any) -> None:
        """Renew the lease and change the batch in this transaction, and in our own copy of it."""
        values.setdefault("lease_until", self.session.clock() + dt.timedelta(seconds=LEASE_SECONDS))
        store.change_batch(self.session.connection(), self.batch["id"], **values)
        self.batch.update(values)

    def beat(self, **values: Any) -> None:
        """Renew the lease while a file is being read, and stop when it is not ours any more.

        Errors: LeaseLostError.
        """
        self.hold()
        self.note(**values)
        self.session.commit()

    def kept(self, rows: Iterable[tuple]) -> Iterable[tuple]:
        """Return plan rows as they may be kept: sealed where the house has secrets."""
        return store.sealed_rows(rows) if self.batch["file_seal"] else rows

    def finish(self, state: str, **values: Any) -> None:
        """Let go of the batch in its next state."""
        self.note(state=state, lease_until=None, finished_at=self.session.clock(), **values)
        self.session.commit()


Labour = Callable[[ImportWorkshop, Attempt], None]
"""What is done in one state of a batch."""


def do_work(
    workshop: ImportWorkshop, batch_id: int, state: str, work: Callable[[ImportWorkshop, Attempt], None]
) -> bool:
    """Do the work of a state if nobody else does; after a publish in between it goes on with the live revision."""
    while True:
        try:
            return try_work(workshop, batch_id, state, work)
        except PublishedError:
            continue


def try_work(
    workshop: ImportWorkshop, batch_id: int, state: str, work: Callable[[ImportWorkshop, Attempt], None]
) -> bool:
    """Do the work of a state by one revision; a person's mistake ends the batch, a bug leaves its lease.

    Errors: PublishedError when that revision is not the live one any more, TurnOverError; the lease is free then.
    """
    with open_work(workshop, batch_id, state) as found:
        if found is None:
            return False
        try:
            with collector_at_rest():
                work(workshop, found)
        except LeaseLostError:
            return False
        except (PublishedError, TurnOverError):
            found.hold()
            found.note(lease_until=None)
            found.session.commit()
            raise
        except UnavailableError:  # nobody's mistake: the lease runs out, and the sweeper rings again
            raise
        except CrmError as error:
            found.session.rollback()
            found.hold()
            found.finish("failed", problem=service.as_note(deepest(error)))
        return True


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Let Python look for cycles only when asked: rows make none, and the looking costs a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def deepest(error: CrmError) -> Problem:
    """Return the most telling problem of an error: its first one, else itself."""
    return error.problems[0] if error.problems else error.as_problem()


@contextmanager
def open_work(workshop: ImportWorkshop, batch_id: int, state: str) -> Iterator[Attempt | None]:
    """Claim a batch and open a session of its actor; None when there is nothing to do."""
    workspace = workshop.workspace()
    with CrmSession(workspace.bind(workshop.engine)) as session:
        session.clock = workshop.clock
        now = session.clock()
        number = store.claim_batch(session.connection(), batch_id, state, now, LEASE_SECONDS)
        batch = store.find_batch(session.connection(), batch_id) if number else None
        if batch is not None:
            session.actor = actor_of_batch(session.connection(), workspace, batch, workshop)
            session.workspace, session.batch_id = workspace, batch_id
            session.cause = (f"import:{batch_id}",)
        entity = batch and entity_now(session, batch)
        if batch is not None and entity is None:
            problem = ["import.unknown_entity", {"name": batch["entity"]}]
            store.change_batch(
                session.connection(),
                batch_id,
                state="failed",
                problem=problem,
                lease_until=None,
                finished_at=now,
            )
        session.commit()
        turn_ends = time.monotonic() + workshop.turn_seconds
        yield Attempt(session, batch, entity, number, turn_ends) if entity else None


def entity_now(session: CrmSession, batch: Batch) -> Entity | None:
    """Return the entity of a batch as it is now, also under a new name; None when it was removed."""
    former = read_former_names(session.connection())
    return former.entity_today(session.workspace.schema, batch["entity"], batch["revision"])


def actor_of_batch(
    connection: sa.Connection, workspace: Workspace, batch: Batch, workshop: ImportWorkshop
) -> Actor:
    """Return who imports: the user who uploaded the file, with the rights of now, or the command line."""
    if batch["user_id"] is None:
        return replace(SYSTEM, kind="import", name="import", is_admin=True, language=workshop.language)
    actor = actor_of_user(
        connection, batch["user_id"], workspace.schema, workshop.language, workshop.time_zone
    )
    return replace(actor, kind="import")
