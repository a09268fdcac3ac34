"""Notes: what is allowed in declarations and worth a second look, by the documents and by what is stored."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from app import wire
from crm.commands import Context
from crm.entities import lint
from crm.entities.load import build_schema, load_document
from crm.entities.usage import Usage
from crm.revisions import commands, lint_data
from crm.texts import listed
from tests.factories import make_customer, make_deal

BOOK = """entity: book
label: {en: Book, el: Βιβλίο, ro: Carte, he: ספר}
fields:
  name: {type: text, search: true, label: {en: Name, el: Όνομα, ro: Nume, he: שם}}
  pages: {type: integer, label: {en: Pages, el: Σελίδες, ro: Pagini, he: עמודים}}
form:
  - {fields: [name]}
"""
LEAF = BOOK.replace("entity: book", "entity: leaf").replace("fields: [name]", "fields: [name, pages]")


@pytest.fixture(autouse=True)
def _kinds() -> None:
    """Segments and the other kinds of documents are known."""
    wire()


def notes_of(*texts: str) -> set[tuple[str, str | None, int | None]]:
    """Return the notes on a book among other documents: code, field, line."""
    documents = [load_document(text, "text.yaml")[0] for text in texts]
    schema, problems = build_schema(documents, 1)
    assert problems == []
    return {(note.code, note.field, note.line) for note in lint.notes_on(schema, documents, {"book"})}


def test_a_field_that_nothing_uses_is_told_apart_from_one_without_a_place_in_the_form():
    assert notes_of(BOOK) == {("schema.note_unused", "pages", 5)}
    segment = "segment: long\nentity: book\nif: [{field: pages, above: 300}]\n"
    assert notes_of(BOOK, segment) == {("schema.note_no_layout", "pages", 5)}


def test_entities_that_are_called_the_same_in_one_language_are_told():
    other = (
        LEAF.replace("en: Book", "en: Leaf").replace("el: Βιβλίο", "el: ΒΙΒΛΙΟ").replace("he: ספר", "he: דף")
    )
    other = other.replace("ro: Carte", "ro: Foaie")
    assert ("schema.note_same_entity", None, 2) in notes_of(BOOK, other)
    assert ("schema.note_same_entity", None, 2) not in notes_of(BOOK, other.replace("ΒΙΒΛΙΟ", "Φύλλο"))


@pytest.fixture
def data_notes(session, monkeypatch):
    """A function that returns the notes on what is stored of an entity, by code; a few records are many."""
    monkeypatch.setattr(lint_data, "BIG", 2)
    workspace = session.workspace

    def find(name: str) -> dict[str, list[str]]:
        entity, usage = workspace.schema.entities[name], Usage(workspace.schema.documents)
        found: dict[str, list[str]] = {}
        for note in lint_data.notes_on_data(session.connection(), workspace.models, entity, usage):
            found.setdefault(note.code, []).append(note.field or note.params.get("fields"))
        return found

    return find


def test_a_condition_without_an_index_is_told_when_there_are_many_records(session, data_notes):
    assert data_notes("customer") == {}
    for _number in range(3):
        make_customer(session)
    session.flush()
    found = data_notes("customer")["schema.note_no_index"]
    assert "revenue" in found and "owner" not in found


def test_choices_that_no_record_holds_are_told(session, data_notes):
    make_deal(session, stage="won")
    session.flush()
    assert "stage" in data_notes("deal")["schema.note_unused_choices"]
    entity, models = session.workspace.schema.entities["deal"], session.workspace.models
    counts = lint_data.count_choices(session.connection(), models, entity, entity.fields["stage"])
    assert counts == {"won": 1}


def test_records_that_break_a_duplicate_rule_already_are_told(session, data_notes):
    group = session.workspace.schema.entities["customer"].same_if[0]
    for _number in range(2):
        make_customer(session)
    table = session.workspace.models.table("customer")
    fields = session.workspace.schema.entities["customer"].fields
    session.flush()
    first = session.connection().execute(sa.select(table).limit(1)).mappings().one()
    values = {fields[name].column: first[fields[name].column] or "x" for name in group}
    session.connection().execute(sa.update(table).values(**values))
    assert listed(fields[name].label for name in group) in data_notes("customer")["schema.note_alike"]


def test_check_tells_notes_that_are_no_problems(tmp_path, settings, capsys):
    folder = tmp_path / "entities"
    folder.mkdir()
    (folder / "book.yaml").write_text(BOOK, "utf-8")
    commands.check_folder(Context(settings, is_json=True), tmp_path)
    facts = json.loads(capsys.readouterr().out)
    assert facts["problems"] == [] and "“Pages” (" in facts["notes"][0]["message"]
    assert (facts["notes"][0]["file"], facts["notes"][0]["line"]) == ("entities/book.yaml", 5)


def test_the_page_of_an_entity_shows_its_notes(client, session):
    make_deal(session, stage="won")
    session.commit()
    page = client("admin").get("/admin/schema/deal/").text
    assert "No record (Deals) has these choices of “Stage”: New" in page.split('id="notes"')[1]
