"""The search field on top while somebody types: what it shows, by keys and by finger, and whatever the server does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_contact, make_customer

Visit = Callable[..., Visitor]

BOX = ".topbar-search [role=combobox]"
OPTION = "#search-found [role=option]"
MARKED = "#search-found [aria-selected=true]"
STATUS = ".topbar-search [role=status]"
VIEWS = [{"language": language, **width} for language in ("en", "he") for width in ({}, {"width": PHONE})]
WORDS = {
    "en": ("Customers", "Add customer", "One result", "All results for “λιμ”"),
    "he": ("לקוחות", "הוספת לקוח", "תוצאה אחת", "כל התוצאות עבור ״λιμ״"),
}


@pytest.fixture
def customer(session) -> int:
    """A customer among others, with a contact of a like name; returns the customer's number."""
    found = make_customer(session, name="Λιμάνι ΑΕ", city="Πειραιάς").id
    other = make_customer(session, name="מסעדת הנמל").id
    make_contact(session, name="Λιμάνη Μαρία", customer=other)
    session.commit()
    return found


def options(page: Page) -> list[str]:
    return page.locator(OPTION).all_inner_texts()


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_words_are_answered_while_they_are_typed(visit: Visit, customer: int, view: dict) -> None:
    kinds, add, one, everything = WORDS[view["language"]]
    visitor = visit("admin", **view)
    visitor.open("/deal/list/")
    page = visitor.page
    page.locator(BOX).click()
    page.locator(OPTION, has_text=add).wait_for()  # nothing typed yet
    page.locator(BOX).press_sequentially("λιμ")
    page.locator(OPTION, has_text="Λιμάνι ΑΕ").wait_for()
    assert page.locator("#search-found [role=group]").first.get_by_text(kinds).count() == 1
    assert options(page)[-1] == everything
    assert page.locator(f"{OPTION} mark").first.inner_text() == "Λιμ"
    assert page.locator(STATUS).inner_text().startswith("2 ")
    assert visitor.problems() == []
    if view.get("width") == PHONE:
        box = page.locator(".topbar-search").bounding_box()
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
        assert page.locator(".page-main").evaluate("main => main.inert")
        covered = "() => [20, 195, 312, 370].every((x) => document.elementFromPoint(x, 28).closest('.topbar-search'))"
        assert page.evaluate(covered)
    page.locator(BOX).fill("πειραιας")
    page.wait_for_function(
        "(one) => document.querySelector('.topbar-search [role=status]').textContent === one", arg=one
    )
    assert "Πειραιάς" in options(page)[0]  # where it was found
    page.locator(OPTION).first.click()
    page.wait_for_url(f"**/customer/show/{customer}")


def test_keys_choose_close_and_open_all_results(visit: Visit, customer: int) -> None:
    visitor = visit("admin")
    visitor.open("/profile/")
    page, box = visitor.page, visitor.page.locator(BOX)
    page.keyboard.press("/")
    box.press_sequentially("limani")
    page.locator(OPTION, has_text="Λιμάνι ΑΕ").wait_for()
    assert page.locator(MARKED).count() == 0
    for key, text in (
        ("ArrowDown", "Λιμάνι ΑΕ"),
        ("ArrowUp", None),
        ("ArrowUp", "All results"),
        ("ArrowDown", None),
    ):
        page.keyboard.press(key)
        assert [text in one for one in page.locator(MARKED).all_inner_texts()] == ([True] if text else []), (
            key
        )
        marked = page.locator(MARKED).evaluate("option => option.id") if text else None
        assert box.get_attribute("aria-activedescendant") == marked
    page.keyboard.press("Escape")
    assert (box.get_attribute("aria-expanded"), box.input_value()) == ("false", "limani")
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customer/show/{customer}")
    page.locator(BOX).press_sequentially("limani")
    page.keyboard.press("Enter")  # before the answer, with nothing marked
    page.wait_for_url("**/search?q=limani")
    assert page.locator(".found-kinds .chip").all_inner_texts()[1].split() == ["Customers", "1"]
    assert visitor.errors == []


LATE = """
(late) => {
  const ask = window.fetch;
  window.fetch = (address, options) => {
    const words = new URL(address, location.href).searchParams.get("q");
    // A server that answers although nobody waits any more.
    return new Promise((done, failed) => setTimeout(() => ask(address).then(done, failed), late[words] ?? 0));
  };
}
"""


def test_a_late_answer_to_earlier_words_is_dropped_and_no_key_takes_an_old_one(
    visit: Visit, customer: int
) -> None:
    visitor = visit("admin")
    visitor.open("/profile/")
    page = visitor.page
    page.evaluate(LATE, {"cust": 1200, "limani": 300})
    page.locator(BOX).press_sequentially("cust")
    page.wait_for_timeout(300)  # so that it is asked
    page.locator(BOX).fill("limani")
    page.keyboard.press("ArrowDown")  # nothing to mark yet
    assert page.locator(MARKED).count() == 0
    page.locator(OPTION, has_text="Λιμάνι ΑΕ").wait_for()
    page.wait_for_timeout(900)  # the other answer has come by now
    assert page.locator(OPTION, has_text="Λιμάνι ΑΕ").count() == 1


def test_what_is_not_found_can_be_made_and_what_was_opened_comes_first(visit: Visit, customer: int) -> None:
    visitor = visit("admin")
    visitor.open(f"/customer/show/{customer}")
    page = visitor.page
    page.locator(BOX).click()
    page.locator(OPTION, has_text="Λιμάνι ΑΕ").wait_for()
    assert "Λιμάνι ΑΕ" in options(page)[0]
    page.locator(BOX).press_sequentially("Zephyros Ltd")
    page.locator(OPTION, has_text="Add customer").get_by_text("Zephyros Ltd").wait_for()
    assert page.locator(STATUS).inner_text() == "No results"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customer/add?**")
    assert page.locator("[name=name]").input_value() == "Zephyros Ltd"


def test_an_answer_that_fails_says_so_and_the_next_one_is_taken(visit: Visit, customer: int) -> None:
    visitor = visit("admin", once=True)
    visitor.forgiven = ("Failed to load resource",)
    visitor.open("/profile/")
    page = visitor.page
    page.locator(BOX).fill("limani")
    page.locator(OPTION, has_text="Λιμάνι ΑΕ").wait_for()
    page.route("**/search/panel**", lambda route: route.fulfill(status=503, body="{}"))
    page.locator(BOX).fill("limani a")
    page.locator(".search-note", has_text="Something went wrong").wait_for()
    assert page.locator(OPTION, has_text="Λιμάνι ΑΕ").count() == 1  # what was there stays
    page.unroute("**/search/panel**")
    page.locator(BOX).fill("limani ae")
    page.locator(".search-note").wait_for(state="hidden")
    page.context.clear_cookies()
    page.locator(BOX).fill("limani aei")
    page.locator(".search-note", has_text="Your session has ended").wait_for()
    assert page.locator("#toasts a").count() == 1
