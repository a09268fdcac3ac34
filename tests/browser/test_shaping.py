"""Shaping entities without leaving the page: filtering, dragging, and the keyboard that stays where it was."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.visitor import PHONE, Visitor

ORDER = "() => [...document.querySelectorAll('[data-list] [data-id]')].map((row) => row.dataset.id)"


def test_fields_are_filtered_while_one_types(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/admin/schema/deal/")
    page = visitor.page
    page.get_by_role("searchbox").nth(1).fill("stage")
    page.wait_for_function(f"() => ({ORDER})().length === 1")
    assert page.evaluate("document.activeElement.name") == "q"
    page.get_by_role("searchbox").nth(1).fill("אין כזה")
    page.locator("#field-rows .empty").wait_for()
    assert visitor.problems() == []


def test_a_field_is_dragged_and_moved_by_its_button_and_the_keyboard_stays(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit("admin")
    visitor.open("/admin/schema/deal/")
    page = visitor.page
    page.evaluate("window.same = true")
    grips = page.locator("#field-rows .choice-grip")
    grips.nth(3).drag_to(grips.nth(0))
    page.locator(".draft-bar").wait_for()
    assert page.evaluate(ORDER)[:2] == ["stage", "name"]
    page.get_by_role("button", name="Move down: Stage").press("Enter")
    page.wait_for_function(f"() => ({ORDER})()[1] === 'stage'")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Stage"
    page.get_by_role("button", name="Move up: Stage").press("Enter")
    page.wait_for_function(f"() => ({ORDER})()[0] === 'stage'")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Stage"
    assert page.evaluate("window.same"), "the page was not left"
    visitor.open("/admin/schema/deal/")
    assert page.evaluate(ORDER)[:2] == ["stage", "name"]
    assert visitor.problems() == []


def test_buttons_of_the_field_list_fit_a_finger(visit: Callable[..., Visitor]) -> None:
    visitor = visit("admin", width=PHONE, language="he")
    visitor.open("/admin/schema/deal/")
    assert visitor.small_targets() == []
