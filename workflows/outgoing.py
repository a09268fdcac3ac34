"""What leaves the house waits in an outbox: a row written with the step that sends it, claimed before it is sent.

One row is one thing that leaves: an e-mail, a call to another system. States: waiting, claimed (until `lease_until`),
sent, failed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm import queue
from crm.database import CrmSession, row_of
from crm.events import lane_of
from workflows.runs.store import CLAIMED, FAILED, WAITING

SENT = "sent"


@dataclass(frozen=True)
class Outbox:
    """One kind of outgoing things.

    Shape:  `table` has `id`, `key` (run, step and a number: unique), `state`, `due_at`, `lease_until`, `attempts`,
            `error`, `sent_at`, `lane`, `created_at`, and the record it is about. `bell` wakes who sends. `untold` are
            columns that lists leave out.
    """

    table: sa.Table
    bell: str
    untold: tuple[str, ...] = ()

    def add(
        self,
        session: CrmSession,
        key: str,
        values: Mapping[str, Any],
        about: tuple[str, int] | None = None,
        cause: Sequence[str] = (),
        state: str = WAITING,
    ) -> None:
        """Write a row, in the step's own transaction; the bell rings after the commit.

        Shape:  `about` is the record it is sent for: entity and number. `cause` is the chain that led to it.
                `state` is another one for what is never to leave.
        Errors: IntegrityError when the key is there already: the step has been done.
        """
        now = session.clock()
        row = {**values, "key": key, "lane": lane_of(cause)}
        if about is not None:
            row |= {"entity": about[0], "record_id": about[1], "revision": session.workspace.number}
        waiting = {"state": state, "attempts": 0, "created_at": now, "due_at": row.pop("due_at", now)}
        session.execute(sa.insert(self.table).values(**row, **waiting))
        session.when_committed(self.bell, lambda: queue.ring(self.bell))

    def _due(self, now: dt.datetime) -> sa.ColumnElement[bool]:
        columns = self.table.c
        waits = sa.and_(columns.state == WAITING, columns.due_at <= now)
        return waits | sa.and_(columns.state == CLAIMED, columns.lease_until < now)

    def claim(self, session: Session, now: dt.datetime, until: dt.datetime, limit: int) -> list[Mapping]:
        """Hold what is due, or whose sender was lost, until `until`: what belongs to single deeds first."""
        columns = self.table.c
        asked = sa.select(self.table).where(self._due(now)).order_by(columns.lane, columns.id).limit(limit)
        rows = [row_of(row) for row in session.execute(asked.with_for_update(skip_locked=True))]
        values = {"state": CLAIMED, "lease_until": until, "attempts": columns.attempts + 1}
        ids = [row["id"] for row in rows]
        session.execute(sa.update(self.table).where(columns.id.in_(ids)).values(values))
        return [{**row, "attempts": row["attempts"] + 1} for row in rows]

    def hold(self, session: Session, row: Mapping, until: dt.datetime) -> bool:
        """Lengthen the lease right before sending; False when somebody else has taken the row."""
        return self._update_held(session, row, lease_until=until)

    def mark_sent(self, session: Session, row: Mapping, now: dt.datetime, **more: Any) -> bool:
        """Note that it has left."""
        return self._update_held(session, row, state=SENT, sent_at=now, lease_until=None, error=None, **more)

    def put_off(self, session: Session, row: Mapping, due_at: dt.datetime, error: str, **more: Any) -> bool:
        """Let it wait for its next attempt."""
        values = {"state": WAITING, "due_at": due_at, "lease_until": None, "error": error}
        return self._update_held(session, row, **values, **more)

    def end(self, session: Session, row: Mapping, state: str, error: str) -> bool:
        """Write that it will never leave, for a reason that is no failure."""
        return self._update_held(session, row, state=state, lease_until=None, error=error)

    def give_up(self, session: Session, row: Mapping, error: str) -> bool:
        """Put it on the list of failed ones."""
        return self._update_held(session, row, state=FAILED, lease_until=None, error=error)

    def _update_held(self, session: Session, row: Mapping, **values: Any) -> bool:
        columns = self.table.c
        mine = (columns.id == row["id"]) & (columns.attempts == row["attempts"]) & (columns.state == CLAIMED)
        return session.execute(sa.update(self.table).where(mine).values(**values)).rowcount == 1

    def has_due(self, session: Session, now: dt.datetime) -> bool:
        """Return whether something waits that may be sent."""
        return session.execute(sa.select(self.table.c.id).where(self._due(now)).limit(1)).first() is not None

    def list_of_run(self, session: Session, run_id: int) -> list[Mapping]:
        """Return what a run has written, oldest first, without its content."""
        columns = [column for column in self.table.c if column.name not in self.untold]
        asked = sa.select(*columns).where(self._is_of(run_id)).order_by(self.table.c.id)
        return [row_of(row) for row in session.execute(asked)]

    def retry_of_run(self, session: Session, run_id: int, now: dt.datetime) -> int:
        """Let what failed of a run wait for a new round of attempts; return how many there were."""
        failed = self._is_of(run_id) & (self.table.c.state == FAILED)
        values = {"state": WAITING, "due_at": now, "attempts": 0}
        return session.execute(sa.update(self.table).where(failed).values(values)).rowcount

    def _is_of(self, run_id: int) -> sa.ColumnElement[bool]:
        return self.table.c.key.startswith(f"{run_id}:", autoescape=True)
