"""Leases of long work: one attempt at a time, by the live revision. Safe to repeat, safe to kill.

Every chunk is one transaction that first locks its row of work and last notes how far it is, which renews the lease: a
killed worker's chunk is rolled back whole, and whoever takes over goes on behind the last chunk that was committed.
"""

from __future__ import annotations

import datetime as dt
import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.backlog import Waiting, count_waiting
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem, UnavailableError
from crm.kept_problems import as_note
from crm.revisions.store import live_number

LEASE_SECONDS = 30  # a worker that was killed is replaced after so long; a chunk takes well under one
COLLECT_CHUNKS = 100  # errors of refused records do make cycles, so now and then somebody must look


class PublishedError(Exception):
    """Somebody published since this attempt began: it must go on with the live revision."""


class TurnOverError(Exception):
    """The worker has been at this work for long enough: others wait, and the rest is left to a later job."""


class LeaseLostError(Exception):
    """Somebody cancelled the work, or another worker took it over: whatever is not committed must not be."""


@dataclass(frozen=True)
class Leased:
    """A table of work: each row is held by one worker at a time.

    Shape:  the table has `id`, `state`, `attempt` and `lease_until`; in a state of `waiting` a row is work.
    """

    table: sa.Table
    waiting: tuple[str, ...]

    def claim(self, connection: sa.Connection, number: int, state: str, now: dt.datetime) -> int | None:
        """Take the lease of work that waits in a state; return our attempt's number, None when another has it."""
        table = self.table
        return connection.scalar(
            sa.update(table)
            .where(table.c.id == number, table.c.state == state, self._free(now))
            .values(attempt=table.c.attempt + 1, lease_until=now + dt.timedelta(seconds=LEASE_SECONDS))
            .returning(table.c.attempt)
        )

    def lock(self, connection: sa.Connection, number: int, attempt: int) -> bool:
        """Lock a row until the transaction ends, so that two attempts can never write the same records.

        Shape:  False when another attempt took over or a person stopped it: then nothing may be written.
        """
        table = self.table
        mine = (table.c.id == number, table.c.attempt == attempt, table.c.state.in_(self.waiting))
        return connection.scalar(sa.select(table.c.id).where(*mine).with_for_update()) is not None

    def move(
        self, connection: sa.Connection, number: int, states: tuple[str, ...], values: Mapping[str, Any]
    ) -> bool:
        """Change a row that is in one of some states; return whether it was, so that two clicks act once.

        Shape:  nobody holds the lease afterwards, so a worker of the former state is fenced off.
        """
        table = self.table
        changed = sa.update(table).where(table.c.id == number, table.c.state.in_(states))
        return (
            connection.execute(
                changed.values(lease_until=None, attempt=table.c.attempt + 1, **values)
            ).rowcount
            == 1
        )

    def list_forgotten(self, connection: sa.Connection, now: dt.datetime) -> list[tuple[int, str]]:
        """Return (number, state) of all that waits without anybody holding its lease."""
        table = self.table
        asked = sa.select(table.c.id, table.c.state).where(table.c.state.in_(self.waiting), self._free(now))
        return [(row.id, row.state) for row in connection.execute(asked.order_by(table.c.id))]

    def look_at_waiting(self, connection: sa.Connection, now: dt.datetime) -> Waiting:
        """Return how much waits for a worker."""
        table = self.table
        since = sa.func.coalesce(table.c.lease_until, sa.literal(now, sa.DateTime))
        return count_waiting(connection, since, now, table.c.state.in_(self.waiting) & self._free(now))

    def _free(self, now: dt.datetime) -> sa.ColumnElement[bool]:
        return self.table.c.lease_until.is_(None) | (self.table.c.lease_until < now)


@dataclass
class Attempt:
    """One attempt at a piece of work: the session it works in, and the lease it holds.

    Shape:  `row` is our own copy of the row of work, `number` that of the attempt; `write` changes the row.
    """

    session: CrmSession
    row: dict[str, Any]
    entity: Entity
    number: int
    leased: Leased
    write: Callable[..., None]
    turn_ends: float = math.inf
    chunks: int = 0

    def hold(self) -> None:
        """Begin a chunk: lock the work, as long as it is ours.

        Errors: LeaseLostError; the transaction is rolled back.
        """
        self.chunks += 1
        if self.chunks % COLLECT_CHUNKS == 0:
            gc.collect()
        if not self.leased.lock(self.session.connection(), self.row["id"], self.number):
            self.session.rollback()
            raise LeaseLostError

    def hold_to_write(self) -> None:
        """Begin a chunk that writes records: nobody can publish until it ends, and nobody has since we began.

        Errors: LeaseLostError, PublishedError; the transaction is rolled back.
        """
        self.hold()
        lock_table(self.session, self.entity)
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
        """Renew the lease and change the work in this transaction, and in our own copy of it."""
        values.setdefault("lease_until", self.session.clock() + dt.timedelta(seconds=LEASE_SECONDS))
        self.write(self.session.connection(), self.row["id"], **values)
        self.row.update(values)

    def finish(self, state: str, **values: Any) -> None:
        """Let go of the work in its next state."""
        self.note(state=state, lease_until=None, finished_at=self.session.clock(), **values)
        self.session.commit()


def labour(
    opened: Callable[[], AbstractContextManager[Attempt | None]], work: Callable[[Attempt], None]
) -> bool:
    """Do some work if nobody else does; after a publish in between it goes on with the live revision.

    Errors: TurnOverError.
    """
    while True:
        try:
            return _labour_once(opened, work)
        except PublishedError:
            continue


def _labour_once(
    opened: Callable[[], AbstractContextManager[Attempt | None]], work: Callable[[Attempt], None]
) -> bool:
    """Do some work by one revision; a person's mistake ends it, a bug leaves its lease.

    Errors: PublishedError when that revision is not the live one any more, TurnOverError; the lease is free then.
    """
    with opened() as found:
        if found is None:
            return False
        try:
            with collector_at_rest():
                work(found)
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
            found.finish("failed", problem=as_note(deepest(error)))
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


def lock_table(session: CrmSession, entity: Entity) -> None:
    """Keep others from changing an entity's columns until the transaction ends; SQLite's one writer is us."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        table = session.workspace.models.table(entity.name)
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"LOCK TABLE {name} IN ROW EXCLUSIVE MODE")
