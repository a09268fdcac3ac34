"""Having tables to oneself for a moment: one publisher at a time, and nobody kept waiting for long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from crm.errors import ConflictError

logger = logging.getLogger(__name__)

LOCK_MILLISECONDS = 500  # how long a table may be awaited; everybody who comes after us waits as well
LOCK_PAUSES = (0.2, 0.5, 1.0, 2.0, *(3.0,) * 6)  # seconds after each attempt
NOT_FREE = ("55P03", "40P01")  # PostgreSQL: a lock that is not free, a deadlock
PUBLISH_LOCK = 7_316_001  # any number, the same in every process

Answer = TypeVar("Answer")


@contextmanager
def locked(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open the one publishing transaction; a second admin is told at once."""
    try:
        connection = engine.connect()
        connection.begin()
    except sa.exc.OperationalError as error:
        raise ConflictError("schema.publish_busy") from error
    with connection:
        if engine.dialect.name == "postgresql":
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(PUBLISH_LOCK))):
                raise ConflictError("schema.publish_busy")
            wait_shortly(connection)
        yield connection
        connection.commit()


def wait_shortly(connection: sa.Connection) -> None:
    """Give up soon, in this transaction, on a table that somebody uses."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'"))


def close_table(connection: sa.Connection, table: str) -> None:
    """Keep everybody out of a table until the transaction ends; SQLite's one writer is us already."""
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.quote(table)
        connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")


def is_not_free(error: sa.exc.DBAPIError) -> bool:
    """Return whether the database refused because somebody else has what was asked for."""
    return getattr(error.orig, "sqlstate", None) in NOT_FREE


def patiently(call: Callable[[], Answer]) -> Answer:
    """Return what a call returns that needs tables for itself, trying again a few times where somebody uses them.

    Errors: ConflictError.
    """
    for pause in LOCK_PAUSES:
        try:
            return call()
        except sa.exc.OperationalError as error:
            if not is_not_free(error):
                raise
            logger.info("A table is in use; it is tried again in %s seconds", pause)
            time.sleep(pause)
    raise ConflictError("schema.tables_in_use")
