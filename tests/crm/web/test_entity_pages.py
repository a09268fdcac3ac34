"""The pages of an entity: odd addresses, refused forms, double clicks, stale forms, hostile values."""

from __future__ import annotations

import html
import io
import json
import re

import openpyxl
import pytest
import sqlalchemy as sa

from crm.records.service import update_record
from tests.factories import make_activity, make_customer, make_deal

HOSTILE = "<img src=x onerror=window.__xss=1>{{7*7}}"
ON_BOTH = pytest.mark.both_databases("what one database takes the other may refuse")
ODD_ARGUMENTS = (
    "page_DealView=abc", "page_DealView=-5", "page_DealView=99999999999999999999999", "psize_DealView=abc",
    "psize_DealView=999999999", "_oc_DealView=zzz&_od_DealView=asc", "_oc_DealView=owner.password",
    "_od_DealView=sideways",
    "_flt_9_name=x", "_flt_0_nothing=1", "_flt_0_amount=much", "_flt_0_closes_on=someday", "_flt_0_customer=abc",
    "_flt_0_stage=%27%20OR%201=1--", "where=%5B", "where=[[[[1]]]]", "where={}", "where=[{%22field%22:%22x%22}]",
    "segment=nothing", "after=abc", "q=%25%25%25", "q=%00", "q=" + "x" * 5_000, "_flt_1_name=" + "%F0%9F%98%80" * 50,
)  # fmt: skip


@pytest.fixture
def admin(client):
    """A browser of the administrator."""
    return client("admin")


@ON_BOTH
@pytest.mark.parametrize("arguments", ODD_ARGUMENTS)
def test_odd_list_arguments_never_break_the_page(admin, arguments):
    assert admin.get(f"/deal/list/?{arguments}").status_code == 200
    assert admin.get(f"/deal/board/?{arguments}").status_code == 200


@ON_BOTH
@pytest.mark.parametrize("pk", ["0", "-1", "abc", "1.5", "99999999999999999999999", "1%00", "..%2f..%2fetc"])
def test_odd_record_numbers_are_not_found(admin, pk):
    for page in ("show", "edit"):
        assert admin.get(f"/deal/{page}/{pk}").status_code == 404
    assert admin.get(f"/api/v1/deal/{pk}").status_code == 404


@ON_BOTH
@pytest.mark.parametrize(
    "rison",
    [
        "(",
        "!!!",
        "(page:abc)",
        "(page_size:-5)",
        "(page_size:99999999)",
        "(columns:x)",
        "'text'",
        "((((" * 200,
    ],
)
def test_odd_rison_is_a_clear_refusal(admin, rison):
    answer = admin.get("/api/v1/deal/", query_string={"q": rison})
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or answer.json["error"]["message"]


def test_a_refused_form_comes_back_with_what_was_typed_and_every_reason(admin):
    answer = admin.submit("/deal/add", {"name": "", "amount": "much", "stage": "prospect"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.text and 'id="field-amount-error"' in answer.text
    assert 'id="field-name-error"' in answer.text and 'id="field-customer-error"' in answer.text


def test_a_form_sent_twice_creates_one_record(admin, session):
    customer_id = make_customer(session).id
    session.commit()
    sent = {"name": "Once", "customer": customer_id, "stage": "prospect", "_once": "same-token"}
    first, second = admin.submit("/deal/add", sent), admin.submit("/deal/add", sent)
    assert first.status_code == second.status_code == 302 and first.location == second.location
    cls = session.workspace.models["deal"]
    assert session.scalar(sa.select(sa.func.count()).select_from(cls)) == 1


def test_a_stale_form_is_told_and_keeps_what_was_typed(admin, session):
    deal = make_deal(session, name="Before")
    deal_id, version = deal.id, deal.row_version
    update_record(session, session.workspace.schema.entities["deal"], deal_id, {"name": "Theirs"})
    session.commit()
    answer = admin.submit(f"/deal/edit/{deal_id}", {"name": "Mine", "_version": version})
    assert answer.status_code == 409 and 'value="Mine"' in answer.text
    session.expire_all()
    assert session.get(session.workspace.models["deal"], deal_id).name == "Theirs"


def test_what_only_the_other_changed_is_taken_and_what_both_changed_stands_beside(admin, session):
    deal = make_deal(session, name="Before", amount="100", next_step="Call")
    deal_id, version = deal.id, deal.row_version
    update_record(
        session, session.workspace.schema.entities["deal"], deal_id, {"name": "Theirs", "amount": "250"}
    )
    session.commit()
    sent = {"name": "Mine", "amount": "100.00", "next_step": "Visit", "_version": version}
    refused = admin.submit(f"/deal/edit/{deal_id}", sent)
    assert "Changed by someone else to “Theirs”." in refused.text
    assert 'value="Mine"' in refused.text and 'value="250.00"' in refused.text and "Visit" in refused.text
    newest = re.search(r'name="_version" value="(\d+)"', refused.text)[1]
    again = {"name": "Mine", "amount": "250.00", "next_step": "Visit", "_version": newest}
    assert admin.submit(f"/deal/edit/{deal_id}", again).status_code == 302
    session.expire_all()
    saved = session.get(session.workspace.models["deal"], deal_id)
    assert (saved.name, saved.amount, saved.next_step) == ("Mine", 250, "Visit")


@ON_BOTH
def test_hostile_values_are_shown_as_they_were_typed(admin, session):
    customer = make_customer(session, name=HOSTILE)
    deal = make_deal(session, name=HOSTILE, customer=customer.id)
    make_activity(session, subject=HOSTILE, customer=customer.id)
    paths = [
        "/customer/list/",
        f"/customer/show/{customer.id}",
        f"/customer/edit/{customer.id}",
        "/deal/board/",
    ]
    paths += [f"/deal/show/{deal.id}", "/search?q=img", f"/customer/list/?q={HOSTILE}"]
    session.commit()
    for path in paths:
        text = admin.get(path).text
        assert "<img src=x" not in text and "&lt;img src=x" in text, path


def test_deleting_asks_for_a_post_and_says_what_stands_in_the_way(admin, session):
    customer = make_customer(session)
    make_deal(session, customer=customer.id)
    customer_id = customer.id
    session.commit()
    assert admin.get(f"/customer/delete/{customer_id}").status_code == 405
    answer = admin.submit(f"/customer/delete/{customer_id}", {}, page="/profile/", follow_redirects=True)
    assert "t delete: there are still" in answer.text
    assert session.get(session.workspace.models["customer"], customer_id) is not None


def test_a_move_of_a_choice_can_be_taken_back_at_once(admin, session):
    deal_id = make_deal(session, stage="prospect").id
    session.commit()
    page = admin.submit(
        f"/deal/set/{deal_id}/stage", {"value": "qualified"}, page="/profile/", follow_redirects=True
    )
    undo = html.unescape(re.search(r'data-undo-url="([^"]+)"', page.text)[1])
    assert admin.submit(undo, {}, page="/profile/").status_code == 302
    session.expire_all()
    assert session.get(session.workspace.models["deal"], deal_id).stage == "prospect"


def test_a_move_on_the_board_says_how_to_take_it_back(admin, session):
    deal_id = make_deal(session, stage="prospect").id
    session.commit()
    move = {"id": deal_id, "from": "prospect", "to": "qualified"}
    answer = admin.submit("/deal/board/", move, page="/profile/")
    assert answer.json["toast"]["undo"] == f"/deal/set/{deal_id}/stage?value=prospect"


def test_a_choice_that_needs_more_asks_for_it_in_the_form(admin, session):
    deal_id = make_deal(session, stage="negotiation").id
    session.commit()
    answer = admin.submit(f"/deal/set/{deal_id}/stage", {"value": "lost"}, page="/profile/")
    assert answer.status_code == 422
    assert f'action="/deal/edit/{deal_id}"' in answer.text and 'id="error-summary"' in answer.text


@pytest.mark.parametrize("field", ["nonsense", "id", "row_version"])
def test_what_is_no_field_cannot_be_set_in_place(admin, session, field):
    deal_id = make_deal(session).id
    session.commit()
    assert admin.submit(f"/deal/set/{deal_id}/{field}", {"value": "7"}, page="/profile/").status_code == 422


def test_a_refused_move_on_the_board_says_why_and_changes_nothing(admin, session):
    deal = make_deal(session, stage="prospect")
    deal_id = deal.id
    session.commit()
    answer = admin.submit(
        "/deal/board/",
        {"id": deal_id, "to": "nowhere"},
        page="/profile/",
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422 and answer.json["error"]["message"]
    assert session.get(session.workspace.models["deal"], deal_id).stage == "prospect"


def test_a_view_is_saved_shared_and_taken_back(client, session):
    sales = client("sales")
    sent = {"name": "Big ones", "query": "_flt_1_amount=1000", "shared": "1"}
    sales.submit("/views/deal", sent, page="/profile/")
    assert (
        "Big ones" in sales.get("/deal/list/").text
        and "Big ones" in client("manager").get("/deal/list/").text
    )
    assert client("manager").submit("/views/delete/1", {}, page="/profile/").status_code == 404


def test_a_view_for_everyone_takes_the_right_to_change_and_whoever_configures_removes_it(client, session):
    viewer, sales, admin = client("viewer"), client("sales"), client("admin")
    sent = {"name": "Loud", "query": "_flt_1_amount=1000", "shared": "1"}
    assert viewer.submit("/views/deal", sent, page="/profile/").status_code == 403
    page = viewer.get("/deal/list/?_flt_1_amount=1000").text
    assert "Loud" not in page and 'name="shared"' not in page and 'id="save-view"' in page
    own = {"name": "Quiet", "query": "_flt_1_amount=1000"}
    assert viewer.submit("/views/deal", own, page="/profile/").status_code == 302
    assert "Quiet" in viewer.get("/deal/list/").text and "Quiet" not in sales.get("/deal/list/").text
    sales.submit("/views/deal", sent, page="/profile/")
    assert "/views/delete/2" in admin.get("/deal/list/?_flt_1_amount=1000").text
    assert "/views/delete/2" not in viewer.get("/deal/list/?_flt_1_amount=1000").text
    assert admin.submit("/views/delete/1", {}, page="/profile/").status_code == 404
    assert admin.submit("/views/delete/2", {}, page="/profile/").status_code == 302
    assert "Loud" not in sales.get("/deal/list/").text


@pytest.mark.both_databases("the search is SQL of its own on each")
def test_a_caller_is_found_however_the_number_is_written(admin, session):
    customer_id = make_customer(session, name="Caller", phone="+30 210 1234567", country="GR").id
    session.commit()
    for written in ("2101234567", "210 123 4567", "00302101234567", "+30-210-1234567"):
        assert admin.get("/pop", query_string={"phone": written}).location.endswith(
            f"/customer/show/{customer_id}"
        )
    assert "No record has" in admin.get("/pop?phone=2109999999").text


def test_exports_hold_no_formula(admin, session):
    make_deal(session, name="=1+1")
    make_deal(session, name="+SUM(A1)")
    session.commit()
    book = openpyxl.load_workbook(io.BytesIO(admin.get("/export/deal").data))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells) and "=1+1" in [cell.value for cell in cells]
    text = admin.get("/export/deal?format=csv").data.decode("utf-8-sig")
    assert ",=1+1" not in text and "'=1+1" in text


@ON_BOTH
def test_a_list_can_be_asked_in_the_language_of_conditions(admin, session):
    make_deal(session, name="Small", amount="10")
    make_deal(session, name="Large", amount="5000")
    session.commit()
    where = json.dumps([{"field": "amount", "above": 100}, {"field": "customer.name", "is_empty": False}])
    text = admin.get("/deal/list/", query_string={"where": where}).text
    assert "Large" in text and "Small" not in text


def test_an_unknown_field_in_the_api_is_refused_and_nothing_is_written(admin, session):
    customer_id = make_customer(session).id
    session.commit()
    headers = {"X-CSRFToken": admin.token("/profile/")}
    body = {"name": "Via REST", "customer": customer_id, "is_admin": True, "id": 99, "row_version": 5}
    answer = admin.post("/api/v1/deal/", json=body, headers=headers)
    assert answer.status_code == 422
    assert {problem["field"] for problem in answer.json["error"]["problems"]} == {
        "is_admin",
        "id",
        "row_version",
    }
    assert session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models["deal"])) == 0


def test_the_api_makes_reads_changes_and_deletes_with_versions(client, session):
    customer_id = make_customer(session).id
    session.commit()
    browser = client()
    headers = browser.api_token("admin")
    made = browser.post(
        "/api/v1/deal/", json={"name": "Via REST", "customer": customer_id, "amount": 12.5}, headers=headers
    )
    assert made.status_code == 201 and made.json["result"]["amount"] == "12.50"
    path, tag = f"/api/v1/deal/{made.json['id']}", made.headers["ETag"]
    assert browser.put(path, json={"amount": "20"}, headers={**headers, "If-Match": tag}).status_code == 200
    late = browser.put(path, json={"amount": "30"}, headers={**headers, "If-Match": tag})
    assert late.status_code == 409 and late.json["error"]["code"] == "record.changed_since"
    found = browser.get(path, headers=headers).json["result"]
    assert found["amount"] == "20.00" and found["customer"]["id"] == customer_id
    assert browser.delete(path, headers=headers).status_code == 200
    assert browser.get(path, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/customer/add", "t have permission to create these records: Customers."),
        ("/deal/edit/1", "t have permission to edit this record (Deals)."),
        ("/admin/schema/", "Only administrators can change the settings of the CRM."),
        ("/users/list/", "t have permission to do this. Ask an administrator."),
    ],
)
def test_a_page_that_is_refused_names_the_right_and_who_gives_it(client, path, sentence):
    answer = client("viewer").get(path)
    assert answer.status_code == 403
    assert sentence in answer.text
    assert "Administrators: " in answer.text


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\t/evil.example", "/\\evil.example", "/\n/evil", "https://evil.example"]
)
def test_a_form_leads_back_to_no_other_site(client, back):
    sent = {"name": "New", "code": "X", "category": "machine", "_back": back}
    assert client("admin").submit("/product/add", sent).location == "/"


@pytest.mark.parametrize(("role", "may_change"), [("viewer", False), ("manager", True)])
def test_pages_offer_no_way_that_is_then_refused(client, session, role, may_change):
    number = make_deal(session).id
    session.commit()
    browser = client(role)
    record = browser.get(f"/deal/show/{number}").text
    assert (f'href="/deal/edit/{number}"' in record) is may_change
    ways = set(re.findall(r'href="(/[^"#]*)"', record + browser.get("/deal/list/").text))
    ways = {html.unescape(way) for way in ways if not way.startswith(("/lang/", "/logout/", "/static/"))}
    assert not {way for way in ways if browser.get(way).status_code in (403, 404)}


@pytest.mark.parametrize(("role", "has_reports"), [("cashier", False), ("viewer", True)])
def test_the_menu_leads_to_reports_where_any_is_open(client, role, has_reports):
    assert ('href="/reports/"' in client(role).get("/customer/list/").text) is has_reports
