"""Which processes run and which revision each of them serves: rows that every process keeps fresh."""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import about_to_write, metadata, only_reading, row_of, utcnow
from crm.revisions.store import live_number, moment_after

logger = logging.getLogger(__name__)

ALIVE_SECONDS = 90  # a process that has not been heard of for so long is gone
LOOK_SECONDS = 1.0  # how often a worker or a scheduler looks for a new revision, at most
LATE_SECONDS = 30.0  # after which a process that has not taken up the live revision needs somebody's help
REPORT_SECONDS = 20.0  # how often it says that it lives

process = sa.Table(
    "crm_process",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # web, worker, scheduler
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False),
    sa.Column("failure", sa.Text),  # why it could not take up the live revision
)


def new_process_id() -> str:
    """Return a unique name for this process: pids are reused, and several hosts share a database."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def report_process(engine: sa.Engine, process_id: str, kind: str, revision: int, failure: str = "") -> None:
    """Write down that a process lives and which revision it serves; forget those long gone.

    Shape:  `failure` says why it could not take up a newer revision.
    """
    values = {"kind": kind, "revision": revision, "seen_at": utcnow(), "failure": failure[:2_000] or None}
    with about_to_write(), engine.begin() as connection:
        updated = connection.execute(sa.update(process).where(process.c.id == process_id).values(**values))
        if not updated.rowcount:
            connection.execute(sa.insert(process).values(id=process_id, **values))
        gone = utcnow() - dt.timedelta(seconds=10 * ALIVE_SECONDS)
        connection.execute(sa.delete(process).where(process.c.seen_at < gone))


def forget_process(engine: sa.Engine, process_id: str) -> None:
    """Strike out a process that ends."""
    with about_to_write(), engine.begin() as connection:
        connection.execute(sa.delete(process).where(process.c.id == process_id))


def list_processes(connection: sa.Connection) -> list[Mapping]:
    """Return the processes heard of lately."""
    since = utcnow() - dt.timedelta(seconds=ALIVE_SECONDS)
    return [row_of(row) for row in connection.execute(sa.select(process).where(process.c.seen_at >= since))]


def oldest_revision(connection: sa.Connection) -> int | None:
    """Return the oldest revision a living process still serves: what may be contracted lies before it."""
    since = utcnow() - dt.timedelta(seconds=ALIVE_SECONDS)
    return connection.scalar(sa.select(sa.func.min(process.c.revision)).where(process.c.seen_at >= since))


@dataclass(frozen=True)
class Served:
    """Which revision a process serves, which one is live, and since when they differ; None when they do not."""

    revision: int
    live: int
    since: dt.datetime | None

    @property
    def is_late(self) -> bool:
        """Return whether the process has had time enough to take the live revision up."""
        return self.since is not None and utcnow() - self.since > dt.timedelta(seconds=LATE_SECONDS)


def look_at_served(connection: sa.Connection, number: int) -> Served:
    """Return how the revision a process serves differs from the live one."""
    return Served(number, live_number(connection), moment_after(connection, number))


def count_late(connection: sa.Connection) -> int:
    """Return how many living web processes have not taken up a revision that has been live for a while.

    A worker stays on its revision while a job lasts, so it is no sign of anything.
    """
    heard = utcnow() - dt.timedelta(seconds=LATE_SECONDS)
    return sum(
        row["kind"] == "web"
        and row["seen_at"] >= heard
        and look_at_served(connection, row["revision"]).is_late
        for row in list_processes(connection)
    )


def publish_status(engine: sa.Engine) -> dict[str, Any]:
    """Return how far the live revision has come: which process serves it, and which could not take it up.

    Shape:  {"revision", "all_there", "processes": [{"id", "kind", "revision", "age_seconds", "is_there", "failure"}],
            "failures": those with a failure}; `all_there` is False as long as one living process serves another one.
    Unit:   `age_seconds`: seconds since the process was heard of.
    """
    with only_reading(), engine.connect() as connection:
        number, found = live_number(connection), list_processes(connection)
    now = utcnow()
    rows = [
        {
            "id": row["id"],
            "kind": row["kind"],
            "revision": row["revision"],
            "age_seconds": round((now - row["seen_at"]).total_seconds(), 1),
            "is_there": row["revision"] >= number,
            "failure": row["failure"] or "",
        }
        for row in sorted(found, key=lambda row: (row["kind"], row["id"]))
    ]
    return {
        "revision": number,
        "all_there": all(row["is_there"] for row in rows),
        "processes": rows,
        "failures": [row for row in rows if row["failure"]],
    }


class Reporter:
    """Says for a worker or a scheduler which revision it works with, now and then and whenever that changes.

    Shape:  `take_up` brings the process to a revision; a failure of it is reported and the old one kept.
    """

    def __init__(self, engine: sa.Engine, kind: str, take_up: Callable[[], None] = lambda: None) -> None:
        self.engine, self.kind, self.take_up = engine, kind, take_up
        self.process_id = new_process_id()
        self.revision = 0
        self.failure = ""
        self._next_look = self._next_report = 0.0

    def look(self) -> None:
        """Take up the live revision, when a second has passed since the last look; never raises."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        try:
            self._look(now)
        except Exception as error:  # The database may be away; it is asked again soon.
            logger.warning("A %s could not report its revision: %s", self.kind, error)

    def look_now(self) -> None:
        """Take up the live revision before a job that may wait for every process to have it; never raises."""
        self._next_look = 0.0
        self.look()

    def stay(self) -> None:
        """Repeat the last report while a job runs, since it finishes on the revision it began with; never raises."""
        if self.revision and time.monotonic() >= self._next_report:
            try:
                self._report()
            except Exception as error:  # A job must not fail because its process could not be written down.
                logger.warning("A %s could not report its revision: %s", self.kind, error)

    def end(self) -> None:
        """Strike the process out; never raises."""
        with suppress(Exception):  # It ends anyhow, and a silent process is forgotten soon.
            forget_process(self.engine, self.process_id)

    def _look(self, now: float) -> None:
        with only_reading(), self.engine.connect() as connection:
            number = live_number(connection)
        if number == self.revision and not self.failure and now < self._next_report:
            return
        before = (self.revision, self.failure)
        try:
            self.take_up()
            self.revision, self.failure = number, ""
        except Exception as error:  # Whatever fails, the revision it has goes on, and admins read why.
            logger.exception("A %s could not take up revision %s", self.kind, number)
            self.failure = f"{type(error).__name__}: {error}"
        if before != (self.revision, self.failure) or now >= self._next_report:
            self._report()

    def _report(self) -> None:
        report_process(self.engine, self.process_id, self.kind, self.revision, self.failure)
        self._next_report = time.monotonic() + REPORT_SECONDS
