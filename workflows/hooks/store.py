"""The tables of webhooks: their secrets, and the calls that came."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata, row_of
from crm.records.journal import SEALED
from crm.secrets import open_text, seal_text
from workflows.runs.store import insert_new

FORMER_HOURS = 24  # how long the secret before a change still counts
PLACE, FORMER_PLACE = "crm_hook.secret", "crm_hook.former_secret"

hook = sa.Table(
    "crm_hook",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("secret", sa.Text, nullable=False, info={SEALED: "text"}),
    sa.Column("former_secret", sa.Text, info={SEALED: "text"}),
    sa.Column("former_until", sa.DateTime),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("made_by_id", sa.Integer),
)
"""The secret that the callers of a webhook share with us."""

call = sa.Table(
    "crm_hook_call",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("hook", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("key", sa.String(120)),
    sa.Column("at", sa.DateTime, nullable=False, index=True),
    sa.Column("outcome", sa.JSON, nullable=False),
    sa.UniqueConstraint("hook", "digest"),
    sa.UniqueConstraint("hook", "key"),
)
"""A call that was accepted. `digest` is its signature, which comes once; `key` what its sender calls it by.

`outcome` says per rule the record and the run it started, or why it started none. What was sent is not kept here.
"""


def secrets_of(session: CrmSession, name: str) -> list[str]:
    """Return the secrets that count for a webhook now: its own, and for a day the one before."""
    row = session.execute(sa.select(hook).where(hook.c.name == name)).first()
    if row is None:
        return []
    found = [open_text(row.secret, PLACE)]
    if row.former_secret and row.former_until and row.former_until > session.clock():
        found.append(open_text(row.former_secret, FORMER_PLACE))
    return found


def renew_secret(session: CrmSession, name: str) -> str:
    """Give a webhook a new secret and return it, the only time it is told; the one before counts for another day."""
    secret, now = secrets.token_hex(32), session.clock()
    values: dict[str, Any] = {
        "secret": seal_text(secret, PLACE),
        "former_secret": None,
        "former_until": None,
        "made_at": now,
        "made_by_id": session.actor.user_id,
    }
    row = session.execute(sa.select(hook.c.secret).where(hook.c.name == name).with_for_update()).first()
    if row is None:
        session.execute(sa.insert(hook).values(name=name, **values))
        return secret
    values["former_secret"] = seal_text(open_text(row.secret, PLACE), FORMER_PLACE)
    values["former_until"] = now + dt.timedelta(hours=FORMER_HOURS)
    session.execute(sa.update(hook).where(hook.c.name == name).values(values))
    return secret


def forget_secret(session: CrmSession, name: str) -> None:
    """Let a webhook answer nobody any more."""
    session.execute(sa.delete(hook).where(hook.c.name == name))


def list_hooks(session: CrmSession) -> dict[str, Mapping[str, Any]]:
    """Return the webhooks that have a secret, by name, without it."""
    columns = (hook.c.name, hook.c.made_at, hook.c.made_by_id, hook.c.former_until)
    return {row.name: row_of(row) for row in session.execute(sa.select(*columns).order_by(hook.c.name))}


def note_call(session: CrmSession, name: str, digest: str, key: str | None) -> tuple[int, bool]:
    """Note a call; return its number and whether it is new. The number is 0 for a signature that came before."""
    row = {"hook": name, "digest": digest, "key": key, "at": session.clock(), "outcome": []}
    is_new = bool(insert_new(session, call, [row]))
    same = (call.c.hook == name) & (call.c.digest == digest)
    number = session.scalar(sa.select(call.c.id).where(same))
    if is_new:
        return number, True
    if number is not None or key is None:
        return 0, False
    return session.scalar(sa.select(call.c.id).where(call.c.hook == name, call.c.key == key)) or 0, False


def note_outcome(session: CrmSession, number: int, outcome: Sequence[Mapping[str, Any]]) -> None:
    """Write what came of a call."""
    session.execute(sa.update(call).where(call.c.id == number).values(outcome=list(outcome)))


def list_calls(session: CrmSession, name: str, limit: int) -> list[Mapping[str, Any]]:
    """Return the latest calls of a webhook, newest first."""
    asked = sa.select(call).where(call.c.hook == name).order_by(call.c.id.desc()).limit(limit)
    return [row_of(row) for row in session.execute(asked)]


def erase_calls(session: CrmSession, before: dt.datetime) -> int:
    """Erase calls of long ago."""
    return session.execute(sa.delete(call).where(call.c.at < before)).rowcount
