"""What removed fields leave behind is listed, dropped only when nobody needs it, and missed with a sentence."""

import json
import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import open_session, utcnow
from crm.entities.load import documents_from_json
from crm.errors import ConflictError
from crm.own_tables.upgrade import upgrade
from crm.permissions.model import SYSTEM
from crm.records.service import create_record
from crm.revisions.parked import list_parked, list_purged, purge, purge_parked
from crm.revisions.processes import report_process
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.test_publish import add_budget, bodies, columns, publish_changed, values_of
from tests.factories import make_deal


@pytest.fixture
def with_budget(engine) -> int:
    """The revision in which deals had a budget; it is parked now, with one value."""
    upgrade(engine)
    number = publish_changed(engine, add_budget)
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        make_deal(session, budget="750.50")
        make_deal(session)
    publish_changed(engine, lambda entities: entities["deal"]["fields"].pop("budget"))
    return number


def test_a_removed_field_is_listed_with_its_values(engine, with_budget):
    (parked,) = list_parked(engine)
    assert (parked.entity, parked.field, parked.count) == ("deal", "budget", 1)
    assert parked.revision == with_budget and parked.since <= utcnow()


def test_a_purge_drops_the_column_and_notes_it(engine, with_budget):
    assert purge_parked(engine, older_than_days=1) == []
    assert [parked.field for parked in purge_parked(engine, user_name="maria")] == ["budget"]
    assert "budget" not in columns(engine, "deal") and list_parked(engine) == []
    with engine.connect() as connection:
        row = connection.execute(sa.select(purge)).one()
    assert (row.entity, row.field, row.count, row.user_name) == ("deal", "budget", 1, "maria")


def test_a_rollback_past_a_purge_brings_the_field_empty_and_tells(engine, with_budget):
    purge_parked(engine)
    assert [row["field"] for row in list_purged(engine, with_budget)] == ["budget"]
    rollback_schema(engine, with_budget)
    assert values_of(engine, "budget") == [None, None]


def test_nothing_is_dropped_while_a_process_works_with_an_older_revision(engine, with_budget):
    report_process(engine, "here:1", "worker", with_budget)
    with pytest.raises(ConflictError):
        purge_parked(engine)
    assert "budget" in columns(engine, "deal")
    report_process(engine, "here:1", "worker", with_budget + 1)
    assert len(purge_parked(engine)) == 1


def test_a_removed_entity_is_dropped_as_a_whole(engine):
    upgrade(engine)
    found = bodies(engine)
    garage = {"entity": "garage", "fields": {"name": {"type": "text", "unique": True}}}
    publish_schema(engine, documents_from_json([*found, garage]), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        create_record(session, workspace.schema.entities["garage"], {"name": "A"})
    publish_schema(engine, documents_from_json(found), "test")
    assert [(one.entity, one.field, one.count) for one in purge_parked(engine)] == [("garage", "", 1)]
    assert "garage" not in sa.inspect(engine).get_table_names()
    rollback_schema(engine, workspace.number)
    assert "garage" in sa.inspect(engine).get_table_names()


@pytest.mark.slow
def test_the_commands_list_purge_and_tell(engine, with_budget, tmp_path):
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    environ = {**os.environ, "FLASK_APP": "app", "CRM_INSTANCE": str(tmp_path), "CRM_DATABASE_URL": url}

    def run(*words: str) -> dict:
        command = [sys.executable, "-m", "flask", "crm", "schema", *words, "--json"]
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert run("parked")["parked"][0]["field"] == "budget"
    assert run("purge", "--yes")["dropped"][0]["count"] == 1
    (note,) = run("rollback", str(with_budget))["notes"]
    assert note.startswith("The values of “deal.budget” were permanently deleted (1, ")
    status = run("status")
    assert status["all_there"] and status["unfinished"] == status["search_keys"] == status["preparing"] == []
