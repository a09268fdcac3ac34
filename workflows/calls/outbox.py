"""The outbox of calls: one row per call to another system, written with the step that makes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.database import BigId, CrmSession, metadata
from crm.records.journal import SEALED
from crm.secrets import open_text, seal_text
from workflows.outgoing import SENT, Outbox

BELL = "calls.make"

call = sa.Table(
    "crm_call",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("kind", sa.String(60), nullable=False),  # of the body, as Content-Type says it
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, info={SEALED: "text"}),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("status", sa.Integer),  # of the last answer
    sa.Column("error", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("entity", sa.String(64)),  # the record it is about, by the name of the revision
    sa.Column("record_id", sa.BigInteger),
    sa.Column("revision", sa.Integer),
    sa.Column("lane", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Index("ix_crm_call_due", "state", "due_at"),
    sa.Index("ix_crm_call_lane", "state", "lane", "id"),
)
"""`key` names run and step, so that a repeated step cannot write a second call. States: as `Outbox` says."""

OUTBOX = Outbox(call, BELL, untold=("body", "secret"))
PLACE = "crm_call.secret"


@dataclass(frozen=True)
class Call:
    """A call ready to leave; `kind` is the type of its body."""

    rule: str
    url: str
    body: str
    secret: str
    kind: str = "application/json"


def add_call(
    session: CrmSession, made: Call, key: str, about: tuple[str, int], cause: Sequence[str] = ()
) -> None:
    """Put a call into the outbox, as `Outbox.add`; its secret is sealed."""
    values = {"rule": made.rule, "url": made.url, "kind": made.kind, "body": made.body}
    secret = seal_text(made.secret, PLACE) if made.secret else None
    OUTBOX.add(session, key, {**values, "secret": secret}, about, cause)


def secret_of(stored: str | None) -> str:
    """Return the secret of a stored call; "" when it has none."""
    return open_text(stored, PLACE) if stored else ""


def erase_sent(session: Session, before: dt.datetime, most: int) -> int:
    """Erase calls that left long ago; return how many."""
    old = sa.select(call.c.id).where(call.c.state == SENT, call.c.sent_at < before).limit(most)
    return session.execute(sa.delete(call).where(call.c.id.in_(old))).rowcount
