"""Checking entity documents: every problem at once, with file, line and the nearest name."""

from pathlib import Path

import pytest

from app import wire
from crm.entities.load import build_schema, load_document, load_documents
from crm.errors import Problem
from crm.messages import render


@pytest.fixture(autouse=True)
def _kinds() -> None:
    """Roles and the other kinds of documents are known."""
    wire()


GOOD = "entity: book\nfields:\n  name: {type: text}\n  author: {type: text}\n"


def problems_of(*texts: str) -> list[Problem]:
    """Return every problem of some documents together."""
    documents, problems = [], []
    for place, text in enumerate(texts):
        document, found = load_document(text, f"file{place}.yaml")
        problems += found
        documents += [document] if document else []
    return problems + build_schema(documents, 1)[1]


def test_a_plain_entity_has_no_problem():
    assert problems_of(GOOD) == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (GOOD + "kanbam: {by: name}\n", "schema.unknown_key_near", 5),
        (GOOD + "list: {columns: [nmae]}\n", "schema.unknown_field_near", 5),
        (GOOD + "  pages: {type: integr}\n", "schema.unknown_type_near", 5),
        (GOOD + "  pages: {type: integer, at_leest: 0}\n", "schema.unknown_key_near", 5),
        (GOOD + "  pages: {type: integer, required: yes}\n", "schema.expected_boolean", 5),
        (GOOD + "  id: {type: integer}\n", "schema.reserved_name", 5),
        (GOOD + "  Größe: {type: integer}\n", "schema.bad_name", 5),
        (GOOD + "  x'; drop table ab_user; --: {type: text}\n", "schema.bad_name", 5),
        (GOOD + "  owner: {type: reference, to: boook}\n", "schema.unknown_entity_near", 5),
        (GOOD + "kanban: {by: name}\n", "schema.board_needs_choice", 5),
        (GOOD + "calendar: {from: created_at, person: created_by}\n", "schema.unknown_field", 5),
        (GOOD + "title: '{nam}'\n", "schema.unknown_field_near", 5),
        (GOOD + "checks:\n  - {when: [{field: nam, is: x}], message: No}\n", "conditions.unknown_field", 6),
        (
            GOOD + "  next: {type: reference, to: book, only: [{field: nam, is: x}]}\n",
            "conditions.unknown_field",
            5,
        ),
        (GOOD + "  pages: {type: integer, default: = 1 +}\n", "conditions.in_formula", 5),
        (GOOD + "  pages: {type: integer, was: [name]}\n", "schema.expected_text", 5),
        ("entity: book\nfields: []\n", "schema.expected_map", 2),
        ("entity: crm_book\nfields:\n  name: {type: text}\n", "schema.reserved_name", 1),
        ("entity: calendar\nfields:\n  name: {type: text}\n", "schema.reserved_name", 1),
        ("entitty: book\n", "schema.unknown_kind_near", 1),
        ("label: {fr: Livre}\n" + GOOD, "schema.unknown_kind", 1),
        (GOOD + "label: {fr: Livre}\n", "schema.unknown_language", 5),
    ],
)
def test_a_problem_names_its_line(text, code, line):
    found = [(problem.code.removesuffix("_near"), problem.line) for problem in problems_of(text)]
    assert (code.removesuffix("_near"), line) in found


def test_every_problem_of_every_file_is_found_at_once():
    bad = "entity: {name}\nfields:\n  name: {{type: txt}}\n  pages: {{type: integr}}\n"
    found = problems_of(bad.format(name="book"), bad.format(name="shelf"))
    assert len({(problem.file, problem.line) for problem in found}) == 4


def test_every_problem_has_a_sentence():
    for problem in problems_of(GOOD + "list: {columns: [nmae]}\nkanban: {by: x}\nzzz: 1\n", GOOD):
        assert render(problem, "en")


def test_two_documents_of_one_name_are_refused():
    assert [problem.code for problem in problems_of(GOOD, GOOD)] == ["schema.declared_twice"]


def test_five_thousand_fields_are_refused():
    text = "entity: book\nfields:\n" + "".join(f"  f{n}: {{type: text}}\n" for n in range(5_000))
    assert "schema.field_count" in [problem.code for problem in problems_of(text)]


def test_two_references_may_not_share_the_name_of_their_children():
    shelf = "entity: shelf\nfields:\n  name: {type: text}\n"
    book = (
        "entity: book\nfields:\n  one: {type: reference, to: shelf, inverse: {name: books}}\n"
        "  two: {type: reference, to: shelf, inverse: {name: books}}\n"
    )
    assert "schema.inverse_taken" in [problem.code for problem in problems_of(shelf, book)]


def test_a_file_is_named_after_what_it_holds(tmp_path: Path):
    folder = tmp_path / "schemas" / "entities"
    folder.mkdir(parents=True)
    (folder / "shelf.yaml").write_text(GOOD, "utf-8")
    assert [problem.code for problem in load_documents(tmp_path / "schemas")[1]] == ["schema.file_name"]


def test_an_empty_list_of_record_conditions_opens_nothing():
    role = "role: reader\nentities:\n  book: {can: [read], records: []}\n"
    assert "schema.empty_records" in [problem.code for problem in problems_of(GOOD, role)]


def test_an_unknown_callers_number_goes_into_a_phone_field():
    assert problems_of(GOOD + "  phone: {type: phone}\nnew_caller: phone\n") == []
    assert [problem.code for problem in problems_of(GOOD + "new_caller: name\n")] == [
        "schema.caller_needs_phone"
    ]
    assert [problem.code for problem in problems_of(GOOD + "new_caller: nmae\n")] == [
        "schema.unknown_field_near"
    ]
    assert problems_of(GOOD + "new_caller: [name]\n") != []
