"""The timeline of a record gathers what hangs below it: within rights, each once, in order, paged."""

from __future__ import annotations

import datetime as dt

import pytest

from crm.errors import QueryError
from crm.records.service import update_record
from crm.records.timeline import LIMIT, Cursor, timeline_of
from tests.counting import statements
from tests.crm.reports.ledger import open_ledger
from tests.factories import make_complaint, make_customer, make_deal, make_record, user_id


def entity(session, name):
    """Return an entity of the session's revision."""
    return session.workspace.schema.entities[name]


def titles(session, record, name="customer"):
    """Return the titles of the records on a record's timeline, newest first."""
    number = record if isinstance(record, int) else record.id
    found = timeline_of(session, entity(session, name), number).entries
    return [entry.title for entry in found if entry.entity]


def call(session, subject, day=1, **values):
    """Log a call that hangs on nothing but what is named."""
    return make_record(session, "activity", subject=subject, at=f"2026-03-{day:02} 09:00", **values)


def test_calls_on_what_hangs_below_are_on_the_customers_timeline_in_order(session):
    customer = make_customer(session)
    complaint, deal = make_complaint(session, customer=customer), make_deal(session, customer=customer)
    call(session, "On the complaint", 2, complaint=complaint)
    call(session, "On the deal", 1, deal=deal)
    call(session, "On the customer", 3, customer=customer)
    call(session, "On another", 3, complaint=make_complaint(session))
    assert titles(session, customer) == ["On the customer", "On the complaint", "On the deal"]
    assert titles(session, complaint, "complaint") == ["On the complaint"]


def test_what_hangs_on_several_ways_stands_there_once(session):
    customer = make_customer(session)
    complaint = make_complaint(session, customer=customer)
    call(session, "Once", customer=customer, complaint=complaint, deal=make_deal(session, customer=customer))
    assert titles(session, customer) == ["Once"]


def test_nothing_comes_by_a_record_that_is_out_of_reach(session, session_as):
    customer = make_customer(session, owner=user_id(session, "sales"))
    theirs = make_deal(session, customer=customer, owner=user_id(session, "manager"), name="Theirs")
    mine = make_deal(session, customer=customer, owner=user_id(session, "sales"), name="Mine")
    seen = ("By mine", "By theirs")
    call(session, seen[0], deal=mine, owner=user_id(session, "sales"))
    call(session, seen[1], deal=theirs, owner=user_id(session, "sales"))
    number, deals = customer.id, (mine.id, theirs.id)
    session.commit()
    sales = session_as("sales")
    cls = sales.workspace.models["deal"]
    open_deals = {each.id for each in sales.query(cls).all()}
    session.rollback()
    expected = [words for words, deal in zip(seen, deals, strict=True) if deal in open_deals]
    assert len(open_deals) == 1 and titles(sales, number) == expected


def test_every_entry_is_on_exactly_one_page_whatever_happened_at_one_moment(session):
    customer = make_customer(session)
    complaint = make_complaint(session, customer=customer)
    many = 2 * LIMIT + 20
    for place in range(many):
        hung = {"complaint": complaint} if place % 3 else {"customer": customer}
        call(session, f"Call {place}", 1 + place % 2, **hung)
    customers, seen, cursor, pages = entity(session, "customer"), [], None, 0
    while True:
        page = timeline_of(session, customers, customer.id, cursor)
        seen += [(entry.source, entry.number, entry.at) for entry in page.entries]
        pages += 1
        if not page.older:
            break
        cursor = Cursor.read(page.older)
    assert pages == 3 and len(seen) == len(set(seen)) == many + 1
    assert [at for _source, _number, at in seen] == sorted((at for _s, _n, at in seen), reverse=True)


def test_the_number_of_queries_does_not_grow_with_the_records(session, engine):
    customer = make_customer(session)
    deal = make_deal(session, customer=customer)
    call(session, "First", deal=deal)

    def asked():
        with statements(engine) as found:
            timeline_of(session, entity(session, "customer"), customer.id)
        return len(found)

    asked()
    few = asked()
    for _each in range(30):
        call(session, "More", deal=make_deal(session, customer=customer))
    assert asked() == few


@pytest.mark.parametrize("text", ["x", "2026-01-01~activity", "2026-01-01~activity~x", "~~", "a~b~c"])
def test_an_odd_place_is_refused(text):
    with pytest.raises(QueryError):
        Cursor.read(text)


def test_a_place_is_read_as_it_was_written():
    cursor = Cursor(dt.datetime(2026, 3, 1, 9, 30, 1, 5), "activity", 7)
    assert Cursor.read(str(cursor)) == cursor


STEP = """
entity: step
label: Step
plural: Steps
title: "{name}"
fields:
  name: {type: text}
  above: {type: reference, to: step, inverse: {name: below, label: Below}}
timeline: {title: name}
"""


def test_a_record_gathers_its_own_kind_from_below_and_never_itself(empty_database_url):
    session = open_ledger(empty_database_url, entities_step=STEP)
    steps = entity(session, "step")
    top = make_record(session, "step", name="Top")
    first = make_record(session, "step", name="First", above=top)
    second = make_record(session, "step", name="Second", above=first)
    make_record(session, "step", name="Third", above=second)
    make_record(session, "step", name="Other")
    update_record(session, steps, top.id, {"above": second.id})  # a circle
    assert sorted(titles(session, top, "step")) == ["First", "Second", "Third"]
    assert sorted(titles(session, second, "step")) == ["First", "Third", "Top"]
