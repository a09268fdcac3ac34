"""Packs on both databases: added live, taken out with their data kept, brought back with it."""

import pytest

from crm.database import open_session
from crm.entities.load import documents_from_json
from crm.errors import NotFoundError, SchemaError
from crm.permissions.model import SYSTEM
from crm.records.listing import ListQuery, list_records
from crm.records.service import create_record
from crm.revisions.packs import add_pack, list_packs, remove_pack
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_document
from crm.revisions.workspace import get_workspace
from tests.factories import make_customer

pytestmark = pytest.mark.slow

VISIT = {
    "entity": "visit",
    "fields": {"name": {"type": "text"}, "customer": {"type": "reference", "to": "customer"}},
}
PLANNED = {
    "segment": "planned_visits",
    "entity": "visit",
    "label": "Planned",
    "if": [{"field": "name", "is": "A"}],
}


def documents(*bodies: dict) -> list:
    return documents_from_json(bodies)


def add_visit(engine) -> None:
    """Write one record of the pack's entity."""
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        customer = make_customer(session)
        create_record(session, workspace.schema.entities["visit"], {"name": "A", "customer": customer.id})


def names_of_visits(engine) -> list[str]:
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        page = list_records(session, workspace.schema.entities["visit"], ListQuery())
        return [row["name"] for row in page.rows]


def test_a_pack_is_added_beside_what_is_live(engine):
    number = add_pack(engine, "field_work", documents(VISIT, PLANNED), "admin")
    workspace = get_workspace(engine)
    assert workspace.number == number and {"visit", "customer"} <= set(workspace.schema.entities)
    assert [(row["name"], row["documents"]) for row in list_packs(engine)] == [
        ("field_work", [("entity", "visit"), ("segment", "planned_visits")])
    ]


def test_a_removed_pack_leaves_the_schema_and_its_data_comes_back_with_it(engine):
    before = {one.name for one in get_workspace(engine).schema.documents}
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    add_visit(engine)
    remove_pack(engine, "field_work")
    assert {one.name for one in get_workspace(engine).schema.documents} == before and list_packs(engine) == []
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    assert names_of_visits(engine) == ["A"]


def test_a_newer_version_takes_the_place_of_the_former_one(engine):
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    add_visit(engine)
    wider = {**VISIT, "fields": {**VISIT["fields"], "note": {"type": "text"}}}
    add_pack(engine, "field_work", documents(wider))
    schema = get_workspace(engine).schema
    assert "note" in schema.entities["visit"].fields and "planned_visits" not in schema.parts["segment"]
    assert names_of_visits(engine) == ["A"]


def test_an_entity_that_an_admin_renames_is_still_the_packs_and_its_data_comes_back(engine):
    before = {one.name for one in get_workspace(engine).schema.documents}
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    add_visit(engine)
    renamed = rename_document(get_workspace(engine).schema.documents, "entity", "visit", "call")
    publish_schema(engine, renamed, "Calls")
    assert list_packs(engine)[0]["documents"][0] == ("entity", "call")
    remove_pack(engine, "field_work")
    assert {one.name for one in get_workspace(engine).schema.documents} == before
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    assert names_of_visits(engine) == ["A"]


def test_a_newer_version_of_a_pack_takes_its_renamed_entity_along(engine):
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    add_visit(engine)
    renamed = rename_document(get_workspace(engine).schema.documents, "entity", "visit", "call")
    publish_schema(engine, renamed, "Calls")
    add_pack(engine, "field_work", documents(VISIT, PLANNED))
    assert "call" not in get_workspace(engine).schema.entities and names_of_visits(engine) == ["A"]


def test_a_pack_takes_nobody_elses_document(engine):
    before = get_workspace(engine).number
    with pytest.raises(SchemaError) as refused:
        add_pack(engine, "field_work", documents({**VISIT, "entity": "customer"}))
    assert [problem.code for problem in refused.value.problems] == ["schema.pack_taken"]
    assert get_workspace(engine).number == before and list_packs(engine) == []


def test_a_pack_that_others_use_is_not_removed_and_each_of_them_is_named(engine):
    add_pack(engine, "field_work", documents(VISIT))
    add_pack(engine, "planning", documents(PLANNED))
    before = get_workspace(engine).number
    with pytest.raises(SchemaError) as refused:
        remove_pack(engine, "field_work")
    assert "segments/planned_visits.yaml" in {problem.file for problem in refused.value.problems}
    assert get_workspace(engine).number == before and len(list_packs(engine)) == 2


def test_a_pack_that_is_not_added_cannot_be_removed(engine):
    with pytest.raises(NotFoundError):
        remove_pack(engine, "field_work")
