"""Look-ups take what was meant: what is marked matches what was typed, whenever the server answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_customer, make_deal

Visit = Callable[..., Visitor]

MEANT = {"en": "Harbour Café", "el": "Λιμάνι", "ro": "Țesături Șerban", "he": "מסעדת הנמל"}
FORM = "/deal/add"
BOX = "#field-customer-ts-control"


@pytest.fixture
def customers(session) -> dict[str, int]:
    """One customer per language, and more than a list shows that are newer or hold the same words; ids by name."""
    made = {}
    for name in MEANT.values():
        made[name] = make_customer(session, name=name, city="Πειραιάς")
    for number in range(24):
        make_customer(session, name=f"Caffè {number}", notes=" ".join(MEANT.values()))
    ids = {name: record.id for name, record in made.items()}
    session.commit()
    return ids


def chosen(page: Page, field: str = "customer") -> str:
    """Return the value a look-up would send."""
    return page.locator(f"[name={field}]").evaluate("select => select.value")


LATE = """
(late) => {
  const ask = window.fetch;
  window.asked = [];
  window.fetch = (address, options) => {
    const words = new URL(address, location.href).searchParams.get("q");
    if (words === null) return ask(address, options);
    window.asked.push(words);
    const wait = late[words] ?? late["*"] ?? 0;
    // A server that answers although nobody waits any more: what was given up is answered all the same.
    return new Promise((done, failed) => setTimeout(() => ask(address).then(done, failed), wait));
  };
}
"""


@pytest.mark.parametrize("language", MEANT)
def test_enter_takes_what_was_typed_and_not_what_was_preloaded(
    visit: Visit, customers: dict[str, int], language: str
) -> None:
    name = MEANT[language]
    visitor = visit("admin", language=language)
    visitor.open(FORM)
    page = visitor.page
    page.evaluate(LATE, {"": 0, "*": 600})
    page.locator(BOX).click()
    page.locator(".ts-dropdown .option").first.wait_for()
    page.locator(BOX).press_sequentially(name)
    page.keyboard.press("Enter")
    assert chosen(page) == ""  # nothing that was there before the answer
    page.locator(".ts-dropdown .option", has_text=name).wait_for()
    page.keyboard.press("Enter")
    assert chosen(page) == str(customers[name])
    assert page.locator("#field-customer-box .item").inner_text() == name
    assert visitor.errors == []


def test_enter_before_the_answer_takes_the_only_hit_when_it_comes(
    visit: Visit, session, customers: dict[str, int]
) -> None:
    only = make_customer(session, name="Zephyros Unique").id
    session.commit()
    visitor = visit("admin")
    visitor.open(FORM)
    page = visitor.page
    page.evaluate(LATE, {"*": 700})
    page.locator(BOX).click()
    page.locator(BOX).press_sequentially("zephyros")
    page.keyboard.press("Enter")
    page.locator("#field-customer-box .item").get_by_text("Zephyros Unique").wait_for()
    assert chosen(page) == str(only)
    assert page.url.endswith(FORM)


def test_a_late_answer_to_an_earlier_keystroke_is_dropped(visit: Visit, customers: dict[str, int]) -> None:
    visitor = visit("admin")
    visitor.open(FORM)
    page = visitor.page
    page.evaluate(LATE, {"Caffè": 1500, "Λιμάνι": 0})
    page.locator(BOX).click()
    page.locator(BOX).press_sequentially("Caffè")
    page.wait_for_function("() => asked.includes('Caffè')")
    page.locator(BOX).fill("Λιμάνι")
    first = page.locator(".ts-dropdown .option").first
    first.get_by_text("Λιμάνι").wait_for()
    page.wait_for_timeout(1800)  # the other answer has come by now
    assert first.inner_text().startswith("Λιμάνι")
    page.keyboard.press("Enter")
    assert chosen(page) == str(customers["Λιμάνι"])


def test_what_was_chosen_before_is_not_marked_when_other_words_are_typed(
    visit: Visit, session, customers: dict[str, int]
) -> None:
    deal = make_deal(session, customer=customers["Harbour Café"]).id
    session.commit()
    visitor = visit("admin")
    visitor.open(f"/deal/edit/{deal}")
    page = visitor.page
    page.locator("#field-customer-box .ts-control").click()
    page.locator(BOX).press_sequentially("Λιμάνι")
    page.locator(".ts-dropdown .option.active", has_text="Λιμάνι").wait_for()
    page.keyboard.press("Enter")
    assert chosen(page) == str(customers["Λιμάνι"])


def test_words_nobody_has_take_nothing_and_escape_and_tab_neither(
    visit: Visit, customers: dict[str, int]
) -> None:
    visitor = visit("admin")
    visitor.open(FORM)
    page = visitor.page
    for key in ("Enter", "Escape", "Tab"):
        page.locator(BOX).click()
        page.locator(BOX).press_sequentially("qqqq")
        page.get_by_text("No results").wait_for()
        page.keyboard.press(key)
        assert chosen(page) == ""
        assert page.url.endswith(FORM)
        page.locator("h1").click()
    page.locator(BOX).click()
    page.locator(BOX).press_sequentially("Λιμάνι")
    page.locator(".ts-dropdown .option.active", has_text="Λιμάνι").wait_for()
    page.keyboard.press("Tab")
    assert chosen(page) == ""  # only Enter and a click take


@pytest.mark.parametrize("view", [{"language": "en"}, {"language": "he", "width": PHONE}], ids=str)
def test_twins_show_what_tells_them_apart(visit: Visit, session, view: dict) -> None:
    for city, phone in (("Αθήνα", "+302101234567"), ("Πάτρα", "+302101234567"), ("Πάτρα", "+302610123456")):
        make_customer(session, name="Παπαδόπουλος", city=city, phone=phone, status="active")
    session.commit()
    visitor = visit("admin", **view)
    visitor.open(FORM)
    page = visitor.page
    page.locator(BOX).click()
    page.locator(BOX).press_sequentially("παπαδοπ")
    page.locator(".ts-dropdown .option").nth(2).wait_for()
    notes = page.locator(".ts-dropdown .option .option-note").all_inner_texts()
    assert len(set(notes)) == 3
    assert any("Αθήνα" in note for note in notes) and any("261" in note for note in notes)
    assert visitor.plain_problems() == []


def test_several_records_are_chosen_one_after_the_other(visit: Visit, customers: dict[str, int]) -> None:
    visitor = visit("admin")
    visitor.open("/deal/filter")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("customer")
    page.locator("[name='if/0.o'] option[value='is_one_of']").wait_for(state="attached")
    page.locator("[name='if/0.o']").select_option("is_one_of")
    box = page.locator("#if-0-v0-ts-control")
    box.wait_for()
    for name in ("Λιμάνι", "Harbour"):
        box.click()
        box.press_sequentially(name)
        page.locator(".ts-dropdown .option.active", has_text=name).wait_for()
        page.keyboard.press("Enter")
        assert box.input_value() == ""
    values = page.locator("select[name='if/0.v']").evaluate(
        "select => [...select.selectedOptions].map((option) => option.value)"
    )
    assert values == [str(customers["Λιμάνι"]), str(customers["Harbour Café"])]


def test_a_search_that_fails_says_so_and_takes_nothing(visit: Visit, customers: dict[str, int]) -> None:
    visitor = visit("admin")
    visitor.forgiven = ("Failed to load resource",)
    visitor.open(FORM)
    page = visitor.page
    page.route("**/lookup/**", lambda route: route.fulfill(status=503, body="{}"))
    page.locator(BOX).click()
    page.locator(BOX).press_sequentially("Λιμάνι")
    page.get_by_text("Something went wrong.").wait_for()
    page.keyboard.press("Enter")
    assert chosen(page) == ""


@pytest.mark.parametrize(("language", "words"), [("en", "me"), ("el", "ο τρεχων"), ("he", "")])
def test_me_is_found_among_the_users(
    visit: Visit, customers: dict[str, int], language: str, words: str
) -> None:
    visitor = visit("admin", language=language)
    visitor.open("/deal/filter")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("owner")
    box = page.locator("#if-0-v0-ts-control")
    box.click()
    page.locator(".ts-dropdown .option").first.wait_for()
    values = "() => [...document.querySelectorAll('.ts-dropdown .option')].map((one) => one.dataset.value)"
    assert page.evaluate(values)[:2] == ["me", "my_team"]
    if words:
        box.press_sequentially(words)
        page.locator(".ts-dropdown .option.active[data-value='me']").wait_for()
        page.keyboard.press("Enter")
        assert chosen(page, "'if/0.v'") == "me"


def test_a_choice_of_several_takes_what_was_typed_at_any_speed(
    visit: Visit, customers: dict[str, int]
) -> None:
    visitor = visit("admin", language="el")
    visitor.open("/deal/filter")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("stage")
    page.locator("[name='if/0.o'] option[value='is_one_of']").wait_for(state="attached")
    page.locator("[name='if/0.o']").select_option("is_one_of")
    box = page.locator("#if-0-v0-ts-control")
    box.click()
    box.press_sequentially("χαμενη")
    page.keyboard.press("Enter")
    assert chosen(page, "'if/0.v'") == "lost"
