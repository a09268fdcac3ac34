"""Forms that an earlier revision drew: what was typed arrives under today's names, or comes back with a word."""

from __future__ import annotations

import re

import pytest

from crm.entities.load import build_schema, documents_from_json
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import publish_changed
from tests.crm.web.form_reader import FormReader
from tests.factories import make_customer, make_deal

FIELDS = {
    "memo": {"type": "text", "label": {"en": "Memo", "he": "תזכיר"}},
    "mood": {
        "type": "choice",
        "label": "Mood",
        "choices": {"good": {"label": "Good mood"}, "bad": {"label": "Bad"}},
    },
    "partner": {"type": "reference", "to": "customer", "label": "Partner"},
    "is_new": {"type": "boolean", "label": "Is new"},
    "remark": {"type": "text", "label": "Remark"},
}


@pytest.fixture
def revisions(engine, begin_at) -> list[int]:
    """A revision with more fields in deals, and one in which they are gone and one is renamed."""

    def add(entities: dict) -> None:
        entities["deal"]["fields"] |= FIELDS

    def take(entities: dict) -> None:
        fields = entities["deal"]["fields"]
        for name in ("memo", "mood", "partner", "is_new"):
            del fields[name]
        fields["note_to_self"] = {**fields.pop("remark"), "was": "remark"}

    return begin_at(__name__, lambda: [publish_changed(engine, add), publish_changed(engine, take)])


@pytest.fixture
def workspace(engine, revisions):
    """The live one of these revisions."""
    return get_workspace(engine)


def sent_by(revision: int, **values: object) -> dict:
    return {"_revision": str(revision), **values}


def test_a_value_for_a_field_that_is_gone_comes_back_and_saves_nothing(client, session, revisions) -> None:
    partner, deal = make_customer(session, name="Ζευς").id, make_deal(session, name="Old name").id
    session.commit()
    typed = {"memo": "call at nine", "mood": "good", "partner": str(partner), "is_new": ["false", "true"]}
    browser = client("admin")
    answer = browser.submit(f"/deal/edit/{deal}", sent_by(revisions[0], name="New name", **typed))
    assert answer.status_code == 409
    for words in ("“Memo” was removed", "call at nine", "Good mood", "Ζευς", 'value="New name"'):
        assert words in answer.text
    assert "Old name" in browser.get(f"/deal/show/{deal}").text
    assert f'name="_revision" value="{revisions[1]}"' in answer.text
    again = browser.submit(f"/deal/edit/{deal}", sent_by(revisions[1], name="New name"))
    assert again.status_code == 302


def test_a_renamed_field_takes_what_was_typed_under_its_old_name(client, session, revisions) -> None:
    deal = make_deal(session).id
    session.commit()
    browser = client("admin")
    answer = browser.submit(
        f"/deal/edit/{deal}", sent_by(revisions[0], remark="Kept", memo="", is_new="false")
    )
    assert answer.status_code == 302
    assert "Kept" in browser.get(f"/deal/show/{deal}").text


@pytest.mark.parametrize("drawn", ["", "abc", "-1", "0", "99999999999", "9" * 400, "٣"])
def test_an_odd_revision_is_none(client, session, drawn: str) -> None:
    deal = make_deal(session).id
    session.commit()
    data = {"_revision": drawn, "name": "Fine", "memo": "not known"}
    assert client("admin").submit(f"/deal/edit/{deal}", data).status_code == 302


def test_no_control_of_the_form_itself_can_be_a_field(client, session) -> None:
    """Whatever the form of a record sends beside its fields is a name that no field may have."""
    deal = make_deal(session).id
    session.commit()
    for page in ("/deal/add", f"/deal/edit/{deal}"):
        html = client("admin").get(page).text
        reader = FormReader()
        reader.feed(html[html.index('id="record-form"') :].partition("</form>")[0])
        names = {name for name, _value in reader.sent} | set(re.findall(r'<button[^>]* name="(\w+)"', html))
        ours = names - set(session.workspace.schema.entities["deal"].fields)
        assert "csrf_token" in ours
        assert [name for name in ours if may_be_a_field(session, name)] == []


def may_be_a_field(session, name: str) -> bool:
    """Return whether a document with a field of this name passes the check."""
    documents = []
    for document in session.workspace.schema.documents:
        body = document.body
        if next(iter(body)) == "entity" and body["entity"] == "deal":
            body = {**body, "fields": {**body["fields"], name: {"type": "text", "label": "x"}}}
        documents.append(body)
    return not build_schema(documents_from_json(documents), 99)[1]


@pytest.mark.parametrize(
    "path",
    ["/export/deal", "/export/deal?format=csv", "/deal/list/", "/search?q=x", "/pop?phone=1", "/reports/",
     "/notifications/", "/api/v1/deal/", "/lookup/deal/customer?q=x", "/profile/", "/nothing"],
)  # fmt: skip
def test_no_cache_keeps_anything_personal(client, path: str) -> None:
    answer = client("admin").get(path)
    assert answer.headers["Cache-Control"] == "no-store", answer.status_code
