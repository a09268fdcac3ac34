"""What the page of somebody's record says of contacting them, and what was held back."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, ngettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.messages.contact import CHANNEL_WORDS
from crm.records.contact import DO_NOT_CONTACT, cap_of, open_channels, policies_of, refusal_of
from crm.records.notes import RecordNote
from crm.texts import translate
from workflows.mail.policy import EMAIL, held_words, list_held

SHOWN = 3  # messages that were held back


def contact_notes(session: CrmSession, entity: Entity, record: Any) -> list[RecordNote]:
    """Return how somebody may be contacted, for readers who see all that this is about."""
    policies = list(policies_of(record))
    if not policies or any(_is_hidden(session, one, declared) for one, declared in policies):
        return []
    language, channels = session.actor.language, open_channels(record)
    is_refused = refusal_of(record, EMAIL) == DO_NOT_CONTACT
    lines = [*_hours(policies), *_cap(record)]
    lines += [held_words(row["error"], language) for row in list_held(session, record, SHOWN)]
    if is_refused:
        return [RecordNote(gettext("Do not contact"), "danger", lines)]
    names = ", ".join(translate(CHANNEL_WORDS[one], language) for one in channels)
    return [RecordNote(gettext("Consent to contact: %(channels)s", channels=names or "—"), "info", lines)]


def _is_hidden(session: CrmSession, record: Any, declared: Any) -> bool:
    rights = session.actor.rights(record.__entity__.name)
    named = [one for one in declared.values() if isinstance(one, str)]
    named += list(declared["consent"].values()) if isinstance(declared.get("consent"), dict) else []
    return "read" not in rights.can or not rights.hidden.isdisjoint(named)


def _hours(policies: list) -> list[str]:
    hours = next((declared["quiet_hours"] for _one, declared in policies if "quiet_hours" in declared), None)
    return (
        [gettext("Quiet hours: %(first)s–%(last)s", first=hours["from"], last=hours["to"])] if hours else []
    )


def _cap(record: Any) -> list[str]:
    found = cap_of(record)
    if found is None:
        return []
    times, days = found[1].times, found[1].span.days
    words = ngettext(
        "At most %(times)s contacts a day", "At most %(times)s contacts in %(num)s days", days, times=times
    )
    return [words]
