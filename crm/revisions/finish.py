"""What a publish leaves to be done while everybody works: indexes on many records. The database says what is left."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex

from crm.database import about_to_write, metadata, only_reading, utcnow
from crm.revisions.expand import names_of
from crm.revisions.indexes import Known, known_indexes, missing_indexes
from crm.revisions.words import creation_of
from crm.revisions.workspace import Workspace, get_workspace

logger = logging.getLogger(__name__)

FINISH_LOCK = 7_316_004  # any number, the same in every process
AGAIN_SECONDS = 300  # after which an index that could not be built is tried again

unbuilt = sa.Table(
    "crm_unbuilt_index",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("field", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("tried_at", sa.DateTime, nullable=False),
)
"""Indexes that the database refused, and why; a row goes when its index is built or nothing asks for it."""


@dataclass(frozen=True)
class Unfinished:
    """An index of the live revision that is not there yet.

    Shape:  `reason` says why the database refused it; "" when it was not tried yet.
    """

    name: str
    entity: str
    field: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"entity": self.entity, "field": self.field, "reason": self.reason}


def list_unfinished(engine: sa.Engine) -> list[Unfinished]:
    """Return the indexes that the live revision still waits for."""
    with only_reading():
        workspace = get_workspace(engine)
        with engine.connect() as connection:
            return unfinished_indexes(connection, workspace)


def unfinished_indexes(connection: sa.Connection, workspace: Workspace) -> list[Unfinished]:
    """Return the indexes that a revision still waits for."""
    missing = missing_indexes(connection, workspace.models)
    reasons = {row.name: row.reason for row in connection.execute(sa.select(unbuilt))} if missing else {}
    return [
        Unfinished(index.name, *_place(workspace, index), reasons.get(index.name, "")) for index in missing
    ]


def finish_indexes(engine: sa.Engine) -> None:
    """Build what the live revision lacks, one index after the other; reading and writing go on.

    Safe to repeat at any moment, and to call in two processes: one of them works. What a killed build left is built
    anew.
    """
    built: set[str] = set()
    with _alone(engine) as is_ours:
        while is_ours:
            with only_reading():
                workspace = get_workspace(engine)
            index = _next_index(engine, workspace)
            if index is None:
                break
            if index.name in built:  # SQLite takes another one of this name for it, and says nothing
                _note(engine, index.name, _place(workspace, index), f"{index.name} is still missing.")
                continue
            built.add(index.name)
            _build(engine, index, _place(workspace, index))


def _next_index(engine: sa.Engine, workspace: Workspace) -> sa.Index | None:
    """Return an index to build, leaving those alone that were refused lately; None when there is none."""
    lately = utcnow() - timedelta(seconds=AGAIN_SECONDS)
    with about_to_write(), engine.begin() as connection:
        missing = missing_indexes(connection, workspace.models)
        connection.execute(sa.delete(unbuilt).where(unbuilt.c.name.not_in([index.name for index in missing])))
        refused = set(connection.scalars(sa.select(unbuilt.c.name).where(unbuilt.c.tried_at > lately)))
    return next((index for index in missing if index.name not in refused), None)


def _build(engine: sa.Engine, index: sa.Index, place: tuple[str, str]) -> None:
    """Build one index, or note why it cannot be."""
    try:
        if engine.dialect.name == "postgresql":
            _build_beside(engine, index)
        else:
            with about_to_write(), engine.begin() as connection:
                for statement in creation_of(index, engine.dialect, may_be_there=True):
                    connection.execute(statement)
    except sa.exc.DBAPIError as error:
        logger.warning("The index %s could not be built: %s", index.name, error.orig)
        _note(engine, index.name, place, str(error.orig).splitlines()[0][:500])


def _build_beside(engine: sa.Engine, index: sa.Index) -> None:
    """Build an index as PostgreSQL does while others write; what an earlier try left goes first."""
    words = str(CreateIndex(index).compile(dialect=engine.dialect)).strip()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _drop_leftover(connection, index)
        try:
            connection.exec_driver_sql(words.replace(" INDEX ", " INDEX CONCURRENTLY ", 1))
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                _drop_leftover(connection, index)
            raise


def _drop_leftover(connection: sa.Connection, index: sa.Index) -> None:
    """Drop an index that was not built to its end, which costs every writer and serves nobody."""
    if known_indexes(connection).get(index.name) == Known(index.table.name, is_valid=False):
        name = connection.dialect.identifier_preparer.format_index(index)
        connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")


def _note(engine: sa.Engine, name: str, place: tuple[str, str], reason: str) -> None:
    with about_to_write(), engine.begin() as connection:
        connection.execute(sa.delete(unbuilt).where(unbuilt.c.name == name))
        row = {"name": name, "entity": place[0], "field": place[1], "reason": reason, "tried_at": utcnow()}
        connection.execute(sa.insert(unbuilt).values(row))


def _place(workspace: Workspace, index: sa.Index) -> tuple[str, str]:
    return names_of(workspace, index.table.name, next(iter(index.columns)).name)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[bool]:
    """Say whether no other process finishes the same database; on SQLite writers take turns anyhow."""
    if engine.dialect.name != "postgresql":
        yield True
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(FINISH_LOCK))))
        try:
            yield is_ours
        finally:
            if is_ours:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(FINISH_LOCK)))


def note_unbuilt_indexes(connection: sa.Connection) -> list[str]:
    """Return what `/health` says about indexes the database refused; no reason, which may hold values."""
    rows: list[Mapping] = connection.execute(sa.select(unbuilt).order_by(unbuilt.c.name)).mappings().all()
    return [
        f"An index of {row['entity']}.{row['field']} could not be built; `flask crm schema status` says why."
        for row in rows
    ]
