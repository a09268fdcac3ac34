"""Fields that come and go with others while one fills in a form: nothing typed is lost, the server decides."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.visitor import Visitor
from tests.factories import make_customer, make_deal, user_id

Visit = Callable[..., Visitor]


def test_a_value_comes_back_with_its_field_and_is_not_sent_without_it(visit: Visit, session) -> None:
    customer = make_customer(session, name="Ερμής", owner=user_id(session, "admin"))
    deal = make_deal(session, customer=customer.id, owner=user_id(session, "admin"), stage="negotiation")
    number, cls = deal.id, type(deal)
    session.commit()
    visitor = visit("admin")
    visitor.open(f"/deal/edit/{number}")
    page = visitor.page
    stage, reason = page.locator("[name=stage]"), page.locator("[name=lost_reason]")
    before = stage.input_value()
    stage.focus()
    assert reason.count() == 0
    stage.select_option("lost")
    reason.wait_for()
    assert reason.get_attribute("required") is not None
    chosen = reason.locator("option").nth(1).get_attribute("value")
    reason.select_option(chosen)
    stage.select_option(before)
    reason.wait_for(state="detached")
    stage.select_option("lost")
    reason.wait_for()
    assert reason.input_value() == chosen
    assert page.evaluate("document.activeElement.name") == "stage"
    stage.select_option(before)
    reason.wait_for(state="detached")
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url(f"**/deal/show/{number}")
    assert session.get(cls, number, populate_existing=True).lost_reason is None
    assert visitor.errors == []
