"""The engine of this process, our own tables' metadata, and the session that knows who acts."""

from __future__ import annotations

import datetime as dt
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from crm.permissions.model import Actor
    from crm.permissions.store import Person
    from crm.revisions.workspace import Workspace

BUSY_SECONDS = 10  # how long a writer waits for another one
PING_SECONDS = 30  # after so long without use a connection is asked whether it still works
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=NAMING)
"""Our own tables (`crm_…`); each is declared in the store of the package that owns it, once that is imported."""

TABLE_HOMES: list[str] = []
"""The modules that declare them; `app.wire` names them all."""


def all_own_tables() -> sa.MetaData:
    """Return our own tables, every one: those of a process alone are the ones that it uses."""
    for home in TABLE_HOMES:
        import_module(home)
    return metadata


BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The type of every primary key; SQLite counts up only plain integers."""

write_intent: ContextVar[bool] = ContextVar("write_intent", default=True)
"""Whether transactions begun now will write; the web sets it to False for GET requests.

SQLite refuses to turn a reading transaction into a writing one when somebody else wrote in between, so a writer
says so at its begin and waits for its turn.
"""


@contextmanager
def only_reading() -> Iterator[None]:
    """Begin transactions that need not wait for a writer."""
    token = write_intent.set(False)
    try:
        yield
    finally:
        write_intent.reset(token)


@contextmanager
def about_to_write() -> Iterator[None]:
    """Begin transactions that wait for their turn to write, whatever was said around them."""
    token = write_intent.set(True)
    try:
        yield
    finally:
        write_intent.reset(token)


def utcnow() -> dt.datetime:
    """Return the moment in UTC, without a zone, as the database stores it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@cache
def build_engine(url: str) -> sa.Engine:
    """Return this process's engine for a database address; the same one for every caller."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return _build_sqlite(address)
    return _build_postgresql(address)


def _build_postgresql(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        address,
        pool_size=8,
        max_overflow=8,
        hide_parameters=True,  # errors are logged, and values may be anybody's secrets
        connect_args={"connect_timeout": 5},
    )

    @sa.event.listens_for(engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["left_at"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _proxy: Any) -> None:
        left_at = record.info.get("left_at")
        if left_at is None or time.monotonic() - left_at < PING_SECONDS and not _has_news(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.InvalidatePoolError from error

    return engine


def limit_waits(engine: sa.Engine, seconds: float = BUSY_SECONDS) -> None:
    """Let nobody wait for a row or table of PostgreSQL for longer than for SQLite's one turn to write.

    For web processes: whoever saves is told to try again. Work that waits its turn does so in other processes.
    """
    if engine.dialect.name != "postgresql":
        return

    @sa.event.listens_for(engine, "connect")
    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {int(seconds * 1000)}")
        connection.commit()


def _has_news(connection: Any) -> bool:
    """Return whether a server has said something unasked, as one that ended the connection: no round trip tells."""
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLIN)
    except (OSError, connection.OperationalError):  # it is closed on our side
        return True
    return bool(poll.poll(0))


def _build_sqlite(address: sa.URL) -> sa.Engine:
    arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = sa.create_engine(address, hide_parameters=True, connect_args=arguments)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver's own way loses DDL
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write_intent.get() else "BEGIN")

    return engine


NO_ROOM = ("disk is full", "No space left on device")
DISK_FULL = "53100"  # PostgreSQL's code for it
LOCKED = ("database is locked", "database table is locked")


def is_locked(error: BaseException) -> bool:
    """Return whether another program has kept SQLite's one turn to write for longer than we wait."""
    return isinstance(error, sa.exc.OperationalError) and any(words in str(error.orig) for words in LOCKED)


def is_no_room(error: BaseException) -> bool:
    """Return whether the database's disk has no room left: SQLite's words, and PostgreSQL's."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    is_said = any(words in str(error.orig) for words in NO_ROOM)
    return is_said or getattr(error.orig, "sqlstate", None) == DISK_FULL


class CrmSession(Session):
    """A session that carries the revision it speaks, the actor it serves and the clock.

    Shape:  `cause` is the chain of what led here, stored with every change. `batch_id` is the import batch whose
            rows are written, if any. `is_whole` says that one refused save ends everything: whoever works with the
            session rolls it back then, so that no save needs a savepoint of its own.
    """

    workspace: Workspace
    actor: Actor
    clock: Callable[[], dt.datetime] = staticmethod(utcnow)
    cause: tuple[str, ...] = ()
    batch_id: int | None = None
    is_whole = False

    @property
    def people(self) -> Mapping[int, Person]:
        """Return the users who were read in this transaction already, by id."""
        return self.info.get("people", {})

    def meet(self, person: Person) -> None:
        """Remember a user for the rest of the transaction."""
        self.info.setdefault("people", {})[person.id] = person

    @property
    def is_guarded(self) -> bool:
        """Return whether the actor's rights restrict what this session reads."""
        return not self.info.get("system_depth", 0)

    @contextmanager
    def as_system(self) -> Iterator[None]:
        """Lift the guard for code that must see everything: checks, formulas, rules."""
        self.info["system_depth"] = self.info.get("system_depth", 0) + 1
        try:
            yield
        finally:
            self.info["system_depth"] -= 1

    def when_committed(self, name: str, call: Callable[[], None]) -> None:
        """Call something once after the commit; the same name replaces an earlier one, a rollback forgets it.

        Shape:  a savepoint that is released is no commit: nobody sees yet what was written. One that is rolled back
                forgets nothing, for what else was written may need the call.
        """
        self.info.setdefault("when_committed", {})[name] = call


@sa.event.listens_for(CrmSession, "after_commit")
def _call_when_committed(session: CrmSession) -> None:
    if session.in_nested_transaction():
        return
    for call in session.info.pop("when_committed", {}).values():
        call()


@sa.event.listens_for(CrmSession, "after_soft_rollback")
def _forget_when_committed(session: CrmSession, previous: Any) -> None:
    if not previous.nested:
        session.info.pop("when_committed", None)


@sa.event.listens_for(CrmSession, "after_transaction_end")
def _forget_people(session: CrmSession, transaction: Any) -> None:
    """Let go of the users who were read in a transaction with it: somebody may rename them meanwhile."""
    if transaction.parent is None:
        session.info.pop("people", None)


@contextmanager
def open_session(
    engine: sa.Engine, workspace: Workspace, actor: Actor, cause: tuple[str, ...] = ()
) -> Iterator[CrmSession]:
    """Open a session outside the web; commit at the end, roll back when an error passes."""
    with CrmSession(workspace.bind(engine)) as session:
        session.workspace, session.actor, session.cause = workspace, actor, cause
        yield session
        session.commit()


def released_engine(session: CrmSession) -> sa.Engine:
    """Return a session's engine, having let go of its transaction: what publishes or compares opens one of its own."""
    engine = session.get_bind()
    session.rollback()
    return engine


def insert_of(bind: sa.Engine | sa.Connection) -> Callable[[sa.Table], Any]:
    """Return the INSERT of a database, which can pass over rows that are there already.

    The other database's dialect is not loaded: it costs more than many a command.
    """
    if bind.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite


def row_of(row: Any) -> Mapping[str, Any]:
    """Return one result row as a plain mapping."""
    return dict(row._mapping)
