"""The bars stay where they are while a page is scrolled: search, selection and the head of a table with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_deal

Visit = Callable[..., Visitor]


@pytest.fixture
def long_list(session) -> None:
    """More deals than a window shows."""
    for _ in range(25):
        make_deal(session)
    session.commit()


def top_of(page, selector: str) -> float:
    """Return how far below the window's edge an element begins."""
    return page.locator(selector).first.bounding_box()["y"]


@pytest.mark.parametrize("language", ["en", "he"])
def test_search_selection_and_table_head_stay_in_a_scrolled_list(
    visit: Visit, long_list: None, language: str
) -> None:
    visitor = visit("admin", language=language)
    visitor.open("/deal/list/")
    page = visitor.page
    page.locator("input[name=rowid]").first.check()
    page.mouse.move(600, 600)
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    below = top_of(page, ".topbar") + page.locator(".topbar").bounding_box()["height"]
    assert top_of(page, ".topbar") == 0
    assert top_of(page, ".sidebar") == 0
    assert top_of(page, "[data-bulk-bar]") == pytest.approx(below, abs=1)
    bar = page.locator("[data-bulk-bar]").bounding_box()
    assert top_of(page, ".crm-table thead th") == pytest.approx(bar["y"] + bar["height"], abs=1)
    assert page.locator(".crm-table thead th a").first.is_visible()


def test_the_bars_stay_on_a_phone(visit: Visit, long_list: None) -> None:
    visitor = visit("admin", width=PHONE)
    visitor.open("/deal/list/")
    page = visitor.page
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 500
    assert top_of(page, ".topbar") == 0
    bottom = page.locator(".bottom-bar").bounding_box()
    assert bottom["y"] + bottom["height"] == pytest.approx(844, abs=1)


def test_a_side_bar_longer_than_the_window_scrolls_by_itself(visit: Visit) -> None:
    visitor = visit("admin", width=DESKTOP)
    visitor.page.set_viewport_size({"width": DESKTOP, "height": 400})
    visitor.open("/deal/list/")
    last = visitor.page.locator(".sidebar .side-link:visible").last
    last.scroll_into_view_if_needed()
    assert last.bounding_box()["y"] < 400
    assert top_of(visitor.page, ".sidebar") == 0


def test_a_table_that_grows_too_wide_scrolls_in_its_card_and_not_the_page(
    visit: Visit, long_list: None
) -> None:
    visitor = visit("admin")
    visitor.open("/deal/list/")
    page = visitor.page
    assert page.locator(".table-responsive.is-fitting").count() == 1
    page.locator(".crm-table thead th").nth(1).evaluate("th => (th.textContent = 'x'.repeat(400))")
    page.locator(".table-responsive:not(.is-fitting)").wait_for()
    assert visitor.plain_problems() == []
