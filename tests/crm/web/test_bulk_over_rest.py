"""Bulk changes over REST: one deed on many records, followed and undone; what is not understood does nothing."""

from __future__ import annotations

import pytest

from tests.factories import make_customer, user_id


@pytest.fixture
def customers(session) -> list[int]:
    """Three customers of a sales person, and one of somebody else."""
    nina = user_id(session, "sales")
    own = [make_customer(session, owner=nina, city="Volos").id for _ in range(3)]
    found = [*own, make_customer(session, city="Volos").id]
    session.commit()
    return found


def send(browser, path, body=None):
    return browser.post(path, json=body or {}, headers={"X-CSRFToken": browser.token("/profile/")})


def cities(browser, ids):
    return [browser.get(f"/api/v1/customer/{each}").json["result"]["city"] for each in ids]


def test_a_deed_is_followed_and_undone(client, customers):
    browser, admin = client("sales"), client("admin")
    answer = send(browser, "/api/v1/customer/bulk", {"ids": customers, "values": {"city": "Patra"}})
    assert answer.status_code == 202 and set(answer.json) == {"job"}
    job = browser.get(f"/api/v1/job/{answer.json['job']}").json
    assert (job["state"], job["total"], job["done"], job["changed"], job["refused"]) == ("done", 4, 4, 3, 1)
    assert [each["id"] for each in job["problems"]] == [customers[3]]
    assert cities(admin, customers) == ["Patra"] * 3 + ["Volos"]
    assert client("service").get(f"/api/v1/job/{job['job']}").status_code == 404
    undo = send(browser, f"/api/v1/job/{job['job']}/undo")
    assert undo.status_code == 202 and undo.json["undoes"] == job["job"] and undo.json["state"] == "done"
    assert cities(admin, customers) == ["Volos"] * 4
    assert send(browser, f"/api/v1/job/{job['job']}/undo").status_code == 409
    assert send(browser, f"/api/v1/job/{job['job']}/cancel").status_code == 409
    listed = browser.get("/api/v1/job/").json
    assert [each["state"] for each in listed["result"]] == ["done", "undone"]


def test_a_filter_finds_what_the_caller_may_see(client, customers):
    where = [{"col": "city", "opr": "eq", "value": "Volos"}]
    answer = send(
        client("sales"), "/api/v1/customer/bulk", {"filters": where, "values": {"owner": {"id": 1}}}
    )
    job = client("sales").get(f"/api/v1/job/{answer.json['job']}").json
    assert (job["total"], job["changed"], job["refused"]) == (3, 0, 3)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"values": {"city": "x"}}, 400),
        ({"ids": [1], "filters": [], "values": {"city": "x"}}, 400),
        ({"ids": ["1"], "values": {"city": "x"}}, 400),
        ({"ids": [2**70], "values": {"city": "x"}}, 400),
        ({"ids": [1]}, 400),
        ({"ids": [1], "values": {"city": "x"}, "delete": True}, 400),
        ({"ids": [1], "erase": True}, 400),
        ({"filters": [{"col": "nothing", "opr": "eq", "value": 1}], "values": {"city": "x"}}, 400),
        ({"ids": [1], "values": {}}, 422),
        ({"ids": [1], "values": {"nothing": 1}}, 422),
        ({"ids": [1], "values": {"credit_limit": 1}}, 422),
    ],
)
def test_what_is_not_understood_begins_no_job(client, customers, body, status):
    browser = client("sales")
    assert send(browser, "/api/v1/customer/bulk", body).status_code == status
    assert browser.get("/api/v1/job/").json["count"] == 0


def test_rights_decide_who_may_begin(client, customers):
    answer = send(client("viewer"), "/api/v1/customer/bulk", {"ids": customers, "values": {"city": "x"}})
    assert answer.status_code == 403
