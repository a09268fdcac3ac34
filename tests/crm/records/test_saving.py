"""The one way to save: rights, clean values, checks, history and events in one transaction."""

import datetime as dt

import pytest
import sqlalchemy as sa

from crm import events
from crm.errors import ConflictError, NotAllowedError, NotFoundError, RecordError
from crm.records.bulk import insert_rows
from crm.records.journal import change, list_changes
from crm.records.service import create_record, delete_record, get_record, update_record
from tests.factories import make_complaint, make_customer, make_deal, user_id


def entity(session, name: str):
    """Return an entity of the session's revision."""
    return session.workspace.schema.entities[name]


def fields_of(error: RecordError) -> set[str]:
    """Return the names of the fields a refused record complains about."""
    return {problem.field for problem in error.problems}


def test_every_bad_field_is_named_at_once(session):
    with pytest.raises(RecordError) as caught:
        create_record(
            session, entity(session, "deal"), {"amount": "much", "closes_on": "someday", "stage": "nowhere"}
        )
    assert {"name", "customer", "amount", "closes_on", "stage"} <= fields_of(caught.value)


def test_history_and_event_are_written_with_the_record(session):
    deal = make_deal(session, amount="10")
    update_record(session, entity(session, "deal"), deal.id, {"amount": "20"})
    session.commit()
    changes = list_changes(session, entity(session, "deal"), deal.id)
    assert [row["kind"] for row in changes] == ["updated", "created"]
    assert changes[0]["values"] == {"amount": ["10.00", "20.00"]}
    waiting = sa.select(sa.func.count()).where(
        events.event.c.entity == "deal", events.event.c.record_id == deal.id
    )
    assert session.connection().scalar(waiting) == 2


def test_a_rollback_takes_record_history_and_event_with_it(session):
    make_deal(session)
    session.rollback()
    for table in (change, events.event):
        assert session.connection().scalar(sa.select(sa.func.count()).where(table.c.entity == "deal")) == 0


def test_saving_the_same_values_writes_no_history(session):
    deal = make_deal(session, amount="10")
    version = deal.row_version
    update_record(session, entity(session, "deal"), deal.id, {"amount": "10.00"})
    assert deal.row_version == version and len(list_changes(session, entity(session, "deal"), deal.id)) == 1


def test_the_second_of_two_savers_is_told(session):
    deal = make_deal(session)
    seen = deal.row_version
    update_record(session, entity(session, "deal"), deal.id, {"amount": "1"}, version=seen)
    with pytest.raises(ConflictError):
        update_record(session, entity(session, "deal"), deal.id, {"amount": "2"}, version=seen)


def test_a_reference_to_nothing_makes_no_ghost(session):
    with pytest.raises(RecordError) as caught:
        make_deal(session, customer=987_654)
    assert fields_of(caught.value) == {"customer"}
    assert session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models["customer"])) == 0


def test_a_move_that_the_field_forbids_is_refused(session):
    options = entity(session, "complaint").fields["status"].options
    before, forbidden = next(
        (before, after)
        for before, moves in options["next"].items()
        for after in options["choices"]
        if after not in (*moves, before)
    )
    complaint = make_complaint(session, status=before, resolution="Done")
    with pytest.raises(RecordError) as caught:
        update_record(session, entity(session, "complaint"), complaint.id, {"status": forbidden})
    assert [problem.code for problem in caught.value.problems] == ["record.move_not_allowed"]


def test_what_has_children_is_not_deleted(session):
    customer = make_customer(session)
    make_deal(session, customer=customer.id)
    with pytest.raises(RecordError) as caught:
        delete_record(session, entity(session, "customer"), customer.id)
    assert caught.value.code == "record.has_children"


def test_a_deletion_is_in_the_journal_with_what_was_there(session):
    deal = make_deal(session, name="Gone")
    deal_id = deal.id
    delete_record(session, entity(session, "deal"), deal_id)
    with pytest.raises(NotFoundError):
        get_record(session, entity(session, "deal"), deal_id)
    assert list_changes(session, entity(session, "deal"), deal_id)[0]["values"]["name"] == [
        "Gone",
        None,
    ]


def test_the_number_of_a_deleted_record_is_given_to_no_other(session):
    deals, customer = entity(session, "deal"), make_customer(session)
    gone = make_deal(session, customer=customer.id).id
    delete_record(session, deals, gone)
    session.commit()
    imported = insert_rows(session, deals, [{"name": "New", "customer": customer.id, "stage": "prospect"}])
    delete_record(session, deals, imported[0])
    session.commit()
    assert gone < imported[0] < make_deal(session, customer=customer.id).id


def test_numbers_follow_each_other_without_gaps_although_one_save_fails(session):
    first = make_complaint(session)
    session.commit()
    make_complaint(session)
    session.rollback()
    second = make_complaint(session)
    assert int(second.number[-5:]) == int(first.number[-5:]) + 1


def test_a_number_bears_the_year_that_has_begun_where_its_giver_is(session, clock):
    clock.now = dt.datetime(2026, 12, 31, 21, 59)
    old = make_complaint(session)
    clock.now += dt.timedelta(minutes=1)
    insert_rows(
        session,
        entity(session, "complaint"),
        [{"subject": "Midnight in Athens", "customer": old.customer_id}],
    )
    new = make_complaint(session, customer=old.customer_id)
    assert (old.number, new.number) == ("C-2026-00001", "C-2027-00002")


def test_defaults_fill_what_was_not_given(session_as):
    session = session_as("admin")
    deal = make_deal(session)
    assert deal.stage == "prospect" and deal.owner_id == session.actor.user_id


def test_the_clock_of_the_session_dates_the_record(session, clock):
    deal = make_deal(session)
    assert deal.created_at == clock.now
    clock.now += dt.timedelta(hours=1)
    update_record(session, entity(session, "deal"), deal.id, {"amount": "5"})
    assert deal.updated_at == clock.now and deal.created_at < clock.now


def test_nothing_but_the_service_writes_records(session):
    deal = make_deal(session)
    deal.name = "Sneaked in"
    with pytest.raises(RuntimeError):
        session.flush()
    session.rollback()
    with pytest.raises(RuntimeError):
        session.execute(sa.update(session.workspace.models["deal"]).values(name="x"))


def test_a_salesperson_cannot_give_a_record_away_or_take_one(session_as, session):
    service = user_id(session, "service")
    other_id = make_customer(session, owner=service).id
    session.commit()
    sales = session_as("sales")
    with pytest.raises(NotFoundError):
        update_record(sales, entity(sales, "customer"), other_id, {"name": "Mine now"})
    own = make_customer(sales)
    with pytest.raises(NotAllowedError):
        update_record(sales, entity(sales, "customer"), own.id, {"owner": service})


def test_fields_that_are_closed_to_the_actor_are_refused_and_nothing_is_written(session_as):
    sales = session_as("sales")
    customer = make_customer(sales)
    sales.commit()
    hidden = sorted(sales.actor.rights("customer").hidden)[0]
    with pytest.raises(RecordError) as caught:
        update_record(
            sales,
            entity(sales, "customer"),
            customer.id,
            {hidden: "1", "id": 7, "created_by": 1, "name": "New"},
        )
    assert {hidden, "id", "created_by"} <= fields_of(caught.value)
    sales.rollback()
    assert get_record(sales, entity(sales, "customer"), customer.id).name != "New"
