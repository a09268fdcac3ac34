"""Two or three records become one, with all that hangs on them; and are two again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm.bulk import service
from crm.bulk.merging import Merge, merge_records
from crm.bulk.work import BulkWorkshop, run_job
from crm.errors import ConflictError, NotAllowedError, NotFoundError, RecordError
from crm.records.journal import list_changes
from crm.records.service import update_record
from tests.factories import (
    make_activity,
    make_contact,
    make_customer,
    make_deal,
    make_record,
    user_id,
)
from workflows.mail.outbox import message


def entity_of(session, name="customer"):
    return session.workspace.schema.entities[name]


def values_of(session, name, *numbers, field):
    session.expire_all()
    records = [session.get(session.workspace.models[name], number) for number in numbers]
    return [getattr(record, field, None) for record in records]


def undo(session, engine, clock, number):
    found = service.start_undo(session, number)
    session.commit()
    run_job(BulkWorkshop(engine, clock=clock), found)
    job = service.get_job(session, found)
    session.rollback()
    assert (job["state"], job["refused"]) == ("done", 0)
    return found


def test_values_are_chosen_what_hangs_on_them_moves_and_all_of_it_is_undone(session, engine, clock):
    first = make_customer(session, name="Aegean", city="Volos", tax_id=None).id
    second = make_customer(session, name="Aegean Foods", city="Patra", tax_id="094014201").id
    contacts = [make_contact(session, customer=number).id for number in (first, second)]
    deal, activity = make_deal(session, customer=second).id, make_activity(session, customer=second).id
    job = merge_records(
        session, entity_of(session), Merge(first, (second,), {"name": second, "tax_id": second})
    )
    session.commit()
    assert values_of(session, "customer", first, second, field="name") == ["Aegean Foods", None]
    assert values_of(session, "customer", first, field="tax_id") == ["094014201"]
    assert values_of(session, "customer", first, field="city") == ["Volos"]
    assert values_of(session, "contact", *contacts, field="customer_id") == [first, first]
    assert values_of(session, "deal", deal, field="customer_id") == [first]
    assert values_of(session, "activity", activity, field="customer_id") == [first]
    newest = list_changes(session, entity_of(session, "deal"), deal)[0]
    assert newest["values"] == {"customer": [second, first]} and newest["cause"] == [f"job:{job}"]
    session.rollback()
    back = undo(session, engine, clock, job)
    assert values_of(session, "customer", first, second, field="name") == ["Aegean", "Aegean Foods"]
    assert values_of(session, "customer", first, second, field="tax_id") == [None, "094014201"]
    assert values_of(session, "contact", *contacts, field="customer_id") == [first, second]
    assert values_of(session, "deal", deal, field="customer_id") == [second]
    session.rollback()
    undo(session, engine, clock, back)
    assert values_of(session, "customer", first, second, field="name") == ["Aegean Foods", None]
    assert values_of(session, "deal", deal, field="customer_id") == [first]


def test_three_become_one_that_points_to_none_of_them(session):
    ids = [make_customer(session).id for _ in range(3)]
    deals = [make_deal(session, customer=number).id for number in ids]
    merge_records(session, entity_of(session), Merge(ids[1], (ids[0], ids[2])))
    assert values_of(session, "customer", *ids, field="id") == [None, ids[1], None]
    assert values_of(session, "deal", *deals, field="customer_id") == [ids[1]] * 3


@pytest.mark.parametrize(("into", "sources"), [(1, ()), (1, (1,)), (1, (2, 2)), (1, (2, 3, 4))])
def test_what_is_no_merge_is_refused(session, into, sources):
    with pytest.raises(RecordError, match="two_or_three"):
        merge_records(session, entity_of(session), Merge(into, sources))


def test_nothing_is_merged_that_one_may_not_or_that_somebody_saved_since(session, session_as):
    nina = user_id(session, "sales")
    own, other, mine = (make_deal(session, owner=owner).id for owner in (nina, None, nina))
    customer = make_customer(session, owner=nina).id
    session.commit()
    asker = session_as("sales")
    deals = entity_of(asker, "deal")
    with pytest.raises(NotFoundError):
        merge_records(asker, deals, Merge(own, (other,)))
    with pytest.raises(NotAllowedError):
        merge_records(asker, entity_of(asker), Merge(customer, (customer + 1,)))
    with pytest.raises(RecordError):
        merge_records(asker, deals, Merge(own, (mine,), {"name": other}))
    with pytest.raises(RecordError):
        merge_records(asker, deals, Merge(own, (mine,), {"nothing": mine}))
    asker.rollback()
    update_record(session, deals, mine, {"name": "New"})
    session.commit()
    with pytest.raises(ConflictError):
        merge_records(asker, deals, Merge(own, (mine,), versions={own: 1, mine: 1}))
    asker.rollback()
    assert values_of(session, "deal", own, mine, field="row_version") == [1, 2]


def test_a_unique_value_is_taken_over(session):
    first, second = (make_record(session, "competitor", name=name).id for name in ("One", "Two"))
    merge_records(session, entity_of(session, "competitor"), Merge(first, (second,), {"name": second}))
    assert values_of(session, "competitor", first, second, field="name") == ["Two", None]
    assert session.scalar(sa.text("SELECT count(*) FROM crm_bin")) == 1


def test_emails_follow_to_the_record_that_stays_and_back(session, engine, clock):
    first, second = (make_customer(session).id for _ in range(2))
    row = {
        "key": "1:0:0",
        "to": "a@example.com",
        "subject": "Hello",
        "text": "",
        "html": "",
        "language": "en",
        "state": "sent",
        "due_at": clock.now,
        "created_at": clock.now,
        "entity": "customer",
        "record_id": second,
        "revision": session.workspace.number,
    }
    session.connection().execute(sa.insert(message).values(**row))
    about = sa.select(message.c.record_id)
    job = merge_records(session, entity_of(session), Merge(first, (second,)))
    assert session.connection().scalar(about) == first
    session.commit()
    back = undo(session, engine, clock, job)
    assert session.connection().scalar(about) == second
    session.rollback()
    undo(session, engine, clock, back)
    assert session.connection().scalar(about) == first
