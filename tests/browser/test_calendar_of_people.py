"""The calendar of all that is mine at a real browser: clean in both directions, dragged, moved by keys, undone."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.browser.test_shaping import drag
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_activity, make_campaign, make_customer, make_deal, user_id

pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")
WEEK = "/calendar/?view=week&day=2026-11-24"


@pytest.fixture
def plans(session) -> None:
    """A week of the head of marketing, who has a bit of all."""
    owner = user_id(session, "manager")
    customer = make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.", owner=owner, phone="+30 210 1234567")
    make_activity(
        session, subject="Coffee", at="2026-11-24T08:00:00Z", kind="visit", owner=owner, customer=customer
    )
    make_activity(
        session, subject="שיחה", at="2026-11-26T13:00:00Z", kind="call", owner=owner, customer=customer
    )
    make_deal(session, name="Προμήθεια", closes_on="2026-11-25", owner=owner, customer=customer)
    make_campaign(session, name="Fair", starts_on="2026-11-24", ends_on="2026-11-26", owner=owner)
    session.commit()


@pytest.mark.parametrize(("language", "width"), [("en", DESKTOP), ("he", PHONE)])
def test_every_view_is_clean(visit: Callable[..., Visitor], plans, language: str, width: int) -> None:
    visitor = visit("manager", language=language, width=width)
    paths = [f"/calendar/?view={view}&day=2026-11-24" for view in ("month", "week", "day", "agenda")]
    found = visitor.look_at_both_widths(paths)
    if folder := os.environ.get("SHOTS"):
        for path in paths:
            visitor.open(path)
            view = path.split("view=")[1].split("&")[0]
            visitor.page.screenshot(path=f"{folder}/mine_{view}_{language}_{width}.png", full_page=True)
    assert found == {}


def test_what_is_dragged_to_another_hour_stays_there_and_goes_back(
    visit: Callable[..., Visitor], plans
) -> None:
    page = (visitor := visit("manager")).page
    visitor.open(WEEK)
    drag(page, '[data-hour="2026-11-24T10:00"] [data-row]', '[data-hour="2026-11-27T12:00"]')
    page.locator('[data-hour="2026-11-27T12:00"] [data-row]', has_text="Coffee").wait_for()
    page.wait_for_load_state("networkidle")  # the answer draws the page anew, and a hand waits for it
    page.locator('[data-hour="2026-11-27T12:00"] a', has_text="Coffee").focus()
    page.keyboard.press("Alt+ArrowLeft")
    page.locator('[data-hour="2026-11-26T12:00"] [data-row]', has_text="Coffee").wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("[data-ends] a", has_text="Fair").first.focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.locator('[data-hour="2026-11-27"] [data-row]', has_text="Fair").wait_for()
    page.locator(".toast-line").last.get_by_role("button", name="Undo").click()
    page.locator('[data-hour="2026-11-27"] [data-row]', has_text="Fair").wait_for(state="detached")
    assert not visitor.errors
