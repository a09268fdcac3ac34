"""What tests share: real databases, a clock, a session that knows who acts, the app and its outside world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm import queue
from crm.redis_server import RedisServer
from tests.databases import KINDS, PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own, one per test process, started by the first test that asks."""
    with postgres_server() as server:
        yield server


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database: every test that asks for a database runs once on each."""
    return request.param


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL of a database without any table, gone after the test."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'crm.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of our own, empty, which this process rings; the test may stop, fill or hang it."""
    server = RedisServer(tmp_path / "redis")
    queue.use_redis(server.start())
    yield server
    queue.use_redis(None)
    server.stop()
