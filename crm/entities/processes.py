"""Which processes run and which revision each of them serves: rows that every process keeps fresh."""

from __future__ import annotations

import datetime as dt
import os
import socket
import uuid
from collections.abc import Mapping

import sqlalchemy as sa

from crm.database import metadata, row_of, utcnow, write_intent

ALIVE_SECONDS = 90  # a process that has not been heard of for so long is gone

process = sa.Table(
    "crm_process",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # web, worker, scheduler
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False),
)


def new_process_id() -> str:
    """Return a name for this process that no other has had: a pid comes back, and hosts share a database."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def report_process(engine: sa.Engine, process_id: str, kind: str, revision: int) -> None:
    """Write down that a process lives and which revision it serves; forget those long gone."""
    values = {"kind": kind, "revision": revision, "seen_at": utcnow()}
    token = write_intent.set(True)
    try:
        with engine.begin() as connection:
            updated = connection.execute(
                sa.update(process).where(process.c.id == process_id).values(**values)
            )
            if not updated.rowcount:
                connection.execute(sa.insert(process).values(id=process_id, **values))
            gone = utcnow() - dt.timedelta(seconds=10 * ALIVE_SECONDS)
            connection.execute(sa.delete(process).where(process.c.seen_at < gone))
    finally:
        write_intent.reset(token)


def list_processes(connection: sa.Connection) -> list[Mapping]:
    """Return the processes heard of lately."""
    since = utcnow() - dt.timedelta(seconds=ALIVE_SECONDS)
    return [row_of(row) for row in connection.execute(sa.select(process).where(process.c.seen_at >= since))]


def oldest_revision(connection: sa.Connection) -> int | None:
    """Return the oldest revision a living process still serves: what may be contracted lies before it."""
    since = utcnow() - dt.timedelta(seconds=ALIVE_SECONDS)
    return connection.scalar(sa.select(sa.func.min(process.c.revision)).where(process.c.seen_at >= since))
