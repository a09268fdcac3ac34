"""People leave: nobody is deleted, others take over, and one rule says who may be chosen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User

import crm.web.fab.security  # noqa: F401 - refuses deletions
from crm.conditions import evaluate
from crm.entities.load import load_document
from crm.errors import NotAllowedError, RecordError
from crm.leaving.handover import get_handover, hand_over, leave, run_handover, same_for_all
from crm.leaving.holdings import list_holdings
from crm.permissions.model import SYSTEM
from crm.permissions.rows import parse_trusted, scope_of
from crm.permissions.store import USERS, deactivate, find_user_id
from crm.records.journal import list_changes
from crm.records.service import create_record, update_record
from crm.records.values import user_names
from crm.reports.kind import build_report
from crm.reports.service import run_report
from tests.factories import make_complaint, make_customer, user_id


def owner_of(session, record_id, entity="customer"):
    """Return a record's owner by number."""
    session.expire_all()
    return session.get(session.workspace.models[entity], record_id).owner_id


def test_a_user_leaves_and_one_takes_over_all_with_history(session, engine):
    nina, omer = user_id(session, "sales"), user_id(session, "manager")
    customers = [make_customer(session, owner=nina).id for _ in range(3)]
    other = make_customer(session, owner=omer).id
    assert {each.key: each.count for each in list_holdings(session, nina)} == {"customer.owner": 3}
    number = leave(session, nina, same_for_all(session, nina, omer))
    session.commit()
    run_handover(engine, number)
    run_handover(engine, number)
    found = get_handover(session.connection(), number)
    assert (found.state, found.total, found.done, found.refused) == ("done", 3, 3, [])
    assert {owner_of(session, each) for each in (*customers, other)} == {omer}
    newest = list_changes(session, session.workspace.schema.entities["customer"], customers[0])[0]
    assert newest["values"] == {"owner": [nina, omer]} and newest["cause"] == [f"handover:{number}"]
    assert find_user_id(session.connection(), "sales") is None


def test_a_killed_handover_is_gone_on_with(session, engine):
    nina, omer = user_id(session, "sales"), user_id(session, "manager")
    customers = [make_customer(session, owner=nina).id for _ in range(3)]
    number = leave(session, nina, same_for_all(session, nina, omer))
    update_record(session, session.workspace.schema.entities["customer"], customers[0], {"owner": omer})
    session.execute(
        sa.text("UPDATE crm_handover SET state = 'working', done = 1, lease_until = :then"),
        {"then": "2020-01-01 00:00:00"},
    )
    session.commit()
    run_handover(engine, number)
    assert get_handover(session.connection(), number).state == "done"
    assert {owner_of(session, each) for each in customers} == {omer}


def test_a_record_that_cannot_be_saved_is_named_and_the_others_go_on(session, engine):
    nina, cashier = user_id(session, "service"), user_id(session, "cashier")
    complaint = make_complaint(session, owner=nina).id
    customer = make_customer(session, owner=nina).id
    chosen = {"customer.owner": cashier}
    number = leave(session, nina, chosen)
    session.commit()
    run_handover(engine, number)
    assert owner_of(session, customer) == cashier and owner_of(session, complaint, "complaint") == nina


def test_whom_nobody_may_choose_takes_nothing_over(session):
    nina, omer = user_id(session, "sales"), user_id(session, "manager")
    make_customer(session, owner=nina)
    deactivate(session.connection(), omer)
    with pytest.raises(RecordError) as caught:
        leave(session, nina, same_for_all(session, nina, omer))
    assert [problem.field for problem in caught.value.problems] == ["customer.owner"]


def test_the_last_administrator_stays_and_only_administrators_decide(session, session_as):
    with pytest.raises(NotAllowedError) as caught:
        leave(session, user_id(session, "admin"), {})
    assert caught.value.code == "people.last_admin"
    manager = session_as("manager")
    with pytest.raises(NotAllowedError):
        leave(manager, 1, {})


def test_what_a_deleted_user_left_is_shown_and_handed_over(session, engine):
    gone, omer = 987, user_id(session, "manager")
    customer = make_customer(session).id
    table = session.workspace.models.table("customer")
    session.connection().execute(sa.update(table).where(table.c.id == customer).values(owner_id=gone))
    assert user_names(session, [gone]) == {gone: "Deleted user 987"}
    number = hand_over(session, gone, same_for_all(session, gone, omer))
    session.commit()
    run_handover(engine, number)
    assert owner_of(session, customer) == omer


def test_records_of_a_deleted_user_are_found_as_empty_on_every_surface(session, client):
    kept, lost = make_customer(session, owner=user_id(session, "sales")).id, make_customer(session).id
    table = session.workspace.models.table("customer")
    session.connection().execute(sa.update(table).where(table.c.id == lost).values(owner_id=987))
    entity = session.workspace.schema.entities["customer"]
    line = {"field": "owner", "is_empty": True}
    tree = parse_trusted(session.workspace, entity, (line,))
    model, scope = session.workspace.models["customer"], scope_of(session)
    held = [evaluate(tree, session.get(model, one), scope) for one in (kept, lost)]
    measures = "group_by: [owner]\nmeasures: {number: {count: true}}\n"
    document = load_document(f"report: made\nentity: customer\n{measures}", "reports/made.yaml")[0]
    rows = run_report(session, build_report(document, session.workspace.schema)).rows
    session.commit()
    browser, asked = client("admin"), "(filters:!((col:owner,opr:empty,value:!t)))"
    rest = browser.get("/api/v1/customer/", query_string={"q": asked}).json["ids"]
    page = browser.get("/customer/list/?_flt_2_owner=true").text
    assert (held, rest) == ([False, True], [lost])
    assert f"/customer/show/{lost}" in page and f"/customer/show/{kept}" not in page
    assert {row.values[0]: (row.values[1], row.lines) for row in rows}[None] == (1, [line])


def test_no_orm_deletes_a_user(engine):
    with sa.orm.Session(engine) as session, pytest.raises(NotAllowedError):
        session.delete(session.scalars(sa.select(User)).first())
        session.flush()


def test_an_inactive_user_is_chosen_by_nobody_but_stays_where_they_are(session):
    customers = session.workspace.schema.entities["customer"]
    nina = user_id(session, "sales")
    customer = make_customer(session, owner=nina).id
    deactivate(session.connection(), nina)
    update_record(session, customers, customer, {"owner": nina, "city": "Cluj"})
    assert owner_of(session, customer) == nina
    assert user_names(session, [nina])[nina].endswith("(inactive)")
    with pytest.raises(RecordError):
        create_record(session, customers, {"name": "New", "owner": nina})


def test_an_import_keeps_an_inactive_owner_and_gives_nothing_to_one(session):
    from crm.imports.model import Column, Matching
    from crm.imports.plan import Planner

    nina = user_id(session, "sales")
    customer = make_customer(session, owner=nina).id
    deactivate(session.connection(), nina)
    shown = user_names(session, [nina])[nina]
    entity = session.workspace.schema.entities["customer"]
    columns = (Column(0, "id", "id"), Column(1, "Owner", "owner"), Column(2, "City", "city"))
    planner = Planner(session, entity, Matching(columns, "upsert", ("id",)))
    other = make_customer(session).id
    rows = planner.plan([(2, [customer, shown, "Cluj"]), (3, [other, shown, "Cluj"])])
    assert [row[1] for row in rows] == ["update", "error"]


def test_every_user_has_a_name_to_sort_and_filter_by(session):
    assert session.actor == SYSTEM
    assert set(user_names(session, session.connection().scalars(sa.select(USERS.c.id)))) >= {1}
