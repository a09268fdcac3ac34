"""What is known of stored files: one row each, from the upload until the last trace is erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import BigId, metadata

stored_file = sa.Table(
    "crm_file",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.String(80), nullable=False),  # where it lies in the store; random
    sa.Column("sha256", sa.String(64)),  # None until all of it has arrived
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("mime", sa.String(100), nullable=False),
    sa.Column("user_id", sa.Integer),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("entity_uid", sa.String(64), nullable=False),
    sa.Column("field_uid", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger),  # None: an upload that no saved record refers to
    sa.Index("ix_crm_file_record", "record_id", "at"),
)
"""One row per stored file. A file belongs to one field of one record, for good."""


@dataclass(frozen=True)
class StoredFile:
    """One stored file; `record_id` is None as long as no record was saved with it."""

    id: int
    key: str
    sha256: str | None
    size: int
    name: str
    mime: str
    user_id: int | None
    at: dt.datetime
    entity_uid: str
    field_uid: str
    record_id: int | None


def add_row(connection: sa.Connection, values: dict) -> int:
    """Write down an upload before its content arrives; return its number."""
    return connection.scalar(sa.insert(stored_file).values(**values).returning(stored_file.c.id))


def complete_row(connection: sa.Connection, file_id: int, sha256: str, size: int) -> None:
    """Write down that the content has arrived."""
    done = sa.update(stored_file).where(stored_file.c.id == file_id)
    connection.execute(done.values(sha256=sha256, size=size))


def drop_row(connection: sa.Connection, file_id: int) -> None:
    """Forget an upload that did not arrive."""
    connection.execute(sa.delete(stored_file).where(stored_file.c.id == file_id))


def list_rows(connection: sa.Connection, ids: Iterable[int]) -> dict[int, StoredFile]:
    """Return files by number."""
    wanted = sorted({int(one) for one in ids})
    if not wanted:
        return {}
    rows = connection.execute(sa.select(stored_file).where(stored_file.c.id.in_(wanted)))
    return {row.id: StoredFile(*row) for row in rows}


def count_loose(connection: sa.Connection, user_id: int | None) -> int:
    """Return how many uploads of a user wait for a record."""
    asked = sa.select(sa.func.count()).select_from(stored_file)
    own = stored_file.c.user_id == user_id if user_id is not None else stored_file.c.user_id.is_(None)
    return connection.scalar(asked.where(stored_file.c.record_id.is_(None), own)) or 0


def attach_rows(connection: sa.Connection, ids: Iterable[int], record_id: int) -> int:
    """Give uploads to a record, unless another one has them; return how many it has now."""
    wanted = list(ids)
    free = stored_file.c.record_id.is_(None) | (stored_file.c.record_id == record_id)
    given = sa.update(stored_file).where(stored_file.c.id.in_(wanted), free).values(record_id=record_id)
    return connection.execute(given).rowcount


def give_rows(
    connection: sa.Connection, entity_uid: str, ids: Iterable[int], before: Iterable[int], record_id: int
) -> list[list[int]]:
    """Give files of some records of an entity to another one of it; return (file, its record before) of each."""
    mine = (stored_file.c.entity_uid == entity_uid, stored_file.c.record_id.in_(list(before)))
    asked = sa.select(stored_file.c.id, stored_file.c.record_id).where(stored_file.c.id.in_(list(ids)), *mine)
    found = [list(row) for row in connection.execute(asked)]
    moved = sa.update(stored_file).where(stored_file.c.id.in_([row[0] for row in found]), *mine)
    connection.execute(moved.values(record_id=record_id))
    return found


def release_rows(
    connection: sa.Connection, entity_uid: str, record_id: int, field_uid: str | None = None
) -> int:
    """Take a record's files from it, without a name, a user or a time to wait; return how many there were."""
    own = (stored_file.c.entity_uid == entity_uid) & (stored_file.c.record_id == record_id)
    if field_uid is not None:
        own &= stored_file.c.field_uid == field_uid
    values = {"record_id": None, "user_id": None, "sha256": None, "name": "", "at": dt.datetime(2000, 1, 1)}
    return connection.execute(sa.update(stored_file).where(own).values(**values)).rowcount


def take_forgotten(connection: sa.Connection, before: dt.datetime, limit: int) -> list[str]:
    """Delete rows of uploads that no record took since a moment; return where their content lies."""
    loose = sa.select(stored_file.c.id).where(stored_file.c.record_id.is_(None), stored_file.c.at < before)
    gone = sa.delete(stored_file).where(
        stored_file.c.id.in_(loose.limit(limit)), stored_file.c.record_id.is_(None)
    )
    return list(connection.scalars(gone.returning(stored_file.c.key)))
