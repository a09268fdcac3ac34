"""What one does with notifications."""

from __future__ import annotations

from collections.abc import Callable

from crm.notifications import Notice, add_notification
from tests.browser.visitor import Visitor
from tests.factories import make_complaint, user_id


def test_the_bell_counts_and_leads_to_the_record(visit: Callable[..., Visitor], session) -> None:
    number = make_complaint(session).id
    add_notification(session, Notice(user_id(session, "admin"), "Look at it.", "complaint", number))
    session.commit()
    visitor = visit("admin")
    visitor.open("/notifications/")
    visitor.page.locator(".bell-count").get_by_text("1", exact=True).wait_for(state="attached")
    visitor.page.get_by_role("button", name="Look at it.").click()
    visitor.page.wait_for_url(f"**/complaint/show/{number}")
    assert visitor.problems() == []
