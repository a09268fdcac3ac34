"""Rules, runs and notifications, in two directions, on a phone and a desktop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm.notifications import Notice, add_notification
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.factories import make_complaint, make_customer, user_id
from workflows.organisation import Organisation, Workshop
from workflows.runs import jobs

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]
PATHS = ["/admin/rules/", "/admin/rules/escalate_old_complaint/", "/admin/rules/run/1", "/notifications/"]


@pytest.mark.parametrize("view", VIEWS)
def test_pages_of_rules_are_sound(
    visit: Callable[..., Visitor], view: dict, session, engine, clock, tmp_path
) -> None:
    number = make_complaint(session, customer=make_customer(session, email="ada@example.com")).id
    text = {"en": "Look at it.", "he": "כדאי להסתכל."}
    add_notification(session, Notice(user_id(session, "admin"), text, "complaint", number))
    session.commit()
    jobs.work_off(Workshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock))
    assert visit("admin", **view).look_at(PATHS) == {}


def test_the_bell_counts_and_leads_to_the_record(visit: Callable[..., Visitor], session) -> None:
    number = make_complaint(session).id
    add_notification(session, Notice(user_id(session, "admin"), "Look at it.", "complaint", number))
    session.commit()
    visitor = visit("admin")
    visitor.open("/notifications/")
    visitor.page.get_by_text("Unread: 1").wait_for(state="attached")
    visitor.page.get_by_role("button", name="Look at it.").click()
    visitor.page.wait_for_url(f"**/complaint/show/{number}")
    assert visitor.problems() == []
