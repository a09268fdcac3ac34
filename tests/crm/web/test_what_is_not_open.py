"""Segments, reports, boards and exports over what a reader may not see say so, and show nothing instead of more."""

from __future__ import annotations

import json
import re

import pytest

from crm.database import open_session
from crm.permissions.model import SYSTEM
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import Browser, House
from tests.factories import make_record

FIRM = """
entity: firm
label: Firm
plural: Firms
fields:
  name: {type: text, search: true}
  boss: {type: user}
  state: {type: choice, choices: {new: Fresh, old: Stale}}
  revenue: {type: money}
  grade: {type: formula, of: decimal, formula: revenue / 2}
kanban: {by: state, sum: revenue, card: [name]}
"""
VISIT = """
entity: visit
label: Visit
plural: Visits
fields:
  subject: {type: text}
  boss: {type: user}
  firm: {type: reference, to: firm, inverse: {name: visits, label: Visits}}
"""
SELLER = """
role: seller
label: Seller
entities:
  firm: {can: [read, update, export], hidden: [revenue]}
  visit: {can: [read], records: [{field: boss, is: me}]}
reports: [all]
"""
PARTS = {
    "segments_rich": "segment: rich\nentity: firm\nlabel: Rich firms\nif: [{field: revenue, above: 100}]\n",
    "segments_graded": "segment: graded\nentity: firm\nif: [{field: grade, above: 50}]\n",
    "segments_nested": "segment: nested\nentity: firm\nif: [{in_segment: rich}]\n",
    "segments_unseen": "segment: unseen\nentity: firm\nif: [{none_of: visits}]\n",
    "reports_rich": "report: rich\nentity: firm\nif: [{in_segment: rich}]\nmeasures: {count: {count: true}}\n",
    "reports_summed": (
        "report: summed\nentity: firm\nlabel: Sums\ngroup_by: [state]\nmeasures: {total: {sum: revenue}}\n"
    ),
    "reports_lonely": "report: lonely\nentity: firm\nif: [{none_of: visits}]\nmeasures: {count: {count: true}}\n",
    "dashboards_home": """
dashboard: home
cards:
  - kpi: {label: All of it, entity: firm, measure: {sum: revenue}}
  - kpi: {label: Rich ones, entity: firm, if: [{in_segment: rich}], measure: {count: true}}
""",
}


@pytest.fixture
def full_house(house_on_each: House) -> House:
    """Firms of which a seller sees all but their revenue, and of the visits only the own ones."""
    house = house_on_each
    number = house.publish(entities_firm=FIRM, entities_visit=VISIT, roles_seller=SELLER, **PARTS)
    house.wait_until_serving(number)
    workspace, bosses = get_workspace(house.engine), [house.user_id("sonia"), *[house.user_id("chris")] * 3]
    with open_session(house.engine, workspace, SYSTEM) as session:
        firms = [
            make_record(session, "firm", name=f"Firm {amount}", revenue=amount, state=state)
            for amount, state in ((50, "new"), (500, "old"), (5000, "old"), (7, None))
        ]
        for firm, boss in zip(firms, bosses, strict=True):
            make_record(session, "visit", subject="Tea", firm=firm, boss=boss)
    return house


@pytest.fixture
def seller(full_house: House) -> Browser:
    """A browser of one who may not see revenues."""
    browser = full_house.browser()
    assert browser.sign_in("sonia").status_code == 302
    return browser


@pytest.fixture
def chief(full_house: House) -> Browser:
    """A browser of the administrator."""
    browser = full_house.browser()
    assert browser.sign_in("admin").status_code == 302
    return browser


@pytest.mark.parametrize("name", ["rich", "graded", "nested"])
def test_a_segment_over_a_hidden_field_is_refused_everywhere(seller, name) -> None:
    refused = [
        seller.get(f"/api/v1/segment/{name}"),
        seller.get(f"/api/v1/firm/?q=(where:!((in_segment:{name})))"),
        seller.get(f"/export/firm?segment={name}", headers={"Accept": "application/json"}),
    ]
    for answer in refused:
        assert answer.status_code == 400, answer.text
        error = answer.json["error"]
        told = json.dumps([error["message"], *(problem["message"] for problem in error["problems"])])
        assert "uses data you" in told and "evenue" not in told
    page = seller.get(f"/firm/list/?segment={name}").text
    assert "uses data you" in page and ">Firm 5" not in page and "evenue" not in page


def test_a_segment_that_is_judged_by_a_part_of_the_records_says_so(seller, chief) -> None:
    assert chief.get("/api/v1/segment/unseen").json | {"ids": []} == {
        "segment": "unseen", "count": 0, "ids": [], "notes": [], "narrowed": [],
    }  # fmt: skip
    found = seller.get("/api/v1/segment/unseen").json
    assert found["count"] == 3 and found["narrowed"] == [{"entity": "visit", "seen": 1, "all": 4}]
    assert "1 of 4 (“Visits”)" in found["notes"][0]
    assert "1 of 4 (“Visits”)" in seller.get("/firm/list/?segment=unseen").text
    assert "1 of 4 records" not in seller.get("/firm/list/").text


def test_a_report_over_something_hidden_says_so_and_shows_nothing(seller, chief) -> None:
    for name in ("rich", "summed"):
        for path in (f"/api/v1/report/{name}", f"/reports/{name}/figure.json"):
            answer = seller.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == 400 and "uses data you" in answer.json["error"]["message"]
        for path in (f"/reports/{name}", f"/reports/{name}.xlsx"):
            page = seller.get(path)
            assert page.status_code == 400 and "uses data you" in page.text and "evenue" not in page.text
        assert chief.get(f"/api/v1/report/{name}").status_code == 200
    assert seller.get("/api/v1/report/lonely").json["narrowed"] == [{"entity": "visit", "seen": 1, "all": 4}]


def test_a_number_of_a_dashboard_that_is_not_open_is_a_dash(seller, chief) -> None:
    page = seller.get("/dashboard/home").text
    assert page.count("no access") == 2 and "All of it" in page
    shown = chief.get("/dashboard/home").text
    assert "€5,557.00" in shown and "no access" not in shown


def test_a_filter_by_a_hidden_field_reads_like_one_by_no_field(seller) -> None:
    for name in ("revenue", "grade", "nothing_of_the_kind"):
        where = json.dumps([{"field": name, "above": 100}])
        page = seller.get("/firm/list/", query_string={"where": where}).text
        assert f"There is no field “{name}” in “Firm”." in page and ">Firm 5" not in page
        assert "Revenue" not in page and ">Grade<" not in page
        editor = seller.get("/firm/filter", query_string={"where": where}).text
        assert "Revenue" not in editor and ">Grade<" not in editor


def board(browser: Browser, **arguments: str) -> dict[str, tuple[str, int]]:
    """Return the sum and the number of cards by column of the board."""
    page = browser.get("/firm/board/", query_string=arguments).text
    columns = re.findall(r'data-sum="(\w*)"><bdi>([^<]*)</bdi>.*?(?=<section|$)', page, re.DOTALL)
    parts = page.split('<section class="board-column">')[1:]
    return {
        key: (amount, part.count('board-card"')) for (key, amount), part in zip(columns, parts, strict=True)
    }


def test_a_board_counts_and_sums_what_its_filter_leaves_and_has_a_place_for_the_rest(chief) -> None:
    assert board(chief) == {"new": ("€50.00", 1), "old": ("€5,500.00", 2), "": ("€7.00", 1)}
    some = {"where": json.dumps([{"field": "revenue", "above": 100}])}
    assert board(chief, **some) == {"new": ("", 0), "old": ("€5,500.00", 2)}
    assert board(chief, q="5000") == {"new": ("", 0), "old": ("€5,000.00", 1)}
    assert board(chief, **some, more="old")["old"] == ("€5,500.00", 2)


def test_a_filter_stays_on_the_way_from_list_to_board_and_back(chief) -> None:
    where = json.dumps([{"field": "revenue", "above": 100}])
    for page in ("list", "board"):
        other = {"list": "board", "board": "list"}[page]
        text = chief.get(f"/firm/{page}/", query_string={"where": where}).text
        assert f'href="/firm/{other}/?where=' in text, page


def test_a_removed_choice_keeps_its_place_on_the_board(full_house, chief) -> None:
    changed = FIRM.replace("{new: Fresh, old: Stale}", "{new: Fresh}")
    number = full_house.publish(entities_firm=changed, entities_visit=VISIT, roles_seller=SELLER, **PARTS)
    full_house.wait_until_serving(number)
    assert board(chief) == {"new": ("€50.00", 1), "": ("€5,507.00", 3)}
    assert "Without “State”" in chief.get("/firm/board/").text
