"""A form that is sent twice creates one record: its token is written with the record."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from crm.database import CrmSession, metadata

KEEP_DAYS = 2  # days; a form older than that has lost its session anyway
SWEEPS = "A"  # tokens that begin so sweep away what is old: one save in 64, for the tokens are random

once = sa.Table(
    "crm_once",
    metadata,
    sa.Column("token", sa.String(40), primary_key=True),
    sa.Column("record_id", sa.BigInteger),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
)


def find_made(session: CrmSession, token: str) -> int | None:
    """Return the record a form has created already."""
    return session.connection().scalar(sa.select(once.c.record_id).where(once.c.token == token[:40]))


def remember_made(session: CrmSession, token: str, record_id: int) -> None:
    """Write down what a form created, in the record's transaction; a second one fails on the same token."""
    if not token:
        return
    connection = session.connection()
    connection.execute(sa.insert(once).values(token=token[:40], record_id=record_id, at=session.clock()))
    if token.startswith(SWEEPS):
        old = session.clock() - dt.timedelta(days=KEEP_DAYS)
        connection.execute(sa.delete(once).where(once.c.at < old))
