"""The lease of a batch: who imports, and by which revision."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm import leases
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.imports import store
from crm.imports.service import Batch, ImportSettings
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user
from crm.revisions.former_names import read_former_names
from crm.revisions.workspace import Workspace
from crm.workshop import Workshop

CHUNK = 1_000  # rows of one transaction


@dataclass(frozen=True)
class ImportWorkshop(Workshop):
    """The place where imports are worked on.

    Unit:   `turn_seconds`: how long one attempt may go on before it lets others have the worker.
    """

    settings: ImportSettings
    language: str = "en"
    time_zone: str = "Europe/Athens"
    turn_seconds: float = math.inf


class Attempt(leases.Attempt):
    """One attempt at a batch."""

    @property
    def batch(self) -> Batch:
        """Return our own copy of the batch."""
        return self.row

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


def do_work(
    workshop: ImportWorkshop, batch_id: int, state: str, work: Callable[[ImportWorkshop, Attempt], None]
) -> bool:
    """Do the work of a state if nobody else does; after a publish in between it goes on with the live revision."""
    return leases.labour(
        lambda: open_work(workshop, batch_id, state), lambda attempt: work(workshop, attempt)
    )


@contextmanager
def open_work(workshop: ImportWorkshop, batch_id: int, state: str) -> Iterator[Attempt | None]:
    """Claim a batch and open a session of its actor; None when there is nothing to do."""
    workspace = workshop.workspace()
    with CrmSession(workspace.bind(workshop.engine)) as session:
        session.clock = workshop.clock
        now = session.clock()
        number = store.LEASED.claim(session.connection(), batch_id, state, now)
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
        if entity is None:
            yield None
            return
        yield Attempt(session, batch, entity, number, store.LEASED, store.change_batch, turn_ends)


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
