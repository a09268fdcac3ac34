"""Publishing on both databases: columns really come, go aside and come back; nothing happens by halves."""

import copy

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.entities import publish
from crm.entities.load import documents_from_json
from crm.entities.publish import diff_schema, publish_schema, rollback_schema
from crm.entities.workspace import get_workspace
from crm.errors import ConflictError, SchemaError
from crm.permissions.model import SYSTEM
from crm.records.listing import ListQuery, list_records
from crm.records.service import create_record, get_record, update_record
from tests.factories import make_customer, make_deal


def bodies(engine) -> list[dict]:
    """Return the live documents as data that may be changed."""
    return [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]


def publish_changed(engine, change) -> int:
    """Publish the live documents after a change."""
    found = bodies(engine)
    change({body.get("entity"): body for body in found if next(iter(body)) == "entity"})
    return publish_schema(engine, documents_from_json(found), "test")


def columns(engine, table: str) -> set[str]:
    """Return the names of a table's columns as they are in the database."""
    return {column["name"] for column in sa.inspect(engine).get_columns(table)}


def add_budget(entities: dict) -> None:
    entities["deal"]["fields"]["budget"] = {"type": "money", "currency": "EUR"}


def test_a_new_field_becomes_a_real_column(engine):
    number = publish_changed(engine, add_budget)
    workspace = get_workspace(engine)
    assert workspace.number == number
    assert "budget" in columns(engine, "deal") and "budget" in workspace.schema.entities["deal"].fields


def test_publishing_what_is_live_changes_nothing(engine):
    before = get_workspace(engine).number
    assert publish_schema(engine, documents_from_json(bodies(engine)), "again") == before


def test_a_new_entity_gets_its_table_and_works(engine):
    found = bodies(engine)
    found.append(
        {
            "entity": "garage",
            "fields": {"name": {"type": "text"}, "customer": {"type": "reference", "to": "customer"}},
        }
    )
    publish_schema(engine, documents_from_json(found), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        customer = make_customer(session)
        made = create_record(
            session, workspace.schema.entities["garage"], {"name": "A", "customer": customer.id}
        )
        assert made.id and made.customer_id == customer.id


def test_a_renamed_field_keeps_its_column_and_its_values(engine):
    publish_changed(engine, add_budget)
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        deal_id = make_deal(session, budget="750.50").id

    def rename(entities: dict) -> None:
        fields = entities["deal"]["fields"]
        fields["money_at_hand"] = {**fields.pop("budget"), "was": "budget"}

    publish_changed(engine, rename)
    workspace = get_workspace(engine)
    deal = workspace.schema.entities["deal"]
    assert deal.fields["money_at_hand"].column == "budget"
    with open_session(engine, workspace, SYSTEM) as session:
        assert str(get_record(session, deal, deal_id).money_at_hand) == "750.50"


def test_a_rollback_returns_the_data_of_a_removed_field(engine):
    with_budget = publish_changed(engine, add_budget)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        deal_id = make_deal(session, budget="750.50").id
    publish_changed(engine, lambda entities: entities["deal"]["fields"].pop("budget"))
    assert "budget" not in get_workspace(engine).schema.entities["deal"].fields
    rollback_schema(engine, with_budget)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        assert str(get_record(session, workspace.schema.entities["deal"], deal_id).budget) == "750.50"


def test_a_removed_and_newly_added_field_of_the_same_name_starts_empty(engine):
    publish_changed(engine, add_budget)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        deal_id = make_deal(session, budget="750.50").id
    publish_changed(engine, lambda entities: entities["deal"]["fields"].pop("budget"))
    publish_changed(engine, add_budget)
    workspace = get_workspace(engine)
    assert workspace.schema.entities["deal"].fields["budget"].column == "budget__2"
    with open_session(engine, workspace, SYSTEM) as session:
        assert get_record(session, workspace.schema.entities["deal"], deal_id).budget is None


def test_a_broken_schema_publishes_nothing(engine):
    before, tables = get_workspace(engine).number, sa.inspect(engine).get_table_names()

    def break_it(entities: dict) -> None:
        add_budget(entities)
        entities["customer"]["fields"]["oops"] = {"type": "txt"}

    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, break_it)
    assert [problem.code for problem in caught.value.problems] == ["schema.unknown_type_near"]
    assert get_workspace(engine).number == before and "budget" not in columns(engine, "deal")
    assert sa.inspect(engine).get_table_names() == tables


def test_a_failure_in_the_middle_leaves_the_old_schema_and_columns(engine, monkeypatch):
    before = get_workspace(engine).number

    def fail(*_anything: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(publish, "ON_PUBLISH", [*publish.ON_PUBLISH, fail])
    with pytest.raises(RuntimeError):
        publish_changed(engine, add_budget)
    monkeypatch.undo()
    assert get_workspace(engine).number == before and "budget" not in columns(engine, "deal")
    assert publish_changed(engine, add_budget) == before + 1


def test_a_draft_on_an_older_revision_is_refused(engine):
    base = get_workspace(engine).number
    mine = bodies(engine)
    publish_changed(engine, add_budget)
    with pytest.raises(ConflictError):
        publish_schema(engine, documents_from_json(mine), "late", base=base)


def test_a_unique_field_over_doubled_values_is_refused(engine, session):
    make_deal(session, name="Twice")
    make_deal(session, name="Twice")
    session.commit()
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, lambda entities: entities["deal"]["fields"]["name"].update(unique=True))
    assert [problem.code for problem in caught.value.problems] == ["schema.not_unique"]


def test_the_diff_says_what_would_happen_and_does_nothing(engine):
    found = bodies(engine)
    entities = {body["entity"]: body for body in found if next(iter(body)) == "entity"}
    add_budget(entities)
    entities["deal"]["label"] = {"en": "Opportunity"}
    diff = diff_schema(engine, documents_from_json(found))
    assert {"kind": "field", "entity": "deal", "name": "budget", "type": "money"} in diff["added"]
    assert {"kind": "entity", "name": "deal", "keys": ["label"]} in diff["changed"]
    assert any("budget" in statement for statement in diff["sql"])
    assert "budget" not in columns(engine, "deal") and diff["problems"] == []


def test_a_text_field_that_becomes_a_number_takes_its_values_along_or_names_those_it_cannot(engine):
    def as_text(entities: dict) -> None:
        entities["deal"]["fields"]["size"] = {"type": "text"}

    def as_number(entities: dict) -> None:
        entities["deal"]["fields"]["size"] = {"type": "integer"}

    publish_changed(engine, as_text)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as fresh:
        good, bad = make_deal(fresh, size="12").id, make_deal(fresh, size="many").id
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, as_number)
    assert (
        caught.value.problems[0].params["bad"] == 1
        and str(bad) in caught.value.problems[0].params["examples"]
    )
    with open_session(engine, workspace, SYSTEM) as fresh:
        update_record(fresh, workspace.schema.entities["deal"], bad, {"size": "7"})
    publish_changed(engine, as_number)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as fresh:
        deal = workspace.schema.entities["deal"]
        assert [get_record(fresh, deal, found).size for found in (good, bad)] == [12, 7]


def test_old_records_are_found_by_a_field_that_became_searchable(engine):
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        make_customer(session, name="Plain", street="Τσιμισκή 5")
    publish_changed(engine, lambda entities: entities["customer"]["fields"]["street"].update(search=True))
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        page = list_records(session, workspace.schema.entities["customer"], ListQuery(search="tsimiski"))
        assert [row["name"] for row in page.rows] == ["Plain"]
