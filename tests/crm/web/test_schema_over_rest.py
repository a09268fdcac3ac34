"""The revisions over REST: listed, and gone back to, by those who may configure the CRM."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable

import pytest

from crm.entities.load import documents_from_json
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_customer

HISTORY, ROLLBACK = "/api/v1/schema/history", "/api/v1/schema/rollback"
CONFIGURES, STAFF = "configurator", "sales"


def publish(engine, change: Callable[[dict[tuple[str, str], dict]], None], why: str = "") -> int:
    """Publish the live documents with a change; return the revision."""
    workspace = get_workspace(engine)
    bodies = [copy.deepcopy(dict(document.body)) for document in workspace.schema.documents]
    known = {(next(iter(body)), body[next(iter(body))]): body for body in bodies}
    change(known)
    return publish_schema(engine, documents_from_json(known.values()), why, "colleague")


def with_star(known) -> None:
    known["entity", "deal"]["icon"] = "star"


def hide_amount(known) -> None:
    known["role", "viewer"]["entities"]["deal"]["hidden"].append("amount")


@pytest.fixture
def rest(client):
    """A function that sends a request as a user: `rest("admin", ROLLBACK, {"number": 1})`; without a body it asks."""

    def send(username: str, path: str, body: object = None):
        browser = client()
        headers = browser.api_token(username)
        if body is None:
            return browser.get(path, headers=headers)
        sent = json.dumps(body)  # in its own order: the first key of a document says its kind
        return browser.post(path, data=sent, headers={**headers, "Content-Type": "application/json"})

    return send


def test_the_history_lists_every_revision_newest_first(engine, rest):
    first = get_workspace(engine).number
    second = publish(engine, with_star, "Icons")
    rows = rest(CONFIGURES, HISTORY).json["revisions"]
    assert [row["number"] for row in rows] == list(range(second, first - 1, -1))
    assert dt.datetime.fromisoformat(rows[0].pop("created_at"))
    assert rows[0] == {"number": second, "why": "Icons", "user_name": "colleague", "base": first}


def test_going_back_makes_a_new_revision_in_the_callers_name(engine, rest):
    first = get_workspace(engine).number
    second = publish(engine, with_star)
    assert rest("admin", ROLLBACK, {"number": first}).json == {"revision": second + 1}
    assert get_workspace(engine).schema.entities["deal"].icon != "star"
    assert rest("admin", HISTORY).json["revisions"][0]["user_name"] == "admin"


@pytest.mark.parametrize("number", [0, -1, 999_999, 2**31, 10**18])
def test_a_number_nobody_published_is_not_found(rest, engine, number):
    before = get_workspace(engine).number
    answer = rest("admin", ROLLBACK, {"number": number})
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "schema.no_such_revision")
    assert get_workspace(engine).number == before


@pytest.mark.parametrize(
    "body", [{}, [], {"number": "1"}, {"number": 1.5}, {"number": True}, {"number": None}]
)
def test_a_body_without_a_number_says_what_to_send(rest, body):
    answer = rest("admin", ROLLBACK, body)
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "schema.no_number")


def test_only_those_who_configure_read_the_history_and_go_back(engine, rest):
    first = get_workspace(engine).number
    second = publish(engine, with_star)
    assert rest(STAFF, HISTORY).status_code == 403
    assert rest(STAFF, ROLLBACK, {"number": first}).status_code == 403
    assert get_workspace(engine).number == second


def test_a_stranger_is_asked_to_sign_in(client):
    assert client().get(HISTORY).status_code == 401
    assert client().post(ROLLBACK, json={"number": 1}).status_code in (400, 401)


def test_going_back_does_not_uncover_a_field_that_the_caller_may_not_see(engine, rest):
    first = get_workspace(engine).number
    second = publish(engine, hide_amount)
    answer = rest(CONFIGURES, ROLLBACK, {"number": first})
    assert answer.status_code == 422 and "which is hidden from you" in answer.text
    assert get_workspace(engine).number == second


def test_the_diff_says_what_stands_against_its_caller_and_names_no_record_he_may_not_read(
    engine, session, rest
):
    make_customer(session, city="Serres")
    session.commit()
    session.close()
    documents = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    next(body for body in documents if body.get("entity") == "customer")["fields"]["city"]["type"] = "integer"
    spy = {"rule": "spy", "entity": "customer", "when": "record_saved", "then": [{"delete_record": {}}]}
    for who, is_free in ((CONFIGURES, False), ("admin", True)):
        found = rest(who, "/api/v1/schema/diff", {"documents": [*documents, spy]}).json
        told = [(row["bad"], bool(row["refused"])) for row in found["conversions"]]
        assert told == ([(1, True)] if is_free else [])  # not even how many, to who may not read them
        assert any("take over the draft" in row["message"] for row in found["problems"]) != is_free


@pytest.mark.parametrize(
    "body",
    [
        {"entity": "deal"},
        {"entity": "deal", "fields": None},
        {"entity": "deal", "fields": ["name"]},
        {"entity": "deal", "fields": {"name": "text"}},
        {"entity": "deal", "fields": {"name": {}}},
        {"entity": "new", "label": 5, "fields": {"name": {"type": ["text"]}}},
        {"role": "spy", "entities": {"deal": {"can": [["read"]], "records": [[[]]]}}},
        {
            "rule": "spy",
            "entity": "deal",
            "when": {"changed": {}},
            "then": [{"notify": {"to": [[]], "text": []}}],
        },
        {"template": "spy", "entity": ["deal"], "subject": {}, "body": []},
        {"report": "spy", "entity": "deal", "measures": [], "group_by": {"a": []}},
    ],
)
def test_a_document_of_any_shape_gets_an_answer(engine, rest, body):
    documents = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    first = next(iter(body))
    sent = [known for known in documents if (next(iter(known)), known.get(first)) != (first, body[first])]
    for path in ("check", "diff", "publish"):
        answer = rest(CONFIGURES, f"/api/v1/schema/{path}", {"documents": [*sent, body]})
        assert answer.status_code in (200, 422), (path, answer.text)
