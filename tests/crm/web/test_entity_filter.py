"""The filter of a list: conditions of the address to be edited, and back to the list."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from tests.crm.web.form_reader import form_of
from tests.factories import make_customer, make_deal


def sent_back(browser, address: str, **changes: str):
    """Return the answer to a filter sent as the page shows it, with some fields changed."""
    page = browser.get(address)
    form = form_of(page.text[page.text.index('id="filter-form"') :])
    for name, value in changes.items():
        form[name] = value
    return browser.post(address, data=form)


def test_conditions_of_the_address_come_back_and_the_rest_of_it_stays(client, session):
    lines = [{"any": [{"field": "stage", "is": "won"}, {"field": "customer.name", "contains": "ερμης"}]}]
    query = {"where": json.dumps(lines), "_flt_1_amount": "10", "q": "x", "psize": "50", "page": "3"}
    browser = client("admin")
    page = browser.get("/deal/filter", query_string=query)
    assert page.status_code == 200
    form = form_of(page.text[page.text.index('id="filter-form"') :])
    answer = browser.post("/deal/filter", query_string=query, data=form)
    found = parse_qs(urlsplit(answer.location).query)
    assert json.loads(found.pop("where")[0]) == [*lines, {"field": "amount", "above": "10"}]
    assert found == {"q": ["x"], "psize": ["50"]}


def test_a_first_row_waits_to_be_filled_and_an_empty_one_filters_nothing(client, session):
    browser = client("sales")
    assert 'name="if/0.p"' in browser.get("/deal/filter").text
    assert sent_back(browser, "/deal/filter").location == "/deal/list/"


def test_a_button_draws_the_page_again_with_what_was_typed(client, session):
    address = "/deal/filter?_flt_1_amount=10"
    answer = sent_back(client("admin"), address, _conditions="add:if:group", **{"if/0.v": "12"})
    assert answer.status_code == 200
    assert 'name="if/1.g"' in answer.text
    assert 'value="12"' in answer.text


def test_what_cannot_be_understood_is_told_beside_its_row(client, session):
    browser = client("admin")
    answer = sent_back(browser, "/deal/filter?where=[]", **{"if/0": "formula", "if/0.v": "amont > 1"})
    assert answer.status_code == 422
    assert "Did you mean “amount”?" in answer.text


def test_the_list_itself_holds_no_conditions_until_they_are_asked_for(client, session):
    make_deal(session, customer=make_customer(session).id)
    session.commit()
    page = client("admin").get("/deal/list/").text
    assert "data-conditions" not in page
    assert 'hx-get="/deal/filter"' in page


def test_half_a_letter_in_an_address_breaks_nothing(client, session):
    browser = client("admin")
    query = {"where": '[{"field": "name", "is": "\\ud800"}]'}
    for page in ("list/", "filter", "board/"):
        assert browser.get(f"/deal/{page}", query_string=query).status_code == 200
