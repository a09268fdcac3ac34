"""A record that looks the same as another: the form asks first, a program is told or refused."""

from __future__ import annotations

import re

import pytest

from tests.crm.web.house import DOCUMENTS
from tests.factories import make_customer, user_id


@pytest.fixture
def admin(client):
    """A browser of the administrator."""
    return client("admin")


def count(session, name):
    """Return how many records of an entity there are."""
    session.expire_all()
    return session.query(session.workspace.models[name]).count()


def test_the_form_asks_before_it_saves_a_duplicate_and_saves_when_told(admin, session):
    there = make_customer(session, name="Λιμάνι ΑΕ", city="Πειραιάς").id
    session.commit()
    sent = {"name": "ΛΙΜΑΝΙ ΑΕ", "city": "πειραιασ", "kind": "company", "status": "lead"}
    asked = admin.submit("/customer/add", sent)
    assert asked.status_code == 409 and f'href="/customer/show/{there}"' in asked.text
    assert 'value="ΛΙΜΑΝΙ ΑΕ"' in asked.text and count(session, "customer") == 1
    session.commit()
    mark = re.search(r'name="_same" value="([^"]+)"', asked.text)[1]
    assert admin.submit("/customer/add", {**sent, "_same": "1.2.3+0"}).status_code == 409
    assert admin.submit("/customer/add", {**sent, "_same": mark}).status_code == 302
    assert count(session, "customer") == 2


def test_an_edit_is_asked_only_when_it_makes_a_duplicate(admin, session):
    make_customer(session, name="Acme", city="Cluj")
    mine = make_customer(session, name="ACME", city="Iași")
    number, version = mine.id, mine.row_version
    session.commit()
    edit = f"/customer/edit/{number}"
    assert admin.submit(edit, {"city": "CLUJ", "_version": version}).status_code == 409
    assert admin.submit(edit, {"city": "Arad", "_version": version}).status_code == 302


def test_rest_saves_and_names_the_duplicates(admin, session):
    there = make_customer(session, name="Acme", city="Cluj").id
    session.commit()
    token = admin.api_token("admin")
    answer = admin.post("/api/v1/customer/", json={"name": "acme", "city": "cluj"}, headers=token)
    assert answer.status_code == 201 and answer.json["duplicates_count"] == 1
    assert answer.json["duplicates"] == [{"id": there, "title": "Acme", "url": f"/customer/show/{there}"}]
    other = admin.post("/api/v1/customer/", json={"name": "Other", "city": "cluj"}, headers=token)
    assert other.status_code == 201 and "duplicates" not in other.json


def test_rest_tells_a_reader_nothing_of_what_is_out_of_reach_but_that_it_is_there(client, session):
    make_customer(session, name="Acme", city="Cluj", owner=user_id(session, "manager"))
    session.commit()
    seller = client("sales")
    sent = {"name": "acme", "city": "cluj"}
    answer = seller.post("/api/v1/customer/", json=sent, headers=seller.api_token("sales"))
    assert answer.status_code == 201 and answer.json["duplicates_count"] == 1
    assert answer.json["duplicates"] == []


REFUSING = DOCUMENTS["entities/firm.yaml"] + "same_if: [[name]]\n        if_same: refuse\n"


def test_rest_refuses_where_the_entity_says_so_until_a_duplicate_is_asked_for(house):
    house.publish(entities_firm=REFUSING)
    browser = house.browser()
    browser.sign_in("admin")
    headers = {"X-CSRFToken": browser.token()}

    def save(name: str, path: str = "/api/v1/firm/", method: str = "POST", **more: object):
        return browser.open(path, method=method, json={"name": name, **more}, headers=headers)

    first, refused = save("Acme"), save("ACME")
    assert refused.status_code == 409 and refused.json["error"]["code"] == "record.looks_same"
    assert [each["id"] for each in refused.json["duplicates"]] == [first.json["id"]]
    assert browser.get("/api/v1/firm/").json["count"] == 1
    assert save("ACME", allow_duplicate=True).status_code == 201
    assert save("acme", "/api/v1/firm/?allow_duplicate=true").status_code == 201
    other = save("Other").json["id"]
    assert save("äcme", f"/api/v1/firm/{other}", "PUT").status_code == 409
