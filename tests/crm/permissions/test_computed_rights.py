"""What hides a field hides whatever is calculated from it: formulas, paths, summaries, and what they lead into."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession, open_session
from crm.entities.load import documents_from_json
from crm.errors import NotAllowedError, QueryError
from crm.permissions.model import SYSTEM
from crm.permissions.rows import scope_of
from crm.permissions.service import readable_fields
from crm.records.listing import ListQuery, list_records
from crm.records.search import find_hits
from crm.records.values import formula_tree
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.conftest import find_actor
from tests.factories import make_customer, make_deal, user_id

COMPUTED = {
    "customer": {
        "limit_twice": {"type": "formula", "of": "money", "formula": "credit_limit * 2"},
        "limit_words": {"type": "formula", "of": "text", "formula": 'concat("limit ", limit_twice)'},
        "best_chance": {"type": "summary", "of": "max", "over": "deals.probability", "result": "percent"},
    },
    "deal": {
        "limit_of_customer": {"type": "formula", "of": "money", "formula": "customer.credit_limit + 0"},
    },
}  # fmt: skip
READER = "sales"  # does not see the limit of a customer


@pytest.fixture
def read_as(engine: sa.Engine, session: CrmSession) -> Iterator[Callable[[str], CrmSession]]:
    """A function that opens a session on a revision with fields computed from a hidden one."""
    documents = [copy.deepcopy(dict(document.body)) for document in session.workspace.schema.documents]
    for body in documents:
        if "fields" in body:
            body["fields"].update(COMPUTED.get(body.get("entity"), {}))
        if body.get("entity") == "customer" and "fields" in body:
            body["title"] = "{name} {credit_limit} {limit_twice}"
    session.rollback()
    publish_schema(engine, documents_from_json(documents), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as system:
        owner = user_id(system, READER)
        customer = make_customer(system, name="Mine Ltd", owner=owner, credit_limit="700").id
        make_deal(system, customer=customer, owner=owner)
    opened = []

    def open_one(name: str) -> CrmSession:
        found = CrmSession(workspace.bind(engine))
        found.workspace, found.actor = workspace, find_actor(engine, workspace, name)
        opened.append(found)
        return found

    yield open_one
    for found in opened:
        found.close()


def entity_of(session, name):
    return session.workspace.schema.entities[name]


def test_a_formula_over_a_hidden_field_is_hidden_too(read_as):
    reader = read_as(READER)
    assert "credit_limit" in reader.actor.declared_rights("customer").hidden
    hidden = reader.actor.rights("customer").hidden
    assert {"credit_limit", "limit_twice", "limit_words"} <= hidden
    assert "limit_of_customer" in reader.actor.rights("deal").hidden
    assert "limit_of_customer" not in readable_fields(reader.actor, entity_of(reader, "deal"))


def test_a_summary_over_a_hidden_field_of_the_children_is_hidden_too(read_as):
    service = read_as("service")
    assert "probability" in service.actor.rights("deal").hidden
    assert "best_chance" in service.actor.rights("customer").hidden
    assert "best_chance" not in read_as("manager").actor.rights("customer").hidden


def test_who_sees_the_field_sees_what_is_calculated_from_it(read_as):
    manager = read_as("manager")
    row = list_records(
        manager, entity_of(manager, "deal"), ListQuery(columns=("name", "limit_of_customer"))
    ).rows[0]
    assert str(row["limit_of_customer"]) == "700.00"


def test_lists_leave_it_out_and_do_not_filter_or_sort_by_it(read_as):
    reader = read_as(READER)
    query = ListQuery(
        [{"field": "limit_of_customer", "above": 600}],
        order=(("limit_of_customer", True),),
    )
    with pytest.raises(QueryError) as refused:
        list_records(reader, entity_of(reader, "deal"), query)
    assert len(refused.value.problems) == 2
    page = list_records(reader, entity_of(reader, "deal"), ListQuery(columns=("name", "limit_of_customer")))
    assert page.columns == ("name",) and len(page.rows) == 1


def test_the_guard_refuses_its_expression_in_a_statement(read_as):
    reader = read_as(READER)
    deal = entity_of(reader, "deal")
    tree = formula_tree(reader, deal, deal.fields["limit_of_customer"])
    expression = compile_sql(tree, "deal", scope_of(reader))
    with pytest.raises(NotAllowedError):
        reader.execute(sa.select(expression))


def test_titles_leave_it_out(read_as):
    reader = read_as(READER)
    titles = [hit.title for hit in find_hits(reader, entity_of(reader, "customer"), "")]
    assert titles == ["Mine Ltd"]
    reader.rollback()
    manager = read_as("manager")
    assert "700" in find_hits(manager, entity_of(manager, "customer"), "")[0].title


def test_a_filter_over_a_segment_that_reads_it_is_refused(engine, session):
    documents = [copy.deepcopy(dict(document.body)) for document in session.workspace.schema.documents]
    lines = [{"field": "credit_limit", "above": 500}]
    documents.append({"segment": "trusted", "entity": "customer", "if": lines})
    session.rollback()
    publish_schema(engine, documents_from_json(documents), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as system:
        make_customer(system, owner=user_id(system, READER), credit_limit="700")
    with open_session(engine, workspace, find_actor(engine, workspace, READER)) as reader:
        with pytest.raises(QueryError) as refused:
            list_records(reader, entity_of(reader, "customer"), ListQuery([{"in_segment": "trusted"}]))
        assert [problem.code for problem in refused.value.problems] == ["segment.closed"]
