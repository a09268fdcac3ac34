"""Addresses that programs read a person's calendar at: a secret each, of which the database keeps a digest."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping

import sqlalchemy as sa

from crm.database import BigId, metadata, row_of
from crm.errors import NotFoundError
from crm.permissions.sign_ins import digest_of

MOST_FEEDS = 10  # of one user
READ_AGAIN = dt.timedelta(hours=1)  # so often it is noted that an address was read

feed = sa.Table(
    "crm_feed",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),  # of the secret in the address
    sa.Column("user_id", sa.Integer, nullable=False, index=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("read_at", sa.DateTime),
)


def start_feed(connection: sa.Connection, user_id: int, now: dt.datetime) -> str:
    """Make an address and return its secret, which nobody can find out again; the oldest ones give way."""
    secret = secrets.token_urlsafe(24)
    row = {"digest": digest_of(secret), "user_id": user_id, "created_at": now}
    connection.execute(sa.insert(feed).values(row))
    kept = sa.select(feed.c.id).where(feed.c.user_id == user_id).order_by(feed.c.id.desc()).limit(MOST_FEEDS)
    kept = list(connection.scalars(kept))
    connection.execute(sa.delete(feed).where(feed.c.user_id == user_id, feed.c.id.not_in(kept)))
    return secret


def list_feeds(connection: sa.Connection, user_id: int) -> list[Mapping]:
    """Return a user's addresses, newest first: id, when each was made and read last."""
    columns = (feed.c.id, feed.c.created_at, feed.c.read_at)
    asked = sa.select(*columns).where(feed.c.user_id == user_id).order_by(feed.c.id.desc())
    return [row_of(row) for row in connection.execute(asked)]


def find_reader(connection: sa.Connection, secret: str) -> Mapping | None:
    """Return whose calendar an address shows: `id`, `user_id`, `read_at`; None for one that was ended or never was."""
    columns = (feed.c.id, feed.c.user_id, feed.c.read_at)
    row = connection.execute(sa.select(*columns).where(feed.c.digest == digest_of(secret))).first()
    return row_of(row) if row else None


def note_reading(connection: sa.Connection, feed_id: int, now: dt.datetime) -> None:
    """Note that an address was read."""
    connection.execute(sa.update(feed).where(feed.c.id == feed_id).values(read_at=now))


def end_feed(connection: sa.Connection, user_id: int, feed_id: int) -> None:
    """Let an address show nothing any more.

    Errors: NotFoundError when it is not the user's own.
    """
    ended = connection.execute(sa.delete(feed).where(feed.c.id == feed_id, feed.c.user_id == user_id))
    if not ended.rowcount:
        raise NotFoundError("people.no_such_feed")
