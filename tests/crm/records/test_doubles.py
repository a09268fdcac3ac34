"""Possible duplicates as a list to work off: within rights, alike to a person, without what was said to be others."""

from __future__ import annotations

import pytest

from crm.errors import NotAllowedError, NotFoundError
from crm.records.alike import find_alike
from crm.records.distinct import say_not_same
from crm.records.doubles import list_doubles
from crm.records.service import update_record
from tests.factories import make_customer, user_id


def found_by(session, entity="customer"):
    return [
        (tuple(field.name for field in each.fields), each.ids)
        for each in list_doubles(session, session.workspace.schema.entities[entity]).groups
    ]


def test_what_looks_the_same_stands_together_once(session):
    first = make_customer(session, name="«Λιμάνι» ΑΕ", city="Πάτρα", email="a@example.com").id
    second = make_customer(session, name="Λιμανι  αε", city="ΠΑΤΡΑ", email="a@example.com").id
    third = make_customer(session, name="Other", city=None, email="b@example.com").id
    make_customer(session, name="Other", city=None)
    fourth = make_customer(session, name="Another", email="B@example.com").id
    assert found_by(session) == [(("email",), (third, fourth)), (("email",), (first, second))]


def test_what_was_said_to_be_others_is_remembered_and_no_longer_asked_about(session):
    entity = session.workspace.schema.entities["customer"]
    ids = [make_customer(session, email="a@example.com").id for _ in range(3)]
    say_not_same(session, entity, ids[:2])
    assert found_by(session) == [(("email",), tuple(ids))]
    say_not_same(session, entity, [ids[0], ids[2]])
    say_not_same(session, entity, [ids[0], ids[2]])
    assert found_by(session) == [(("email",), tuple(ids[1:]))]
    values = {"email": "a@example.com"}
    assert find_alike(session, entity, ids[1], values, ["email"]).ids == (ids[2],)
    assert find_alike(session, entity, None, values, ["email"]).ids == tuple(ids)


def test_only_records_within_reach_are_compared(session, session_as):
    nina, entity = user_id(session, "sales"), session.workspace.schema.entities["customer"]
    own = [make_customer(session, email="a@example.com", owner=nina).id for _ in range(2)]
    other = make_customer(session, email="a@example.com").id
    make_customer(session, email="b@example.com", owner=nina)
    make_customer(session, email="b@example.com")
    session.commit()
    asker = session_as("sales")
    assert found_by(asker) == [(("email",), tuple(own))]
    with pytest.raises(NotFoundError):
        say_not_same(asker, entity, [own[0], other])
    with pytest.raises(NotAllowedError):
        say_not_same(session_as("viewer"), entity, own)


def test_a_page_that_looked_for_long_enough_goes_on_behind(session, monkeypatch):
    monkeypatch.setattr("crm.records.doubles.AT_ONCE", 2)
    entity = session.workspace.schema.entities["customer"]
    for _ in range(2):
        make_customer(session, email="a@example.com")
    for _ in range(2):
        make_customer(session)
    first = list_doubles(session, entity, seconds=0)
    assert (first.groups, first.before) == ([], 3)
    then = list_doubles(session, entity, first.before, seconds=0)
    assert [each.ids for each in then.groups] == [(1, 2)]
    assert list_doubles(session, entity, then.before).before is None


def test_names_in_two_alphabets_stand_together_where_one_only_warns(session):
    ids = tuple(
        make_customer(session, name=name, city=city).id
        for name, city in (
            ("כהן דוד", "חיפה"),
            ("Cohen David", "Haifa"),
            ("Παπαδόπουλος", "Βόλος"),
            ("Papadopoulos", "Volos"),
        )
    )
    assert [found for _fields, found in found_by(session)] == [ids[2:]]
    for number in ids[:2]:
        update_record(session, session.workspace.schema.entities["customer"], number, {"city": "Haifa"})
    assert [found for _fields, found in found_by(session)] == [ids[2:], ids[:2]]
