"""Pages on which entities are shaped, and of the revisions made, in two directions, on a phone and a desktop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]
PATHS = [
    "/admin/schema/",
    "/admin/schema/new",
    "/admin/schema/deal/",
    "/admin/schema/deal/add",
    "/admin/schema/deal/add/choice",
    "/admin/schema/deal/fields/stage",
    "/admin/schema/deal/fields/customer",
    "/admin/schema/deal/form",
    "/admin/schema/deal/lists",
    "/admin/schema/deal/checks",
    "/admin/schema/deal/general",
    "/admin/schema/history/",
    "/admin/schema/history/1",
    "/admin/schema/publish/1",
    "/admin/schema/deal/uses",
    "/admin/schema/deal/labels?missing=1",
    "/admin/schema/customer/labels",
    "/admin/schema/deal/relations",
    "/admin/schema/deal/rights",
    "/admin/schema/deal/rules",
]


@pytest.mark.parametrize("view", VIEWS)
def test_pages_that_shape_entities_are_sound(visit: Callable[..., Visitor], view: dict) -> None:
    assert visit("admin", **view).look_at(PATHS) == {}
