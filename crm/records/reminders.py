"""Reminders: what was planned for an hour is told to its person when the hour comes, each time once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, about_to_write, insert_of, metadata
from crm.entities.model import Entity
from crm.errors import NotFoundError, Problem
from crm.fields import kind_of, type_of
from crm.fields.choice import all_choices
from crm.fields.locales import shown_time
from crm.fields.wall_clock import to_local
from crm.messages import render
from crm.notifications import Notice, add_notifications, known_keys
from crm.permissions.service import actor_of_user
from crm.records.sources import Source, source_of
from crm.records.values import situation_of, titles_by_id
from crm.revisions.calendar import is_open
from crm.texts import LANGUAGES
from crm.workshop import Workshop

AT_ONCE = 1_000  # reminders of one transaction
OVERLAP = dt.timedelta(minutes=2)  # looked at twice: a save may be committed later than the moment it names
STALE = dt.timedelta(minutes=10)  # after which it is noted how far we looked, although nothing was due

looked = sa.Table(
    "crm_reminder",
    metadata,
    sa.Column("entity_uid", sa.String(64), primary_key=True),
    sa.Column("until", sa.DateTime, nullable=False),
)
"""How far the records of an entity were looked at; what was due before has been told."""


@dataclass(frozen=True)
class Due:
    """One record that is due, and whom to tell."""

    record_id: int
    user_id: int
    at: dt.datetime
    kind: str | None


def remind(workshop: Workshop, language: str, zone: str) -> int:
    """Tell people what is due now; return how many reminders were written. Safe to repeat, and to kill.

    Shape:  `language` and `zone` are those of people who chose none. Nothing is written while nothing is due.
    """
    return sum(_remind_of(workshop, name, (language, zone)) for name in _names(workshop))


def _names(workshop: Workshop) -> list[str]:
    """Return the entities whose records have an hour, a person, and are done one day."""
    schema = workshop.workspace().schema
    return [entity.name for entity in schema.entities.values() if _reminds(entity)]


def _reminds(entity: Entity) -> bool:
    told = entity.calendar or {}
    begins = entity.fields.get(told.get("from", ""))
    is_hour = begins is not None and type_of(begins).stored and kind_of(begins) == "datetime"
    return is_hour and "person" in told and "done" in told


def _remind_of(workshop: Workshop, name: str, usual: tuple[str, str]) -> int:
    total = 0
    while True:
        with workshop.reading() as session:
            entity, now = session.workspace.schema.entities[name], session.clock()
            until = session.connection().scalar(
                sa.select(looked.c.until).where(looked.c.entity_uid == entity.uid)
            )
            found = _due(session, entity, until or now, now)
            fresh = _new_ones(session, entity, found)
            if not fresh and until is not None and now - until < STALE:
                return total
            notices = _notices(session, entity, fresh, usual)
        is_full = len(found) == AT_ONCE
        with about_to_write(), workshop.session() as session:
            add_notifications(session, notices)
            _note(session, entity.uid, found[-1].at if is_full else now)
        total += len(notices)
        if not is_full:
            return total


def _due(session: CrmSession, entity: Entity, until: dt.datetime, now: dt.datetime) -> list[Due]:
    """Return what is open, was planned before its hour, and has come due since we last looked."""
    cls = session.workspace.models[entity.name]
    told, fields = entity.calendar, entity.fields
    begins, person, done = (
        getattr(cls, type_of(fields[told[key]]).attribute(fields[told[key]]))
        for key in ("from", "person", "done")
    )
    kind = getattr(cls, told["kind"]) if "kind" in told else sa.null()
    asked = sa.select(cls.id, person, begins, kind).where(
        is_open(entity, done),
        begins > until - OVERLAP,
        begins <= now,
        cls.created_at < begins,
        person.is_not(None),
    )
    rows = session.execute(asked.order_by(begins, cls.id).limit(AT_ONCE))
    return [Due(*row) for row in rows]


def _key(entity: Entity, due: Due) -> str:
    return f"remind:{entity.uid}:{due.record_id}:{due.at:%Y%m%dT%H%M%S}"


def _new_ones(session: CrmSession, entity: Entity, found: Sequence[Due]) -> list[Due]:
    known = known_keys(session, [_key(entity, due) for due in found])
    return [due for due in found if _key(entity, due) not in known]


def _notices(
    session: CrmSession, entity: Entity, found: Sequence[Due], usual: tuple[str, str]
) -> list[Notice]:
    """Return what people are told; nothing to those who may not see the record, nor to those who have left."""
    notices = []
    for user_id, of in groupby(sorted(found, key=lambda due: due.user_id), key=lambda due: due.user_id):
        try:
            actor = actor_of_user(session.connection(), user_id, session.workspace.schema, *usual)
        except NotFoundError:
            continue
        former, session.actor = session.actor, actor
        source = source_of(session, entity)
        if source is not None:
            notices += _notices_of(session, source, user_id, list(of))
        session.actor = former
    return notices


def _notices_of(session: CrmSession, source: Source, user_id: int, found: Sequence[Due]) -> list[Notice]:
    situation = situation_of(session)
    titles = titles_by_id(session, source.entity, (due.record_id for due in found), situation)
    return [
        Notice(
            user_id,
            _words(source, due, titles[due.record_id], to_local(due.at, situation.time_zone).time()),
            source.entity.name,
            due.record_id,
            _key(source.entity, due),
        )
        for due in found
        if due.record_id in titles
    ]


def _words(source: Source, due: Due, title: str, time: dt.time) -> Mapping[str, str]:
    """Return the sentence in every language, with the hour where the person is."""
    choice = all_choices(source.kind).get(due.kind) if source.kind else None
    label = choice.label if choice else source.entity.label
    return {
        language: render(
            Problem(
                "record.reminder",
                {"kind": label.get(language), "time": shown_time(time, language), "title": title},
            ),
            language,
        )
        for language in LANGUAGES
    }


def _note(session: CrmSession, entity_uid: str, until: dt.datetime) -> None:
    row: dict[str, Any] = {"entity_uid": entity_uid, "until": until}
    statement = insert_of(session.get_bind())(looked).values(row)
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["entity_uid"], set_={"until": until})
    )
