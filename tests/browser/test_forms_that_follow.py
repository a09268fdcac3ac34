"""Forms follow what one types: fields of every kind show, need and close others, in two directions, at any speed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.revisions.workspace import get_workspace
from tests.browser.visitor import PHONE, Visitor
from tests.crm.revisions.publishing import publish_changed
from tests.factories import make_customer, make_deal, user_id

Visit = Callable[..., Visitor]

SLOW = """
() => {
  const ask = window.fetch;
  window.fetch = (...asked) => new Promise((done) => setTimeout(() => done(ask(...asked)), 700));
}
"""
FIELDS = {
    # What is asked about.
    "visit_on": {"type": "date"},
    "partner": {"type": "reference", "to": "customer"},
    "kind_of_visit": {"type": "choice", "choices": ["call", "meeting"]},
    "is_urgent": {"type": "boolean"},
    "cost": {"type": "money", "currency": "EUR"},
    "guide": {"type": "user"},
    # What follows.
    "after_date": {"type": "text", "show_if": [{"field": "visit_on", "is": "2026-05-01"}]},
    "after_partner": {"type": "text", "show_if": [{"field": "partner.status", "is": "active"}]},
    "after_kind": {"type": "text", "show_if": [{"field": "kind_of_visit", "is": "meeting"}]},
    "after_urgent": {"type": "text", "show_if": [{"field": "is_urgent", "is": True}]},
    "after_cost": {"type": "text", "show_if": [{"field": "cost", "above": 1000}]},
    "after_guide": {"type": "text", "show_if": [{"field": "guide", "is": "me"}]},
    "needed": {"type": "text", "required_if": [{"field": "cost", "above": 1000}]},
    "closed": {"type": "text", "read_only_if": [{"field": "is_urgent", "is": True}]},
    "after_text": {"type": "text", "show_if": [{"field": "after_cost", "is": "deep"}]},
}


def shape(entities: dict) -> None:
    """Put the fields into deals, on top of the form."""
    deal = entities["deal"]
    deal["fields"] |= {name: {**body, "label": name} for name, body in FIELDS.items()}
    deal["form"] = [
        {"section": "Visit", "fields": [*FIELDS, "name", "customer"]},
        *(deal.get("form") or [])[1:],
    ]


@pytest.fixture
def workspace(engine):
    """The shipped schemas with fields that depend on others in every way."""
    publish_changed(engine, shape)
    return get_workspace(engine)


@pytest.fixture
def page(visit: Visit, session):
    """The form of a deal, open."""
    return open_form(visit, session)


def open_form(visit: Visit, session, **view):
    owner = user_id(session, "admin")
    partner = make_customer(session, name="Ζευς", status="active", owner=owner)
    deal = make_deal(session, name="Delphi", customer=partner.id, owner=owner)
    number = deal.id
    session.commit()
    visitor = visit("admin", **view)
    visitor.open(f"/deal/edit/{number}")
    visitor.page.number = number
    return visitor.page


def control(page, name):
    return page.locator(f"#form-fields [name={name}]:not([type=hidden])")


def choose(page, name, words, text):
    """Choose a record or user as a person does: type, and take what is offered."""
    box = page.locator(f"#field-{name}-ts-control")
    box.click()
    box.press_sequentially(words)
    page.locator(".ts-dropdown-content .option", has_text=text).first.click()


WAYS = {
    "date": (
        lambda page: control(page, "visit_on").fill("2026-05-01"),
        lambda page: control(page, "visit_on").fill("2026-05-02"),
    ),
    "partner": (
        lambda page: choose(page, "partner", "Ζευς", "Ζευς"),
        lambda page: page.locator("#field-partner-box .clear-button").click(),
    ),
    "kind": (
        lambda page: control(page, "kind_of_visit").select_option("meeting"),
        lambda page: control(page, "kind_of_visit").select_option("call"),
    ),
    "urgent": (
        lambda page: control(page, "is_urgent").check(),
        lambda page: control(page, "is_urgent").uncheck(),
    ),
    "cost": (
        lambda page: control(page, "cost").fill("1000.50"),
        lambda page: control(page, "cost").fill("12"),
    ),
    "guide": (
        lambda page: choose(page, "guide", "admin", "admin"),
        lambda page: page.locator("#field-guide-box .clear-button").click(),
    ),
}


@pytest.mark.parametrize("language", ["en", "he"])
def test_fields_of_every_kind_show_another_and_give_its_text_back(
    visit: Visit, session, language: str
) -> None:
    page = open_form(visit, session, language=language)
    for kind, (show, hide) in WAYS.items():
        follower = control(page, f"after_{kind}")
        assert follower.count() == 0
        show(page)
        follower.wait_for()
        follower.fill(f"typed {kind}")
        hide(page)
        follower.wait_for(state="detached")
        show(page)
        follower.wait_for()
        assert follower.input_value() == f"typed {kind}"


def test_what_is_hidden_is_not_saved(page, session) -> None:
    control(page, "kind_of_visit").select_option("meeting")
    control(page, "after_kind").fill("never to be seen")
    control(page, "kind_of_visit").select_option("call")
    control(page, "after_kind").wait_for(state="detached")
    saved = save(page, session)
    assert (saved.kind_of_visit, saved.after_kind) == ("call", None)


def test_what_a_hasty_reader_hides_is_not_saved_either(page, session) -> None:
    control(page, "kind_of_visit").select_option("meeting")
    control(page, "after_kind").fill("never to be seen")
    page.evaluate(SLOW)
    control(page, "kind_of_visit").select_option("call")
    saved = save(page, session)
    assert (saved.kind_of_visit, saved.after_kind) == ("call", None)


def save(page, session):
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**/deal/show/{page.number}")
    return session.get(session.workspace.models["deal"], page.number, populate_existing=True)


def test_the_form_follows_while_one_types_and_leaves_the_cursor_where_it_is(page) -> None:
    cost = control(page, "cost")
    cost.press_sequentially("100")
    page.wait_for_timeout(600)
    assert control(page, "after_cost").count() == 0
    cost.press("Home")
    cost.press_sequentially("9")
    control(page, "after_cost").wait_for()
    assert page.evaluate("[document.activeElement.name, document.activeElement.selectionStart]") == [
        "cost",
        1,
    ]
    cost.press_sequentially("8")
    assert cost.input_value() == "98100"


def test_what_is_typed_elsewhere_while_the_server_thinks_is_not_lost(page) -> None:
    page.evaluate(SLOW)
    control(page, "kind_of_visit").select_option("meeting")
    control(page, "name").fill("Olympia")
    control(page, "cost").fill("3")
    control(page, "is_urgent").focus()
    control(page, "after_kind").wait_for()
    assert control(page, "name").input_value() == "Olympia"
    assert control(page, "cost").input_value() == "3"


def test_the_last_answer_counts_not_the_slowest(page) -> None:
    page.evaluate(
        "() => { const ask = window.fetch; let wait = 1500;"
        " window.fetch = (...asked) => { const mine = wait; wait = 0;"
        " return new Promise((done) => setTimeout(() => done(ask(...asked)), mine)); }; }"
    )
    control(page, "kind_of_visit").select_option("meeting")
    control(page, "kind_of_visit").select_option("call")
    page.wait_for_timeout(2500)
    assert control(page, "after_kind").count() == 0


def test_a_need_comes_and_goes_and_the_empty_field_is_told(page) -> None:
    needed = control(page, "needed")
    assert needed.get_attribute("required") is None
    control(page, "cost").fill("5000")
    page.locator("#field-needed[required]").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#field-needed-error").wait_for()
    control(page, "cost").fill("5")
    page.locator("#field-needed:not([required])").wait_for()


def test_a_field_closes_and_opens_with_what_was_typed(page) -> None:
    closed = control(page, "closed")
    closed.fill("typed before")
    control(page, "is_urgent").check()
    page.locator("#field-closed[readonly]").wait_for()
    control(page, "is_urgent").uncheck()
    page.locator("#field-closed:not([readonly])").wait_for()
    assert closed.input_value() == "typed before"


def test_a_text_that_comes_back_shows_what_hangs_on_it(page) -> None:
    control(page, "cost").fill("5000")
    control(page, "after_cost").fill("deep")
    control(page, "after_text").wait_for()
    control(page, "cost").fill("5")
    control(page, "after_text").wait_for(state="detached")
    control(page, "cost").fill("5000")
    control(page, "after_text").wait_for()


def test_the_form_follows_on_a_hebrew_phone(visit: Visit, session) -> None:
    page = open_form(visit, session, language="he", width=PHONE)
    control(page, "cost").fill("1,000.50")
    control(page, "after_cost").wait_for()
    assert page.evaluate("document.documentElement.dir") == "rtl"
