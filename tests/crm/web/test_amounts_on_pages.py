"""Amounts in several currencies on pages: each with its own sign, a figure for each currency, no sum of two."""

from __future__ import annotations

import html
import re

import pytest

from crm.database import open_session
from crm.entities.load import build_schema
from crm.permissions.model import SYSTEM
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import Browser, House, documents_of
from tests.factories import make_record

BILL = """
entity: bill
label: Bill
plural: Bills
title: "{name} of {amount}"
fields:
  name: {type: text, search: true}
  state: {type: choice, choices: {open: Open, paid: Paid}}
  paid_in: {type: choice, choices: {EUR: Euro, RON: Leu}}
  amount: {type: money, currency_field: paid_in}
  half: {type: formula, of: money, formula: amount / 2, currency_field: paid_in}
list: {columns: [name, half]}
kanban: {by: state, sum: amount, card: [half]}
"""
HOME = """
dashboard: home
cards:
  - kpi: {label: All of it, entity: bill, measure: {sum: amount}}
"""


@pytest.fixture
def browser(house_on_each: House) -> Browser:
    """A browser of the administrator, in a house with bills in euro and lei."""
    house = house_on_each
    house.wait_until_serving(house.publish(entities_bill=BILL, dashboards_home=HOME))
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        for amount, currency in ((100, "EUR"), (20, None), (500, "RON")):
            make_record(session, "bill", name=f"B{amount}", amount=amount, paid_in=currency, state="open")
    found = house.browser()
    assert found.sign_in("admin").status_code == 302
    return found


def text_of(browser: Browser, path: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", browser.get(path).text))


def test_an_amount_has_its_own_sign_where_its_currency_is_no_column(browser) -> None:
    for path in ("/bill/list/", "/bill/board/"):
        shown = text_of(browser, path)
        assert "RON250.00" in shown and "€50.00" in shown and "€250.00" not in shown, path
    assert "B500 of RON500.00" in text_of(browser, "/bill/show/3")
    assert browser.get("/lookup/bill/id?q=B500").json[0]["text"] == "B500 of RON500.00"


def test_the_heads_of_a_board_and_a_number_of_a_dashboard_say_a_figure_for_each(browser) -> None:
    assert "€120.00 · RON500.00" in text_of(browser, "/bill/board/")
    shown = text_of(browser, "/dashboard/home")
    assert "€120.00 · RON500.00" in shown and "620" not in shown


@pytest.mark.parametrize(
    ("beside", "code"), [("nothing", "schema.unknown_field"), ("amount", "schema.beside_needs_word")]
)
def test_the_currency_stands_in_a_field_that_there_is(beside, code) -> None:
    wrong = BILL.replace(
        "amount: {type: money, currency_field: paid_in}", f"amount: {{type: money, currency_field: {beside}}}"
    )
    found = build_schema(documents_of({"entities/bill.yaml": wrong}), 1)[1]
    assert code in [problem.code for problem in found]
