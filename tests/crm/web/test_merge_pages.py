"""Merging on pages and over REST; the list of possible duplicates; a button pressed on a selection."""

from __future__ import annotations

import re

import pytest

from crm.entities.load import load_document
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_contact, make_customer, make_deal


def post(browser, path, data):
    return browser.submit(path, data, page="/profile/")


def send(browser, path, body):
    return browser.post(path, json=body, headers={"X-CSRFToken": browser.token("/profile/")})


@pytest.fixture
def pair(session) -> list[int]:
    """Two customers that look the same, the second with a contact."""
    first = make_customer(session, name="Aegean", city="Volos", email="a@example.com").id
    second = make_customer(session, name="Aegean Foods", city=None, email="a@example.com").id
    make_contact(session, customer=second)
    session.commit()
    return [first, second]


def names(session, numbers, field="name"):
    session.rollback()
    session.expire_all()
    records = [session.get(session.workspace.models["customer"], number) for number in numbers]
    found = [getattr(record, field, None) for record in records]
    session.rollback()
    return found


def test_duplicates_are_merged_side_by_side_and_that_is_undone(client, session, pair):
    browser = client("admin")
    assert 'href="/customer/duplicates/"' in browser.get("/customer/list/").text
    page = browser.get("/customer/duplicates/").text
    assert page.count('name="rowid"') == 2 and "Email" in page
    asked = {"_action": "merge", "rowid": pair}
    page = post(browser, "/customer/bulk", asked).text
    assert re.findall(r'name="pick-name" value="(\d)"( checked)?', page) == [("1", " checked"), ("2", "")]
    assert 'name="pick-email"' not in page
    seen = {f"_version-{number}": 1 for number in pair}
    chosen = {**asked, **seen, "_into": pair[0], "pick-name": pair[1], "_step": "run"}
    answer = post(browser, "/customer/bulk", chosen)
    assert answer.location == "/customer/show/1" and names(session, pair) == ["Aegean Foods", None]
    shown = browser.get(answer.location).text
    assert 'data-undo-url="/job/1/undo"' in shown
    assert "No possible duplicates" in browser.get("/customer/duplicates/").text
    post(browser, "/job/1/undo", {})
    assert names(session, pair) == ["Aegean", "Aegean Foods"]
    stale = post(browser, "/customer/bulk", chosen)
    assert stale.status_code == 409 and names(session, pair)[1] == "Aegean Foods"


def test_not_the_same_is_remembered(client, pair):
    browser = client("admin")
    post(browser, "/customer/duplicates/", {"rowid": pair})
    assert "No possible duplicates" in browser.get("/customer/duplicates/").text
    assert browser.get("/purchase/duplicates/").status_code == 404
    assert post(client("viewer"), "/customer/duplicates/", {"rowid": pair}).status_code == 403
    assert post(client("sales"), "/customer/bulk", {"_action": "merge", "rowid": pair}).status_code == 403


def test_a_program_merges_and_undoes(client, session, pair):
    browser = client("admin")
    first, second = pair
    answer = send(
        browser, "/api/v1/customer/merge", {"into": first, "from": [second], "values": {"name": second}}
    )
    assert answer.status_code == 200 and answer.json["id"] == first
    assert names(session, pair) == ["Aegean Foods", None]
    assert send(browser, f"/api/v1/job/{answer.json['job']}/undo", {}).json["state"] == "done"
    assert names(session, pair) == ["Aegean", "Aegean Foods"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"into": 1}, 400),
        ({"into": "1", "from": [2]}, 400),
        ({"into": 1, "from": [2], "values": {"name": "2"}}, 400),
        ({"into": 1, "from": [2], "more": 1}, 400),
        ({"into": 1, "from": []}, 422),
        ({"into": 1, "from": [1]}, 422),
        ({"into": 1, "from": [2], "values": {"nothing": 2}}, 422),
        ({"into": 1, "from": [99]}, 404),
    ],
)
def test_what_is_no_merge_is_refused(client, session, pair, body, status):
    assert send(client("admin"), "/api/v1/customer/merge", body).status_code == status
    assert None not in names(session, pair)


RULE = """rule: mark_hot
label: {en: Mark as hot}
entity: deal
when: {button: {en: Mark as hot}}
if: [{field: probability, is_not: 90}]
then: [{set_field: {field: probability, to: 90}}]
"""


@pytest.fixture
def published(begin_at, engine):
    """The shipped schemas with a button, live."""

    def build():
        added = load_document(RULE, "")[0]
        publish_schema(engine, [*get_workspace(engine).schema.documents, added], "a button")

    begin_at(__name__, build)


@pytest.fixture
def deals(published, session) -> list[int]:
    """Two deals, for one of which the button's conditions do not hold."""
    found = [make_deal(session, probability=value).id for value in (10, 90)]
    session.commit()
    return found


def test_a_button_is_pressed_on_a_selection(deals, client):
    browser = client("admin")
    assert 'name="_button" value="mark_hot"' in browser.get("/deal/list/").text
    page = post(browser, "/deal/bulk", {"_button": "mark_hot", "rowid": deals})
    assert "Mark as hot" in page.text and 'value="run"' in page.text
    asked = {"_action": "button", "_button": "mark_hot", "rowid": deals, "_step": "run"}
    assert post(browser, "/deal/bulk", asked).location == "/job/1"
    job = browser.get("/api/v1/job/1").json
    assert (job["kind"], job["changed"], job["refused"]) == ("button", 1, 1)
    assert "/job/1/undo" not in browser.get("/job/1").text
    assert send(browser, "/api/v1/job/1/undo", {}).status_code == 409
    again = send(browser, "/api/v1/deal/bulk", {"ids": deals, "button": "mark_hot"})
    assert again.status_code == 202
    assert send(browser, "/api/v1/deal/bulk", {"ids": deals, "button": "nothing"}).status_code == 404
