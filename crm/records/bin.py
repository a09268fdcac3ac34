"""The bin: what deleted records held, kept beside the living ones until it is restored or deleted permanently.

A record that is deleted leaves its table, so no query has to remember that it is gone. What goes with it (records that
are deleted in cascade, references that are cleared) belongs to one deed, and comes back with it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate
from crm.database import BigId, CrmSession, about_to_write, metadata, only_reading, open_session
from crm.entities.model import Entity
from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions.model import SYSTEM as SYSTEM_ACTOR
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.service import require
from crm.records.draft import RecordDraft
from crm.records.file_rows import release_rows
from crm.records.journal import SEALED, kept_value, open_values
from crm.revisions.former_names import entity_of_uid, read_former_names
from crm.revisions.models import Record
from crm.revisions.workspace import get_workspace

SYSTEM = ("created_at", "created_by_id", "updated_at", "updated_by_id", "row_version")
LOOKED_THROUGH = 5_000  # deeds of which one page shows those that are open to its reader
AT_ONCE = 500

binned = sa.Table(
    "crm_bin",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column(
        "deed_id", sa.BigInteger, index=True
    ),  # the row of what was deleted first; None on that row itself
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column(
        "is_link", sa.Boolean, nullable=False, default=False
    ),  # a reference of a living record was cleared
    sa.Column("content", sa.Text, nullable=False, info={SEALED: "values"}),  # {"field": value}
    sa.Column("stamps", sa.Text, nullable=False, default="{}"),  # who made and changed it, and when
    sa.Column("user_id", sa.Integer),
    sa.Column("actor_name", sa.String(100), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("ix_crm_bin_record", "entity", "record_id"),
    sa.Index("ix_crm_bin_at", "at"),
)
"""One row per deleted record, and per reference that its deletion cleared."""


@dataclass(frozen=True)
class Binned:
    """A record in the bin, by today's names.

    Shape:  `values` are typed, `gone` names what its fields can no longer hold; `size` counts what comes back with it.
    """

    number: int
    entity: Entity
    record_id: int
    values: Mapping[str, Any]
    gone: tuple[str, ...]
    stamps: Mapping[str, Any]
    user_id: int | None
    actor_name: str
    at: dt.datetime
    is_link: bool = False
    size: int = 0


# Into the bin


def put_record(session: CrmSession, record: Record, deed: int | None) -> int:
    """Keep what a record holds that is about to be deleted; return the deed's number.

    Shape:  `deed` is None for what was deleted first.
    """
    entity: Entity = record.__entity__
    stored = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
    values = {field.name: getattr(record, FIELD_TYPES[field.type].attribute(field)) for field in stored}
    stamps = {name: getattr(record, name) for name in SYSTEM}
    row = {**_row(session, entity, record.id, deed), **_kept(entity, values, stamps)}
    added = session.connection().execute(sa.insert(binned).values(**row)).inserted_primary_key[0]
    return deed or added


def put_link(
    session: CrmSession, entity: Entity, record_id: int, values: Mapping[str, int], deed: int
) -> None:
    """Keep that a living record pointed to one that is deleted."""
    row = {**_row(session, entity, record_id, deed), "is_link": True, "content": json.dumps(values)}
    session.connection().execute(sa.insert(binned).values(**row))


def _row(session: CrmSession, entity: Entity, record_id: int, deed: int | None) -> dict[str, Any]:
    return {
        "deed_id": deed,
        "entity": entity.name,
        "record_id": record_id,
        "revision": session.workspace.number,
        "user_id": session.actor.user_id,
        "actor_name": session.actor.name[:100],
        "at": session.clock(),
    }


def _kept(entity: Entity, values: Mapping[str, Any], stamps: Mapping[str, Any]) -> dict[str, str]:
    content = {
        name: kept_value(
            entity.fields[name], FIELD_TYPES[entity.fields[name].type].to_json(entity.fields[name], one)
        )
        for name, one in values.items()
        if one is not None
    }
    return {
        "content": json.dumps(content, ensure_ascii=False, default=str),
        "stamps": json.dumps(stamps, default=lambda moment: moment.isoformat()),
    }


# Looking


def list_binned(session: CrmSession, entity: Entity, most: int, before: int | None = None) -> list[Binned]:
    """Return what was deleted of an entity and is open to the actor, the newest first; `before` is a deed's number.

    Errors: NotAllowedError for whoever may not delete such records.
    """
    require(session.actor, "delete", entity)
    found: list[Binned] = []
    for each in _roots(session, entity, before):
        if is_open(session, each):
            found.append(each)
            if len(found) == most:
                break
    sizes = _sizes(session, [each.number for each in found])
    return [replace(each, size=sizes.get(each.number, 0)) for each in found]


def find_binned(session: CrmSession, entity: Entity, record_id: int) -> Binned | None:
    """Return a deleted record that is open to the actor."""
    if "delete" not in session.actor.rights(entity.name).can or not 0 < record_id < 2**63:
        return None
    asked = _of(session, entity).where(binned.c.record_id == record_id).order_by(binned.c.id.desc())
    rows = session.connection().execute(asked).all()
    return next((each for each in _read(session, rows) if is_open(session, each)), None)


def is_open(session: CrmSession, each: Binned) -> bool:
    """Return whether the actor might read and delete a record if it was as it was; what is not known is closed."""
    if session.actor.sees_everything:
        return True
    rights = session.actor.rights(each.entity.name)
    if not {"read", "delete"} <= rights.can:
        return False
    draft, scope = RecordDraft(session, each.entity, each.values, each.record_id), scope_of(session)
    with session.as_system():
        return all(
            rights.rows[deed] is None
            or any(
                bool(evaluate(parse_trusted(session.workspace, each.entity, way), draft, scope))
                for way in rights.rows[deed] or ()
            )
            for deed in ("read", "delete")
        )


def _of(session: CrmSession, entity: Entity) -> sa.Select:
    own = read_former_names(session.connection()).about(binned, entity)
    return sa.select(binned).where(own, binned.c.deed_id.is_(None), binned.c.is_link.is_(False))


def _roots(session: CrmSession, entity: Entity, before: int | None) -> Iterator[Binned]:
    connection, looked = session.connection(), 0
    while looked < LOOKED_THROUGH:
        asked = _of(session, entity).order_by(binned.c.id.desc()).limit(AT_ONCE)
        rows = connection.execute(asked if before is None else asked.where(binned.c.id < before)).all()
        yield from _read(session, rows)
        if len(rows) < AT_ONCE:
            return
        before, looked = rows[-1].id, looked + len(rows)


def _sizes(session: CrmSession, deeds: Sequence[int]) -> dict[int, int]:
    asked = sa.select(binned.c.deed_id, sa.func.count()).where(binned.c.deed_id.in_(deeds))
    return dict(session.connection().execute(asked.group_by(binned.c.deed_id)).all()) if deeds else {}


def rows_of_deed(session: CrmSession, deed: int) -> list[Binned]:
    """Return all that one deed deleted and cleared, what was deleted first first; nothing of entities that are gone."""
    mine = (binned.c.id == deed) | (binned.c.deed_id == deed)
    return list(
        _read(
            session, session.connection().execute(sa.select(binned).where(mine).order_by(binned.c.id)).all()
        )
    )


def _read(session: CrmSession, rows: Iterable[sa.Row]) -> Iterator[Binned]:
    former = read_former_names(session.connection())
    for row in rows:
        entity = former.entity_today(session.workspace.schema, row.entity, row.revision)
        if entity is None:
            continue
        content, gone = former.values_today(entity, open_values(json.loads(row.content)), row.revision)
        values, lost = _typed(entity, content)
        yield Binned(
            row.id, entity, row.record_id, values, (*lost, *gone), json.loads(row.stamps),
            row.user_id, row.actor_name, row.at, row.is_link,
        )  # fmt: skip


def _typed(entity: Entity, content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return kept values as typed ones, and the names of those that their fields can no longer hold."""
    values, lost = {}, []
    for name, value in content.items():
        field: Field = entity.fields[name]
        if not FIELD_TYPES[field.type].stored:
            lost.append(name)
            continue
        try:
            values[name] = FIELD_TYPES[field.type].from_json(field, value)
        except FieldError:
            lost.append(name)
    return values, lost


# Out of the bin


def forget(session: CrmSession, deed: int) -> None:
    """Take a deed out of the bin, after it was restored."""
    session.connection().execute(sa.delete(binned).where((binned.c.id == deed) | (binned.c.deed_id == deed)))


def purge_deeds(session: CrmSession, deeds: Iterable[int]) -> int:
    """Delete permanently what some deeds put into the bin, with its files; return how many deeds there were."""
    connection, former, count = session.connection(), read_former_names(session.connection()), 0
    for deed in deeds:
        mine = (binned.c.id == deed) | (binned.c.deed_id == deed)
        asked = sa.select(binned.c.entity, binned.c.record_id, binned.c.revision)
        for row in connection.execute(asked.where(mine, binned.c.is_link.is_(False))).all():
            uid = former.entity_uid(row.entity, row.revision)
            known = entity_of_uid(session.workspace.schema, uid or "")
            release_rows(connection, uid or (known.uid if known else row.entity), row.record_id)
        connection.execute(sa.delete(binned).where(mine))
        count += 1
    return count


def list_due(session: CrmSession, before: dt.datetime, most: int) -> list[int]:
    """Return the oldest deeds from before a moment."""
    asked = sa.select(binned.c.id).where(binned.c.deed_id.is_(None), binned.c.at < before)
    return list(session.connection().scalars(asked.order_by(binned.c.id).limit(most)))


def empty_old(engine: sa.Engine, before: dt.datetime) -> int:
    """Delete permanently what was deleted before a moment; return how many deeds. Safe to repeat and to interrupt."""
    count = 0
    with only_reading():
        workspace = get_workspace(engine)
        with open_session(engine, workspace, SYSTEM_ACTOR) as session:
            due = list_due(session, before, AT_ONCE)
    if due:
        with about_to_write(), open_session(engine, workspace, SYSTEM_ACTOR) as session:
            count = purge_deeds(session, list_due(session, before, AT_ONCE))
    return count


def erase_binned(session: CrmSession, entity: Entity, record_ids: Iterable[int]) -> int:
    """Delete permanently whatever the bin keeps of some records, also where they went with others; return how many."""
    own = read_former_names(session.connection()).about(binned, entity)
    connection, count = session.connection(), 0
    for record_id in record_ids:
        mine = (own, binned.c.record_id == record_id)
        deeds = connection.scalars(sa.select(binned.c.id).where(*mine, binned.c.deed_id.is_(None))).all()
        count += purge_deeds(session, deeds)
        release_rows(connection, entity.uid, record_id) if deeds else None
        count += connection.execute(sa.delete(binned).where(*mine)).rowcount
    return count
