"""Which version of our own tables a database has, and whether this code may work on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from crm.errors import UnavailableError

FOLDER = Path(__file__).parent / "versions"
VERSION_TABLE = "crm_version"  # one row: the name of the last migration that ran

version = sa.Table(VERSION_TABLE, sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
"""Alembic makes it, and keeps it."""


@cache
def known_versions() -> tuple[str, ...]:
    """Return the versions this code knows, oldest first: the files of `versions/`, in the order of their numbers."""
    return tuple(sorted(file.stem for file in FOLDER.glob("v*.py")))


def version_of(connection: sa.Connection) -> str:
    """Return the version a database has; empty when it has none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return ""
    return connection.scalar(sa.select(version.c.version_num)) or ""


def is_empty(connection: sa.Connection) -> bool:
    """Return whether a database has none of our tables: nobody has started the CRM on it."""
    return not sa.inspect(connection).has_table("crm_revision")


def require_known(connection: sa.Connection) -> str:
    """Return the version of a database, and let pass none that a newer release has made.

    Errors: UnavailableError.
    """
    found, known = version_of(connection), known_versions()
    if found and found not in known:
        raise UnavailableError("database.newer", found=found, known=known[-1])
    return found


def require_current(connection: sa.Connection) -> None:
    """Let pass a database whose own tables are as this code wants them.

    Errors: UnavailableError, for a newer database, one that was not upgraded yet, and an empty one.
    """
    found, wanted = require_known(connection), known_versions()[-1]
    if found == wanted:
        return
    if is_empty(connection):
        raise UnavailableError("schema.nothing_published")
    raise UnavailableError("database.older", known=wanted)
