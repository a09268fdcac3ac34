"""Decisions on the timelines of the records they are about, and what waits for one on their pages."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.records.notes import RecordNote
from crm.records.timeline import LIMIT, Cursor, TimelineEntry
from crm.records.values import known_user_names
from crm.revisions.former_names import read_former_names
from crm.texts import Text
from workflows.approvals import service, store
from workflows.mail.timeline import open_runs
from workflows.rules.words import say

SOURCE = "~approval"
SAID = {store.APPROVED: "rule.effect_approved", store.REFUSED: "rule.effect_refused"}


def decisions_of(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None
) -> list[TimelineEntry]:
    """Return what was decided about a record, by whom and why, newest first.

    Shape:  the question only for those who may read all that the rule reads.
    """
    about = read_former_names(session.connection()).about(store.approval, entity)
    about &= store.approval.c.record_id == record_id
    if before is not None:
        about &= before.is_before(SOURCE, store.seat.c.at, store.approval.c.id)
    rows = store.list_decided(session, about, LIMIT + 1)
    names = known_user_names(session, [row["who"] for row in rows] + [row["person_id"] for row in rows])
    told, language = open_runs(session, {row["run_id"] for row in rows}), session.actor.language
    found = []
    for row in rows:
        who = names.get(row["who"], "")
        if row["who"] != row["person_id"]:
            who = gettext("%(person)s for %(other)s", person=who, other=names.get(row["person_id"], "—"))
        question = Text(row["text"]).get(language) if row["run_id"] in told else ""
        words = " · ".join(part for part in (question, row["said"]) if part)
        title = say(SAID[row["verdict"]], language)
        found.append(
            TimelineEntry(row["spoken_at"], "approval", title, words, who, source=SOURCE, number=row["id"])
        )
    return found


def waiting_notes(session: CrmSession, entity: Entity, record: Any) -> list[RecordNote]:
    """Return a note for each approval that waits about a record."""
    return [
        RecordNote(
            gettext("Waiting for approval: %(people)s", people=", ".join(row["people"])),
            kind="warning",
            url=f"/approvals/#approval-{row['id']}" if row["is_mine"] else "",
            label=pgettext("button", "Decide") if row["is_mine"] else "",
        )
        for row in service.waiting_on(session, entity, record.id)
    ]
