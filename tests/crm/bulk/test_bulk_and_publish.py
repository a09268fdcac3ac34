"""Bulk changes and the bin while the schema changes: fields renamed, removed or of another type; encrypted ones."""

from __future__ import annotations

import copy

import pytest
import sqlalchemy as sa

from crm.bulk import service, store
from crm.bulk.editing import Editor
from crm.bulk.service import Which
from crm.bulk.telling import problems_in_words
from crm.bulk.work import BulkWorkshop, run_job
from crm.database import CrmSession
from crm.entities.load import load_document
from crm.permissions.model import SYSTEM
from crm.records.bin import list_binned
from crm.records.bulk import insert_rows
from crm.records.restoring import restore_record
from crm.records.service import delete_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace

TOOL = """entity: tool
label: {en: Tool}
plural: {en: Tools}
fields:
  name: {type: text, label: {en: Name}, required: true}
  colour: {type: text, label: {en: Colour}}
  weight: {type: text, label: {en: Weight}}
  secret: {type: text, label: {en: Secret}, encrypted: true}
"""


@pytest.fixture
def tools(begin_at, engine, clock):
    """A schema with tools; a function opens a session of the live revision."""

    def build():
        documents = get_workspace(engine).schema.documents
        publish_schema(engine, [*documents, load_document(TOOL, "")[0]], "tools")

    begin_at(__name__, build)
    sessions = []

    def now() -> CrmSession:
        for old in sessions:
            old.close()
        workspace = get_workspace(engine)
        session = CrmSession(workspace.bind(engine))
        session.workspace, session.actor, session.clock = workspace, SYSTEM, clock
        sessions.append(session)
        return session

    yield now
    for session in sessions:
        session.close()


def make(session, count, **values):
    entity = session.workspace.schema.entities["tool"]
    found = insert_rows(session, entity, [{"name": f"T{place}", **values} for place in range(count)])
    session.commit()
    return found


def republish(engine, change):
    """Publish the schema with another body of the tool."""
    documents = list(get_workspace(engine).schema.documents)
    place = next(n for n, found in enumerate(documents) if (found.kind, found.name) == ("entity", "tool"))
    body = copy.deepcopy(dict(documents[place].body))
    change(body)
    documents[place] = type(documents[place])(**{**vars(documents[place]), "body": body})
    publish_schema(engine, documents, "another tool")


def rename(body):
    fields = body["fields"]
    fields["tint"] = {"was": "colour", **fields.pop("colour")}


def between_chunks(monkeypatch, deed):
    real, calls = Editor.perform, []

    def perform(self, chunk):
        found = real(self, chunk)
        calls.append(chunk.number)
        return found

    def give_way(_attempt):
        if len(calls) == 1:
            calls.append(0)
            deed()

    monkeypatch.setattr(Editor, "perform", perform)
    monkeypatch.setattr("crm.leases.Attempt.give_way", give_way)
    monkeypatch.setattr(store, "CHUNK", 2)


def begin(session, ids, values):
    number = service.start_edit(session, session.workspace.schema.entities["tool"], Which(ids), values)
    session.commit()
    session.close()
    return number


def column(session, name):
    with session.as_system():
        return list(session.scalars(sa.select(getattr(session.workspace.models["tool"], name))))


def test_a_job_follows_a_field_to_its_new_name_and_its_undo_too(tools, engine, clock, monkeypatch):
    session = tools()
    ids = make(session, 5, colour="red")
    number = None
    between_chunks(monkeypatch, lambda: republish(engine, rename))
    number = begin(session, ids, {"colour": "blue"})
    assert run_job(BulkWorkshop(engine, clock=clock), number)
    session = tools()
    assert set(column(session, "tint")) == {"blue"}
    undo = service.start_undo(session, number)
    session.commit()
    session.close()
    run_job(BulkWorkshop(engine, clock=clock), undo)
    assert set(column(tools(), "tint")) == {"red"}


def test_a_job_whose_field_is_removed_ends_and_says_so(tools, engine, clock, monkeypatch):
    session = tools()
    ids = make(session, 5)
    between_chunks(monkeypatch, lambda: republish(engine, lambda body: body["fields"].pop("colour")))
    number = begin(session, ids, {"colour": "blue"})
    run_job(BulkWorkshop(engine, clock=clock), number)
    job = service.get_job(tools(), number)
    assert (job["state"], job["changed"], job["problem"]) == ("failed", 2, ["bulk.field_gone", {}])


def test_what_is_asked_of_an_encrypted_field_is_sealed_and_nothing_of_it_is_told(tools, engine, clock):
    session = tools()
    ids = make(session, 2)
    number = begin(session, ids, {"secret": "Sesame"})
    run_job(BulkWorkshop(engine, clock=clock), number)
    session = tools()
    assert set(column(session, "secret")) == {"Sesame"}
    delete_record(session, session.workspace.schema.entities["tool"], ids[0])
    for table in ("crm_bulk_job", "crm_bulk_chunk", "crm_bin", "crm_change"):
        assert "Sesame" not in str(session.execute(sa.text(f"SELECT * FROM {table}")).all())  # noqa: S608
    restore_record(session, session.workspace.schema.entities["tool"], ids[0])
    assert set(column(session, "secret")) == {"Sesame"}
    assert problems_in_words(session, service.get_job(session, number)) == []


def test_a_record_comes_back_into_the_schema_of_today(tools, engine):
    session = tools()
    ids = make(session, 1, colour="red", weight="12")
    delete_record(session, session.workspace.schema.entities["tool"], ids[0])
    session.commit()
    session.close()

    def change(body):
        rename(body)
        body["fields"]["weight"]["type"] = "date"

    republish(engine, change)
    session = tools()
    entity = session.workspace.schema.entities["tool"]
    [found] = list_binned(session, entity, 5)
    assert found.values["tint"] == "red" and found.gone == ("weight",)
    assert [note.code for note in restore_record(session, entity, ids[0])] == ["bin.fields_gone"]
    assert (column(session, "tint"), column(session, "weight")) == (["red"], [None])
