"""The editor of conditions in a real browser: by hand and by keyboard, in two directions, on a phone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from urllib.parse import quote

import pytest

from crm.web.conditions.editor import Editor, find_meant, operators_of, segments_beside
from crm.web.conditions.rows import KEYS
from crm.web.conditions.values import LISTED, control_of
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_customer, make_deal, user_id

Visit = Callable[..., Visitor]

LINES = [
    {"field": "stage", "is_one_of": ["won", "lost"]},
    {"field": "customer.name", "contains": "Αφοί"},
    {"any": [{"field": "amount", "at_least": 1000}, {"field": "owner", "is": "me"}]},
    {"field": "closes_on", "within_next": "2 weeks"},
    {"formula": "amount > 10"},
]
VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]

SLOW = """
() => {
  const ask = window.fetch;
  window.fetch = (...asked) => new Promise((done) => setTimeout(() => done(ask(...asked)), 1000));
}
"""


@pytest.fixture
def deals(session) -> list[int]:
    """Three deals of one customer."""
    customer = make_customer(session, name="Αφοί Παπαδόπουλου Α.Ε.")
    owner = user_id(session, "admin")
    made = [
        make_deal(session, customer=customer.id, owner=owner, amount=str(amount)).id
        for amount in (5, 500, 5000)
    ]
    session.commit()
    return made


def open_drawer(visitor: Visitor, path: str) -> None:
    visitor.open(path)
    visitor.page.locator("[data-bs-target='#filter-drawer']").click()
    visitor.page.locator("#filter-body #filter-form").wait_for()
    visitor.page.locator(".filter-drawer.show:not(.showing)").wait_for()


@pytest.mark.parametrize("view", VIEWS)
def test_the_drawer_is_sound(visit: Visit, deals: list[int], view: dict) -> None:
    visitor = visit("admin", **view)
    path = "/deal/list/?where=" + quote(json.dumps(LINES))
    open_drawer(visitor, path)
    if os.environ.get("SHOTS"):
        visitor.page.screenshot(path=f"{os.environ['SHOTS']}/drawer-{view['language']}-{view['width']}.png")
    assert visitor.problems_at_both_widths() == []
    assert visitor.look_at_both_widths(["/deal/filter?where=" + quote(json.dumps(LINES))]) == {}
    if os.environ.get("SHOTS"):
        visitor.page.screenshot(
            path=f"{os.environ['SHOTS']}/page-{view['language']}-{view['width']}.png", full_page=True
        )


def test_a_filter_is_made_by_keyboard_and_counts_while_one_types(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o']").select_option("at_least")
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 results").wait_for()
    assert page.locator("#if-said").inner_text().startswith("Amount is at least €500.00")
    page.get_by_role("button", name="Condition", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("[name='if/1']").wait_for(state="attached")
    assert page.evaluate("document.activeElement.name") == "if/1.p"
    page.locator("[name='if/0.v']").press("Enter")
    page.wait_for_url("**/deal/list/?where=*")
    assert page.locator("tbody tr").count() == 2
    assert visitor.errors == []


def test_what_is_typed_while_the_server_thinks_is_not_lost(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o'] option[value='at_least']").wait_for(state="attached")
    page.evaluate(SLOW)
    page.locator("[name='if/0.o']").select_option("at_least")
    page.wait_for_timeout(800)  # the answer comes before the next question would be asked
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 results").wait_for()
    assert page.locator("[name='if/0.v']").input_value() == "500"


def test_a_count_that_takes_long_says_so(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("amount")
    page.locator("[name='if/0.o']").select_option("at_least")
    page.locator("[name='if/0.v']").fill("500")
    page.get_by_text("2 results").wait_for()
    page.evaluate(SLOW)
    page.locator("[name='if/0.v']").fill("5000")
    page.get_by_text("Counting…").wait_for()
    page.get_by_text("1 result").wait_for()
    assert visitor.errors == []


def test_what_is_wrong_in_a_formula_is_told_while_one_types(visit: Visit, deals: list[int]) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    visitor.page.locator("#filter-form").get_by_role("button", name="Formula").click()
    visitor.page.locator("[name='if/1.v']").fill("amount > amont")
    visitor.page.locator("#if-1-error").get_by_text("At character 10").wait_for()
    visitor.page.get_by_role("button", name="Remove condition 2").click()
    visitor.page.locator("#if-1").wait_for(state="detached")
    assert visitor.errors == []


def test_without_scripts_the_buttons_send_the_form(app, address: str, chromium, deals: list[int]) -> None:
    from tests.browser.conftest import sign_in

    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(sign_in(app, address, "admin", "en"))
    page = context.new_page()
    page.goto(f"{address}/deal/list/")
    page.get_by_role("button", name="Filter").click()
    page.locator("[name='if/0.p']").select_option("amount")
    page.get_by_role("button", name="Refresh").click()
    page.locator("[name='if/0.o']").select_option("above")
    page.locator("[name='if/0.v']").fill("100")
    page.locator("[name='if/0.v']").press("Enter")
    page.wait_for_url("**/deal/list/?where=*")
    assert page.locator("tbody tr").count() == 2
    context.close()


SAMPLES = {
    "text": "Αφοί", "choice": None, "boolean": True, "number": 1234.5, "date": "2026-05-01", "user": "me",
    "moment": "2026-05-01 09:30", "record": 1, "span": "1 week", "segment": None,
}  # fmt: skip
SENT = """
() => JSON.stringify([...new FormData(document.querySelector("#filter-form"))]
    .filter(([name]) => name !== "csrf_token"))
"""


def every_line(session, name: str) -> list[dict]:
    """Return a condition for every field of an entity and every operator it takes."""
    entity = session.workspace.schema.entities[name]
    editor = Editor(session.workspace.schema, entity, name="if")
    found = []
    for field in entity.fields:
        meant = find_meant(editor, entity, (field,))
        for shown in operators_of(editor, meant) if meant else ():
            operator, fixed = KEYS.get(shown, (shown, None))
            control = control_of(meant, shown)
            value = SAMPLES.get(control) if control in SAMPLES else None
            if control == "choice":
                value = next(iter(meant.choices))
            if control == "segment":
                value = segments_beside(editor, meant)[0][0]
            value = {"between": [value, value]}.get(operator, [value] if operator in LISTED else value)
            found.append({"field": field, operator: fixed if fixed is not None else value})
    return found


@pytest.mark.parametrize("entity", ["customer", "deal", "complaint"])
def test_every_operator_of_every_field_passes_unchanged_through_the_editor(
    visit: Visit, deals: list[int], session, entity: str
) -> None:
    lines = every_line(session, entity)
    visitor = visit("admin")
    page = visitor.page
    for at in range(0, len(lines), 30):
        visitor.open(f"/{entity}/filter?where=" + quote(json.dumps(lines[at : at + 30])))
        before = page.evaluate(SENT)
        page.locator(".conditions > .conditions-add button").first.click()
        added = page.locator(".conditions > .conditions-rows > fieldset").nth(len(lines[at : at + 30]))
        added.wait_for()
        assert json.loads(page.evaluate(SENT))[: len(json.loads(before))] == json.loads(before)
        added.locator("button[value^='remove:']").click()
        added.wait_for(state="detached")
        assert page.evaluate(SENT) == before
    assert visitor.errors == []


def test_a_span_keeps_its_number_and_its_unit_when_a_condition_is_added(
    visit: Visit, deals: list[int]
) -> None:
    visitor = visit("admin")
    open_drawer(visitor, "/deal/list/")
    page = visitor.page
    page.locator("[name='if/0.p']").select_option("closes_on")
    page.locator("[name='if/0.o'] option[value='within_next']").wait_for(state="attached")
    page.locator("[name='if/0.o']").select_option("within_next")
    page.locator("#if-0-v0-unit").select_option("months")
    page.locator("#if-0-v0").fill("1")
    page.get_by_role("button", name="Condition", exact=True).click()
    page.locator("[name='if/1']").wait_for(state="attached")
    assert [page.locator("#if-0-v0").input_value(), page.locator("#if-0-v0-unit").input_value()] == [
        "1",
        "months",
    ]


def test_what_is_pressed_and_chosen_while_the_server_thinks_is_done_after_it(
    visit: Visit, deals: list[int]
) -> None:
    visitor = visit("admin")
    lines = [{"field": "closes_on", "within_next": "1 day"}, {"field": "amount", "above": 1}]
    visitor.open("/deal/filter?where=" + quote(json.dumps(lines)))
    page = visitor.page
    page.evaluate(SLOW)
    page.get_by_role("button", name="Condition", exact=True).click()
    page.locator("#if-0-v0-unit").select_option("weeks")
    page.locator("[name='if/1.o']").select_option("between")
    page.get_by_role("button", name="Remove condition 1").click()
    page.locator("#if-0").wait_for(state="detached")
    page.locator("[name='if/1.v']").nth(1).wait_for()
    assert page.locator("[name='if/1.o']").input_value() == "between"
    assert page.locator(".conditions > .conditions-rows > fieldset").count() == 2
    assert visitor.errors == []
