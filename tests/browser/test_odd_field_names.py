"""Fields that are called like properties of a form in the browser: the form works like any other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.revisions.workspace import get_workspace
from tests.browser.visitor import Visitor
from tests.crm.revisions.publishing import publish_changed
from tests.factories import make_deal

NAMES = (
    "method", "action", "target", "enctype", "dataset", "elements", "submit", "reset", "matches", "closest",
    "length", "title", "children", "attributes", "style", "hidden", "remove", "append", "q", "where", "page",
)  # fmt: skip


@pytest.fixture
def workspace(engine):
    """Deals with all these fields, one of which others depend on."""

    def shape(entities: dict) -> None:
        deal = entities["deal"]
        deal["fields"] |= {name: {"type": "text", "label": f"Odd {name}"} for name in NAMES}
        deal["fields"]["follows"] = {"type": "text", "show_if": [{"field": "method", "is": "show"}]}
        deal["form"] = [{"section": "Odd", "fields": ["name", "customer", *NAMES, "follows"]}]

    publish_changed(engine, shape)
    return get_workspace(engine)


def test_a_form_with_them_follows_asks_and_saves(visit: Callable[..., Visitor], session) -> None:
    number = make_deal(session, name="Odd").id
    session.commit()
    visitor = visit("admin", once=True)
    visitor.open(f"/deal/edit/{number}")
    page = visitor.page
    for name in NAMES:
        page.locator(f"#field-{name}").fill(f"value of {name}")
    page.locator("#field-method").fill("show")
    page.locator("#field-follows").wait_for()
    questions = []
    page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.dismiss()))
    page.locator(".save-bar a.btn").click()
    assert questions == ["beforeunload"]
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_url("**/deal/show/*")
    visitor.open(f"/deal/edit/{number}")
    assert page.locator("#field-method").input_value() == "show"
    for name in NAMES[1:]:
        assert page.locator(f"#field-{name}").input_value() == f"value of {name}"
    assert visitor.errors == []
