"""The outbox: one row per e-mail, written with the step that sends it, claimed before it is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm import queue
from crm.database import BigId, CrmSession, metadata, row_of
from crm.events import lane_of
from workflows.mail.compose import Message
from workflows.runs.store import CLAIMED, FAILED, WAITING

BELL = "mail.deliver"
SENT = "sent"

message = sa.Table(
    "crm_message",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("to", sa.String(255), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("html", sa.Text, nullable=False),
    sa.Column("language", sa.String(5), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.Text),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("sent_at", sa.DateTime),
    sa.Column("entity", sa.String(64)),  # the record it was sent for, by the name of the revision
    sa.Column("record_id", sa.BigInteger),
    sa.Column("revision", sa.Integer),
    sa.Column("lane", sa.SmallInteger, nullable=False, server_default="0"),  # of what led to it: `crm.events`
    sa.Index("ix_crm_message_due", "state", "due_at"),
    sa.Index("ix_crm_message_lane", "state", "lane", "id"),
    sa.Index("ix_crm_message_record", "entity", "record_id", "id"),
)
"""`key` names run, step and recipient, so that a repeated step cannot write a second e-mail.

States: waiting, claimed (until `lease_until`), sent, failed.
"""


def add_message(
    session: CrmSession,
    mail: Message,
    key: str,
    about: tuple[str, int] | None = None,
    cause: Sequence[str] = (),
) -> None:
    """Put a message into the outbox, in the step's own transaction.

    Shape:  `about` is the record it is sent for: entity and number. `cause` is the chain that led to it.
    Errors: IntegrityError when the key is there already: the step has been done.
    """
    now = session.clock()
    row = {"key": key, "to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html}
    row["lane"] = lane_of(cause)
    if about is not None:
        row |= {"entity": about[0], "record_id": about[1], "revision": session.workspace.number}
    session.execute(
        sa.insert(message).values(
            **row, language=mail.language, state=WAITING, due_at=now, attempts=0, created_at=now
        )
    )
    session.when_committed(BELL, lambda: queue.ring(BELL))


def claim_messages(session: Session, now: dt.datetime, until: dt.datetime, limit: int) -> list[Mapping]:
    """Hold messages that are due, or whose sender was lost, until `until`: those of single deeds first."""
    waits = sa.and_(message.c.state == WAITING, message.c.due_at <= now)
    lost = sa.and_(message.c.state == CLAIMED, message.c.lease_until < now)
    asked = sa.select(message).where(waits | lost).order_by(message.c.lane, message.c.id).limit(limit)
    rows = [row_of(row) for row in session.execute(asked.with_for_update(skip_locked=True))]
    values = {"state": CLAIMED, "lease_until": until, "attempts": message.c.attempts + 1}
    session.execute(sa.update(message).where(message.c.id.in_([row["id"] for row in rows])).values(values))
    return [{**row, "attempts": row["attempts"] + 1} for row in rows]


def hold_message(session: Session, row: Mapping, until: dt.datetime) -> bool:
    """Lengthen the lease right before sending; False when somebody else has taken the message."""
    return _update_held(session, row, lease_until=until)


def mark_sent(session: Session, row: Mapping, now: dt.datetime) -> bool:
    """Note that a message has left."""
    return _update_held(session, row, state=SENT, sent_at=now, lease_until=None, error=None)


def put_off(session: Session, row: Mapping, due_at: dt.datetime, error: str) -> bool:
    """Let a message wait for its next attempt."""
    return _update_held(session, row, state=WAITING, due_at=due_at, lease_until=None, error=error)


def give_up(session: Session, row: Mapping, error: str) -> bool:
    """Put a message on the list of failed ones."""
    return _update_held(session, row, state=FAILED, lease_until=None, error=error)


def _update_held(session: Session, row: Mapping, **values: Any) -> bool:
    mine = (
        (message.c.id == row["id"]) & (message.c.attempts == row["attempts"]) & (message.c.state == CLAIMED)
    )
    return session.execute(sa.update(message).where(mine).values(**values)).rowcount == 1


def has_due_messages(session: Session, now: dt.datetime) -> bool:
    """Return whether messages wait that may be sent."""
    waits = sa.and_(message.c.state == WAITING, message.c.due_at <= now)
    lost = sa.and_(message.c.state == CLAIMED, message.c.lease_until < now)
    return session.execute(sa.select(message.c.id).where(waits | lost).limit(1)).first() is not None


def list_of_run(session: Session, run_id: int) -> list[Mapping]:
    """Return the messages a run has written, oldest first, without their bodies."""
    columns = [column for column in message.c if column.name not in ("text", "html")]
    asked = sa.select(*columns).where(message.c.key.startswith(f"{run_id}:", autoescape=True))
    return [row_of(row) for row in session.execute(asked.order_by(message.c.id))]


def retry_of_run(session: Session, run_id: int, now: dt.datetime) -> int:
    """Let the failed messages of a run wait for a new round of attempts; return how many there were."""
    failed = message.c.key.startswith(f"{run_id}:", autoescape=True) & (message.c.state == FAILED)
    values = {"state": WAITING, "due_at": now, "attempts": 0}
    return session.execute(sa.update(message).where(failed).values(values)).rowcount
