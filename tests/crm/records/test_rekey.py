"""Search keys written anew after a publish: some at a time, resumed by anybody, and nothing wrong found meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from random import Random

import pytest
import sqlalchemy as sa

from app import wire
from config import ROOT
from crm.database import build_engine, open_session, utcnow
from crm.permissions.model import SYSTEM
from crm.records.listing import ListQuery, list_records
from crm.records.rekey import has_work, list_rekeying, rebuild_search_keys, rekey
from crm.records.search_keys import search_key_of
from crm.records.service import update_record
from crm.revisions import batches, publish
from crm.revisions.processes import report_process
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed
from tests.factories import make_customer

KILLS = int(os.environ.get("KOINE_CASES", "3"))


@pytest.fixture
def left(engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody does at once what a publish leaves."""
    monkeypatch.setattr(publish, "AFTER_PUBLISH", [])


def search(on: bool):
    """Return a change after which customers are searched by their street, or are not."""
    return lambda entities: entities["customer"]["fields"]["street"].update(search=on)


def found(engine: sa.Engine, words: str) -> int:
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        page = list_records(session, workspace.schema.entities["customer"], ListQuery(search=words))
        return len(page.rows)


def without_key(engine: sa.Engine) -> int:
    table = get_workspace(engine).models.table("customer")
    with engine.connect() as connection:
        return connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.c.search_key.is_(None))
        )


@pytest.mark.usefixtures("left")
def test_a_rebuild_goes_on_where_one_stopped(engine):
    fill_customers(engine, 5)
    publish_changed(engine, search(True))
    workspace = get_workspace(engine)
    with engine.begin() as connection:
        assert [(row.entity, row.done, row.total) for row in list_rekeying(connection, workspace)] == [
            ("customer", 0, 5)
        ]
        connection.execute(sa.update(rekey).values(after=2))  # as if the first two were written
    rebuild_search_keys(engine)
    assert without_key(engine) == 2 and not has_work(engine)


@pytest.mark.usefixtures("left")
def test_nobody_begins_while_a_process_works_with_the_revision_before(engine):
    fill_customers(engine, 3)
    report_process(engine, "old", "web", get_workspace(engine).number)
    number = publish_changed(engine, search(True))
    rebuild_search_keys(engine)
    assert without_key(engine) == 3 and has_work(engine)
    report_process(engine, "old", "web", number)
    rebuild_search_keys(engine)
    assert without_key(engine) == 0 and not has_work(engine)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)  # SQLite's writers take turns
@pytest.mark.usefixtures("left")
def test_what_somebody_holds_is_awaited_and_not_passed_over(engine):
    fill_customers(engine, 3)
    publish_changed(engine, search(True))
    with engine.connect() as other:
        other.execute(sa.text("UPDATE customer SET city = 'X' WHERE id = 2"))
        table = get_workspace(engine).models.table("customer")
        with engine.begin() as connection:
            rows, last = batches.next_rows(connection, table, [], 0)
            assert [row[0] for row in rows] == [1] and last == 1
            assert batches.next_rows(connection, table, [], 1) == ([], 1)
        other.rollback()
    rebuild_search_keys(engine)
    assert without_key(engine) == 0


@pytest.mark.usefixtures("left")
def test_a_lease_that_is_held_is_left_alone_until_it_ends(engine):
    fill_customers(engine, 1)
    publish_changed(engine, search(True))
    with engine.begin() as connection:
        connection.execute(sa.update(rekey).values(lease_until=utcnow().replace(year=2999)))
    rebuild_search_keys(engine)
    assert not has_work(engine) and without_key(engine) == 1
    with engine.begin() as connection:
        connection.execute(sa.update(rekey).values(lease_until=utcnow().replace(year=2020)))
    rebuild_search_keys(engine)
    assert without_key(engine) == 0


@pytest.mark.usefixtures("left")
def test_a_label_of_a_searched_choice_changes_what_finds_a_record(engine):
    def tier(label: str):
        field = {"type": "choice", "search": True, "choices": {"a": {"label": label}}}
        return lambda entities: entities["customer"]["fields"].update(tier=field)

    publish_changed(engine, tier("Golden"))
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        record = make_customer(session, tier="a")
        assert record.tier == "a"
    publish_changed(engine, tier("Silver"))
    rebuild_search_keys(engine)
    assert (found(engine, "golden"), found(engine, "silver")) == (0, 1)


@pytest.mark.usefixtures("left")
def test_words_of_a_field_that_left_find_nothing_for_those_who_may_not_see_all(engine, session_as):
    workspace = get_workspace(engine)
    publish_changed(engine, search(True))
    rebuild_search_keys(engine)
    session = session_as("sales")
    user_id = session.actor.user_id
    session.close()
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as writing:
        make_customer(writing, name="Plain", street="Hiddenstreet", owner=user_id)
    publish_changed(engine, search(False))
    session = session_as("sales")
    customer = session.workspace.schema.entities["customer"]
    page = list_records(session, customer, ListQuery(search="hiddenstreet"))
    assert page.rows == [] and [note.code for note in page.notes] == ["record.search_is_rebuilt"]
    assert [row["name"] for row in list_records(session, customer, ListQuery(search="plain")).rows] == [
        "Plain"
    ]


@pytest.mark.slow
def test_a_killed_rebuild_is_followed_by_one_that_finishes(engine, database_url, monkeypatch):
    monkeypatch.setattr(publish, "AFTER_PUBLISH", [])
    fill_customers(engine, 20_000)
    random = Random(5)
    for round_number in range(KILLS):
        publish_changed(engine, search(not round_number % 2))
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, database_url], cwd=ROOT, stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(random.random())
        process.kill()
        process.communicate()
        with engine.begin() as connection:
            connection.execute(sa.update(rekey).values(lease_until=None))  # as it is after half a minute
        rebuild_search_keys(engine)
        assert not has_work(engine)
        require_right_keys(engine)


def require_right_keys(engine: sa.Engine) -> None:
    """Require that every customer has the key that saving it would give."""
    workspace = get_workspace(engine)
    table, customer = workspace.models.table("customer"), workspace.schema.entities["customer"]
    searched = [field for field in customer.fields.values() if field.search]
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(table.c.search_key, *(table.c[field.column] for field in searched))
        ).all()
    names = [field.name for field in searched]
    assert [row[0] for row in rows] == [
        search_key_of(customer, dict(zip(names, row[1:], strict=True))) for row in rows
    ]


def test_a_record_saved_meanwhile_keeps_the_key_it_was_saved_with(engine):
    publish_changed(engine, search(True))
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        record_id = make_customer(session, name="Plain", street="First").id
    with open_session(engine, workspace, SYSTEM) as session:
        update_record(session, workspace.schema.entities["customer"], record_id, {"street": "Second"})
    rebuild_search_keys(engine)
    assert (found(engine, "first"), found(engine, "second")) == (0, 1)


if __name__ == "__main__":
    wire()
    engine = build_engine(sys.argv[1])
    get_workspace(engine)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    rebuild_search_keys(engine)
