"""My day as pages: the home of whoever works, its buttons with and without scripts, and what is not open."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo

import pytest
import sqlalchemy as sa

from crm.database import utcnow
from crm.notifications import Notice, add_notification, notification
from tests.factories import make_activity, make_customer, user_id

JSON = {"Accept": "application/json"}


@pytest.fixture
def call(session) -> int:
    """A call of the salesperson an hour from now, with a customer who can be called."""
    customer = make_customer(
        session, name="Aegean <b>Foods</b>", owner=user_id(session, "sales"), phone="+30 210 1234567"
    )
    at = (utcnow() + dt.timedelta(hours=1)).isoformat(timespec="seconds") + "Z"
    number = make_activity(
        session, subject="Ask for the offer", at=at, customer=customer, owner=user_id(session, "sales")
    ).id
    session.commit()
    return number


def test_home_is_my_day_with_whom_to_call(client, call) -> None:
    browser = client("sales")
    for path in ("/", "/my-day/"):
        text = browser.get(path).text
        assert "Ask for the offer" in text and 'href="tel:+302101234567"' in text
        assert "Aegean &lt;b&gt;Foods" in text and "<b>Foods" not in text
    assert "/dashboard/home" in text
    assert "Ask for the offer" not in client("manager").get("/my-day/").text


def test_every_role_has_a_home_without_a_padlock(client) -> None:
    for role in (
        "sales",
        "service",
        "marketing",
        "accountant",
        "cashier",
        "external_agent",
        "viewer",
        "configurator",
    ):
        answer = client(role).get("/")
        assert answer.status_code == 200 and "You don't have access to anything" not in answer.text, role


def test_an_administrator_who_plans_nothing_comes_to_the_dashboard(client, session) -> None:
    browser = client("admin")
    assert "figure-grid" in browser.get("/").text
    make_activity(
        session, subject="Look at it", at=session.clock(), kind="task", owner=user_id(session, "admin")
    )
    session.commit()
    assert "Look at it" in browser.get("/").text


def test_a_tick_is_undone_by_its_undo_with_and_without_scripts(client, session, call) -> None:
    browser = client("sales")
    token = {"csrf_token": browser.token("/my-day/")}
    answer = browser.post(f"/my-day/activity/{call}/done", data=token, headers=JSON)
    assert answer.status_code == 200 and "Ask for the offer" not in browser.get("/my-day/").text
    undo = answer.json["toast"]["undo"]
    assert browser.post(undo, headers={"X-CSRFToken": token["csrf_token"], **JSON}).status_code == 200
    assert "Ask for the offer" in browser.get("/my-day/").text
    plain = browser.post(f"/my-day/activity/{call}/done", data={**token, "_back": "/my-day/"})
    assert (plain.status_code, plain.location) == (302, "/my-day/")
    shown = browser.get("/my-day/").text
    assert f"/my-day/activity/{call}/back?done=false" in shown


def test_what_is_put_off_and_moved_says_so_and_nonsense_is_refused(client, call) -> None:
    browser = client("sales")
    token = {"csrf_token": browser.token("/my-day/")}
    for path, values, status in (
        ("later", {"until": "tomorrow"}, 200),
        ("later", {"until": "someday"}, 422),
        ("move", {"to": "2031-05-06T10:00"}, 200),
        ("move", {"to": "soon"}, 422),
    ):
        answer = browser.post(f"/my-day/activity/{call}/{path}", data={**token, **values}, headers=JSON)
        assert answer.status_code == status, answer.text
    record = browser.get(f"/api/v1/activity/{call}").json["result"]
    assert record["at"] == "2031-05-06T07:00:00Z"


def test_others_and_unknown_things_are_not_moved(client, call) -> None:
    stranger = client("external_agent")
    token = {"csrf_token": stranger.token("/profile/")}
    for path in (f"activity/{call}", "activity/999999", "nothing/1", "product/1", "activity/x"):
        for deed, values in (
            ("done", {}),
            ("move", {"to": "2031-05-06"}),
            ("later", {"until": "week"}),
            ("back", {}),
        ):
            answer = stranger.post(f"/my-day/{path}/{deed}", data={**token, **values}, headers=JSON)
            assert answer.status_code in (403, 404), (path, deed, answer.status_code)


def test_my_day_speaks_every_language(client, call) -> None:
    browser = client("sales")
    words = {"el": "Σήμερα", "ro": "Astăzi", "he": "היום"}
    for language, word in words.items():
        text = browser.get(f"/my-day/?_l_={language}").text
        assert word in re.sub(r"<[^>]+>", "", text)


def test_the_composer_writes_down_what_happened_and_plans_what_comes_next(client, session, call) -> None:
    browser = client("sales")
    number = browser.get(f"/api/v1/activity/{call}").json["result"]["customer"]
    number = number["id"] if isinstance(number, dict) else number
    page = f"/customer/show/{number}"
    form = {"customer": number, "kind": "call", "_back": page}
    for when, more in (("now", {}), ("tomorrow", {}), ("pick", {"_at": "07/05/2031 16:15"})):
        browser.submit(
            "/activity/add", {**form, "subject": f"It is {when}", "_when": when, **more}, page=page
        )
    found = {
        row["subject"]: row
        for row in browser.get("/api/v1/activity/?q=(page_size:100)").json["result"]
        if row["subject"].startswith("It is")
    }
    assert found["It is now"]["done"] is True and found["It is tomorrow"]["done"] is False
    athens = dt.datetime.now(dt.UTC).astimezone(zoneinfo.ZoneInfo("Europe/Athens"))
    tomorrow = dt.datetime.combine(athens.date() + dt.timedelta(days=1), dt.time(10), athens.tzinfo)
    assert found["It is tomorrow"]["at"] == tomorrow.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["It is pick"]["at"] == found["It is pick"]["due"] == "2031-05-07T13:15:00Z"
    refused = browser.submit(
        "/activity/add", {**form, "subject": "x", "_when": "pick", "_at": "soon"}, page=page
    )
    assert refused.status_code == 422 and 'value="soon"' in refused.text


def test_a_notification_is_answered_in_place_while_its_record_is_open(client, session, call) -> None:
    who = user_id(session, "sales")
    add_notification(session, Notice(who, "Call at 10:00", "activity", call))
    add_notification(session, Notice(who, "Read this", None, None))
    old = Notice(who, "Long ago", "activity", call, "old")
    add_notification(session, old)
    for days, is_old in ((0, notification.c.key.is_(None)), (3, notification.c.key == "old")):
        at = utcnow() - dt.timedelta(days=days)
        session.connection().execute(sa.update(notification).where(is_old).values(created_at=at))
    session.commit()
    browser = client("sales")
    page = browser.get("/notifications/").text
    today, before = page.index("Today"), page.index("Earlier")
    assert today < page.index("Read this") < before < page.index("Long ago")
    deed = f"/my-day/activity/{call}/done"
    assert page.count(f'action="{deed}"') == 2
    browser.submit(deed, {"_back": "/notifications/"}, page="/notifications/")
    assert deed not in browser.get("/notifications/").text


def test_who_would_rather_start_with_the_dashboard_does(client, call) -> None:
    browser = client("sales")
    assert browser.submit("/profile/", {"start_page": "elsewhere"}).status_code == 422
    assert browser.submit("/profile/", {"start_page": "dashboard"}).status_code == 302
    assert "Ask for the offer" not in browser.get("/").text and "figure-grid" in browser.get("/").text
    assert "Ask for the offer" in browser.get("/my-day/").text
    browser.submit("/profile/", {"start_page": "usual"})
    assert "Ask for the offer" in browser.get("/").text
