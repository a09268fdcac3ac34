"""Who uses what is found by structure, and a rename reaches every such place and nothing else."""

import copy

import pytest

from app import wire
from config import ROOT
from crm.entities.declared_names import DeclaredNames
from crm.entities.load import build_schema, documents_from_json, load_document, load_documents
from crm.entities.usage import Usage
from crm.entities.walk import Spot, Walker
from crm.entities.yaml import write_yaml
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_document, rename_uses
from crm.web.entity.saved_views import list_views, save_view
from tests.crm.revisions.publishing import rename_field

wire()

SHIPPED, _problems = load_documents(ROOT / "schemas")
FIELDS = [
    (document.name, field)
    for document in SHIPPED
    if document.kind == "entity"
    for field in document.body["fields"]
]


def texts(documents):
    return {(document.kind, document.name): write_yaml(dict(document.body)) for document in documents}


def documents_of(*texts):
    found = [load_document(text, f"document {place}") for place, text in enumerate(texts)]
    assert not any(problems for _document, problems in found)
    return [document for document, _problems in found]


def entities_where(documents, kind):
    return {(use.name, use.place) for use in documents if use.kind == kind}


@pytest.mark.slow
@pytest.mark.parametrize("entity", sorted({entity for entity, _field in FIELDS}))
def test_every_shipped_field_can_be_renamed_and_back(entity):
    """One field after the other; the schema is checked when all have new names, for a check takes its time."""
    names, before, now = [name for found, name in FIELDS if found == entity], texts(SHIPPED), SHIPPED
    for field in names:
        there = rename_field(SHIPPED, entity, field, "zz_new_name")
        assert texts(rename_field(there, entity, "zz_new_name", field)) == before, field
        now = rename_field(now, entity, field, f"zz_{field}")
    assert build_schema(now, 1)[1] == []
    for field in names:
        now = rename_field(now, entity, f"zz_{field}", field)
    assert texts(now) == before


def test_every_shipped_document_can_be_renamed_and_back():
    before, now = texts(SHIPPED), SHIPPED
    for document in SHIPPED:
        now = rename_document(now, document.kind, document.name, f"zz_{document.name}")
    assert build_schema(now, 1)[1] == []
    for document in SHIPPED:
        now = rename_document(now, document.kind, f"zz_{document.name}", document.name)
    assert texts(now) == before


def test_the_uses_of_a_field_are_named_with_their_places():
    found = Usage(SHIPPED).of_field("customer", "segment")
    assert ("revenue_by_segment", "group_by.1") in entities_where(found, "report")
    assert ("revenue_by_segment", "chart.color") in entities_where(found, "report")
    assert ("large_customers", "if.2.any.1.field") in entities_where(found, "segment")
    assert ("sales", "entities.customer.read_only.1") in entities_where(found, "role")
    assert ("customer", "list.columns.3") in entities_where(found, "entity")


def test_a_use_in_a_file_knows_its_line():
    use = next(use for use in Usage(SHIPPED).of_field("complaint", "opened_at") if use.kind == "rule")
    text = (ROOT / "schemas" / use.file).read_text().splitlines()
    assert "opened_at" in text[use.line - 1]


def test_a_word_that_only_looks_like_a_field_is_no_use():
    """`status` of one entity is not `status` of another, and a label is not a name."""
    users = {use.name for use in Usage(SHIPPED).of_field("contract", "status") if use.kind == "rule"}
    assert users == {"contract_ends_soon", "expire_contract"}


def test_children_and_what_is_read_of_them_are_uses_of_both():
    usage = Usage(SHIPPED)
    assert ("champions", "if.2.sum_of") in entities_where(usage.of_field("purchase", "amount"), "segment")
    pointer = next(
        name
        for entity, name in FIELDS
        if entity == "purchase" and usage.declarations.target(entity, name) == "customer"
    )
    assert ("champions", "if.2.sum_of") in entities_where(usage.of_field("purchase", pointer), "segment")


def test_a_choice_is_used_by_conditions_rules_and_values():
    found = Usage(SHIPPED).of_choice("complaint", "status", "escalated")
    assert ("escalate_old_complaint", "then.1.set_field.to") in entities_where(found, "rule")
    assert ("home", "cards.3.kpi.if.1.is_one_of.3") in entities_where(found, "dashboard")


def test_a_removed_field_is_still_found_where_it_is_used():
    now = [document for document in SHIPPED if (document.kind, document.name) != ("entity", "deal")]
    left = dict(next(d for d in SHIPPED if (d.kind, d.name) == ("entity", "deal")).body)
    left["fields"] = {name: body for name, body in left["fields"].items() if name != "amount"}
    found = Usage([*now, *documents_from_json([left])], before=SHIPPED).of_field("deal", "amount")
    assert {"report", "rule", "entity", "role"} >= {use.kind for use in found} >= {"report", "rule", "entity"}


def test_names_in_braces_are_renamed_in_every_language():
    there = rename_uses(SHIPPED, "customer", "name", "called")
    body = next(d.body for d in there if d.kind == "template" and d.name == "complaint_received")["body"]
    assert all("{customer.called}" in words and "{customer.name}" not in words for words in body.values())


def test_a_rename_knows_which_entity_a_name_belongs_to():
    there = rename_uses(SHIPPED, "deal", "name", "called")
    rule = next(d.body for d in there if d.kind == "rule" and d.name == "big_deal_won")
    assert rule["then"][1]["notify"]["text"]["en"] == "{owner} won {called} with {customer.name}: {amount}."


HOUSE = "entity: house\nfields:\n  town: {type: text}\n  size: {type: decimal}\n  built: {type: date}\n"
ROOM = """
entity: room
fields:
  house: {type: reference, to: house, inverse: {name: rooms}}
  size: {type: decimal}
  built: {type: date}
"""


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("sum_of(rooms.size, built in last 90 days) / size", "sum_of(rooms.area, built in last 90 days) / size"),
        ("size  +size*2 - (size)", "size  +size*2 - (size)"),
        ("sum_of(rooms_last_90_days.size) > size", "sum_of(rooms_last_90_days.area) > size"),
        ("if(count_of(rooms, size > 3) > size, 'size')", "if(count_of(rooms, area > 3) > size, 'size')"),
        ("not (sum_of(rooms.size, house.size > size) in", "not (sum_of(rooms.area, house.size > area) in"),
        ("size § size", "size § size"),
    ],
)  # fmt: skip
def test_a_formula_is_renamed_at_the_right_entity_and_else_stays_as_written(formula, wanted):
    declarations = DeclaredNames(documents_of(HOUSE, ROOM))

    def visit(mention):
        return "area" if (mention.entity, mention.name) == ("room", "size") else mention.name

    assert Walker(declarations, visit).formula(formula, Spot("house")) == wanted


def test_children_without_a_name_of_their_own_follow_their_entity():
    segment = "segment: large\nentity: house\nif: [{count_of: room_list, where: [{field: size, above: 3}], above: 2}]\n"
    there = rename_document(
        documents_of(HOUSE, ROOM.replace(", inverse: {name: rooms}", ""), segment),
        "entity",
        "room",
        "chamber",
    )
    assert build_schema(there, 1)[1] == []
    assert next(d for d in there if d.kind == "segment").body["if"][0]["count_of"] == "chamber_list"


def test_walking_through_nonsense_changes_nothing():
    """A draft with problems is walked as well; what cannot be understood stays."""
    nonsense = {
        "entity": "house",
        "fields": {"a": [1], "b": None},
        "list": 3,
        "form": {"x": 1},
        "checks": "?",
    }
    for kind in ("entity", "rule", "report", "segment", "role", "dashboard", "template"):
        body = {
            **nonsense,
            kind: "house",
            "if": {"any": [3, {"field": 4}]},
            "then": [{"choose": 3}, None],
            "when": 7,
        }
        found = documents_from_json([{kind: "house", **body}])
        assert texts(rename_uses(found, "house", "a", "b")) == texts(found)


def test_a_saved_view_is_a_use_and_follows_a_rename(engine, session_as):
    """What people saved in their lists names fields as well."""
    session = session_as("sales")
    query = "_flt_0_segment=small&_oc_CustomerView=segment&q=a"
    view_id = save_view(session, "customer", "Small ones", query, is_shared=True)
    session.commit()
    bodies = [copy.deepcopy(dict(document.body)) for document in session.workspace.schema.documents]
    documents = documents_from_json(bodies)
    uses = Usage(documents).add_shelves(session.connection()).of_field("customer", "segment")
    assert {(use.name, use.label.get("en")) for use in uses if use.kind == "view"} == {
        (str(view_id), "Small ones")
    }
    session.rollback()
    publish_schema(engine, rename_field(documents, "customer", "segment", "part_of_market"), "test")
    assert list_views(session, "customer")[0]["query"] == (
        "_flt_0_part_of_market=small&_oc_CustomerView=part_of_market&q=a"
    )
