"""Documents over REST are laid over what is live; what goes is named, and what people use goes only when confirmed."""

from __future__ import annotations

import json

import pytest

from crm.revisions.workspace import get_workspace

PUBLISH, DIFF, CHECK = (f"/api/v1/schema/{deed}" for deed in ("publish", "diff", "check"))
ROOM = {"entity": "room", "fields": {"name": {"type": "text"}}}


@pytest.fixture
def rest(client):
    """A function that posts an object as a user."""

    def send(path: str, body: dict, username: str = "admin"):
        browser = client()
        headers = {**browser.api_token(username), "Content-Type": "application/json"}
        return browser.post(path, data=json.dumps(body), headers=headers)

    return send


def names(engine) -> set[tuple[str, str]]:
    return {(found.kind, found.name) for found in get_workspace(engine).schema.documents}


def code(answer) -> str:
    return answer.json["error"]["code"]


def test_one_document_is_laid_over_all_others(engine, rest):
    before = names(engine)
    assert rest(PUBLISH, {"documents": [ROOM]}).status_code == 200
    assert names(engine) == before | {("entity", "room")}


def test_a_comparison_and_a_check_mean_the_same_as_the_publish(rest):
    found = rest(DIFF, {"documents": [ROOM]}).json
    assert found["removed"] == [] and [row["name"] for row in found["added"]] == ["room"]
    assert rest(CHECK, {"documents": [ROOM]}).json == {"problems": []}
    gone = rest(DIFF, {"remove": [{"kind": "segment", "name": "large_customers"}]}).json
    assert [row["name"] for row in gone["removed"]] == ["large_customers"]


def test_a_renamed_entity_does_not_stay_beside_itself(engine, rest):
    rest(PUBLISH, {"documents": [ROOM]})
    renamed = {"entity": "office", "was": "room", "fields": {"name": {"type": "text"}}}
    assert rest(PUBLISH, {"documents": [renamed]}).status_code == 200
    assert ("entity", "room") not in names(engine) and ("entity", "office") in names(engine)


def test_an_entity_goes_only_when_that_is_confirmed(engine, rest):
    rest(PUBLISH, {"documents": [ROOM]})
    going = {"remove": [{"kind": "entity", "name": "room"}]}
    refused = rest(PUBLISH, going)
    assert (refused.status_code, code(refused)) == (409, "schema.needs_agreement")
    assert "room" in refused.json["error"]["problems"][0]["message"].lower()
    assert ("entity", "room") in names(engine)
    assert rest(PUBLISH, {**going, "confirm": True}).status_code == 200
    assert ("entity", "room") not in names(engine)


def test_the_whole_set_is_replaced_only_by_its_word_with_its_base_and_confirmed(engine, rest):
    live = get_workspace(engine)
    whole = {"documents": [dict(found.body) for found in live.schema.documents], "replace": True}
    assert code(rest(PUBLISH, whole)) == "schema.replace_needs_base"
    assert code(rest(PUBLISH, {**whole, "base": live.number, "remove": [{"kind": "x", "name": "y"}]})) == (
        "schema.replace_or_remove"
    )
    assert rest(PUBLISH, {**whole, "base": live.number}).json == {"revision": live.number}
    one = {"documents": [ROOM], "replace": True, "base": live.number}
    assert code(rest(PUBLISH, one)) == "schema.needs_agreement"
    assert names(engine) == {(found.kind, found.name) for found in live.schema.documents}


def test_nobody_loses_their_own_access_unasked(engine, rest):
    documents = get_workspace(engine).schema.documents
    role = next(
        dict(found.body) for found in documents if (found.kind, found.name) == ("role", "configurator")
    )
    refused = rest(PUBLISH, {"documents": [{**role, "admin": False}]}, "configurator")
    assert (refused.status_code, code(refused)) == (409, "schema.needs_agreement")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, "schema.no_documents"),
        ({"documents": {}}, "schema.no_documents"),
        ({"remove": ["room"]}, "schema.remove_needs_names"),
        ({"remove": [{"kind": "entity", "name": "nothing"}]}, "schema.has_problems"),
        ({"documents": [ROOM], "replace": "yes"}, "schema.replace_is_true_or_false"),
        ({"documents": [ROOM], "base": "1"}, "schema.base_is_a_number"),
        ({"documents": [ROOM] * 2_001}, "schema.too_many_documents"),
    ],
)
def test_what_cannot_be_meant_is_refused(rest, body, wanted):
    refused = rest(PUBLISH, body)
    assert (refused.status_code, code(refused)) == (422, wanted)


def test_the_web_asks_for_the_same_agreement(engine, client):
    browser = client("admin")
    browser.submit("/admin/roles/cashier/delete", {}, "/admin/roles/cashier/")
    page = browser.get("/admin/schema/draft/")
    assert 'id="losses"' in page.text
    sent = {"version": page.text.split('name="version" value="')[1].split('"')[0]}
    refused = browser.submit("/admin/schema/draft/publish", sent, "/admin/schema/draft/")
    assert refused.status_code == 409 and ("role", "cashier") in names(engine)
    agreed = browser.submit("/admin/schema/draft/publish", {**sent, "agreed": "on"}, "/admin/schema/draft/")
    assert agreed.status_code == 302 and ("role", "cashier") not in names(engine)
