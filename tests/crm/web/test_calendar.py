"""The calendar of an entity: days of the reader's zone, spans, rights, filters, and where its links lead."""

from __future__ import annotations

import html
import json
import re

import pytest

from crm.database import open_session
from crm.permissions.model import SYSTEM
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import Browser, House
from tests.factories import make_record

STAY = """
entity: stay
label: Stay
plural: Stays
title: '{name}'
fields:
  name: {type: text, search: true}
  code: {type: text}
  boss: {type: user}
  state: {type: choice, choices: {new: {label: Fresh, color: green}, old: Stale}}
  from_at: {type: datetime}
  until: {type: datetime}
  due: {type: date}
kanban: {by: state}
calendar: {from: from_at, to: until}
"""
TRIP = """
entity: trip
fields:
  name: {type: text}
"""
BILL = """
entity: bill
label: Bill
plural: Bills
title: '{name}'
fields:
  name: {type: text}
  code: {type: text}
  due: {type: date}
calendar: {from: due, title: code}
"""
SELLER = """
role: seller
label: Seller
entities:
  stay: {can: [read], hidden: [until], records: [{field: boss, is: me}]}
  bill: {can: [read], hidden: [due]}
"""
CHIEF = """
role: chief
label: Chief
entities:
  stay: {can: [read, create, update, delete, import, export]}
  bill: {can: [read, create, update, delete, import, export]}
  trip: {can: [read]}
admin: true
"""


@pytest.fixture(scope="module")
def calendar_house(still_house: House) -> House:
    """A house whose entities stay and bill have a calendar; people live in Athens."""
    documents = {
        "entities_stay": STAY,
        "entities_bill": BILL,
        "entities_trip": TRIP,
        "roles_seller": SELLER,
        "roles_chief": CHIEF,
    }
    still_house.wait_until_serving(still_house.publish(**documents))
    return still_house


def add(house: House, entity: str, *records: dict) -> None:
    """Store records whose moments are UTC."""
    workspace = get_workspace(house.engine)
    with open_session(house.engine, workspace, SYSTEM) as session:
        for values in records:
            make_record(session, entity, **values)


@pytest.fixture(scope="module")
def stays(calendar_house: House) -> None:
    """Visits around a change of clocks, and some that last."""
    add(
        calendar_house,
        "stay",
        {"name": "Late evening", "from_at": "2026-03-28T21:59:00Z", "state": "new"},
        {"name": "Past midnight", "from_at": "2026-03-28T22:00:00Z"},
        {"name": "Summer night", "from_at": "2026-03-29T20:59:00Z"},
        {"name": "Monday already", "from_at": "2026-03-29T21:00:00Z"},
        {"name": "Long stay", "from_at": "2026-04-10T08:00:00Z", "until": "2026-04-14T08:00:00Z"},
        {"name": "Till midnight", "from_at": "2026-04-20T08:00:00Z", "until": "2026-04-20T21:00:00Z"},
        {"name": "Backwards", "from_at": "2026-04-22T08:00:00Z", "until": "2026-04-02T08:00:00Z"},
        {"name": "Nowhere"},
    )


def browser_of(house: House, username: str) -> Browser:
    """Return a browser in which somebody is signed in."""
    browser = house.browser()
    assert browser.sign_in(username).status_code == 302
    return browser


@pytest.fixture(scope="module")
def chief(calendar_house: House, stays: None) -> Browser:
    """A browser of somebody who sees all."""
    return browser_of(calendar_house, "chris")


@pytest.fixture(scope="module")
def seller(calendar_house: House, stays: None) -> Browser:
    """A browser of somebody who sees own stays, not when they end, and no due date."""
    return browser_of(calendar_house, "sonia")


def agenda(browser: Browser, path: str) -> dict[str, list[str]]:
    """Return the titles of the agenda's records by day."""
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    found = {}
    for day, part in re.findall(r'<section id="day-([\d-]+)">(.*?)</section>', answer.text, re.DOTALL):
        lines = re.findall(r"<li>(.*?)</li>", part, re.DOTALL)
        found[day] = [html.unescape(re.sub(r"<[^>]+>", "", line)).strip() for line in lines]
    return {day: lines for day, lines in found.items() if lines}


def test_a_moment_is_on_the_day_it_has_where_the_reader_is(chief) -> None:
    found = agenda(chief, "/stay/calendar/?view=week&day=2026-03-29")
    assert found["2026-03-28"] == ["23:59 Late evening Fresh"]
    assert found["2026-03-29"] == ["00:00 Past midnight", "23:59 Summer night"]
    assert "2026-03-30" not in found
    assert agenda(chief, "/stay/calendar/?view=day&day=2026-03-30") == {
        "2026-03-30": ["00:00 Monday already"]
    }


def test_a_record_that_lasts_is_on_each_of_its_days_and_only_on_those(chief) -> None:
    found = agenda(chief, "/stay/calendar/?view=agenda&day=2026-04-01")
    days = [day for day, lines in found.items() if any("Long stay" in line for line in lines)]
    assert days == [f"2026-04-{day}" for day in range(10, 15)]
    assert found["2026-04-10"] == ["11:00 Long stay"] and found["2026-04-11"] == ["Long stay"]
    assert [day for day, lines in found.items() if "Till midnight" in lines[-1]] == ["2026-04-20"]
    assert [day for day, lines in found.items() if "Backwards" in lines[-1]] == ["2026-04-22"]
    assert agenda(chief, "/stay/calendar/?view=day&day=2026-04-12") == {"2026-04-12": ["Long stay"]}


def test_a_span_is_one_bar_that_is_cut_where_the_week_ends(chief) -> None:
    text = chief.get("/stay/calendar/?day=2026-04-01").text
    bars = re.findall(r'<li [^>]*class="pill-gray([^"]*)"><a [^>]*>(?:(?!</li>).)*Long stay', text, re.DOTALL)
    assert bars == [" goes-on", " goes-on went-on", " went-on", " goes-on", " went-on"]


def test_weeks_begin_on_sunday_in_hebrew_and_on_monday_else(chief) -> None:
    first = re.compile(r'<th scope="col" abbr="([^"]+)"')
    assert first.search(chief.get("/stay/calendar/").text)[1] == "Monday"
    hebrew = chief.get("/stay/calendar/?_l_=he").text
    assert first.search(hebrew)[1] == "יום ראשון" and 'dir="rtl"' in hebrew


def test_the_filter_stays_on_the_way_between_list_board_and_calendar(chief) -> None:
    where = json.dumps([{"field": "name", "contains": "night"}])
    for page in ("list", "board", "calendar"):
        text = chief.get(f"/stay/{page}/", query_string={"where": where, "q": "night"}).text
        for other in {"list", "board", "calendar"} - {page}:
            assert f'href="/stay/{other}/?where=' in text, (page, other)
    found = agenda(chief, "/stay/calendar/?view=agenda&day=2026-03-01&q=summer")
    assert found == {"2026-03-29": ["23:59 Summer night"]}
    for link in re.findall(r'href="(/stay/calendar/\?[^"]*)"', text):
        assert "where=" in link or "Clear" in text


def test_a_filter_that_cannot_be_applied_shows_nothing(chief) -> None:
    text = chief.get("/stay/calendar/?day=2026-03-29&_flt_0_nothing=1").text
    assert "This filter can't be applied." in text and "Summer night" not in text


@pytest.mark.parametrize(
    "arguments", ["view=year", "day=2026-13-40", "day=x", "day=0001-01-01", "day=9999-12-31", "day=%00"]
)
def test_an_argument_that_cannot_be_read_is_said(chief, arguments) -> None:
    answer = chief.get(f"/stay/calendar/?{arguments}")
    assert answer.status_code == 200 and "is not a value for" in answer.text


@pytest.mark.parametrize("day", ["0001-03-01", "9999-10-31"])
@pytest.mark.parametrize("view", ["month", "week", "day", "agenda"])
def test_the_ends_of_the_calendar_are_days_too(chief, view, day) -> None:
    assert chief.get(f"/stay/calendar/?view={view}&day={day}").status_code == 200


def test_an_empty_day_leads_to_the_form_with_that_day_for_who_may_create(chief, seller) -> None:
    text = chief.get("/stay/calendar/?day=2026-11-29").text
    link = html.unescape(re.search(r'class="calendar-add" href="([^"]*11-17[^"]*)"', text)[1])
    form = chief.get(link)
    assert form.status_code == 200 and 'value="17/11/2026 09:00"' in form.text
    assert "/add" not in seller.get("/stay/calendar/?day=2026-11-29").text


def test_what_an_address_names_and_does_not_fit_is_shown_with_its_reason(chief) -> None:
    answer = chief.get("/stay/add?from_at=someday&name=Given")
    assert answer.status_code == 200 and 'value="Given"' in answer.text
    assert 'value="someday"' in answer.text and 'id="field-from_at-error"' in answer.text


def test_who_may_not_see_the_day_is_told_and_finds_no_way_there(calendar_house, seller) -> None:
    add(calendar_house, "bill", {"name": "Secret", "code": "S-1", "due": "2026-11-05"})
    text = seller.get("/bill/calendar/?day=2026-11-05").text
    assert "have access to the date" in text and "S-1" not in text and "Secret" not in text
    assert "/bill/calendar/" not in seller.get("/bill/list/").text


def test_records_of_others_and_ends_that_are_hidden_are_not_shown(calendar_house, seller) -> None:
    boss = calendar_house.user_id("sonia")
    mine = {"name": "Mine", "boss": boss, "from_at": "2026-06-10T08:00:00Z", "until": "2026-06-12T08:00:00Z"}
    add(calendar_house, "stay", mine, {**mine, "name": "Theirs", "boss": None})
    assert agenda(seller, "/stay/calendar/?view=agenda&day=2026-06-01") == {"2026-06-10": ["11:00 Mine"]}
    assert "see the end dates" in seller.get("/stay/calendar/").text


def test_the_title_is_the_field_that_the_calendar_names(calendar_house, chief) -> None:
    paper = {"name": "Paper", "code": "B-7", "due": "2026-09-01"}
    add(calendar_house, "bill", paper, {**paper, "name": "Ink", "code": None})
    assert agenda(chief, "/bill/calendar/?view=day&day=2026-09-01") == {"2026-09-01": ["B-7", "Ink"]}


def test_a_full_day_says_how_many_more_and_leads_to_them(calendar_house, chief) -> None:
    add(calendar_house, "bill", *({"name": f"Bill {number}", "due": "2026-10-20"} for number in range(210)))
    month = chief.get("/bill/calendar/?day=2026-10-01").text
    assert "206 more" in month and "view=day&amp;day=2026-10-20" in month
    day = chief.get("/bill/calendar/?view=day&day=2026-10-20").text
    assert ">10 more" in day
    url = html.unescape(re.search(r'class="calendar-more" href="([^"]+)"', day)[1])
    assert '<span class="count-badge"><bdi>210</bdi>' in chief.get(url).text


def test_what_is_left_out_is_said(calendar_house, chief, monkeypatch) -> None:
    monkeypatch.setattr("crm.records.days.MOST_RECORDS", 3)
    add(calendar_house, "bill", *({"name": "Early", "due": f"2026-08-0{day}"} for day in range(1, 7)))
    text = chief.get("/bill/calendar/?view=agenda&day=2026-08-01").text
    assert "some from 3 Aug 2026 on are missing" in text


def test_an_entity_without_a_calendar_has_no_such_page(chief) -> None:
    assert chief.get("/trip/calendar/").status_code == 404
