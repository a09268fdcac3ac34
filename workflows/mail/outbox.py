"""The outbox: one row per e-mail, written with the step that sends it, claimed before it is sent."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from crm.database import BigId, CrmSession, metadata
from workflows.mail.compose import Message
from workflows.outgoing import SENT, Outbox

__all__ = ["BELL", "SENT", "OUTBOX", "add_message", "message"]

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
    sa.Index("ix_crm_message_due", "state", "due_at"),
    sa.Index("ix_crm_message_lane", "state", "lane", "id"),
    sa.Index("ix_crm_message_record", "entity", "record_id", "id"),
)
"""`key` names run, step and recipient, so that a repeated step cannot write a second e-mail."""

OUTBOX = Outbox(message, BELL, untold=("text", "html"))
claim_messages, hold_message, mark_sent = OUTBOX.claim, OUTBOX.hold, OUTBOX.mark_sent
put_off, give_up, has_due_messages = OUTBOX.put_off, OUTBOX.give_up, OUTBOX.has_due
list_of_run, retry_of_run = OUTBOX.list_of_run, OUTBOX.retry_of_run


def add_message(
    session: CrmSession,
    mail: Message,
    key: str,
    about: tuple[str, int] | None = None,
    cause: Sequence[str] = (),
) -> None:
    """Put a message into the outbox, as `Outbox.add`."""
    values = {"to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html}
    OUTBOX.add(session, key, {**values, "language": mail.language}, about, cause)
