"""The wizard in the web, and its REST twin."""

from __future__ import annotations

import io
import json
import re

import pytest

from crm.imports import lease, work

PEOPLE = "Name;E-mail;City\nAna;ana@x.org;Cluj\nBo;no mail;Iași\n".encode()


@pytest.fixture
def shop(engine, settings):
    """The workshop the app's own settings describe."""
    from crm.imports.service import import_settings

    return lease.ImportWorkshop(engine, import_settings(settings))


def upload(browser, content: bytes = PEOPLE, name: str = "people.csv", entity: str = "customer"):
    return browser.submit("/import/", {"entity": entity, "file": (io.BytesIO(content), name)})


def test_the_wizard_leads_from_a_file_to_records_and_back(client, shop):
    browser = client("manager")
    answer = upload(browser)
    assert answer.status_code == 302
    page = answer.location
    batch_id = int(page.rsplit("/", 1)[1])
    match = browser.get(page).text
    assert "Cluj" in match and re.search(r'value="email" selected', match)
    assert browser.submit(f"{page}/match", {"mode": "create"}, page).status_code == 302
    assert 'hx-get="' in browser.get(page).text and 'data-poll="1"' in browser.get(page).text
    assert work.check_batch(shop, batch_id)
    checked = browser.get(f"{page}/progress").text
    assert "<html" not in checked and "no mail" in checked and "data-poll" not in checked
    assert "active rules look at these records" in checked
    assert browser.get(f"{page}/problems.xlsx").data.startswith(b"PK")
    browser.submit(f"{page}/apply", {}, page)
    assert work.apply_batch(shop, batch_id)
    assert "Undo import" in browser.get(page).text
    assert browser.get("/customer/list/").text.count("Ana") >= 1
    browser.submit(f"{page}/undo", {}, page)
    assert work.undo_batch(shop, batch_id)
    assert "Removed" in browser.get(page).text
    assert "people.csv" in browser.get("/import/").text


def test_an_import_without_rules_names_none(client, shop):
    browser = client("manager")
    page = upload(browser).location
    browser.submit(f"{page}/match", {"mode": "create", "rules": "skip"}, page)
    assert work.check_batch(shop, int(page.rsplit("/", 1)[1]))
    assert "active rules look" not in browser.get(f"{page}/progress").text


def test_a_refused_file_is_told_in_place(client):
    answer = upload(client("manager"), b"\x89PNG", "picture.xlsx")
    assert answer.status_code == 422
    assert "be read as a spreadsheet" in answer.text


def test_a_refused_matching_keeps_what_was_chosen(client):
    browser = client("manager")
    page = upload(browser).location
    answer = browser.submit(f"{page}/match", {"mode": "create", "field-0": "city", "field-2": "city"}, page)
    assert answer.status_code == 422
    assert "matched to the same field" in answer.text


def test_another_header_row_is_read_anew(client):
    browser = client("manager")
    page = upload(browser, b"Customers 2026;\nName;City\nAna;Cluj\n").location
    assert "looks like a title" in browser.get(page).text
    browser.submit(f"{page}/sheet", {"header_row": "2"}, page)
    assert re.search(r'value="name" selected', browser.get(page).text)


def test_those_without_the_right_see_no_wizard(client):
    assert client().get("/import/").status_code == 302
    browser = client("external_agent")
    assert browser.get("/import/").status_code == 403
    data = {"entity": "customer", "file": (io.BytesIO(PEOPLE), "people.csv")}
    assert browser.submit("/import/", data, "/profile/").status_code == 403


def test_the_right_counts_for_each_entity(client):
    browser = client("sales")
    assert upload(browser, entity="deal").status_code == 302
    assert upload(browser, entity="customer").status_code == 403


def test_the_import_of_somebody_else_is_not_there(client):
    page = upload(client("manager")).location
    assert client("admin").get(page).status_code == 200  # who sees everything sees everybody's
    assert client("configurator").get(page).status_code == 404  # the file holds records
    assert client("accountant").get(page).status_code == 404
    assert client("accountant").get(f"{page}/problems.xlsx").status_code == 404


def test_a_template_has_a_column_for_every_field_one_may_fill(client):
    answer = client("manager").get("/import/template/customer.xlsx")
    assert answer.status_code == 200 and answer.data.startswith(b"PK")
    assert client("manager").get("/import/template/nothing.xlsx").status_code == 404


@pytest.mark.parametrize(
    "path", ["/import/999999", "/import/99999999999999999999999", "/import/999999/progress"]
)
def test_an_import_that_is_not_there_is_404(client, path):
    assert client("manager").get(path).status_code == 404


def test_rest_takes_a_file_follows_and_applies_it(client, shop):
    browser = client()
    headers = browser.api_token("manager")
    options = json.dumps({"entity": "customer", "map": {"City": "city"}, "mode": "create"})
    data = {"file": (io.BytesIO(PEOPLE), "people.csv"), "options": options}
    posted = browser.post("/api/v1/import/", data=data, headers=headers)
    assert posted.status_code == 202, posted.text
    batch_id = posted.json["batch"]
    assert work.check_batch(shop, batch_id)
    told = browser.get(f"/api/v1/import/{batch_id}", headers=headers).json
    assert {name: told[name] for name in ("state", "total", "created", "failed")} == {
        "state": "checked", "total": 2, "created": 1, "failed": 1,
    }  # fmt: skip
    assert browser.get(told["problems_url"], headers=headers).data.startswith(b"PK")
    assert browser.post(f"/api/v1/import/{batch_id}/apply", headers=headers).status_code == 202
    assert work.apply_batch(shop, batch_id)
    assert browser.get(f"/api/v1/import/{batch_id}", headers=headers).json["state"] == "done"
    assert browser.post(f"/api/v1/import/{batch_id}/apply", headers=headers).status_code == 422


def test_rest_refuses_in_the_one_shape_of_errors(client):
    browser = client()
    headers = browser.api_token("manager")
    data = {"file": (io.BytesIO(b"\x89PNG"), "x.xlsx"), "options": json.dumps({"entity": "customer"})}
    answer = browser.post("/api/v1/import/", data=data, headers=headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "import.corrupt")
    wrong = {
        "file": (io.BytesIO(PEOPLE), "x.csv"),
        "options": json.dumps({"entity": "customer", "colour": 1}),
    }
    assert (
        browser.post("/api/v1/import/", data=wrong, headers=headers).json["error"]["code"]
        == "import.unknown_option"
    )
    assert browser.post("/api/v1/import/", data={"options": "[1"}, headers=headers).status_code == 400
    assert client().get("/api/v1/import/1").status_code == 401


def test_the_pages_work_in_hebrew(client, shop):
    browser = client("manager")
    page = upload(browser).location
    browser.get("/lang/he")
    assert 'dir="rtl"' in browser.get(page).text
