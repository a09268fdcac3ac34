"""The pages people work on: home, list, record, form, board, report, import, search, used by hand and keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import PHONE, Visitor
from tests.factories import make_activity, make_complaint, make_contract, make_customer, make_deal

Visit = Callable[..., Visitor]
pytestmark = pytest.mark.filterwarnings("ignore:The Query.get")

NAMES = ("Αφοί Παπαδόπουλου Α.Ε.", "אחים כהן סחר בע״מ", "Transilvania Logistic SRL", "<b>Bold & Sons</b>")


@pytest.fixture
def customers(session) -> list[int]:
    """A few customers with all that belongs to one; their ids."""
    made = [make_customer(session, name=name, email="office@example.com") for name in NAMES]
    for _ in range(3):
        make_deal(session, customer=made[0], amount="12500.50", closes_on="2026-03-01")
        make_activity(session, customer=made[0], subject="Σημείωση: μετά τις 10.")
    make_complaint(session, customer=made[0])
    make_contract(session, customer=made[0], ends_on="2026-03-20")
    ids = [customer.id for customer in made]
    session.commit()
    return ids


def test_a_wicked_name_makes_no_element_anywhere(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin")
    for path in ("/customer/list/", f"/customer/show/{customers[3]}", f"/customer/edit/{customers[3]}"):
        visitor.open(path)
        assert visitor.page.locator("main b").count() == 0


def test_lines_can_be_walked_ticked_and_opened_by_keys(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin")
    visitor.open("/customer/list/")
    for key in ("j", "j", "k", "x"):
        visitor.page.keyboard.press(key)
    assert visitor.page.locator("[data-selected]").inner_text() == "1"
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/customer/show/*")


def test_a_card_moved_by_its_menu_stays_in_its_column(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin")
    visitor.open("/deal/board/")
    card = visitor.page.locator("[data-stage=prospect] .board-card").first
    number = card.get_attribute("data-id")
    card.get_by_role("button").click()
    target = card.locator("[data-move]").first
    stage = target.get_attribute("data-move")
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        target.click()
    assert answer.value.ok, answer.value.text()
    visitor.open("/deal/board/")
    assert visitor.page.locator(f"[data-stage={stage}] [data-id='{number}']").count() == 1


def test_a_card_can_be_dragged(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin")
    visitor.open("/deal/board/")
    card = visitor.page.locator("[data-stage=prospect] .board-card").first
    number = card.get_attribute("data-id")
    stage = card.locator("[data-move]").first.get_attribute("data-move")
    start = card.bounding_box()
    goal = visitor.page.locator(f"[data-stage={stage}]").bounding_box()
    visitor.page.mouse.move(start["x"] + 30, start["y"] + start["height"] - 8)
    visitor.page.mouse.down()
    visitor.page.mouse.move(goal["x"] + 60, goal["y"] + 40, steps=12)
    with visitor.page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        visitor.page.mouse.up()
    assert answer.value.ok, answer.value.text()
    assert visitor.page.locator(f"[data-stage={stage}] [data-id='{number}']").count() == 1


def test_a_lookup_finds_while_one_types(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin")
    visitor.open("/deal/add")
    field = visitor.page.locator("[data-field=customer]")
    field.locator(".ts-control").click()
    visitor.page.keyboard.type("παπαδοπ")
    option = field.locator(".option", has_text="Παπαδόπουλου")
    option.wait_for()
    option.click()
    assert field.locator("select").input_value() == str(customers[0])


def test_chart_draws_and_a_bar_leads_to_its_records(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin", language="he")
    visitor.open("/reports/deals_by_stage")
    bar = visitor.page.locator(".chart .bars .point path").first
    bar.wait_for()
    box = bar.bounding_box()
    visitor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visitor.page.locator(".chart .hoverlayer .hovertext").first.wait_for()
    visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    visitor.page.wait_for_url("**/deal/list/**")


def test_no_label_of_a_chart_is_cut_off(visit: Visit, customers: list[int]) -> None:
    visitor = visit("admin", language="he", width=PHONE)
    visitor.open("/reports/deals_by_stage")
    visitor.page.locator(".chart .xtick text").first.wait_for()
    lowest = """() => Math.max(...[...document.querySelectorAll(".chart .xtick text")]
        .map((text) => text.getBoundingClientRect().bottom))"""
    box = visitor.page.locator(".chart").bounding_box()
    assert visitor.page.evaluate(lowest) <= box["y"] + box["height"]


@pytest.mark.parametrize("words", ["abc", "כהן"])
def test_words_in_the_search_never_lie_under_its_icon(visit: Visit, words: str) -> None:
    visitor = visit("admin", language="he")
    visitor.open(f"/search?q={words}")
    padding = "(input) => [getComputedStyle(input).paddingLeft, getComputedStyle(input).paddingRight]"
    assert visitor.page.locator(".topbar-search input").evaluate(padding) == ["40px", "40px"]


@pytest.mark.parametrize("language", ["en", "el", "ro", "he"])
def test_the_tools_of_a_list_stand_in_one_line_on_a_phone(
    visit: Visit, customers: list[int], language: str
) -> None:
    visitor = visit("admin", width=PHONE, language=language)
    visitor.open("/deal/list/")
    assert visitor.page.locator(".toolbar").bounding_box()["height"] < 75


def test_what_was_typed_outlives_the_session_and_is_saved_after_signing_in_again(
    visit: Visit, customers: list[int]
) -> None:
    visitor = visit("admin", once=True)
    visitor.forgiven = ("Failed to load resource: the server responded with a status of 401",)
    visitor.page.clock.install()
    visitor.open(f"/customer/edit/{customers[0]}")
    visitor.page.get_by_label("City").fill("Ναύπλιο")
    signed_in = visitor.context.cookies()
    visitor.context.clear_cookies()
    visitor.page.clock.fast_forward(120_000)
    visitor.page.get_by_role("button", name="Save").click()
    link = visitor.page.locator("#toasts").get_by_role("link", name="Sign in")
    link.wait_for()
    assert visitor.page.get_by_label("City").input_value() == "Ναύπλιο"
    visitor.context.clear_cookies()
    visitor.context.add_cookies(signed_in)
    visitor.page.get_by_role("button", name="Save").click()
    visitor.page.wait_for_url("**/customer/show/*")
    assert visitor.page.locator(".record-side").get_by_text("Ναύπλιο").count() == 1
    assert visitor.errors == []


def test_on_a_phone_every_number_of_a_report_stands_by_its_label(visit, session):
    make_deal(session)
    session.commit()
    phone = visit("manager", width=PHONE)
    phone.open("/reports/deals_by_stage")
    numbers = phone.page.locator("table.labelled td.num")
    found = numbers.evaluate_all(
        "all => all.map(one => [one.dataset.label || '', getComputedStyle(one).textAlign])"
    )
    assert found and all(label and side == "start" for label, side in found)
    assert phone.page.locator("tfoot td.num").count()
