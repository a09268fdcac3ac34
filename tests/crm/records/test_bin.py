"""Deleted records lie in the bin with all that went with them, and come back as they were."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm.errors import NotAllowedError, NotFoundError, RecordError
from crm.records.bin import binned, erase_binned, find_binned, list_binned, list_due, purge_deeds
from crm.records.journal import list_changes
from crm.records.restoring import restore_record
from crm.records.service import delete_record, update_record
from tests.factories import make_activity, make_contact, make_customer, make_deal, make_record, user_id


def entity_of(session, name="customer"):
    return session.workspace.schema.entities[name]


def stored(session, name, number):
    session.expire_all()
    return session.get(session.workspace.models[name], number)


def columns_of(session, name, number):
    """Return a row as it is stored."""
    return dict(session.execute(sa.text(f"SELECT * FROM {name} WHERE id = {number}")).mappings().one())  # noqa: S608


def rows_in_bin(session):
    return session.scalar(sa.select(sa.func.count()).select_from(binned))


def test_a_record_comes_back_as_it_was(session):
    number = make_deal(session, amount="1250.50", closes_on="2026-05-01").id
    before = columns_of(session, "deal", number)
    delete_record(session, entity_of(session, "deal"), number)
    assert stored(session, "deal", number) is None and rows_in_bin(session) == 1
    assert restore_record(session, entity_of(session, "deal"), number) == []
    after = columns_of(session, "deal", number)
    assert {**after, "row_version": 0} == {**before, "row_version": 0} and rows_in_bin(session) == 0
    assert [row["kind"] for row in list_changes(session, entity_of(session, "deal"), number)] == [
        "restored",
        "deleted",
        "created",
    ]
    with pytest.raises(NotFoundError):
        restore_record(session, entity_of(session, "deal"), number)


def test_what_went_with_it_comes_back_with_it(session):
    customer = make_customer(session).id
    contact = make_contact(session, customer=customer).id
    activity = make_activity(session, customer=customer).id
    delete_record(session, entity_of(session), customer)
    gone = [
        stored(session, name, number) is None
        for name, number in (("contact", contact), ("activity", activity))
    ]
    [found] = list_binned(session, entity_of(session), 10)
    assert (found.record_id, found.size) == (customer, rows_in_bin(session) - 1)
    assert list_binned(session, entity_of(session, "contact"), 10) == []
    assert restore_record(session, entity_of(session), customer) == []
    assert any(gone) and rows_in_bin(session) == 0
    assert stored(session, "contact", contact).customer_id == customer
    assert stored(session, "activity", activity).customer_id == customer


def test_references_that_were_cleared_point_again_unless_they_point_elsewhere(session):
    campaign, other = (
        make_record(session, "campaign", name=f"C{n}", starts_on="2026-01-01").id for n in (1, 2)
    )
    first, second = (make_customer(session, campaign=campaign).id for _ in range(2))
    delete_record(session, entity_of(session, "campaign"), campaign)
    assert stored(session, "customer", first).campaign_id is None
    update_record(session, entity_of(session), second, {"campaign": other})
    [note] = restore_record(session, entity_of(session, "campaign"), campaign)
    assert (note.code, note.params["id"]) == ("bin.points_elsewhere", second)
    assert [stored(session, "customer", n).campaign_id for n in (first, second)] == [campaign, other]


def test_a_value_that_was_taken_meanwhile_is_refused_in_words(session):
    number = make_record(session, "competitor", name="Rival").id
    delete_record(session, entity_of(session, "competitor"), number)
    make_record(session, "competitor", name="Rival")
    with pytest.raises(RecordError) as refused:
        restore_record(session, entity_of(session, "competitor"), number)
    assert [(each.code, each.field) for each in refused.value.problems] == [
        ("bin.cannot_restore", None),
        ("record.not_unique", "name"),
    ]


def test_the_bin_shows_what_one_might_delete(session, session_as):
    nina = user_id(session, "sales")
    own, other = make_deal(session, owner=nina).id, make_deal(session).id
    for number in (own, other):
        delete_record(session, entity_of(session, "deal"), number)
    customer = make_customer(session, owner=nina).id
    delete_record(session, entity_of(session), customer)
    session.commit()
    asker = session_as("sales")
    assert [each.record_id for each in list_binned(asker, entity_of(asker, "deal"), 10)] == [own]
    with pytest.raises(NotAllowedError):
        list_binned(asker, entity_of(asker), 10)
    assert find_binned(asker, entity_of(asker), customer) is None
    with pytest.raises(NotFoundError):
        restore_record(asker, entity_of(asker, "deal"), other)
    restore_record(asker, entity_of(asker, "deal"), own)


def test_purge_takes_what_is_old_and_erasure_whatever_is_of_a_record(session, clock):
    old, new = make_deal(session).id, make_deal(session).id
    delete_record(session, entity_of(session, "deal"), old)
    late = clock.now
    clock.now = late.replace(year=2027)
    delete_record(session, entity_of(session, "deal"), new)
    due = list_due(session, clock.now, 10)
    assert purge_deeds(session, due) == 1 and rows_in_bin(session) == 1
    assert find_binned(session, entity_of(session, "deal"), old) is None
    customer = make_customer(session).id
    contact = make_contact(session, customer=customer).id
    delete_record(session, entity_of(session), customer)
    assert erase_binned(session, entity_of(session, "contact"), [contact]) == 1
    assert erase_binned(session, entity_of(session), [customer]) == 1
    assert rows_in_bin(session) == 1
