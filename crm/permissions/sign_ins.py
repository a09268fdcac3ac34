"""Who is signed in where: a row for each browser's session and each token of the API; what has no row is signed out."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, metadata

sign_in = sa.Table(
    "crm_sign_in",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),  # of the secret that its holder shows
    sa.Column("user_id", sa.Integer, nullable=False, index=True),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("ends_at", sa.DateTime, nullable=False, index=True),
    sa.Column("device", sa.String(100)),  # what its holder is called, to be told apart from the others
)


def digest_of(secret: object) -> str:
    """Return what the database keeps of a secret: whoever reads the table can sign in with nothing of it."""
    return hashlib.sha256(str(secret).encode("utf-8", "surrogatepass")).hexdigest()


def start_sign_in(
    connection: sa.Connection, user_id: int, now: dt.datetime, lasts: dt.timedelta, device: str = ""
) -> str:
    """Note that a user signed in, sweep away what has ended, and return the secret that shows it."""
    secret = secrets.token_urlsafe(24)
    connection.execute(sa.delete(sign_in).where(sign_in.c.ends_at < now))
    row = {"digest": digest_of(secret), "user_id": user_id, "started_at": now, "ends_at": now + lasts}
    connection.execute(sa.insert(sign_in).values(**row, device=device[:100]))
    return secret


def end_sign_in(connection: sa.Connection, secret: object) -> None:
    """Sign out in one place; a copy of its cookie or token opens nothing any more."""
    connection.execute(sa.delete(sign_in).where(sign_in.c.digest == digest_of(secret)))


def list_sign_ins(
    connection: sa.Connection, user_id: int, now: dt.datetime, secret: object
) -> list[dict[str, Any]]:
    """Return where a user is signed in, newest first: id, device, since when, and whether `secret` is that one's."""
    columns = (sign_in.c.id, sign_in.c.device, sign_in.c.started_at, sign_in.c.digest)
    asked = sa.select(*columns).where(sign_in.c.user_id == user_id, sign_in.c.ends_at > now)
    mine = digest_of(secret)
    return [
        {
            "id": row.id,
            "device": row.device or "",
            "started_at": row.started_at,
            "is_this": row.digest == mine,
        }
        for row in connection.execute(asked.order_by(sign_in.c.id.desc()))
    ]


def end_one_sign_in(connection: sa.Connection, user_id: int, sign_in_id: int) -> bool:
    """Sign a user out at one place; return whether it was theirs."""
    ended = sa.delete(sign_in).where(sign_in.c.id == sign_in_id, sign_in.c.user_id == user_id)
    return bool(connection.execute(ended).rowcount)


def end_sign_ins(connection: sa.Connection, user_ids: Iterable[int]) -> int:
    """Sign users out everywhere; return how many sessions and tokens ended.

    Whatever changes a user's password, roles or groups, or makes a user inactive, calls this.
    """
    ended = connection.execute(sa.delete(sign_in).where(sign_in.c.user_id.in_(sorted(set(user_ids)))))
    return ended.rowcount
