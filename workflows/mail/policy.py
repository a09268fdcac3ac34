"""The contact policy at the moment of sending: above every rule, whatever sent the message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.messages import MESSAGES, render
from crm.messages.contact import CHANNEL_WORDS
from crm.records.contact import TOO_OFTEN, cap_of, has_policy, quiet_until, refusal_of
from crm.texts import translate
from workflows.mail.outbox import HELD, SENT, message
from workflows.runs.locks import hold_lock
from workflows.runs.store import CLAIMED, WAITING

EMAIL = "email"


@dataclass(frozen=True)
class Verdict:
    """What the policy says of a message: why it is held back ("" for not), or until when it waits."""

    held: str = ""
    until: dt.datetime | None = None


def person_key(record: Any) -> str | None:
    """Return what names somebody with a policy, whatever their entity is called later; None without one."""
    return f"{record.__entity__.uid}:{record.id}" if record is not None and has_policy(record) else None


def find_person(session: CrmSession, key: str) -> Any:
    """Return the record a key names; None when it is gone."""
    uid, _, number = key.rpartition(":")
    entities = session.workspace.schema.entities.values()
    entity: Entity | None = next((one for one in entities if one.uid == uid), None)
    return session.get(session.workspace.models[entity.name], int(number)) if entity else None


def judge(session: CrmSession, row: Mapping[str, Any], zone: ZoneInfo) -> Verdict:
    """Return whether a message may leave now; what may counts at once, for the cap. Run as the system."""
    if not row["person"] or row["is_service"]:
        return Verdict()
    person = find_person(session, row["person"])
    if person is None:
        return Verdict()  # the record was deleted after somebody wrote to it; nothing is known any more
    refusal = refusal_of(person, EMAIL)
    if refusal:
        return Verdict(f"{refusal}:{EMAIL}")
    until = quiet_until(person, session.clock(), zone)
    if until is not None:
        return Verdict(until=until)
    return Verdict() if _counts(session, row, person) else Verdict(f"{TOO_OFTEN}:{EMAIL}")


def _counts(session: CrmSession, row: Mapping[str, Any], person: Any) -> bool:
    """Note a contact, unless there were too many lately; those of all channels count."""
    found = cap_of(person)
    if found is None:
        return True
    record, cap = found
    key = person_key(record)
    hold_lock(session, f"contact:{key}")
    live = message.c.state.in_((WAITING, CLAIMED, SENT))
    mine = (message.c.counted_for == key) & (message.c.id != row["id"]) & live
    lately = message.c.contacted_at > session.clock() - cap.span
    count = session.scalar(sa.select(sa.func.count()).select_from(message).where(mine, lately))
    if count >= cap.times:
        return False
    noted = {"counted_for": key, "contacted_at": session.clock()}
    session.execute(sa.update(message).where(message.c.id == row["id"]).values(noted))
    return True


def held_words(error: str | None, language: str) -> str:
    """Return why a message was held back as a sentence; another error as it is."""
    code, _, channel = (error or "").partition(":")
    if code not in MESSAGES or not code.startswith("contact."):
        return error or ""
    return render(Problem(code, {"channel": translate(CHANNEL_WORDS[channel], language)}), language)


def list_held(session: CrmSession, record: Any, limit: int) -> list[Mapping[str, Any]]:
    """Return the latest messages to somebody that were held back: `error` and `created_at`."""
    mine = (message.c.person == person_key(record)) & (message.c.state == HELD)
    asked = sa.select(message.c.error, message.c.created_at).where(mine).order_by(message.c.id.desc())
    return [row._mapping for row in session.execute(asked.limit(limit))]
