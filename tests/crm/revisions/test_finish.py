"""What a publish leaves to be done: indexes on many records, built while everybody works, whatever is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from random import Random

import pytest
import sqlalchemy as sa

from app import wire
from config import ROOT
from crm.database import build_engine
from crm.revisions import indexes, publish
from crm.revisions.finish import finish_indexes, list_unfinished, note_unbuilt_indexes, unbuilt
from crm.revisions.indexes import known_indexes
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed

KILLS = int(os.environ.get("KOINE_CASES", "3"))
INDEX = "ix_customer_street"
ON_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two records are many, and nobody does at once what a publish leaves."""
    monkeypatch.setattr(indexes, "SMALL", 1)
    monkeypatch.setattr(publish, "AFTER_PUBLISH", [])


def index_the_street(entities: dict) -> None:
    entities["customer"]["fields"]["street"]["index"] = True


def is_valid(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        known = known_indexes(connection).get(INDEX)
    return known is not None and known.table == "customer" and known.is_valid


def test_an_index_on_few_records_is_there_with_its_revision(engine):
    publish_changed(engine, index_the_street)
    assert is_valid(engine)


@pytest.mark.usefixtures("few")
def test_an_index_on_many_records_is_built_when_the_publish_is_over(engine):
    fill_customers(engine, 3)
    number = publish_changed(engine, index_the_street)
    assert get_workspace(engine).number == number and not is_valid(engine)
    assert {(row.entity, row.field) for row in list_unfinished(engine)} == {("customer", "street")}
    finish_indexes(engine)
    assert is_valid(engine) and list_unfinished(engine) == []


@pytest.mark.usefixtures("few")
def test_an_unfinished_index_is_no_reason_for_another_revision(engine):
    fill_customers(engine, 3)
    number = publish_changed(engine, index_the_street)
    assert publish_changed(engine, lambda entities: None) == number


@pytest.mark.usefixtures("few")
def test_an_index_nobody_wants_any_more_is_not_built(engine):
    fill_customers(engine, 3)
    publish_changed(engine, index_the_street)
    publish_changed(engine, lambda entities: entities["customer"]["fields"]["street"].pop("index"))
    assert list_unfinished(engine) == []


@pytest.mark.usefixtures("few")
def test_a_unique_field_over_many_records_is_unique_from_the_publish_on(engine):
    fill_customers(engine, 3)
    publish_changed(engine, lambda entities: entities["customer"]["fields"]["street"].update(unique=True))
    with engine.connect() as connection:
        assert known_indexes(connection)["uq_customer_street"].is_valid


@ON_POSTGRESQL
@pytest.mark.usefixtures("few")
def test_while_an_index_is_built_everybody_writes(engine):
    fill_customers(engine, 3)
    publish_changed(engine, index_the_street)
    with engine.connect() as slow:  # The build has to wait for this one; nobody waits for the build.
        slow.execute(sa.text("UPDATE customer SET name = 'A' WHERE id = 1"))
        builder = threading.Thread(target=finish_indexes, args=(engine,))
        builder.start()
        until_it_runs(engine, "CREATE INDEX CONCURRENTLY")
        with engine.begin() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '1s'"))
            other.execute(sa.text("UPDATE customer SET name = 'B' WHERE id = 2"))
        assert builder.is_alive() and not is_valid(engine)
        slow.commit()
    builder.join(30)
    assert is_valid(engine)


@ON_POSTGRESQL
@pytest.mark.usefixtures("few")
def test_one_process_builds_while_another_finds_it_at_work(engine):
    fill_customers(engine, 3)
    publish_changed(engine, index_the_street)
    with engine.connect() as slow:
        slow.execute(sa.text("UPDATE customer SET name = 'A' WHERE id = 1"))
        builder = threading.Thread(target=finish_indexes, args=(engine,))
        builder.start()
        until_it_runs(engine, "CREATE INDEX CONCURRENTLY")
        finish_indexes(engine)  # returns at once
        assert builder.is_alive()
        slow.commit()
    builder.join(30)
    assert is_valid(engine)


def until_it_runs(engine: sa.Engine, words: str) -> None:
    """Wait until a statement that begins like this is in work."""
    asked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE :words || '%'"
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.scalar(asked, {"words": words}):
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody runs {words}")


@ON_POSTGRESQL
@pytest.mark.usefixtures("few")
def test_what_a_build_left_half_is_built_anew(engine):
    fill_customers(engine, 3)
    publish_changed(engine, index_the_street)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        with pytest.raises(sa.exc.IntegrityError):  # which leaves an index of this name that serves nobody
            connection.execute(sa.text(f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON customer (status)"))
        assert not known_indexes(connection)[INDEX].is_valid
    finish_indexes(engine)
    assert is_valid(engine)


@pytest.mark.usefixtures("few")
def test_an_index_the_database_refuses_is_told_and_tried_again(engine):
    fill_customers(engine, 3)
    publish_changed(engine, index_the_street)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE other (x INTEGER)"))
        connection.execute(sa.text(f"CREATE INDEX {INDEX} ON other (x)"))  # The name is taken.
    finish_indexes(engine)
    assert INDEX in list_unfinished(engine)[0].reason
    with engine.begin() as connection:
        assert "customer.street" in note_unbuilt_indexes(connection)[0]
        connection.execute(sa.text(f"DROP INDEX {INDEX}"))
        connection.execute(sa.update(unbuilt).values(tried_at=sa.func.current_date()))
    finish_indexes(engine)
    assert is_valid(engine)
    finish_indexes(engine)
    with engine.connect() as connection:
        assert note_unbuilt_indexes(connection) == []


@pytest.mark.slow
def test_a_killed_builder_is_followed_by_one_that_finishes(engine, database_url, monkeypatch):
    monkeypatch.setattr(publish, "AFTER_PUBLISH", [])
    fill_customers(engine, 200_000)
    publish_changed(engine, index_the_street)
    random = Random(3)
    for _round in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, database_url], cwd=ROOT, stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(random.random() * 0.4)
        process.kill()
        process.communicate()
        if engine.dialect.name == "postgresql":  # its server process would go on
            with engine.begin() as connection:
                others = (
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%'"
                )
                connection.execute(sa.text(others + " AND state = 'active'"))
        finish_indexes(engine)
        assert is_valid(engine) and list_unfinished(engine) == []
        with engine.begin() as connection:
            connection.execute(sa.text(f"DROP INDEX {INDEX}"))


if __name__ == "__main__":
    wire()
    engine = build_engine(sys.argv[1])
    get_workspace(engine)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    finish_indexes(engine)
