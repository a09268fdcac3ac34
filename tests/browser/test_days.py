"""Days in forms: typed and shown in the reader's order, whatever the browser speaks, with a calendar of their weeks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor

Visit = Callable[..., Visitor]
CLOSES = "[name=closes_on]"


@pytest.mark.parametrize(
    ("language", "shown", "letters", "first", "chosen"),
    [
        ("en", "09/03/2026", "dd/mm/yyyy", "Monday", "17/03/2026"),
        ("el", "9/3/2026", "ηη/μμ/εεεε", "Δευτέρα", "17/3/2026"),
        ("ro", "09.03.2026", "zz.ll.aaaa", "luni", "17.03.2026"),
        ("he", "9.3.2026", "יי.חח.שששש", "יום ראשון", "17.3.2026"),
    ],
)
def test_a_day_is_shown_and_chosen_in_the_readers_way(
    visit: Visit, language: str, shown: str, letters: str, first: str, chosen: str
) -> None:
    visitor = visit("admin", language=language)
    visitor.open("/deal/add?closes_on=2026-03-09")
    day = visitor.page.locator(CLOSES)
    assert (day.input_value(), day.get_attribute("placeholder")) == (shown, letters)
    visitor.page.locator(".date-control", has=day).locator(".date-button").click()
    assert visitor.page.locator(".date-name").first.get_attribute("title") == first
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("ArrowLeft" if language == "he" else "ArrowRight")
    visitor.page.keyboard.press("Enter")
    assert day.input_value() == chosen
    assert visitor.page.locator(".date-panel").count() == 0


def test_what_is_typed_in_the_readers_order_is_saved(visit: Visit) -> None:
    visitor = visit("admin", language="el")
    visitor.open("/customer/add")
    visitor.page.locator("[name=name]").fill("Ημερομηνία ΑΕ")
    visitor.page.locator("[name=customer_since]").fill("4/5/2021")
    visitor.page.locator("#record-form").get_by_role("button", name="Αποθήκευση", exact=True).click()
    visitor.page.wait_for_url("**/customer/show/**")
    assert "4 Μαΐ 2021" in visitor.page.locator("main").inner_text()
