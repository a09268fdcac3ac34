"""E-mails on the timelines of the records they were sent for, and of those above."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.walk import NAMED, SENT
from crm.permissions.flows import Flows
from crm.records.below import hangs_below, ways_below
from crm.records.timeline import LIMIT, Cursor, TimelineEntry
from crm.revisions.former_names import read_former_names, schema_at
from workflows.mail.outbox import HELD, message
from workflows.mail.policy import held_words
from workflows.runs import store

SOURCE = "~mail"
MOST_BELOW = 500  # records of one way whose mails are looked for, the newest


def mails_of(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None
) -> list[TimelineEntry]:
    """Return the e-mails that rules sent for a record and for what hangs below it, newest first.

    Shape:  subject and recipient only for those who may read all that the rule reads.
    """
    former, at = read_former_names(session.connection()), message.c.created_at
    about = [
        former.about(message, each) & message.c.record_id.in_(ids)
        for each, ids in _records(session, entity, record_id)
    ]
    columns = (
        message.c.id,
        message.c.key,
        message.c.to,
        message.c.subject,
        message.c.state,
        message.c.error,
        at,
    )
    asked = sa.select(*columns).where(sa.or_(*about))
    if before is not None:
        asked = asked.where(before.is_before(SOURCE, at, message.c.id))
    rows = session.connection().execute(asked.order_by(at.desc(), message.c.id.desc()).limit(LIMIT + 1)).all()
    told = open_runs(session, {int(row.key.split(":")[0]) for row in rows})
    return [
        TimelineEntry(
            row.created_at,
            "mail",
            row.subject if is_open else "",
            held_words(row.error, session.actor.language) if row.state == HELD else "",
            who=row.to if is_open else "",
            choice=HELD if row.state == HELD else "",
            source=SOURCE,
            number=row.id,
        )
        for row in rows
        for is_open in [int(row.key.split(":")[0]) in told]
    ]


def _records(session: CrmSession, entity: Entity, record_id: int) -> Iterator[tuple[Entity, list[int]]]:
    """Yield the record and what hangs below it, as far as the actor may see it."""
    yield entity, [record_id]
    for way in ways_below(session, entity):
        cls = session.workspace.models[way.entity.name]
        asked = sa.select(cls.id).where(hangs_below(session, way, record_id))
        ids = list(session.scalars(asked.order_by(cls.id.desc()).limit(MOST_BELOW)))
        if ids:
            yield way.entity, ids


def open_runs(session: CrmSession, ids: set[int]) -> set[int]:
    """Return the runs of rules that read nothing but what the actor may see."""
    if session.actor.sees_everything or not ids:
        return ids
    known: dict[tuple, bool] = {}
    found = set()
    for row in store.rules_of(session, ids):
        rule = (row.rule, row.revision)
        if rule not in known:
            known[rule] = _reads_open_fields(session, *rule)
        found |= {row.id} if known[rule] else set()
    return found


def _reads_open_fields(session: CrmSession, rule: str, revision: int) -> bool:
    """Return whether all that a rule read is open: other entities' records all of them, its own's as fields."""
    then = schema_at(session.connection(), revision)
    document = then and next((one for one in then.documents if (one.kind, one.name) == ("rule", rule)), None)
    if document is None:
        return False
    own = str(document.body.get("entity"))
    entities = {each.uid: each for each in session.workspace.schema.entities.values()}
    for flow in Flows(then).of(document):
        if flow.how in (NAMED, SENT):
            continue
        entity = entities.get(flow.entity)
        if entity is None:
            return False
        rights = session.actor.rights(entity.name)
        field = next((each.name for each in entity.fields.values() if each.uid == flow.field), "")
        if "read" not in rights.can or field in rights.hidden or (flow.field and not field):
            return False
        if entity.name != own and rights.rows["read"] is not None:
            return False
    return True
