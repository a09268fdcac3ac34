"""A rule written in a real browser, in two directions: steps are added and moved without leaving the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_complaint, make_customer

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]


@pytest.mark.parametrize("view", VIEWS)
def test_a_rule_is_written_from_a_template_by_keyboard(visit: Callable[..., Visitor], view: dict) -> None:
    visitor = visit("admin", **view)
    page = visitor.page
    visitor.open("/admin/rules/new-rule?start=at_risk_notice")
    page.select_option("[name='add.then']", "set_field", force=True)
    page.locator("#add-then-button").press("Enter")
    page.locator("#node-s2:focus").wait_for()
    page.select_option("[name='s2.b.field']", "segment", force=True)
    page.locator("select[name='s2.b.to'] option[value='enterprise']").wait_for(state="attached")
    page.select_option("[name='s2.b.to']", "enterprise", force=True)
    page.locator("#up-s2").press("Enter")
    page.locator("#node-s2 + #node-s1").wait_for()
    assert page.locator("[name='s2.b.field']").input_value() == "segment"
    assert visitor.problems_at_both_widths() == []
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/admin/rules/tell_the_owner_when_a_customer_becomes_at_risk/")
    visitor.open("/admin/rules/")
    row = page.locator("[data-id='welcome_customer']")
    row.locator("button[name=place]").first.press("Enter")
    page.locator("[data-id='welcome_customer'] + [data-id^='tell_the_owner']").wait_for()
    assert visitor.problems_at_both_widths() == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_rule_is_tried_and_its_pages_are_sound(visit: Callable[..., Visitor], session, view: dict) -> None:
    make_complaint(
        session, customer=make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.", email="ada@example.com")
    )
    session.commit()
    visitor = visit("admin", **view)
    visitor.open("/admin/rules/confirm_complaint/try")
    visitor.page.locator("form[action$='/try'] .btn-primary").click()
    visitor.page.locator("#rehearsal .rule-step").wait_for()
    visitor.page.locator(".rule-mail summary").press("Enter")
    assert visitor.page.get_by_text("ada@example.com").count() >= 1
    assert visitor.problems_at_both_widths() == []
    assert (
        visitor.look_at(
            ["/admin/rules/all-runs", "/admin/rules/what-waits", "/admin/rules/birthday/activate"]
        )
        == {}
    )
