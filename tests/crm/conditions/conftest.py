"""The world of the tests: built once, its databases once per kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from crm.entities.model import Schema
from tests.crm.conditions.world import World, build_world


@pytest.fixture(scope="session")
def world_schema() -> Schema:
    """The schema of the world."""
    return build_world()


@pytest.fixture(scope="session")
def _worlds() -> Iterator[dict[str, World]]:
    found: dict[str, World] = {}
    yield found
    for world in found.values():
        world.engine.dispose()


@pytest.fixture
def world(
    database_kind: str,
    _worlds: dict[str, World],
    world_schema: Schema,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> World:
    """The world on one kind of database."""
    if database_kind not in _worlds:
        if database_kind == "postgresql":
            server = request.getfixturevalue("postgresql")
            url = server.url(server.create())
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp('world') / 'world.db'}"
        _worlds[database_kind] = World.open(url, world_schema)
    return _worlds[database_kind]


@pytest.fixture
def records(world: World) -> Iterator[Session]:
    """A session on the world's database; what it stores is gone after the test."""
    with world.engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()
