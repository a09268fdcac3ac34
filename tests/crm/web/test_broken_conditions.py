"""A condition that be applied never widens an answer: it is refused, or nothing is shown and it is marked."""

from __future__ import annotations

import csv
import html
import io
import json
import random
import re
from urllib.parse import parse_qs, urlsplit

import prison
import pytest

from tests.browsing import Browser
from tests.crm.web.form_reader import form_of
from tests.factories import make_customer, make_deal

BROKEN = (
    {"field": "stage", "is": "nonsense"},
    {"field": "amount", "above": "abc"},
    {"field": "closes_on", "above": "2026-13-01"},
    {"field": "customer.no.such.path", "is": "x"},
    {"field": "no_such_field", "is": "x"},
    {"field": "amount", "resembles": 5},
    {"field": "closes_on", "within_last": "3 moons"},
    {"any": [{"field": "stage", "is": "won"}, {"field": "stage", "is": "nonsense"}]},
    {"none": [{"field": "amount", "below": "abc"}]},
    {"any_of": "no_children"},
    {"formula": "amount > "},
    {"in_segment": "no_such_segment"},
    "amount > 5",
    17,
    None,
)
GOOD = (
    {"field": "amount", "above": 100},
    {"field": "stage", "is_not": "lost"},
    {"field": "customer.name", "contains": "a"},
    {"field": "closes_on", "is_empty": True},
)
FILTERS = (
    "(col:stage,opr:eq,value:nonsense)", "(col:amount,opr:gt,value:abc)", "(col:closes_on,opr:gt,value:'2026-13-01')",
    "(col:no_such_field,opr:eq,value:x)", "(col:amount,opr:nonsense,value:5)", "(col:customer.nope,opr:eq,value:x)",
    "(col:stage,opr:neq,value:nonsense)", "(col:stage,opr:in,value:!(won,nonsense))", "(col:amount)", "(opr:eq)", "5",
    "(col:stage,opr:nct,value:'')", "(col:stage,opr:eq,value:!n)", "(col:!(stage),opr:eq,value:won)", "!n",
)  # fmt: skip
WILD_FIELDS = (
    "stage",
    "amount",
    "closes_on",
    "customer",
    "owner",
    "name",
    "customer.name",
    "created_at",
    "nope",
    "",
)
WILD_OPERATORS = (
    "is",
    "is_not",
    "above",
    "between",
    "is_one_of",
    "contains",
    "older_than",
    "in_segment",
    "is_empty",
)
WILD_VALUES = (
    "won", "nonsense", 5, -1e9, True, None, [], [1, 2], {"a": 1}, "2026-02-30", "3 days", "= amount", "\ud800",
)  # fmt: skip


@pytest.fixture
def deals(session):
    """Deals that every broken filter would show if it were left out."""
    customer = make_customer(session, name="Acme").id
    for amount, stage in ((50, "prospect"), (500, "prospect"), (5000, "qualified")):
        make_deal(session, name=f"Deal of {amount}", customer=customer, amount=amount, stage=stage)
    session.commit()


def listed(browser: Browser, path: str, **arguments: str) -> set[str]:
    """Return the deals that a page shows."""
    answer = browser.get(path, query_string=arguments or None)
    assert answer.status_code == 200, answer.text
    return set(re.findall(r">(Deal of \d+)<", answer.text))


@pytest.mark.parametrize("line", BROKEN, ids=str)
def test_no_surface_answers_more_than_was_asked(client, deals, line) -> None:
    browser, where = client("admin"), json.dumps([line, GOOD[0]])
    assert not listed(browser, "/deal/list/", where=where)
    assert not listed(browser, "/deal/board/", where=where)
    assert "be applied" in browser.get("/deal/list/", query_string={"where": where}).text
    rest = browser.get("/api/v1/deal/", query_string={"q": prison.dumps({"where": [line, GOOD[0]]})})
    export = browser.get(
        "/export/deal", query_string={"where": where}, headers={"Accept": "application/json"}
    )
    for answer in (rest, export):
        assert answer.status_code == 400
        assert answer.json["error"]["problems"][0]["message"]


def test_a_page_says_what_is_wrong_in_labels_and_not_in_keys(client, deals) -> None:
    browser = client("admin")
    for argument, value, words in (
        ("_flt_0_stage", "nonsense", "not a choice of “Stage”. The choices are: New"),
        ("_flt_1_amount", "abc", "Amount: “abc” doesn't fit here"),
        ("_flt_9_name", "x", "“Name”"),
        ("where", '[{"field": "stag", "is": "x"}]', "in “Deal”. Did you mean “Stage”?"),
        ("where", '[{"field": "customer.status", "is": "x"}]', "not a choice of “Status”"),
    ):
        assert words in html.unescape(browser.get("/deal/list/", query_string={argument: value}).text), words


def test_a_value_of_a_filter_is_never_a_formula(client, session) -> None:
    number = make_deal(session, name="=5 apples").id
    make_deal(session, name="5 pears")
    session.commit()
    browser = client("admin")
    for asked in ("(col:name,opr:sw,value:'=5')", "(col:name,opr:in,value:!('=5 apples'))"):
        assert browser.get(f"/api/v1/deal/?q=(filters:!({asked}))").json["ids"] == [number]
    page = browser.get("/deal/list/?_flt_0_name=%3D5").text
    assert "=5 apples" in page and "5 pears" not in page and "starts with “=5”" in page
    form = form_of(browser.get("/deal/filter?_flt_0_name=%3D5").text.partition('id="filter-form"')[2])
    back = browser.post("/deal/filter?_flt_0_name=%3D5", data=form).location
    assert json.loads(parse_qs(urlsplit(back).query)["where"][0]) == [{"field": "name", "starts_with": "==5"}]


@pytest.mark.parametrize("asked", FILTERS)
def test_a_filter_over_rest_that_cannot_be_applied_is_a_400_that_names_the_field(
    client, deals, asked
) -> None:
    answer = client("admin").get(f"/api/v1/deal/?q=(filters:!({asked},(col:amount,opr:gt,value:1)))")
    error = answer.json["error"]
    assert answer.status_code == 400 and error["code"] and error["message"]
    named = re.search(r"col:([\w.]+)", asked)
    assert {problem["field"] for problem in error["problems"]} == {
        named[1] if named and "opr" in asked else "filters"
    }


@pytest.mark.parametrize(
    "asked",
    [
        "(order_column:no_such_field)", "(order_column:customer.nope)", "(order_column:name,order_direction:up)",
        "(columns:!(no_such_field))", "(columns:!(customer.nope))", "(columns:5)", "(page:abc)", "(page:-1)",
        "(page_size:'5')",
        "(keys:5)", "(where:5)", "(sort:name)", "(order_column:!(name))", "(search:!(a))",
    ],
)  # fmt: skip
def test_what_else_cannot_be_followed_over_rest_is_a_400(client, deals, asked) -> None:
    answer = client("admin").get(f"/api/v1/deal/?q={asked}")
    assert answer.status_code == 400 and answer.json["error"]["problems"], asked


def test_the_reason_is_told_in_the_language_of_the_caller(client, deals) -> None:
    browser = client()
    headers = {**browser.api_token("admin"), "Accept-Language": "el"}
    answer = browser.get("/api/v1/deal/?q=(filters:!((col:stage,opr:eq,value:nonsense)))", headers=headers)
    assert "επιλογ" in answer.json["error"]["problems"][0]["message"]


@pytest.mark.parametrize(
    ("argument", "left"),
    [
        ("_flt_0_stage=nonsense", ""), ("_flt_1_amount=abc", ""), ("_flt_9_name=x", ""), ("_flt_0_nothing=1", ""),
        ("_flt_12_name=x", ""), ("_flt_x=1", ""), ("where=[", ""), ("where={}", ""), ("segment=nothing", ""),
        ("_flt_6_amount=perhaps", ""), ("where=[{}]", ""),
        ("where=[{%22field%22: %22stage%22, %22is%22: %22x%22}, {%22field%22: %22amount%22, %22above%22: 100}]",
         "amount"),
    ],
)  # fmt: skip
def test_a_broken_part_of_an_address_is_marked_and_can_be_taken_away(client, deals, argument, left) -> None:
    browser = client("admin")
    page = browser.get(f"/deal/list/?{argument}").text
    assert "Deal of" not in page and "be applied" in page
    chip = html.unescape(re.search(r'chip-broken".*?<a href="([^"]+)"', page, re.DOTALL)[1])
    assert left in chip
    assert len(listed(browser, chip)) == (2 if left else 3)


@pytest.mark.parametrize(
    "argument", ["psize=many", "page=last", "after=that", "_oc_DealView=nothing", "_od_DealView=up"]
)
def test_what_changes_no_answer_is_told_beside_it(client, deals, argument) -> None:
    browser = client("admin")
    page = browser.get(f"/deal/list/?{argument}").text
    assert page.count(">Deal of") >= 3 and 'class="alert alert-warning"' in page
    assert browser.get(f"/export/deal?{argument}").status_code == 400


def test_random_arguments_never_show_more_than_the_good_ones_alone(client, deals) -> None:
    browser, chance = client("admin"), random.Random(9)
    for _round in range(60):
        good = chance.sample(GOOD, chance.randint(0, 2))
        wild = {
            "field": chance.choice(WILD_FIELDS),
            chance.choice(WILD_OPERATORS): chance.choice(WILD_VALUES),
        }
        lines = chance.sample([*good, wild], len(good) + 1)
        without = listed(browser, "/deal/list/", where=json.dumps(good))
        for path in ("/deal/list/", "/deal/board/"):
            assert listed(browser, path, where=json.dumps(lines)) <= without, lines
        exported = browser.get("/export/deal", query_string={"where": json.dumps(lines), "format": "csv"})
        rows = (
            list(csv.DictReader(io.StringIO(exported.text.lstrip("\ufeff"))))
            if exported.status_code == 200
            else []
        )
        assert exported.status_code in (200, 400) and {row["Name"] for row in rows} <= without, lines


def test_rison_that_is_cut_anywhere_is_answered_and_never_widens(client, deals) -> None:
    browser = client("admin")
    whole = "(columns:!(name),filters:!((col:amount,opr:gt,value:100)),order_column:name,page:0,page_size:20)"
    for size in range(1, len(whole)):
        for text in (whole[:size], whole[size:], whole[:size] + "!", whole[:size] + "'"):
            answer = browser.get("/api/v1/deal/", query_string={"q": text})
            assert answer.status_code == 400, text
