"""A look-up whose condition cannot be applied for the reader offers nothing and says why, never everything."""

from __future__ import annotations

import pytest

from crm.database import open_session
from crm.permissions.model import SYSTEM
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import House
from tests.factories import make_record

FIRM = """
entity: firm
label: Firm
plural: Firms
fields:
  name: {type: text, search: true}
  rating: {type: integer}
"""
VISIT = """
entity: visit
label: Visit
fields:
  subject: {type: text}
  firm: {type: reference, to: firm, only: [{field: rating, above: 3}], inverse: {name: visits, label: Visits}}
"""
SELLER = """
role: seller
label: Seller
entities:
  firm: {can: [read], hidden: [rating]}
  visit: {can: [read, create]}
"""


@pytest.fixture
def house_of_firms(house: House) -> House:
    """A house with two firms, one of which may be chosen."""
    house.wait_until_serving(house.publish(entities_firm=FIRM, entities_visit=VISIT, roles_seller=SELLER))
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        for rating in (1, 5):
            make_record(session, "firm", name=f"Firm {rating}", rating=rating)
    return house


def test_a_look_up_offers_no_more_than_its_condition_lets_pass(house_of_firms) -> None:
    answers = {}
    for name in ("admin", "sonia"):
        browser = house_of_firms.browser()
        browser.sign_in(name)
        answers[name] = browser.get("/lookup/visit/firm?q=firm", headers={"Accept": "application/json"})
    assert [hit["text"] for hit in answers["admin"].json] == ["Firm 5"]
    assert answers["sonia"].status_code == 400
    assert "have access" in answers["sonia"].json["error"]["message"]
    assert "rating" not in answers["sonia"].text


def test_words_that_begin_like_a_formula_are_words(house_of_firms) -> None:
    with open_session(house_of_firms.engine, get_workspace(house_of_firms.engine), SYSTEM) as session:
        for number in range(25):
            make_record(session, "firm", name=f"=A{number} = Firm", rating=5)
    browser = house_of_firms.browser()
    browser.sign_in("admin")
    for words in ("=A", "= A", '="', "=firm"):
        answer = browser.get("/lookup/visit/firm", query_string={"q": words})
        assert answer.status_code == 200, words
    assert len(browser.get("/lookup/visit/firm?q==A").json) == 20
