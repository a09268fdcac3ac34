"""Looking as a role, in two directions, on a phone and a desktop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import DESKTOP, PHONE, Visitor

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]


@pytest.mark.parametrize("view", VIEWS)
def test_one_looks_as_a_role_and_stops(visit: Callable[..., Visitor], view: dict) -> None:
    visitor = visit("admin", **view)
    visitor.open("/admin/roles/viewer/")
    visitor.page.locator("form[action$='/viewer/view'] button").click()
    visitor.page.locator("form[action='/admin/view-as/stop']").wait_for()
    assert visitor.look_at(["/customer/list/"]) == {}
    visitor.page.locator("form[action='/admin/view-as/stop'] button").click()
    visitor.page.wait_for_url("**/admin/roles/")
    assert visitor.page.locator("form[action='/admin/view-as/stop']").count() == 0
