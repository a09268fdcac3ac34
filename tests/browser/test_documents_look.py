"""A draft that leaves values behind, made as text: in two directions, on a phone and a desktop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_customer

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he"}, id="he-phone"),
]
ENTITY = "/admin/schema/documents/entity/customer"
PATHS = [ENTITY, "/admin/schema/customer/", "/admin/schema/draft/"]


@pytest.mark.parametrize("view", VIEWS)
def test_documents_and_the_draft_they_make_are_sound(
    visit: Callable[..., Visitor], view: dict, session
) -> None:
    make_customer(session, postal_code="10 A")
    session.commit()
    visitor = visit("admin", **view)
    visitor.open(ENTITY)
    field = visitor.page.locator("#text")
    text = field.input_value().replace("    max_length: 12\n", "", 1)
    field.fill(text.replace("  postal_code:\n    type: text\n", "  postal_code:\n    type: integer\n"))
    with visitor.page.expect_navigation():  # the page that answers has the same address
        visitor.page.locator("button[value=save]").click()
    assert visitor.page.locator("#findings").count() == 0
    assert visitor.look_at(PATHS) == {}
