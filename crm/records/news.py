"""What changed for somebody: what others did to the records that name them, newest first, as far as they may see it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.conditions.tree.moments import add_days, day_start
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import type_of
from crm.fields.wall_clock import to_local
from crm.permissions.service import readable_fields
from crm.records.journal import CREATED, DELETED, change, read_changes
from crm.records.ranking import is_among
from crm.records.values import known_user_names, situation_of, titles_by_id
from crm.revisions.former_names import read_former_names

LOOKED_AT = 2_000  # of the newest changes of all
MOST_NEWS = 12


@dataclass(frozen=True)
class News:
    """One record that others changed; `fields` are the labels of what changed, none for a record that is new.

    Shape:  `at` is naive UTC, of its newest change; `who` is a user's or a rule's name.
    """

    entity: Entity
    record_id: int
    title: str
    at: dt.datetime
    who: str
    fields: tuple[str, ...] = ()


def news_since_yesterday(session: CrmSession) -> list[News]:
    """Return what others changed since yesterday in records that name the reader, each record once.

    Shape:  bounded: of the newest changes only so many are looked at, imports left aside.
    """
    rows = _newest_changes(session)
    if not rows:
        return []
    former, schema = read_former_names(session.connection()), session.workspace.schema
    by_entity: dict[str, list[Any]] = {}
    for row in rows:
        entity = former.entity_today(schema, row.entity, row.revision)
        if entity is not None:
            by_entity.setdefault(entity.name, []).append(row)
    found = [one for name, of in by_entity.items() for one in _news_of(session, schema.entities[name], of)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST_NEWS]


def _newest_changes(session: CrmSession) -> list[Any]:
    zone = session.actor.time_zone
    today = to_local(session.clock(), zone).date()
    since = day_start(add_days(today, -1) or today, zone)
    columns = (change.c.id, change.c.entity, change.c.record_id, change.c.revision, change.c.at)
    newest = sa.select(*columns, change.c.user_id, change.c.batch_id, change.c.kind).order_by(
        change.c.id.desc()
    )
    newest = newest.limit(LOOKED_AT).subquery()
    by_others = newest.c.user_id.is_distinct_from(session.actor.user_id)
    asked = sa.select(newest).where(newest.c.at >= since, newest.c.batch_id.is_(None), by_others)
    return list(session.connection().execute(asked.where(newest.c.kind != DELETED)))


def _news_of(session: CrmSession, entity: Entity, rows: list[Any]) -> list[News]:
    mine = _mine_among(session, entity, {row.record_id for row in rows})
    latest: dict[int, int] = {}
    for row in rows:
        if row.record_id in mine:
            latest.setdefault(row.record_id, row.id)
    if not latest:
        return []
    language, readable = session.actor.language, readable_fields(session.actor, entity)
    titles = titles_by_id(session, entity, latest, situation_of(session))
    changes = read_changes(session, entity, sa.select(change).where(change.c.id.in_(list(latest.values()))))
    people = known_user_names(session, (row["user_id"] for row in changes))
    found = []
    for row in changes:
        names = [name for name in row["values"] if name in readable]
        if row["record_id"] in titles and (names or row["kind"] == CREATED):
            labels = tuple(readable[name].label.get(language) for name in names)
            found.append(
                News(
                    entity,
                    row["record_id"],
                    titles[row["record_id"]],
                    row["at"],
                    people.get(row["user_id"]) or row["actor_name"],
                    () if row["kind"] == CREATED else labels,
                )
            )
    return found


def _mine_among(session: CrmSession, entity: Entity, ids: set[int]) -> set[int]:
    """Return which records name the reader in a field that is open to them."""
    if "read" not in session.actor.rights(entity.name).can:
        return set()
    cls = session.workspace.models[entity.name]
    of_users = [
        getattr(cls, type_of(field).attribute(field)) == session.actor.user_id
        for field in readable_fields(session.actor, entity).values()
        if type_of(field).links == "user" and type_of(field).stored
    ]
    if not of_users:
        return set()
    return set(
        session.scalars(sa.select(cls.id).where(is_among(session, cls.id, sorted(ids)), sa.or_(*of_users)))
    )
