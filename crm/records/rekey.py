"""The search keys of records that were saved before other words became searchable: a row says what is left to do."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, about_to_write, metadata, only_reading, utcnow
from crm.entities.model import Entity
from crm.records.search_keys import key_fields, keying_of
from crm.records.values import type_of
from crm.revisions.batches import next_rows
from crm.revisions.processes import oldest_revision
from crm.revisions.workspace import Workspace, get_workspace

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30  # after which another process goes on where one stopped
WAIT_SECONDS = 0.2  # for somebody who holds the next record

rekey = sa.Table(
    "crm_rekey",
    metadata,
    sa.Column("entity_uid", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("after", sa.BigInteger, nullable=False),
    sa.Column("outdated", sa.Boolean, nullable=False),  # keys are of a form that no query asks for
    sa.Column("lease_until", sa.DateTime),
)
"""Entities that are searched by other words since a revision, and the last record whose key is new; gone at the end."""


@dataclass(frozen=True)
class Rekeying:
    """An entity whose search keys are being rewritten: `done` of `total`, counted in ids."""

    entity: str
    done: int
    total: int


def plan_rekeying(connection: sa.Connection, workspace: Workspace, changed: Mapping[str, bool]) -> None:
    """Note, in the publish transaction, which entities need new keys, starting from the first record.

    Shape:  `changed` says by entity whether no query finds the keys it has.
    """
    outdated = {workspace.schema.entities[name].uid: is_so for name, is_so in changed.items()}
    for uid in connection.scalars(sa.select(rekey.c.entity_uid).where(rekey.c.outdated)):
        outdated |= {uid: True} if uid in outdated else {}
    connection.execute(sa.delete(rekey).where(rekey.c.entity_uid.in_(outdated)))
    rows = [
        {"entity_uid": uid, "revision": workspace.number, "after": 0, "outdated": is_so}
        for uid, is_so in outdated.items()
    ]
    if rows:
        connection.execute(sa.insert(rekey), rows)


def find_rekeyings(session: CrmSession) -> dict[str, Any]:
    """Return the rows of the entities some of whose keys are of an earlier revision, by the entity's uid."""
    return {row.entity_uid: row for row in session.connection().execute(sa.select(rekey))}


def list_rekeying(connection: sa.Connection, workspace: Workspace) -> list[Rekeying]:
    """Return the entities whose keys are being rewritten."""
    found = []
    for row in connection.execute(sa.select(rekey)):
        for entity in workspace.schema.entities.values():
            if entity.uid == row.entity_uid:
                last = connection.scalar(sa.select(sa.func.max(workspace.models.table(entity.name).c.id)))
                found.append(Rekeying(entity.name, row.after, max(last or 0, row.after)))
    return found


def has_work(engine: sa.Engine) -> bool:
    """Return whether keys wait that nobody writes."""
    free = rekey.c.lease_until.is_(None) | (rekey.c.lease_until < utcnow())
    with only_reading(), engine.connect() as connection:
        return bool(connection.scalar(sa.select(sa.func.count()).select_from(rekey).where(free)))


def rebuild_search_keys(engine: sa.Engine) -> None:
    """Rewrite outdated keys in small transactions, each of which notes its progress.

    Safe to repeat and to call in two processes. It begins when every process works with the revision, because until
    then records are saved with keys of the one before. Neither version nor history of a record changes.
    """
    while (uid := _claim(engine)) is not None:
        logger.info("Writing the search keys of %s anew", uid)
        while _rebuild_some(engine, uid):
            pass


def _claim(engine: sa.Engine) -> str | None:
    """Take one entity that waits and that every process is ready for; None when there is none."""
    now = utcnow()
    with about_to_write(), engine.begin() as connection:
        oldest = oldest_revision(connection)
        free = rekey.c.lease_until.is_(None) | (rekey.c.lease_until < now)
        ready = sa.true() if oldest is None else rekey.c.revision <= oldest
        uid = connection.scalar(sa.select(rekey.c.entity_uid).where(free, ready).limit(1))
        taken = sa.update(rekey).where(rekey.c.entity_uid == uid, free)
        return uid if uid and connection.execute(taken.values(lease_until=_lease(now))).rowcount else None


def _lease(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=LEASE_SECONDS)


def _rebuild_some(engine: sa.Engine, uid: str) -> bool:
    """Write the next keys of an entity; return False when it is done, or somebody else's by now."""
    with only_reading():
        workspace = get_workspace(engine)
    entity = next((one for one in workspace.schema.entities.values() if one.uid == uid), None)
    with about_to_write(), engine.connect() as connection:
        row = connection.execute(sa.select(rekey).where(rekey.c.entity_uid == uid)).first()
        if row is None:
            return False
        last = _write_some(connection, workspace, entity, row.after) if entity else None
        ours = (rekey.c.entity_uid == uid, rekey.c.revision == row.revision, rekey.c.after == row.after)
        step = (
            sa.delete(rekey)
            if last is None
            else sa.update(rekey).values(after=last, lease_until=_lease(utcnow()))
        )
        if not connection.execute(step.where(*ours)).rowcount:
            return False  # A newer publish, or another process that held us for dead, has taken it; we wrote nothing.
        connection.commit()
    if last == row.after:
        time.sleep(WAIT_SECONDS)
    return last is not None


def _write_some(connection: sa.Connection, workspace: Workspace, entity: Entity, after: int) -> int | None:
    """Write the keys of the next records behind an id, and return the last id; None when there were none."""
    table = workspace.models.table(entity.name)
    fields = [field for field in key_fields(entity).values() if type_of(field).stored]
    rows, last = next_rows(connection, table, [table.c[field.column] for field in fields], after)
    names, keying = [field.name for field in fields], keying_of(entity)
    keys = [{"row": row[0], "key": keying.key(dict(zip(names, row[1:], strict=True)))} for row in rows]
    if keys:
        written = sa.update(table).where(table.c.id == sa.bindparam("row"))
        connection.execute(written.values(search_key=sa.bindparam("key")), keys)
    return last
