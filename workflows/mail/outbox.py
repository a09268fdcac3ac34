"""The outbox: one row per e-mail, written with the step that sends it, claimed before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata
from crm.records.followers import FOLLOWERS, Followers
from workflows.mail.compose import Message
from workflows.outgoing import SENT, Outbox
from workflows.runs.store import WAITING

__all__ = ["BELL", "HELD", "OUTBOX", "SENT", "add_message", "message"]

BELL = "mail.deliver"

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
    sa.Column(
        "person", sa.String(64)
    ),  # whom the contact policy of their record protects: entity's uid and number
    sa.Column("is_service", sa.Boolean, nullable=False, server_default=sa.false()),  # owed by law or contract
    sa.Column("counted_for", sa.String(64)),  # whose contacts it counts among
    sa.Column("contacted_at", sa.DateTime),
    sa.Index("ix_crm_message_person", "person", "id"),
    sa.Index("ix_crm_message_counted", "counted_for", "contacted_at"),
    sa.Index("ix_crm_message_due", "state", "due_at"),
    sa.Index("ix_crm_message_lane", "state", "lane", "id"),
    sa.Index("ix_crm_message_record", "entity", "record_id", "id"),
)
"""`key` names run, step and recipient, so that a repeated step cannot write a second e-mail.

One more state than `Outbox` has: held, by the contact policy; `error` says why.
"""

FOLLOWERS.append(Followers("mail", message))

HELD = "held"
OUTBOX = Outbox(message, BELL, untold=("text", "html"))
claim_messages, hold_message, mark_sent = OUTBOX.claim, OUTBOX.hold, OUTBOX.mark_sent
put_off, give_up, has_due_messages = OUTBOX.put_off, OUTBOX.give_up, OUTBOX.has_due
list_of_run, retry_of_run = OUTBOX.list_of_run, OUTBOX.retry_of_run


@dataclass(frozen=True)
class Guarded:
    """What the contact policy must know of a message: who gets it, whether it is owed, and why it is held already."""

    person: str | None
    is_service: bool = False
    held: str = ""


def add_message(
    session: CrmSession,
    mail: Message,
    key: str,
    about: tuple[str, int] | None = None,
    cause: Sequence[str] = (),
    guarded: Guarded | None = None,
) -> None:
    """Put a message into the outbox, as `Outbox.add`."""
    values = {"to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html}
    values |= {"language": mail.language, "is_service": False}
    if guarded is not None:
        values |= {"person": guarded.person, "is_service": guarded.is_service, "error": guarded.held or None}
    OUTBOX.add(session, key, values, about, cause, HELD if guarded and guarded.held else WAITING)


def last_number(session: CrmSession) -> int:
    """Return the number of the last message that was written; 0 when there is none."""
    return session.scalar(sa.select(sa.func.max(message.c.id))) or 0


def list_since(session: CrmSession, number: int) -> list[dict[str, str]]:
    """Return the messages written after a number, oldest first: key, to, subject, text, language."""
    columns = (message.c.key, message.c.to, message.c.subject, message.c.text, message.c.language)
    asked = sa.select(*columns).where(message.c.id > number).order_by(message.c.id)
    return [dict(row._mapping) for row in session.execute(asked)]
