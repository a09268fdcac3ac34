"""Delivery: files in a folder by default, or a mail server.

A message is claimed before it is sent and marked afterwards. When the answer of a mail server is lost, it is
sent again with the same Message-ID, which receivers use to drop the second copy.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from workflows.mail import outbox, policy
from workflows.organisation import Organisation, RuleWorkshop

logger = logging.getLogger(__name__)

BATCH = 50
TIMEOUT_SECONDS = 20
DELAYS_SECONDS = (30, 120, 600, 3_600, 14_400)
"""How long a message waits after each failed attempt; after the last one it is given up."""


class Carrier(Protocol):
    """What takes a message away."""

    def send(self, mail: EmailMessage, name: str) -> None:
        """Send it, or raise OSError or SMTPException."""


class FolderCarrier:
    """Writes each message into a folder as `<name>.eml`; the same message twice is the same file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, mail: EmailMessage, name: str) -> None:
        """Write the file whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(mail.as_bytes())
        unfinished.replace(self.folder / f"{name}.eml")


class SmtpCarrier:
    """Hands messages to a mail server, over one connection."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self.server = server

    def send(self, mail: EmailMessage, name: str) -> None:
        """Send it; the server refusing it raises."""
        self.server.send_message(mail)


@contextmanager
def open_carrier(organisation: Organisation) -> Iterator[Carrier]:
    """Open what `CRM_MAIL_URL` says: `smtp://`, `smtps://`, `file://`, or the mail folder."""
    address = urlsplit(organisation.mail_url)
    if address.scheme not in ("smtp", "smtps"):
        yield FolderCarrier(Path(unquote(address.path)) if address.path else organisation.mail_folder)
        return
    kind = smtplib.SMTP_SSL if address.scheme == "smtps" else smtplib.SMTP
    with kind(address.hostname or "localhost", address.port or 0, timeout=TIMEOUT_SECONDS) as server:
        server.ehlo_or_helo_if_needed()
        if address.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        yield SmtpCarrier(server)


def build_mail(row: Mapping, organisation: Organisation) -> EmailMessage:
    """Return the e-mail of an outbox row; its Message-ID is the same at every attempt."""
    mail = EmailMessage()
    mail["From"] = organisation.mail_from
    mail["To"] = row["to"]
    mail["Subject"] = row["subject"]
    mail["Date"] = format_datetime(row["created_at"].replace(tzinfo=dt.UTC))
    mail["Message-ID"] = f"<{message_name(row)}@{_domain(organisation)}>"
    mail["Content-Language"] = row["language"]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(row["text"] + "\n")
    mail.add_alternative(row["html"], subtype="html")
    return mail


def message_name(row: Mapping) -> str:
    """Return the name of a message, for its file and its Message-ID."""
    return f"{row['created_at']:%Y%m%d-%H%M%S}-{row['key'].replace(':', '-')}"


def _domain(organisation: Organisation) -> str:
    return organisation.mail_from.rpartition("@")[2] or "localhost"


def deliver_mail(workshop: RuleWorkshop) -> int:
    """Send every message that is due; return how many left. One bad message does not hold up the others."""
    sent = 0
    while rows := _claim(workshop):
        try:
            with open_carrier(workshop.organisation) as carrier:
                for row in rows:
                    sent += _deliver(workshop, carrier, row)
        except (OSError, smtplib.SMTPException) as error:  # No server, no login, or lost on the way.
            for row in rows:
                _put_off(workshop, row, error)
    return sent


def _claim(workshop: RuleWorkshop) -> list[Mapping]:
    with workshop.reading() as session:
        if not outbox.has_due_messages(session, workshop.clock()):
            return []
    with workshop.session() as session:
        return outbox.claim_messages(session, workshop.clock(), workshop.lease_end(), BATCH)


def _deliver(workshop: RuleWorkshop, carrier: Carrier, row: Mapping) -> int:
    with workshop.session() as session:
        if not outbox.hold_message(session, row, workshop.lease_end()):
            return 0
        verdict = policy.judge(session, row, workshop.organisation.zone)
        if verdict.held:
            outbox.OUTBOX.end(session, row, outbox.HELD, verdict.held)
        elif verdict.until is not None:
            outbox.put_off(session, row, verdict.until, "")
        if verdict != policy.Verdict():
            return 0
    try:
        carrier.send(build_mail(row, workshop.organisation), message_name(row))
    except smtplib.SMTPServerDisconnected:
        raise  # the connection is gone for the others too
    except (OSError, smtplib.SMTPException, ValueError) as error:
        _put_off(workshop, row, error)
        return 0
    with workshop.session() as session:
        outbox.mark_sent(session, row, workshop.clock())
    return 1


def _put_off(workshop: RuleWorkshop, row: Mapping, error: Exception) -> None:
    """Let a message wait longer after each attempt; give it up after the last, or when refused for good."""
    words = f"{type(error).__name__}: {error}"[:500]
    with workshop.session() as session:
        if _is_final(error) or row["attempts"] > len(DELAYS_SECONDS):
            given_up = outbox.give_up(session, row, words)
            if given_up:
                logger.error("Message %s to %s was given up: %s", row["key"], row["to"], words)
            return
        delay = dt.timedelta(seconds=DELAYS_SECONDS[row["attempts"] - 1])
        outbox.put_off(session, row, session.clock() + delay, words)


def _is_final(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _words in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
    return isinstance(error, ValueError)
