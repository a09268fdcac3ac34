"""The calendar for other programs: read by a parser of theirs, by the rights of its person, ended when told."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from crm.database import utcnow
from crm.permissions.store import deactivate
from tests.factories import make_activity, make_campaign, make_customer, make_deal, user_id

LONG = "Λίγα λόγια, με κόμμα; και \\ κάθετο " * 6
TODAY = utcnow().replace(microsecond=0)


@pytest.fixture
def planned(session) -> None:
    """What stands in calendars: with an hour, a day, some days, every year, and of somebody else."""
    owner = user_id(session, "sales")
    customer = make_customer(session, name="Aegean Foods", owner=owner, phone="+30 210 1234567")
    at = (TODAY + dt.timedelta(days=1)).isoformat() + "Z"
    make_activity(session, subject=LONG[:240], at=at, customer=customer, owner=owner, kind="call")
    make_activity(session, subject="Of another", at=at, customer=customer, owner=user_id(session, "admin"))
    day = (TODAY + dt.timedelta(days=3)).date()
    make_deal(session, name="Closing", closes_on=day.isoformat(), customer=customer, owner=owner)
    make_customer(session, name="Leap", kind="person", born_on="2000-02-29", owner=owner)
    lasting = {"starts_on": day.isoformat(), "ends_on": (day + dt.timedelta(days=4)).isoformat()}
    make_campaign(session, name="Fair", owner=owner, **lasting)
    session.commit()


@pytest.fixture
def address(client, planned) -> str:
    """A fresh address of the salesperson."""
    page = client("sales").submit("/profile/feed", {}, page="/profile/").text
    return re.search(r'value="http://[^/]+(/calendar/[^"]+\.ics)"', page)[1]


def events_of(answer) -> dict[str, object]:
    """Return the events of a calendar by their titles."""
    assert answer.status_code == 200 and answer.content_type == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.data)
    assert max(map(len, answer.data.split(b"\r\n"))) <= 75
    return {str(event["SUMMARY"]): event for event in calendar.walk("VEVENT")}


def test_another_program_reads_hours_days_and_years(client, address) -> None:
    found = events_of(client().get(address))
    call = found.pop(LONG[:240].strip())
    assert call["DTSTART"].dt == (TODAY + dt.timedelta(days=1)).replace(tzinfo=dt.UTC)
    assert "Aegean Foods" in call["DESCRIPTION"] and call["URL"].endswith("/activity/show/1")
    day = (TODAY + dt.timedelta(days=3)).date()
    assert (found["Closing"]["DTSTART"].dt, found["Closing"]["DTEND"].dt) == (day, day + dt.timedelta(days=1))
    assert found["Fair"]["DTEND"].dt == day + dt.timedelta(days=5)
    assert found["Leap"]["RRULE"]["BYMONTHDAY"] == [-1] and found["Leap"]["DTSTART"].dt.year == 2000
    assert set(found) == {"Closing", "Fair", "Leap"}


def test_a_program_that_knows_it_already_is_told_so(client, address, session) -> None:
    browser = client()
    tag = browser.get(address).headers["ETag"]
    assert browser.get(address, headers={"If-None-Match": tag}).status_code == 304
    make_deal(session, name="New one", closes_on=TODAY.date().isoformat(), owner=user_id(session, "sales"))
    session.commit()
    assert "New one" in events_of(browser.get(address, headers={"If-None-Match": tag}))


def test_the_address_is_shown_once_kept_as_a_digest_and_ends(client, address, session) -> None:
    owner = client("sales")
    page = owner.get("/profile/").text
    assert address not in page and "Never read" in page
    secret = address.split("/")[2].removesuffix(".ics")
    kept = session.connection().execute(sa.text("select * from crm_feed")).all()
    assert len(kept) == 1 and secret not in repr(kept)
    session.rollback()
    assert client().get(address).status_code == 200
    assert "Last read" in owner.get("/profile/").text
    (ending,) = re.findall(r'action="(/profile/feed/\d+/end)"', page)
    assert client("manager").submit(ending, {}, page="/profile/").status_code == 404
    assert owner.submit(ending, {}, page="/profile/").status_code == 302
    assert client().get(address).status_code == 404


def test_who_has_left_or_may_see_less_shows_less(client, address, session) -> None:
    role = sa.text(
        "delete from ab_user_role where user_id = :who and role_id in (select id from ab_role where name = 'sales')"
    )
    session.connection().execute(role, {"who": user_id(session, "sales")})
    session.commit()
    assert events_of(client().get(address)) == {}
    deactivate(session.connection(), user_id(session, "sales"))
    session.commit()
    assert client().get(address).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "a" * 300, "%00", "..%2F..", "חלון"])
def test_no_other_address_shows_anything(client, planned, token) -> None:
    assert client().get(f"/calendar/{token}.ics").status_code == 404


def test_a_full_year_is_quick(client, address, session) -> None:
    cls, owner = session.workspace.models["activity"], user_id(session, "sales")
    usual = {"created_at": TODAY, "updated_at": TODAY, "row_version": 1, "kind": "call", "owner_id": owner}
    rows = [
        {**usual, "subject": f"Call {number}", "at": TODAY + dt.timedelta(hours=6 * number), "done": False}
        for number in range(1_000)
    ]
    session.connection().execute(sa.insert(cls.__table__), rows)
    session.commit()
    browser, spent = client(), []
    for _ in range(3):
        started = time.perf_counter()
        assert len(browser.get(address).data) > 200_000
        spent.append(time.perf_counter() - started)
    assert min(spent) < 1.0  # a quarter of it on an idle machine
