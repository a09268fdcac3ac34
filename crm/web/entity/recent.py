"""The records a user opened last, shown in the empty search field; what they may not see any more is left out."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Response

from crm.database import BUSY_SECONDS, CrmSession, about_to_write, metadata
from crm.entities.model import Entity
from crm.records.listing import ListQuery, list_records
from crm.records.search import Hit, hit_columns, hits_of

KEPT = 20  # per user; some will be deleted or out of reach when they are shown
SHOWN = 6
WAIT_MILLISECONDS = 50  # for somebody else who writes on SQLite: to remember is not worth more

logger = logging.getLogger(__name__)

recent = sa.Table(
    "crm_recent",
    metadata,
    sa.Column("user_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entity_uid", sa.String(64), primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime, nullable=False),
)


def remember_opened(session: CrmSession, entity: Entity, record_id: int, response: Response) -> None:
    """Note that the actor opened a record, once the answer is sent: nobody waits for it."""
    if session.actor.user_id is not None:
        row = {"user_id": session.actor.user_id, "entity_uid": entity.uid, "record_id": record_id}
        response.call_on_close(partial(_note, session.get_bind(), row, session.clock()))


def _note(engine: sa.Engine, row: dict[str, Any], now: dt.datetime) -> None:
    try:
        with about_to_write(), engine.connect() as connection, _not_waiting(connection):
            note_opened(connection, row, now)
            connection.commit()
    except sa.exc.DBAPIError as error:  # another window of theirs notes it, or somebody else writes for long
        logger.info("the record that was opened is not remembered: %s", error.orig)


@contextmanager
def _not_waiting(connection: sa.Connection) -> Iterator[None]:
    """Give up at once where another program writes to SQLite; PostgreSQL lets many write."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")


def note_opened(connection: sa.Connection, row: Mapping[str, Any], now: dt.datetime) -> None:
    """Put a record first among those a user opened, and let go of the oldest."""
    theirs = recent.c.user_id == row["user_id"]
    place = (recent.c.entity_uid, recent.c.record_id)
    known = connection.execute(sa.select(*place).where(theirs).order_by(recent.c.at.desc())).all()
    this = (row["entity_uid"], row["record_id"])
    if known and tuple(known[0]) == this:
        return
    for gone in {this, *map(tuple, known[KEPT - 1 :])}:
        connection.execute(sa.delete(recent).where(theirs, place[0] == gone[0], place[1] == gone[1]))
    connection.execute(sa.insert(recent).values(**row, at=now))


def list_recent(session: CrmSession, limit: int = SHOWN) -> list[Hit]:
    """Return the records the actor opened last and may still see, the last one first."""
    asked = sa.select(recent).where(recent.c.user_id == session.actor.user_id).order_by(recent.c.at.desc())
    opened = session.connection().execute(asked).all()
    entities = {entity.uid: entity for entity in session.workspace.schema.entities.values()}
    known: dict[tuple[str, int], Hit] = {}
    for uid in dict.fromkeys(row.entity_uid for row in opened):
        entity = entities.get(uid)
        if entity is not None and "read" in session.actor.rights(entity.name).can:
            ids = [row.record_id for row in opened if row.entity_uid == uid]
            known |= {(uid, hit.id): hit for hit in _hits(session, entity, ids)}
    places = [(row.entity_uid, row.record_id) for row in opened]
    return [known[place] for place in places if place in known][:limit]


def _hits(session: CrmSession, entity: Entity, ids: list[int]) -> list[Hit]:
    query = ListQuery(
        [{"field": "id", "is_one_of": ids}], page_size=KEPT, columns=hit_columns(session, entity)
    )
    return hits_of(session, entity, list_records(session, entity, query).rows)
