"""The calendar of all that is mine: every source by the hour, others' as far as the reader may see it, quick adding."""

from __future__ import annotations

import html
import re

import pytest

from tests.factories import make_activity, make_complaint, make_customer, make_deal, user_id

JSON = {"Accept": "application/json"}


@pytest.fixture
def week(session) -> dict[str, int]:
    """A week of November of the salesperson and of the manager."""
    sales, manager = user_id(session, "sales"), user_id(session, "manager")
    customer = make_customer(session, name="Aegean Foods", owner=sales)
    mine = {"owner": sales, "customer": customer}
    made = {
        "call": make_activity(session, subject="Early call", at="2026-11-24T06:10:00Z", **mine).id,
        "deal": make_deal(session, name="Closing deal", closes_on="2026-11-25", **mine).id,
    }
    make_activity(session, subject="Theirs", at="2026-11-24T08:00:00Z", owner=manager, done=True)
    make_complaint(
        session, subject="Due then", due_at="2026-11-26T22:30:00Z", opened_at="2026-11-01", owner=manager
    )
    make_customer(session, name="Leap", kind="person", born_on="2000-11-27", owner=sales)
    session.commit()
    return {**made, "sales": sales, "manager": manager}


def placed(text: str) -> list[tuple[str, str]]:
    """Return what stands where in the grid: the day or hour, and the words."""
    found = []
    for place, inner in re.findall(r'<ul data-hour="([^"]+)">(.*?)</ul>', text, re.DOTALL):
        for item in re.findall(r"<li[^>]*data-row.*?</li>", inner, re.DOTALL):
            found.append((place, html.unescape(re.sub(r"<[^>]+>", "", item)).strip()))
    return found


def test_a_week_has_all_sources_by_the_hour_of_the_reader(client, week) -> None:
    text = client("sales").get("/calendar/?view=week&day=2026-11-24").text
    assert placed(text) == [
        ("2026-11-25", "Closing deal"),
        ("2026-11-27", "Leap"),
        ("2026-11-24T08:00", "08:10 Early call"),
    ]
    assert "Theirs" not in text
    month = client("sales").get("/calendar/?day=2026-11-24").text
    assert ("2026-11-24", "08:10 Early call") in placed(month)


def test_sources_and_people_are_chosen_and_their_load_is_told(client, week) -> None:
    manager = client("manager")
    path = f"/calendar/?view=week&day=2026-11-24&person={week['sales']}&person={week['manager']}"
    text = manager.get(path).text
    assert ("2026-11-24T10:00", "10:00 Theirs") in [(place, words[-12:]) for place, words in placed(text)]
    words = " | ".join(words for _place, words in placed(text))
    assert "08:10 Early call" in words and re.search(r"00:30 \S+ Due then", words)
    checked = rf'value="({week["sales"]}|{week["manager"]})" checked.*?count-badge">(.*?)</span>'
    counts = re.findall(checked, text)
    assert {number: re.sub(r"<[^>]+>", "", count) for number, count in counts} == {
        str(week["sales"]): "3",
        str(week["manager"]): "2",
    }
    only = manager.get(path + "&source=deal").text
    assert [words[-12:] for _place, words in placed(only)] == ["Closing deal"]


def test_who_may_not_see_others_records_finds_nobody_else(client, week) -> None:
    text = client("external_agent").get(f"/calendar/?view=week&day=2026-11-24&person={week['sales']}").text
    assert "Early call" not in text and "Closing deal" not in text


def test_an_empty_hour_opens_the_form_with_that_hour(client, week) -> None:
    browser = client("sales")
    text = browser.get("/calendar/?view=day&day=2026-11-24").text
    url = html.unescape(re.search(r'calendar-add" href="([^"]*T15[^"]*)"', text)[1])
    assert 'value="24/11/2026 15:00"' in browser.get(url).text


@pytest.mark.parametrize(
    "arguments", ["view=year", "day=x", "person=x&person=-1", "source=nothing", "day=9999-12-31"]
)
def test_odd_arguments_are_borne(client, week, arguments) -> None:
    assert client("sales").get(f"/calendar/?{arguments}").status_code == 200


def test_what_is_put_on_another_day_of_an_entitys_own_calendar_goes_there(client, week) -> None:
    browser = client("sales")
    text = browser.get("/deal/calendar/?day=2026-11-24").text
    assert (
        f'data-occasion="/my-day/deal/{week["deal"]}/move"' in text and '<ul data-hour="2026-11-28">' in text
    )
    sent = {"to": "2026-11-28", "csrf_token": browser.token("/profile/")}
    assert browser.post(f"/my-day/deal/{week['deal']}/move", data=sent, headers=JSON).status_code == 200
    assert ("2026-11-28", "Closing deal") in placed(browser.get("/deal/calendar/?day=2026-11-24").text)
