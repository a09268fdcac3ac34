"""One field edited where it is shown, by the form's own checks and version; and one change of the history undone."""

from __future__ import annotations

import re

import pytest

from crm.records.journal import list_changes
from crm.records.service import update_record
from tests.factories import make_contract, make_customer, user_id


@pytest.fixture
def number(session) -> int:
    """A customer of the user `sales`."""
    found = make_customer(session, name="Aegean", city="Volos", owner=user_id(session, "sales")).id
    session.commit()
    return found


def post(browser, path, data):
    return browser.submit(path, data, page="/profile/")


def stored(session, number, field="city"):
    session.rollback()
    session.expire_all()
    found = getattr(session.get(session.workspace.models["customer"], number), field)
    session.rollback()
    return found


def version_in(piece):
    return re.search(r'name="_version" value="(\d+)"', piece)[1]


def test_a_field_is_edited_by_its_own_control(client, session, number):
    browser = client("sales")
    page = browser.get(f"/customer/show/{number}").text
    assert f'data-inplace="/customer/field/{number}/"' in page and 'data-field="city"' in page
    assert 'data-field="segment"' not in page
    piece = browser.get(f"/customer/field/{number}/city").text
    assert 'name="city"' in piece and 'value="Volos"' in piece and 'name="name"' not in piece
    answer = post(browser, f"/customer/field/{number}/city", {"city": "Patra", "_version": version_in(piece)})
    assert answer.status_code == 204 and stored(session, number) == "Patra"


def test_what_is_refused_comes_back_with_the_reason_and_what_was_typed(client, session, number):
    browser = client("sales")
    answer = post(browser, f"/customer/field/{number}/email", {"email": "nowhere", "_version": "1"})
    assert answer.status_code == 422 and 'value="nowhere"' in answer.text and "field-error" in answer.text
    empty = post(browser, f"/customer/field/{number}/name", {"name": "", "_version": "1"})
    assert empty.status_code == 422 and stored(session, number, "name") == "Aegean"


def test_a_check_of_other_fields_is_told_as_well(client, session):
    contract = make_contract(session, ends_on="2027-01-01", status="active", auto_renew=False).id
    session.commit()
    answer = post(client("admin"), f"/contract/field/{contract}/ends_on", {"ends_on": "", "_version": "1"})
    assert answer.status_code == 422 and "An active contract needs an end" in answer.text
    assert f'href="/contract/edit/{contract}"' in answer.text


def test_another_person_is_named_only_where_both_wrote(client, session, session_as, number):
    omer = session_as("manager")
    update_record(omer, omer.workspace.schema.entities["customer"], number, {"city": "Chania"})
    omer.commit()
    browser = client("sales")
    url = f"/customer/field/{number}"
    both = post(browser, f"{url}/city", {"city": "Patra", "_version": "1"})
    assert both.status_code == 409 and stored(session, number) == "Chania"
    said = both.text.replace("\u2068", "").replace("\u2069", "")
    assert "Chania" in said and "Saving keeps your value" in said and 'value="Patra"' in said
    other = post(browser, f"{url}/website", {"website": "https://koine.example", "_version": "1"})
    assert other.status_code == 204
    again = browser.get(f"{url}/city").text
    assert post(browser, f"{url}/city", {"city": "Patra", "_version": version_in(again)}).status_code == 204
    assert stored(session, number) == "Patra"


@pytest.mark.parametrize("field", ["segment", "credit_limit", "nothing", "id"])
def test_a_field_that_is_closed_cannot_be_edited(client, number, field):
    browser = client("sales")
    assert browser.get(f"/customer/field/{number}/{field}").status_code == 404
    assert (
        post(browser, f"/customer/field/{number}/{field}", {field: "1", "_version": "1"}).status_code == 404
    )


def test_one_change_is_undone_from_the_history(client, session, number):
    entity = session.workspace.schema.entities["customer"]
    update_record(session, entity, number, {"city": "Patra", "website": "https://koine.example"})
    update_record(session, entity, number, {"city": "Chania"})
    first = list_changes(session, entity, number)[1]["id"]
    session.commit()
    browser = client("sales")
    action = f"/customer/undo/{number}/{first}"
    assert f'action="{action}"' in browser.get(f"/customer/show/{number}").text
    assert post(browser, action, {}).location == f"/customer/show/{number}"
    assert (stored(session, number), stored(session, number, "website")) == ("Chania", None)
    assert "was changed since then" in browser.get(f"/customer/show/{number}").text
    post(browser, action, {})
    assert "There is nothing to undo" in browser.get(f"/customer/show/{number}").text or stored(
        session, number
    )
    newest = list_changes(session, entity, number)[0]
    session.rollback()
    assert newest["cause"] == [f"undo:{first}"]
    post(browser, f"/customer/undo/{number}/{newest['id']}", {})
    assert stored(session, number, "website") == "https://koine.example"
    assert post(browser, f"/customer/undo/{number}/999999", {}).status_code == 404
    assert post(client("external_agent"), action, {}).status_code in (302, 403, 404)
    assert stored(session, number, "website") == "https://koine.example"
