"""Drafts over REST: prepared, seen by colleagues, published; a 409 brings the changes of whoever was quicker."""

from __future__ import annotations

import json

import pytest

from crm.entities.load import documents_from_json
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser

SCHEMA = "/api/v1/schema"
DRAFT = f"{SCHEMA}/draft"
STAR = {"segment": "stars", "entity": "customer", "if": [{"field": "revenue", "above": 9}]}


@pytest.fixture
def rest(app, engine, settings):
    """A function that sends a request as a user to the app of the live revision: `rest("admin", "PUT", DRAFT, {…})`."""
    apps = {app.extensions["crm_workspace"].number: app}

    def send(username: str, method: str, path: str, body: object = None):
        workspace = get_workspace(engine)
        if workspace.number not in apps:
            apps[workspace.number] = build_app(workspace, settings, engine)
            apps[workspace.number].test_client_class = Browser
        browser = apps[workspace.number].test_client()
        headers = {**browser.api_token(username), "Content-Type": "application/json"}
        return browser.open(path, method=method, data=json.dumps(body), headers=headers)

    return send


def live(engine, name: str, kind: str = "segment") -> dict:
    documents = get_workspace(engine).schema.documents
    return next(dict(one.body) for one in documents if (one.kind, one.name) == (kind, name))


def publish(engine, name: str, **keys: object) -> int:
    """Publish the live documents with other keys in one segment, as a colleague."""
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    for body in bodies:
        if body.get("segment") == name:
            body |= keys
    return publish_schema(engine, documents_from_json(bodies), "Meanwhile", "colleague")


def test_documents_are_laid_into_the_draft_and_published(engine, rest):
    text = "segment: moons\nentity: customer\nif: [{field: revenue, above: 1}]\n"
    remove = [{"kind": "segment", "name": "champions"}]
    put = rest("admin", "PUT", DRAFT, {"documents": [STAR, text], "remove": remove}).json
    assert [body["segment"] for body in put["documents"]] == ["stars", "moons"]
    assert put["removed"] == remove and put["clashes"] == []
    assert "stars" not in get_workspace(engine).schema.parts["segment"]
    rest("admin", "PUT", DRAFT, {"documents": [live(engine, "champions")]})
    version = rest("admin", "GET", DRAFT).json["version"]
    answer = rest("admin", "POST", f"{DRAFT}/publish", {"why": "Stars", "version": version})
    assert answer.json == {"revision": get_workspace(engine).number}
    assert {"stars", "moons", "champions"} <= set(get_workspace(engine).schema.parts["segment"])
    assert rest("admin", "GET", DRAFT).status_code == 404


def test_colleagues_see_a_draft_and_do_not_touch_it(rest):
    rest("admin", "PUT", DRAFT, {"documents": [STAR]})
    (found,) = rest("configurator", "GET", f"{SCHEMA}/drafts").json["drafts"]
    assert (found["user"], found["documents"]) == ("admin", [{"kind": "segment", "name": "stars"}])
    assert rest("configurator", "GET", f"{SCHEMA}/drafts/{found['id']}").json["documents"] == [STAR]
    assert rest("configurator", "DELETE", DRAFT).status_code == 404
    assert rest("admin", "GET", DRAFT).status_code == 200


def test_a_program_that_sorts_its_keys_means_the_same(rest):
    put = rest("admin", "PUT", DRAFT, {"documents": [dict(sorted(STAR.items()))]}).json
    assert next(iter(put["documents"][0])) == "segment" and put["problems"] == []


def test_a_draft_is_thrown_away(rest):
    rest("admin", "PUT", DRAFT, {"documents": [STAR]})
    assert rest("admin", "DELETE", DRAFT).status_code == 200
    assert rest("admin", "GET", DRAFT).status_code == 404


def test_an_older_version_of_the_draft_changes_and_publishes_nothing(engine, rest):
    version = rest("admin", "PUT", DRAFT, {"documents": [STAR]}).json["version"]
    rest("admin", "PUT", DRAFT, {"documents": [{**STAR, "label": "Stars"}], "version": version})
    for method, path, body in (("PUT", DRAFT, {"documents": [STAR]}), ("POST", f"{DRAFT}/publish", {})):
        answer = rest("admin", method, path, {**body, "version": version})
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "draft.moved_on")
    assert rest("admin", "GET", DRAFT).json["documents"][0]["label"] == "Stars"
    assert rest("admin", "POST", f"{DRAFT}/publish", {}).json["error"]["code"] == "draft.no_version"
    assert "stars" not in get_workspace(engine).schema.parts["segment"]


def test_a_draft_made_on_an_older_revision_answers_409_with_the_other_admins_changes(engine, rest):
    base, before = get_workspace(engine).number, live(engine, "champions")
    publish(engine, "champions", label="Theirs")
    put = rest("admin", "PUT", DRAFT, {"documents": [{**before, "label": "Mine"}], "base": base}).json
    answer = rest("admin", "POST", f"{DRAFT}/publish", {"version": put["version"]})
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (409, "draft.clashes") and error["message"]
    (clash,) = error["clashes"]
    assert (clash["kind"], clash["name"], clash["ways"]) == ("segment", "champions", ["mine", "theirs"])
    assert "Theirs" in str(clash["theirs"]) and "Mine" in str(clash["mine"])
    assert live(engine, "champions")["label"] == "Theirs"


def test_a_clash_is_settled_and_then_published(engine, rest):
    base, before = get_workspace(engine).number, live(engine, "champions")
    publish(engine, "champions", label="Theirs")
    rest("admin", "PUT", DRAFT, {"documents": [{**before, "label": "Mine"}], "base": base})
    key = {"kind": "segment", "name": "champions"}
    assert rest("admin", "POST", f"{DRAFT}/settle", {**key, "way": "both"}).status_code == 422
    settled = rest("admin", "POST", f"{DRAFT}/settle", {**key, "way": "mine"}).json
    assert settled["clashes"] == []
    assert rest("admin", "POST", f"{DRAFT}/settle", {**key, "way": "mine"}).status_code == 404
    answer = rest("admin", "POST", f"{DRAFT}/publish", {"version": settled["version"]})
    assert answer.status_code == 200 and live(engine, "champions")["label"] == "Mine"


def test_publishing_documents_made_on_an_older_revision_answers_409_with_what_changed_since(engine, rest):
    base = get_workspace(engine).number
    documents = [dict(document.body) for document in get_workspace(engine).schema.documents]
    number = publish(engine, "champions", label="Theirs")
    answer = rest("admin", "POST", f"{SCHEMA}/publish", {"documents": documents, "base": base})
    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (409, "schema.published_since")
    assert [row["name"] for row in error["changes"]["changed"]] == ["champions"]
    assert get_workspace(engine).number == number


def test_problems_of_a_draft_are_told_and_stop_its_publish(rest):
    wrong = {**STAR, "if": [{"field": "revenu", "above": 9}]}
    put = rest("admin", "PUT", DRAFT, {"documents": [wrong]}).json
    assert "“revenue”" in put["problems"][0]["message"]
    answer = rest("admin", "POST", f"{DRAFT}/publish", {"version": put["version"]})
    assert answer.status_code == 422 and "“revenue”" in answer.json["error"]["problems"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        [], {"documents": 3}, {"documents": ["segment: ["]}, {"documents": [7]}, {"documents": [{"segment": 3}]},
        {"documents": [{"nothing": "x"}]}, {"documents": [STAR], "remove": "x"}, {"documents": [], "remove": [{}]},
        {"documents": [STAR, {"role": ""}]},
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_and_nothing_is_kept(rest, body):
    answer = rest("admin", "PUT", DRAFT, body)
    assert answer.status_code == 422 and answer.json["error"]["message"]
    assert rest("admin", "GET", DRAFT).status_code == 404


@pytest.mark.parametrize("base", [-1, 999_999, 2**40])
def test_a_revision_nobody_published_is_no_base(rest, base):
    assert rest("admin", "PUT", DRAFT, {"documents": [STAR], "base": base}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", DRAFT), ("PUT", DRAFT), ("DELETE", DRAFT), ("GET", f"{SCHEMA}/drafts"), ("GET", f"{SCHEMA}/drafts/1"),
        ("POST", f"{DRAFT}/publish"), ("POST", f"{DRAFT}/settle"),
    ],
)  # fmt: skip
def test_only_those_who_configure_reach_drafts(client, rest, method, path):
    body = {"documents": [STAR], "version": 1, "way": "mine"} if method in ("PUT", "POST") else None
    assert rest("sales", method, path, body).status_code == 403
    assert client().open(path, method=method, json=body).status_code in (400, 401)


def test_a_role_that_gives_more_than_its_author_has_is_not_published(engine, rest):
    role = {"role": "curious", "entities": {"deal": {"can": ["read", "delete"]}}}
    put = rest("configurator", "PUT", DRAFT, {"documents": [role]}).json
    answer = rest("configurator", "POST", f"{DRAFT}/publish", {"version": put["version"]})
    assert put["problems"] and answer.status_code == 422
    assert "curious" not in get_workspace(engine).schema.parts["role"]
