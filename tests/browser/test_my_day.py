"""My day at a real browser: ticked, put off, moved by key and by dragging, without leaving the page, each undone."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable

import pytest

from crm.database import CrmSession
from tests.browser.test_shaping import drag
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_activity, make_customer, make_deal, user_id

pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")
NOW = dt.datetime(2026, 11, 30, 7, 30)  # 09:30 in Athens


@pytest.fixture
def plans(session, clock, monkeypatch) -> None:
    """A Monday of the salesperson: late, today and later."""
    clock.now = NOW
    monkeypatch.setattr(CrmSession, "clock", staticmethod(clock))
    owner = user_id(session, "sales")
    customer = make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.", owner=owner, phone="+30 210 1234567")
    for subject, at, kind in (
        ("Ask for the signed offer", "2026-11-26T09:00:00Z", "task"),
        ("לחזור אל הלקוח", "2026-11-30T07:00:00Z", "call"),
        ("Coffee & contract", "2026-11-30T11:00:00Z", "visit"),
        ("Prepare the yearly meeting with everybody who had a part in it", "2026-12-02T08:00:00Z", "meeting"),
    ):
        make_activity(session, subject=subject, at=at, kind=kind, customer=customer, owner=owner)
    make_deal(session, name="Προμήθεια καφέ", customer=customer, closes_on="2026-11-30", owner=owner)
    make_customer(session, name="Eleni", kind="person", born_on="1980-11-30", owner=owner)
    session.commit()


@pytest.mark.parametrize(("language", "width"), [("en", DESKTOP), ("he", PHONE)])
def test_my_day_is_clean(visit: Callable[..., Visitor], plans, language: str, width: int) -> None:
    visitor = visit("sales", language=language, width=width)
    found = visitor.look_at_both_widths(["/my-day/"])
    if folder := os.environ.get("SHOTS"):
        visitor.page.screenshot(path=f"{folder}/my_day_{language}_{width}.png", full_page=True)
    assert found == {}


def test_a_day_is_worked_off_without_leaving_it(visit: Callable[..., Visitor], plans) -> None:
    page = (visitor := visit("sales")).page
    visitor.open("/my-day/")
    late = page.locator("[data-row]", has_text="signed offer")
    late.get_by_role("button", name="Move").click()
    page.get_by_role("button", name="Tomorrow").click()
    page.locator("section", has_text="Later").get_by_text("signed offer").wait_for()
    coffee = page.locator("[data-row]", has_text="Coffee")
    coffee.locator("a.day-title").focus()
    page.keyboard.press("Alt+ArrowDown")
    page.locator('[data-hour$="T14:00"] [data-row]', has_text="Coffee").wait_for()
    page.wait_for_load_state("networkidle")  # the answer draws the page anew, and a hand waits for it
    drag(page, '[data-hour$="T14:00"] .day-time', '[data-hour$="T16:00"]')
    page.locator('[data-hour$="T16:00"] [data-row]', has_text="Coffee").wait_for()
    page.wait_for_load_state("networkidle")
    coffee.locator("a.day-title").focus()
    page.keyboard.press("d")
    coffee.wait_for(state="detached")
    page.locator(".toast-line", has_text="Done.").get_by_role("button", name="Undo").click()
    coffee.wait_for()
    assert page.url.endswith("/my-day/") and not visitor.errors
