"""People work in lists: they select, edit together and undo, and edit cells and fields in place, by keys and touch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_customer

Visit = Callable[..., Visitor]


@pytest.fixture
def customers(session) -> list[int]:
    """Three customers."""
    found = [make_customer(session, name=f"Customer {letter}", city="Volos").id for letter in "ABC"]
    session.commit()
    return found


def stored(session, numbers, field="city"):
    session.rollback()
    session.expire_all()
    found = [getattr(session.get(session.workspace.models["customer"], number), field) for number in numbers]
    session.rollback()
    return found


@pytest.mark.parametrize("language", ["en", "he"])
def test_selected_records_are_edited_together_and_that_is_undone(visit: Visit, session, customers, language):
    visitor = visit("admin", language=language)
    visitor.open("/customer/list/")
    page = visitor.page
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("[data-selected]").inner_text() == "2"
    page.locator("button[value=edit]").click()
    page.locator("#bulk-field").select_option("city")
    page.locator(".save-bar .btn-primary").click()
    page.locator("input[name=city]").fill("Patra")
    page.keyboard.press("Enter")
    page.locator("button[value=run]").click()
    page.wait_for_load_state("load")
    with page.expect_event("load"):  # the list is drawn again once it is undone
        page.locator(".toast-line button").first.click()
    assert stored(session, customers) == ["Volos"] * 3


def test_cells_of_a_list_are_edited_by_keys(visit: Visit, session, customers):
    visitor = visit("admin")
    visitor.open("/customer/list/")
    page = visitor.page
    line = f"tr:has(input[value='{customers[0]}'])"
    page.locator(f"{line} td[data-label=City]").dblclick()
    page.locator(f"{line} .inplace input[name=city]").fill("Patra")
    page.keyboard.press("Enter")
    page.locator(f"{line} td[data-label=City]", has_text="Patra").wait_for()
    assert stored(session, customers) == ["Patra", "Volos", "Volos"]
    page.locator(f"{line} td[data-label=City]").dblclick()
    page.locator(f"{line} .inplace input[name=city]").fill("Nowhere")
    page.keyboard.press("Escape")
    assert page.locator(".inplace").count() == 0
    page.locator(f"{line} td[data-label=City]").dblclick()
    page.locator(f"{line} .inplace input[name=city]").fill("Chania")
    page.keyboard.press("Shift+Tab")
    page.locator(f"{line} .inplace").wait_for()
    page.locator(f"{line} td[data-label=City]", has_text="Chania").wait_for()
    page.keyboard.press("Escape")
    assert stored(session, customers)[0] == "Chania" and visitor.errors == []


@pytest.mark.parametrize("language", ["en", "he"])
def test_a_field_of_a_record_is_edited_by_touch(visit: Visit, session, customers, language):
    visitor = visit("admin", width=PHONE, language=language)
    visitor.forgiven = ("Failed to load resource",)
    visitor.open(f"/customer/show/{customers[0]}")
    page = visitor.page
    page.locator("[data-field=email] [data-pencil]").click()
    page.locator(".inplace input[name=email]").fill("nowhere")
    page.locator(".inplace .btn-primary").click()
    page.locator(".inplace .field-error, .inplace .invalid-feedback").first.wait_for()
    page.locator(".inplace input[name=email]").fill("a@example.com")
    page.locator(".inplace .btn-primary").click()
    page.locator("[data-field=email] dd", has_text="a@example.com").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert stored(session, customers[:1], "email") == ["a@example.com"]


def test_lines_are_selected_on_a_phone(visit: Visit, customers):
    visitor = visit("admin", width=PHONE)
    visitor.open("/customer/list/")
    page = visitor.page
    page.locator("[data-select-mode]").click()
    page.locator("tbody tr").nth(1).click()
    assert page.locator("[data-selected]").inner_text() == "1"
    assert page.url.endswith("/customer/list/")
    page.locator("[data-select-none]").click()
    assert not page.locator("[data-bulk-bar]").is_visible()
