"""Publishing on both databases: columns really come, go aside and come back; nothing happens by halves."""

import copy
import threading

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.entities.load import documents_from_json
from crm.errors import ConflictError, SchemaError
from crm.permissions.model import SYSTEM
from crm.records.listing import ListQuery, list_records
from crm.records.service import create_record, delete_record, get_record, update_record
from crm.revisions import expand, publish
from crm.revisions.indexes import known_indexes
from crm.revisions.publish import diff_schema, publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from crm.texts import LANGUAGES
from tests.crm.revisions.publishing import bodies, publish_changed
from tests.factories import make_customer, make_deal, make_product


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


def probe(entities: dict, **fields: dict) -> None:
    """Give deals these fields, in place of those of the same names."""
    entities["deal"]["fields"].update(fields)


def values_of(engine, name: str) -> list:
    """Return a field's values, oldest record first."""
    workspace = get_workspace(engine)
    column = workspace.models.table("deal").c[workspace.schema.entities["deal"].fields[name].column]
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(column).order_by(column.table.c.id)))


def change_deal(engine, deal_id: int, **values) -> None:
    """Save a deal in the live revision."""
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        update_record(session, workspace.schema.entities["deal"], deal_id, values)


def test_a_rollback_of_a_type_change_returns_old_values_and_takes_later_ones_along(engine):
    as_text = publish_changed(engine, lambda entities: probe(entities, size={"type": "text"}))
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        ids = [make_deal(session, size=size).id for size in ("007", "8", "9")]
    as_number = publish_changed(engine, lambda entities: probe(entities, size={"type": "integer"}))
    change_deal(engine, ids[1], size=80)
    change_deal(engine, ids[2], size=None)
    rollback_schema(engine, as_text)
    assert values_of(engine, "size") == ["007", "80", None]
    change_deal(engine, ids[0], size="many")
    rollback_schema(engine, as_number)
    assert values_of(engine, "size") == [7, 80, None], (
        "“many” is no number: it waits in the column of the text"
    )


def test_two_fields_exchange_their_names_once(engine):
    publish_changed(engine, lambda entities: probe(entities, one={"type": "text"}, two={"type": "text"}))
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        make_deal(session, one="first", two="second")
    exchanged = {"one": {"type": "text", "was": "two"}, "two": {"type": "text", "was": "one"}}
    number = publish_changed(engine, lambda entities: probe(entities, **exchanged))
    assert (values_of(engine, "one"), values_of(engine, "two")) == (["second"], ["first"])
    assert publish_schema(engine, documents_from_json(bodies(engine)), "again") == number


def test_two_fields_cannot_have_been_one(engine):
    publish_changed(engine, add_budget)

    def claim_twice(entities: dict) -> None:
        entities["deal"]["fields"].pop("budget")
        probe(entities, one={"type": "money", "was": "budget"}, two={"type": "money", "was": "budget"})

    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, claim_twice)
    assert [problem.code for problem in caught.value.problems] == ["schema.was_twice"]


def test_a_former_name_that_nobody_had_is_a_new_field(engine):
    publish_changed(engine, lambda entities: probe(entities, fresh={"type": "text", "was": "nothing"}))
    assert get_workspace(engine).schema.entities["deal"].fields["fresh"].column == "fresh"


def test_a_field_that_takes_the_name_of_a_renamed_one_starts_empty(engine):
    publish_changed(engine, add_budget)
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        make_deal(session, budget="750.50")
    publish_changed(
        engine,
        lambda entities: probe(entities, money_at_hand={"type": "money", "was": "budget"}),
    )
    assert str(values_of(engine, "money_at_hand")[0]) == "750.50"
    assert values_of(engine, "budget") == [None]


def test_an_entity_and_its_field_are_renamed_and_retyped_at_once(engine):
    found = bodies(engine)
    found.append({"entity": "garage", "fields": {"size": {"type": "integer"}}})
    publish_schema(engine, documents_from_json(found), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        create_record(session, workspace.schema.entities["garage"], {"size": 12})
    found[-1] = {"entity": "hall", "was": "garage", "fields": {"room": {"type": "text", "was": "size"}}}
    publish_schema(engine, documents_from_json(found), "test")
    workspace = get_workspace(engine)
    with engine.connect() as connection:
        column = workspace.schema.entities["hall"].fields["room"].column
        assert connection.scalar(sa.select(workspace.models.table("hall").c[column])) == "12"


def test_a_reference_that_returns_does_not_point_to_a_record_that_went(engine):
    before = get_workspace(engine).number
    number = publish_changed(
        engine,
        lambda entities: probe(entities, backer={"type": "reference", "to": "product", "on_delete": "clear"}),
    )
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        product = make_product(session)
        make_deal(session, backer=product)
        product_id = product.id
    rollback_schema(engine, before)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        delete_record(session, workspace.schema.entities["product"], product_id)
    rollback_schema(engine, number)
    assert values_of(engine, "backer") == [None]


def test_a_reference_that_points_to_another_entity_starts_empty_and_its_values_return(engine):
    to_product = {"type": "reference", "to": "product", "on_delete": "clear"}
    number = publish_changed(engine, lambda entities: probe(entities, backer=to_product))
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        product = make_product(session)
        make_deal(session, backer=product)
        product_id = product.id
    publish_changed(engine, lambda entities: probe(entities, backer={**to_product, "to": "campaign"}))
    assert values_of(engine, "backer") == [None]
    rollback_schema(engine, number)
    assert values_of(engine, "backer") == [product_id]


def test_names_that_are_long_or_run_together_share_no_index(engine):
    found = bodies(engine)
    long = "a" * 44
    indexed = {"type": "text", "index": True}
    found.append(
        {"entity": "part", "fields": {"a_name": indexed, f"{long}_1": indexed, f"{long}_2": indexed}}
    )
    found.append({"entity": "part_a", "fields": {"name": indexed}})
    publish_schema(engine, documents_from_json(found), "test")
    with engine.connect() as connection:
        found = known_indexes(connection).items()
    names = [name for name, index in found if index.table in ("part", "part_a")]
    assert [len([name for name in names if name.startswith(kind)]) for kind in ("ix_", "sort_")] == [
        4,
        4 * len(LANGUAGES),
    ]


def test_a_table_without_room_is_told_with_the_field(engine, monkeypatch):
    monkeypatch.setattr(expand, "MOST_COLUMNS", {"sqlite": 20, "postgresql": 20})
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, add_budget)
    assert [problem.code for problem in caught.value.problems] == ["schema.too_many_columns"]
    assert caught.value.problems[0].params["field"] == "budget"
    assert "budget" not in columns(engine, "deal")


def test_what_the_database_refuses_is_told_with_the_field_and_taken_back(engine):
    before = get_workspace(engine).number
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE other (x INTEGER)"))
        connection.execute(sa.text("CREATE INDEX ix_deal_budget ON other (x)"))  # The name is taken.
    indexed = {"type": "money", "index": True}
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, lambda entities: probe(entities, budget=indexed))
    assert caught.value.problems[0].field == "budget"
    assert get_workspace(engine).number == before and "budget" not in columns(engine, "deal")


def test_a_default_that_is_no_formula_is_refused(engine):
    with pytest.raises(SchemaError) as caught:
        publish_changed(
            engine, lambda entities: probe(entities, size={"type": "integer", "default": "= 1 +"})
        )
    assert "deal" in caught.value.problems[0].file


def test_a_field_may_not_take_the_name_under_which_another_keeps_its_number(engine):
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, lambda entities: probe(entities, owner_id={"type": "integer"}))
    assert [problem.code for problem in caught.value.problems] == ["schema.reserved_name"]


def test_of_two_publishes_at_once_one_wins_and_the_other_is_told(engine):
    base, outcomes = get_workspace(engine).number, []
    mine = bodies(engine)
    barrier = threading.Barrier(2)

    def publish_mine(name: str) -> None:
        found = copy.deepcopy(mine)
        probe(
            {body["entity"]: body for body in found if next(iter(body)) == "entity"},
            **{name: {"type": "text"}},
        )
        barrier.wait()
        try:
            outcomes.append(publish_schema(engine, documents_from_json(found), name, base=base))
        except ConflictError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=publish_mine, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert base + 1 in outcomes
    assert {"schema.publish_busy", "schema.published_since"} & set(outcomes)
