"""Bringing the own tables of a database to the version of this code, in one transaction, by one process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_appbuilder.models.sqla import Model
from flask_appbuilder.security.sqla import models as _users  # noqa: F401 - fills the metadata of Flask-AppBuilder

from crm.conditions import install as install_functions
from crm.database import BUSY_SECONDS, about_to_write, all_own_tables
from crm.errors import UnavailableError
from crm.own_tables import version
from crm.own_tables.repair import LOOKED_AT, Repair
from crm.own_tables.version import VERSION_TABLE, is_empty, known_versions, require_known, version_of
from crm.revisions.column_moves import install as install_moves

UPGRADE_LOCK = 7_316_004  # any number, the same in every process
CHANGES = ("ALTER", "CREATE", "DELETE", "DROP", "INSERT", "UPDATE")  # statements that are worth printing
WAIT_SECONDS = 600  # how long a process waits for another one that upgrades a SQLite file


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did to a database.

    Shape:  `is_new` when it had none of our tables; `before` is empty when it had no version. `ran` names the
            migrations, `repaired` what tables that were there lacked: `table`, `table.column`, `table.index`.
    """

    is_new: bool
    before: str
    after: str
    ran: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)

    def say(self) -> str:
        """Return it in words, for a terminal."""
        if self.is_new:
            return f"The tables were made: version {self.after}."
        lines = [f"The tables were upgraded from version {self.before or 'none'} to {self.after}."]
        if not self.ran:
            lines = [f"The tables are at version {self.after}; there was nothing to upgrade."]
        if self.repaired:
            lines.append("Brought back what was missing: " + ", ".join(self.repaired) + ".")
        return "\n".join(lines)


def upgrade(engine: sa.Engine) -> Upgraded:
    """Bring our tables and Flask-AppBuilder's to what this code declares; others wait meanwhile.

    Errors: UnavailableError when a newer release made the database, or what it lacks cannot be brought back.
    """
    with alone(engine) as connection, _in_words():
        found = _bring_to_today(connection)
        connection.commit()
    for install in (install_functions, install_moves):
        install(engine)
    return found


def _bring_to_today(connection: sa.Connection) -> Upgraded:
    before, is_new = require_known(connection), is_empty(connection)
    repaired: list[str] = []
    with _environment(connection, repaired=repaired) as environment:
        environment.run_migrations()
    for tables in (all_own_tables(), Model.metadata):
        repaired += Repair(environment.get_context(), connection, tables).bring_back()
    ran = pending_after(before)
    return Upgraded(is_new, before, version_of(connection), ran, [] if is_new else repaired)


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what the database refuses into an error a person can act on."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        reason = str(error.orig).strip().splitlines()[0]  # the other lines hold values
        raise UnavailableError("database.refused", reason=reason) from error


def run_versions(engine: sa.Engine) -> None:
    """Run the migrations alone, whatever is declared; for what compares the two."""
    with alone(engine) as connection, _environment(connection, repaired=[]) as environment:
        environment.run_migrations()
        connection.commit()


def sql_of_upgrade(engine: sa.Engine) -> str:
    """Return the statements that an upgrade would run now; nothing is changed.

    Errors: as `upgrade`.
    """
    is_file = engine.dialect.name == "sqlite"
    statements = (_rehearse if is_file else _write_down)(engine).strip()
    begin = "PRAGMA legacy_alter_table=ON;\nBEGIN;" if is_file else "BEGIN;"
    return f"{begin}\n\n{statements}\n\nCOMMIT;\n" if statements else ""


def _rehearse(engine: sa.Engine) -> str:
    """Do it on a SQLite file and take it back: a table that is copied must be looked at as it is by then."""
    seen: list[str] = []
    with alone(engine) as connection, _in_words():
        driver = connection.connection.driver_connection
        driver.set_trace_callback(seen.append)
        try:
            _bring_to_today(connection)
        finally:
            driver.set_trace_callback(None)
    return "\n".join(f"{text.strip()};" for text in seen if text.split(maxsplit=1)[0] in CHANGES)


def _write_down(engine: sa.Engine) -> str:
    """Write the statements without running one: on PostgreSQL they would keep everybody waiting."""
    written = io.StringIO()
    with engine.connect() as connection:
        before = require_known(connection)
        with _environment(connection, written, before or "base", repaired=[]) as environment:
            environment.run_migrations()
            # What our tables lack can be seen once they are at the version that is compared.
            seen = () if pending_after(before) else (all_own_tables(),)
            for tables in (*seen, Model.metadata):
                Repair(environment.get_context(), connection, tables).bring_back()
    return written.getvalue()


def pending_after(before: str) -> list[str]:
    """Return the migrations that come after a version."""
    known = known_versions()
    return list(known[known.index(before) + 1 :] if before else known)


@contextmanager
def alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open the one upgrading transaction; other processes wait until it ends. The caller commits it."""
    with about_to_write(), engine.connect() as connection, _prepared(connection):
        connection.begin()
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        yield connection


@contextmanager
def _prepared(connection: sa.Connection) -> Iterator[None]:
    """Make a SQLite connection wait long for its turn, and let it put a copied table into the place of the old one.

    Triggers of other tables that name the old one would hinder that.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1000}")
    driver.execute("PRAGMA legacy_alter_table=ON")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA legacy_alter_table=OFF")
        driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


@cache
def history() -> ScriptDirectory:
    """Return the migrations."""
    return ScriptDirectory(str(version.FOLDER.parent), version_locations=[str(version.FOLDER)])


@contextmanager
def _environment(
    connection: sa.Connection, written: io.StringIO | None = None, start: str = "", **options: object
) -> Iterator[EnvironmentContext]:
    """Open what migrations run in: on the connection, or writing their statements down."""

    def steps(current: tuple[str, ...], _context: MigrationContext) -> list:
        return history()._upgrade_revs("head", current)

    options |= {"version_table": VERSION_TABLE, "fn": steps}
    with EnvironmentContext(Config(), history()) as environment:
        if written is None:
            environment.configure(connection=connection, **options)
        else:
            environment.configure(
                dialect_name=connection.dialect.name,
                as_sql=True,
                starting_rev=start,
                output_buffer=written,
                literal_binds=True,
                **{LOOKED_AT: connection},
                **options,
            )
        yield environment
