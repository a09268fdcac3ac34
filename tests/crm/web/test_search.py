"""Search in the browser and over REST: one function, within rights, with honest counts, whatever is typed."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from crm.records import ranking, search
from crm.records.service import update_record
from crm.web import search_pages
from tests.factories import make_contact, make_customer, make_deal, user_id

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def found(session) -> int:
    """A customer, a deal and a contact whose words are alike; returns the customer's number."""
    customer = make_customer(session, name="Λιμάνι ΑΕ", city="Πειραιάς", phone="+302101234567").id
    make_deal(session, name="Limani roof", customer=customer)
    for number in range(7):
        make_contact(session, name=f"Limani {number}", customer=customer)
    session.commit()
    return customer


def lines(text: str) -> list[str]:
    """Return the addresses of the options of the drop-down."""
    return re.findall(r'role="option"[^>]* href="([^"]+)"', text)


def test_rest_answers_the_best_of_each_entity_with_counts(client, found):
    browser = client("admin")
    body = browser.get("/api/v1/search?q=limani&limit=5").json
    assert (body["query"], body["counts"]) == ("limani", {"customer": 1, "deal": 1, "contact": 7})
    assert [result["entity"] for result in body["results"]] == [
        "customer",
        "deal",
        "contact",
        "contact",
        "contact",
    ]
    first = body["results"][0]
    assert set(first) == {"entity", "id", "title", "detail", "url"}
    assert (first["id"], first["title"], first["url"]) == (found, "Λιμάνι ΑΕ", f"/customer/show/{found}")
    assert browser.get("/api/v1/search?q=4567").json["results"][0]["detail"].startswith("Phone: ")
    assert browser.get("/api/v1/search?q=xyzzy").json == {"query": "xyzzy", "results": [], "counts": {}}


@pytest.mark.parametrize(
    "asked", ["", "limit=3", "q=a&limit=0", "q=a&limit=101", "q=a&limit=x", "q=a&page=2", "q=a&limit="]
)
def test_rest_refuses_bad_arguments_in_the_one_shape(client, asked):
    answer = client("admin").get(f"/api/v1/search?{asked}")
    assert answer.status_code == 400
    assert set(answer.json["error"]) >= {"code", "message", "problems"}
    assert len(answer.json["error"]["problems"]) == 1


def test_rest_is_described_and_closed_to_strangers(client):
    described = client("admin").get("/api/v1/_openapi").json["paths"]["/api/v1/search"]["get"]
    assert [one["name"] for one in described["parameters"]] == ["q", "limit"]
    shape = described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert set(shape) == {"query", "results", "counts"}
    assert client().get("/api/v1/search?q=limani").status_code == 401


def test_what_is_hidden_or_out_of_reach_is_neither_found_nor_counted_nor_told(client, session, found):
    reader = client("viewer")  # the phone is hidden from this role
    assert reader.get("/api/v1/search?q=1234567").json["results"] == []
    assert lines(reader.get("/search/panel?q=1234567").text) == []
    told = reader.get("/api/v1/search?q=limani").text
    assert "1234567" not in told.replace(" ", "")
    mine = make_customer(session, name="Mine Zephyr", owner=user_id(session, "sales")).id
    make_customer(session, name="Other Zephyr", owner=user_id(session, "admin"))
    session.commit()
    sales = client("sales").get("/api/v1/search?q=zephyr").json
    assert (sales["counts"], [one["id"] for one in sales["results"]]) == ({"customer": 1}, [mine])
    assert client("admin").get("/api/v1/search?q=zephyr").json["counts"] == {"customer": 2}


def test_the_drop_down_groups_records_then_actions_and_pages(client, found):
    admin = client("admin")
    addresses = lines(admin.get("/search/panel?q=limani").text)
    assert addresses[0] == f"/customer/show/{found}" and addresses[-1] == "/search?q=limani"
    assert len([one for one in addresses if one.startswith("/contact/")]) == search.GROUP_HITS
    assert lines(admin.get("/search/panel?q=add%20cust").text)[0] == "/customer/add"
    assert "/admin/rules/" in lines(admin.get("/search/panel?q=rules").text)
    assert "/reports/deals_by_stage" in lines(admin.get("/search/panel?q=deals%20by").text)
    assert "/profile/" in lines(admin.get("/search/panel?q=time%20zone").text)
    marketing = client("marketing")
    assert "/admin/rules/" not in lines(marketing.get("/search/panel?q=rules").text)
    assert "/customer/add" not in lines(client("viewer").get("/search/panel?q=add%20cust").text)


def test_what_is_not_found_can_be_created_by_those_who_may(client, session, found):
    admin = client("admin")
    assert (
        lines(admin.get("/search/panel?q=Zephyros%20%26%20Co").text)[0]
        == "/customer/add?name=Zephyros+%26+Co"
    )
    assert lines(admin.get("/search/panel?q=699%20999%208877").text) == ["/customer/add?phone=699+999+8877"]
    assert lines(admin.get("/search/panel?q=!!").text) == []
    assert lines(client("viewer").get("/search/panel?q=Zephyros").text) == []
    form = admin.get("/customer/add?name=Zephyros+%26+Co").text
    assert 'value="Zephyros &amp; Co"' in form


def test_the_empty_field_shows_what_was_opened_last_as_far_as_it_may_still_be_seen(client, session, found):
    mine = make_customer(session, name="Mine", owner=user_id(session, "sales")).id
    contact = session.scalar(sa.select(session.workspace.models["contact"].id))
    session.commit()
    sales = client("sales")
    for path in (f"/customer/show/{mine}", f"/customer/show/{mine}"):
        sales.get(path).close()
    admin = client("admin")
    for path in (
        f"/customer/show/{found}",
        f"/contact/show/{contact}",
        f"/customer/show/{mine}",
        f"/customer/show/{found}",
    ):
        admin.get(path).close()
    opened = [one for one in lines(admin.get("/search/panel").text) if "/show/" in one]
    assert opened == [f"/customer/show/{found}", f"/customer/show/{mine}", f"/contact/show/{contact}"]
    assert f"/customer/show/{mine}" in lines(sales.get("/search/panel?q=").text)
    customer, other = session.workspace.schema.entities["customer"], user_id(session, "admin")
    update_record(session, customer, mine, {"owner": other})
    session.commit()
    assert f"/customer/show/{mine}" not in lines(sales.get("/search/panel?q=").text)


def test_the_page_counts_by_entity_and_narrows_to_one(client, found, monkeypatch):
    monkeypatch.setattr(search_pages, "PAGE_HITS", 3)
    monkeypatch.setattr(search_pages, "COUNTED", 5)
    monkeypatch.setattr(ranking, "BLOCK", 4)
    admin = client("admin")
    text = admin.get("/search?q=limani").text
    assert re.findall(r'in=(\w+)"[^>]*><bdi>[^<]*</bdi> <span class="count-badge"><bdi>([^<]*)', text) == [
        ("customer", "1"), ("deal", "1"), ("contact", "5+"),
    ]  # fmt: skip
    seen = []
    for number in range(3):
        page = admin.get(f"/search?q=limani&in=contact&page={number}").text
        seen.append(re.findall(r"/contact/show/(\d+)", page))
        assert (f"page={number + 1}" in page) is (number < 2)
    assert [len(found) for found in seen] == [3, 3, 1]
    assert len(set(sum(seen, []))) == 7
    assert admin.get("/search?q=limani&in=nothing").status_code == 404


ODD = (
    "a" * 10_000, "א" * 10_000, "a " * 5_000, "1 " * 5_000, "%ED%A0%80", "a%ED%BF%BFb", "%00", "a%00b", "%01%1B%7F",
    "!?...", quote("\u202eכהן\u202c smith \u2067אב\u2069"), quote("—״'\""), "%FF%FE", quote("😀" * 3), "%25",
    "%27%22%3C%3E", quote("\u0301" * 9_000),
)  # fmt: skip


def test_whatever_is_typed_is_answered_in_time_everywhere(client, found):
    admin = client("admin")
    admin.get("/search?q=warm")
    began = time.perf_counter()
    for words in ODD:
        for path in (
            "/search?q=",
            "/search/panel?q=",
            "/api/v1/search?q=",
            "/customer/list/?q=",
            "/search?in=customer&q=",
        ):
            answer = admin.get(path + words)
            assert answer.status_code == 200, (path, words[:20])
    assert time.perf_counter() - began < len(ODD) * 5  # a second each; it takes a tenth of that
