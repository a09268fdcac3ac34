"""The editor of conditions in a real browser: by hand and by keyboard, in two directions, on a phone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_customer, make_deal, user_id

Visit = Callable[..., Visitor]

LINES = [
    {"field": "stage", "is_one_of": ["won", "lost"]},
    {"field": "customer.name", "contains": "Αφοί"},
    {"any": [{"field": "amount", "at_least": 1000}, {"field": "owner", "is": "me"}]},
    {"field": "closes_on", "within_next": "2 weeks"},
    {"formula": "amount > 10"},
]
VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
    pytest.param({"width": PHONE, "language": "en"}, id="en-phone"),
    pytest.param({"width": DESKTOP, "language": "he"}, id="he-desktop"),
]

SLOW = """
() => {
  const ask = window.fetch;
  window.fetch = (...asked) => new Promise((done) => setTimeout(() => done(ask(...asked)), 1000));
}
"""


@pytest.fixture
def deals(session) -> list[int]:
    """Three deals of one customer."""
    customer = make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.")
    owner = user_id(session, "admin")
    made = [
        make_deal(session, customer=customer.id, owner=owner, amount=str(amount)).id
        for amount in (5, 500, 5000)
    ]
    session.commit()
    return made


def open_drawer(visitor: Visitor, path: str) -> None:
    visitor.open(path)
    visitor.page.locator("[data-bs-target='#filter-drawer']").click()
    visitor.page.locator("#filter-body #filter-form").wait_for()
    visitor.page.locator(".filter-drawer.show:not(.showing)").wait_for()


@pytest.mark.parametrize("view", VIEWS)
def test_the_drawer_is_sound(visit: Visit, deals: list[int], view: dict) -> None:
    visitor = visit("admin", **view)
    path = "/deal/list/?where=" + quote(json.dumps(LINES))
    open_drawer(visitor, path)
    if os.environ.get("SHOTS"):
        visitor.page.screenshot(path=f"{os.environ['SHOTS']}/drawer-{view['language']}-{view['width']}.png")
    assert visitor.problems() == []
    assert visitor.look_at(["/deal/filter?where=" + quote(json.dumps(LINES))]) == {}
    if os.environ.get("SHOTS"):
        visitor.page.screenshot(
            path=f"{os.environ['SHOTS']}/page-{view['language']}-{view['width']}.png", full_page=True
        )


def test_a_filter_is_made_by_keyboard_and_counts_while_one_types(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o']").select_option("at_least")
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 match").wait_for()
    assert page.locator("#if-said").inner_text().startswith("Amount is at least €500.00")
    page.get_by_role("button", name="Condition", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("[name='if/1']").wait_for(state="attached")
    assert page.evaluate("document.activeElement.name") == "if/1.p"
    page.locator("[name='if/0.v']").press("Enter")
    page.wait_for_url("**/deal/list/?where=*")
    assert page.locator("tbody tr").count() == 2
    assert visitor.errors == []


def test_what_is_typed_while_the_server_thinks_is_not_lost(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o'] option[value='at_least']").wait_for(state="attached")
    page.evaluate(SLOW)
    page.locator("[name='if/0.o']").select_option("at_least")
    page.wait_for_timeout(800)  # the answer comes before the next question would be asked
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 match").wait_for()
    assert page.locator("[name='if/0.v']").input_value() == "500"


def test_a_count_that_takes_long_says_so(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o']").select_option("at_least")
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 match").wait_for()
    page.evaluate(SLOW)
    page.locator("[name='if/0.v']").fill("5000")
    page.get_by_text("Counting…").wait_for()
    page.get_by_text("1 matches").wait_for()
    assert visitor.errors == []


def test_what_is_wrong_in_a_formula_is_told_while_one_types(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    visitor.page.locator("#filter-form").get_by_role("button", name="Formula").click()
    visitor.page.locator("[name='if/1.v']").fill("amount > amont")
    visitor.page.locator("#if-1-error").get_by_text("At character 10").wait_for()
    visitor.page.get_by_role("button", name="Remove condition 2").click()
    visitor.page.locator("#if-1").wait_for(state="detached")
    assert visitor.errors == []


def test_without_scripts_the_buttons_send_the_form(app, address: str, chromium, deals: list[int]) -> None:
    from tests.browser.conftest import sign_in

    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(sign_in(app, address, "admin", "en"))
    page = context.new_page()
    page.goto(f"{address}/deal/list/")
    page.get_by_role("button", name="Filter").click()
    page.locator("[name='if/0.p']").select_option("amount")
    page.get_by_role("button", name="Update").click()
    page.locator("[name='if/0.o']").select_option("above")
    page.locator("[name='if/0.v']").fill("100")
    page.locator("[name='if/0.v']").press("Enter")
    page.wait_for_url("**/deal/list/?where=*")
    assert page.locator("tbody tr").count() == 2
    context.close()
