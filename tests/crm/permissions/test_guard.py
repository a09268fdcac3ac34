"""The guard on reading: whatever statement runs, it shows what the actor may see and nothing else."""

import copy
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.entities.load import documents_from_json
from crm.errors import NotAllowedError, QueryError, RecordError
from crm.messages import render
from crm.permissions.model import SYSTEM, EntityRights, Role, join_rights
from crm.records.listing import ListQuery, list_records
from crm.records.search import find_hits, search_everywhere
from crm.records.service import create_record, get_record, update_record
from crm.records.timeline import history_of
from crm.records.values import value_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.texts import Text
from tests.conftest import find_actor
from tests.factories import make_complaint, make_customer, make_deal, user_id


@pytest.fixture
def two_customers(session):
    """A customer of the salesperson and one of nobody, with a deal each."""
    mine = make_customer(session, name="Mine Ltd", owner=user_id(session, "sales"), credit_limit="500")
    other = make_customer(session, name="Other Ltd", owner=user_id(session, "service"), credit_limit="900")
    for customer in (mine, other):
        make_deal(
            session, name=f"Deal {customer.name}", customer=customer.id, owner=user_id(session, "sales")
        )
    ids = mine.id, other.id
    session.commit()
    return ids


def test_every_way_of_asking_shows_own_records_only(session_as, two_customers):
    mine, other = two_customers
    sales = session_as("sales")
    cls = sales.workspace.models["customer"]
    alias = sa.orm.aliased(cls)
    assert sales.scalars(sa.select(cls.id)).all() == [mine]
    assert sales.scalars(sa.select(alias.id)).all() == [mine]
    assert sales.get(cls, other) is None
    assert sales.scalar(sa.select(sa.func.count(cls.id))) == 1
    assert sales.scalars(sa.select(cls.name).where(cls.id.in_(sa.select(alias.id)))).all() == ["Mine Ltd"]


def test_a_reference_to_a_hidden_record_leads_nowhere(session_as, two_customers):
    _mine, other = two_customers
    sales = session_as("sales")
    deal = sales.workspace.models["deal"]
    found = sales.scalar(sa.select(deal).where(deal.customer_id == other))
    assert found is None or found.customer is None


def test_a_joined_alias_shows_own_records_only_to_each_who_asks(session_as, two_customers):
    def names(who):
        session = session_as(who)
        deal = session.workspace.models["deal"]
        customer = sa.orm.aliased(session.workspace.models["customer"])
        joined = (
            sa.select(customer.name).select_from(deal).outerjoin(customer, deal.customer_id == customer.id)
        )
        found = set(session.scalars(joined))
        session.close()
        return found

    for _again in range(2):
        assert names("manager") == {"Mine Ltd", "Other Ltd"}
        assert names("sales") == {"Mine Ltd", None}


def test_lists_lookups_and_search_agree(session_as, two_customers):
    sales = session_as("sales")
    entity = sales.workspace.schema.entities["customer"]
    assert [row["name"] for row in list_records(sales, entity, ListQuery()).rows] == ["Mine Ltd"]
    assert [hit.title for hit in find_hits(sales, entity, "ltd")] == ["Mine Ltd"]
    titles = {hit.title for group in search_everywhere(sales, "other") for hit in group.hits}
    assert "Other Ltd" not in titles


def test_a_hidden_field_is_refused_wherever_it_stands(session_as, two_customers):
    sales = session_as("sales")
    assert "credit_limit" in sales.actor.rights("customer").hidden
    cls = sales.workspace.models["customer"]
    for statement in (
        sa.select(cls.credit_limit),
        sa.select(cls.id).where(cls.credit_limit > 600),
        sa.select(cls.id).order_by(cls.credit_limit),
        sa.select(sa.func.max(cls.credit_limit)),
        sa.select(cls.id).group_by(cls.id, cls.credit_limit),
        sa.select(sa.orm.aliased(cls).credit_limit),
    ):
        with pytest.raises(NotAllowedError):
            sales.execute(statement)


def test_a_loaded_record_does_not_hold_its_hidden_fields(session_as, two_customers):
    sales = session_as("sales")
    found = sales.scalar(sa.select(sales.workspace.models["customer"]))
    assert "credit_limit" in sa.inspect(found).unloaded
    with pytest.raises(sa.exc.InvalidRequestError):
        _ = found.credit_limit


def test_filters_and_sorting_on_hidden_fields_are_refused_like_unknown_ones(session_as, two_customers):
    sales = session_as("sales")
    entity = sales.workspace.schema.entities["customer"]
    for name in ("credit_limit", "no_such_field"):
        query = ListQuery([{"field": name, "above": 600}], order=((name, True),))
        with pytest.raises(QueryError) as refused:
            list_records(sales, entity, query)
        told = [render(found, "en").replace(name, "…") for found in refused.value.problems]
        assert told == ["There is no field “…”.", "There is no field “…” in “customer”."]
    page = list_records(sales, entity, ListQuery(columns=("name", "credit_limit")))
    assert page.columns == ("name",) and len(page.rows) == 1


def test_history_leaves_hidden_fields_out(session_as, session, two_customers):
    mine, other = two_customers
    update_record(
        session, session.workspace.schema.entities["customer"], mine, {"credit_limit": "501", "city": "Χανιά"}
    )
    session.commit()
    sales = session_as("sales")
    entity = sales.workspace.schema.entities["customer"]
    labels = {label for moment in history_of(sales, entity, mine) for label, *_values in moment.changes}
    assert "City" in labels and "Credit limit" not in labels
    assert history_of(sales, entity, other) == []


def test_an_actor_without_the_right_to_read_sees_nothing(session_as, session):
    make_complaint(session)
    session.commit()
    session.close()
    stranger = session_as("marketing")
    if "read" in stranger.actor.rights("complaint").can:
        pytest.skip("this role may read complaints now")
    assert stranger.scalars(sa.select(stranger.workspace.models["complaint"].id)).all() == []


def test_reading_an_entity_table_past_the_mappers_is_refused(session_as):
    sales = session_as("sales")
    with pytest.raises(RuntimeError):
        sales.execute(sa.select(sales.workspace.models.table("customer").c.id))


def test_rights_of_several_roles_add_up():
    one = EntityRights(frozenset({"read"}), ({"field": "owner", "is": "me"},), frozenset({"phone"}))
    two = EntityRights(frozenset({"read", "update"}), (), frozenset({"phone", "email"}))
    rights = join_rights([one, two])
    assert rights.can == {"read", "update"} and rights.rows["read"] is None and rights.hidden == {"phone"}


def test_a_role_that_does_not_read_uncovers_nothing():
    reads = EntityRights(frozenset({"read", "update"}), (), frozenset({"phone"}), frozenset({"status"}))
    creates = EntityRights(frozenset({"create"}), (), frozenset({"notes"}))
    rights = join_rights([reads, creates])
    assert rights.hidden == {"phone"}
    assert rights.closed == {"update": {"phone", "status"}, "create": {"phone", "notes"}}


def test_a_role_that_only_creates_writes_what_it_does_not_hide():
    creates = EntityRights(frozenset({"create"}), (), frozenset({"notes"}), frozenset({"status"}))
    rights = join_rights([creates])
    assert rights.hidden == {"notes"} and rights.closed == {"create": {"notes", "status"}}


def test_a_field_is_written_only_by_the_deed_that_opens_it(session_as, session):
    customer = make_customer(session, notes="before").id
    session.commit()
    sales = session_as("viewer")
    corrects = EntityRights(frozenset({"read", "update"}), (), frozenset(), frozenset({"notes"}))
    roles = [Role("a", Text("A"), {"customer": corrects}),
             Role("b", Text("B"), {"customer": EntityRights(frozenset({"create"}))})]  # fmt: skip
    sales.actor = replace(sales.actor, roles=tuple(roles))
    entity = sales.workspace.schema.entities["customer"]
    assert create_record(sales, entity, {"name": "New", "notes": "mine"}).notes == "mine"
    with pytest.raises(RecordError):
        update_record(sales, entity, customer, {"notes": "mine"})


def test_a_summary_counts_only_the_children_the_actor_may_see(engine, session_as, session):
    documents = [copy.deepcopy(dict(document.body)) for document in session.workspace.schema.documents]
    customer = next(body for body in documents if body.get("entity") == "customer" and "fields" in body)
    customer["fields"]["deal_total"] = {"type": "summary", "of": "money", "over": "deals.amount"}
    publish_schema(engine, documents_from_json(documents), "test")
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as system:
        mine = make_customer(system, owner=user_id(system, "sales")).id
        make_deal(system, customer=mine, amount="10", owner=user_id(system, "sales"))
        make_deal(system, customer=mine, amount="100", owner=user_id(system, "admin"))
    entity = workspace.schema.entities["customer"]
    for name, total in (("sales", "10.00"), ("admin", "110.00")):
        with open_session(engine, workspace, find_actor(engine, workspace, name)) as reader:
            record = get_record(reader, entity, mine)
            query = ListQuery([{"field": "id", "is": mine}], columns=("deal_total",))
            listed = list_records(reader, entity, query).rows[0]["deal_total"]
            assert str(value_of(reader, record, "deal_total")) == str(listed) == total, name
