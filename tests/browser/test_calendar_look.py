"""The calendar at a real browser: both directions, wide and narrow, clean, and no wider than the page."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_deal

pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")
VIEWS = ("month", "week", "day", "agenda")


@pytest.fixture
def deals(session) -> None:
    """Deals that close in one month, seven of them on one day."""
    customer = make_deal(session, name="Προμήθεια καφέ", closes_on="2026-03-10").customer
    for number in range(7):
        make_deal(
            session,
            customer=customer,
            name=f"אספקה {number}",
            closes_on="2026-03-29",
            stage="won" if number % 2 else "prospect",
        )
    make_deal(
        session, customer=customer, name="<b>Bold</b> & a rather long name of a deal", closes_on="2026-03-05"
    )
    session.commit()


@pytest.mark.parametrize(("language", "width"), [("en", DESKTOP), ("he", PHONE)])
def test_every_view_of_the_calendar_is_clean(
    visit: Callable[..., Visitor], deals, language: str, width: int
) -> None:
    visitor = visit("admin", language=language, width=width)
    folder = os.environ.get("SHOTS")
    paths = [f"/deal/calendar/?view={view}&day=2026-03-29" for view in VIEWS]
    assert visitor.look_at_both_widths(paths) == {}
    if folder:
        for view, path in zip(VIEWS, paths, strict=True):
            visitor.open(path)
            visitor.page.screenshot(path=f"{folder}/{view}_{language}_{width}.png")


def test_the_empty_place_of_a_day_opens_the_form_and_a_full_day_its_page(
    visit: Callable[..., Visitor], deals
) -> None:
    visitor = visit("admin")
    visitor.open("/deal/calendar/?day=2026-03-29")
    cell = visitor.page.locator("td", has=visitor.page.locator("a.calendar-number", has_text="17"))
    cell.click(position={"x": 60, "y": 90})
    visitor.page.wait_for_url("**/deal/add?closes_on=2026-03-17")
    assert visitor.page.locator("[name=closes_on]").input_value() == "17/03/2026"
    visitor.open("/deal/calendar/?day=2026-03-29")
    visitor.page.locator(".calendar-grid .calendar-more").click()
    visitor.page.wait_for_url("**view=day&day=2026-03-29")
    assert visitor.page.locator(".calendar-agenda li").count() == 7


def test_a_phone_has_the_week_above_a_list_of_days_and_no_grid(visit: Callable[..., Visitor], deals) -> None:
    visitor = visit("admin", width=PHONE)
    visitor.open("/deal/calendar/?day=2026-03-24")
    assert not visitor.page.locator(".calendar-grid").is_visible()
    visitor.page.locator(".calendar-strip a", has_text="29").click()
    visitor.page.wait_for_url("**day=2026-03-29#day-2026-03-29")
    assert visitor.page.locator("#day-2026-03-29 li").count() == 7
