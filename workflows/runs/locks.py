"""Doing one thing at a time, in every process: claims in order, turns in order."""

from __future__ import annotations

import zlib

import sqlalchemy as sa
from sqlalchemy.orm import Session

SPACE = 7_301  # our corner of PostgreSQL's advisory locks


def hold_lock(session: Session, name: str) -> None:
    """Wait for a named lock and hold it until the transaction ends.

    Shape:  on SQLite a writing transaction holds the whole database anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = zlib.crc32(name.encode()) - 2**31
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(SPACE, number)))
