"""Documents with one thing wrong: the problem stands at its line and column, under its code, with the nearest name."""

from __future__ import annotations

import copy

import pytest

from app import wire
from crm.entities.load import build_schema, load_document
from crm.entities.yaml import write_yaml
from crm.errors import Problem
from crm.messages import render

HERE = "§"
"""Stands in a text where the problem is to be found; the text that is read is without it."""

SHELF = "entity: shelf\nfields:\n  name: {type: text}\n  opened: {type: date}\n  books: {type: integer}\n"
BOOK = """entity: book
title: "{name}"
fields:
  name: {type: text}
  state:
    type: choice
    choices: {new: {label: New, color: blue}, lent: {label: Lent}, lost: {label: Lost}}
  pages: {type: integer}
  price: {type: money, currency: EUR}
  bought_on: {type: date}
  shelf: {type: reference, to: shelf, inverse: {name: volumes}}
"""
ROLE = "role: reader\nentities:\n  book:\n    can: [read]\n"
SEGMENT = "segment: old\nentity: book\nif:\n  - {field: pages, above: 3}\n"
REPORT = "report: by_state\nentity: book\ngroup_by: [state]\nmeasures:\n  count: {count: true}\n"
RULE = "rule: tidy\nentity: book\nwhen: record_created\nif:\n  - {field: state, is: new}\nthen:\n"

CASES = [
    # The text itself
    ("entity: book\nfields:\n  name: {type: text}\n  §name: {type: text}\n", "schema.duplicate_key"),
    ("entity: book\nfields: §&all\n  name: {type: text}\n", "schema.anchor"),
    ("entity: book\nfields:\n  name: §*all\n", "schema.alias"),
    ("entity: book\nlabel: §!!str x\n", "schema.tag"),
    ("entity: book\nfields:\n  §<<: {type: text}\n", "schema.merge_key"),
    ("entity: book\nfields: {name: {type: text}\n§", "schema.not_yaml"),
    ("entity: book\nfields:\n§\tname: {type: text}\n", "schema.not_yaml"),
    ("§book: entity\n", "schema.unknown_kind"),
    ("§entitty: book\n", "schema.unknown_kind"),
    ("§- entity: book\n", "schema.not_a_document"),
    (BOOK + "label:\n  en: Book\n  ? §[el, ro]\n  : x\n", "schema.key_not_text"),
    # Keys and types of fields
    (BOOK + "§kanbam: {by: state}\n", "schema.unknown_key"),
    (BOOK + "  isbn: {type: §txt}\n", "schema.unknown_type"),
    (BOOK + "  isbn:\n    type: text\n    §requierd: true\n", "schema.unknown_key"),
    (BOOK + "  isbn: {type: text, required: §yes}\n", "schema.expected_boolean"),
    (BOOK + "  isbn: {type: text, label: {en: ISBN, §fr: ISBN}}\n", "schema.unknown_language"),
    (BOOK + "  isbn: {type: text, label: {en: ISBN, el: §13}}\n", "schema.expected_text"),
    (BOOK + "  §id: {type: text}\n", "schema.reserved_name"),
    (BOOK + "  §שם: {type: text}\n", "schema.bad_name"),
    (BOOK + "  other: {type: reference, to: §shelv}\n", "schema.unknown_entity"),
    (BOOK + "  isbn: {type: text, max_length: §-3}\n", "field.expected_whole_number"),
    (BOOK + "  isbn: {type: text, pattern: '§('}\n", "field.bad_pattern"),
    (BOOK + "  mood: {type: choice, choices: {good: {label: Good, color: §purpel}}}\n", "field.unknown_word"),
    (BOOK + "  mood: {type: choice, choices: {good: Good}, default: §bad}\n", "field.bad_default"),
    (
        BOOK + "  mood:\n    type: choice\n    choices: [good, bad]\n    next:\n      good: [§bda]\n",
        "field.unknown_word",
    ),
    # Layout
    (BOOK + "list: {columns: [name, §nmae]}\n", "schema.unknown_field"),
    (BOOK + "list:\n  columns: [name]\n  sort:\n    - §-pagse\n", "schema.unknown_field"),
    (BOOK + "form:\n  - section: {en: Main}\n    fields: [name, §prize]\n", "schema.unknown_field"),
    (BOOK + "kanban: {by: §pages}\n", "schema.board_needs_choice"),
    (BOOK + "calendar: {from: §bought_at}\n", "schema.unknown_field"),
    (BOOK + "same_if: [[name, §naem]]\n", "schema.unknown_field"),
    (BOOK + "checks:\n  - {§when: [], message: No}\n", "schema.check_always"),
    # Conditions: the line, the key and the value in it
    (BOOK + "checks:\n  - {when: [{field: §pagse, above: 3}], message: No}\n", "conditions.unknown_field"),
    (BOOK + "checks:\n  - when:\n      - {field: pages, §abvoe: 3}\n    message: No\n", "conditions.unknown_operator"),
    (BOOK + "checks:\n  - {when: {field: pages, §contains: x}, message: No}\n", "conditions.operator_not_here"),
    (BOOK + "checks:\n  - {when: {field: pages, above: §many}, message: No}\n", "conditions.not_a_value"),
    (
        BOOK + "checks:\n  - when:\n      - any:\n          - {field: pages, above: 3}\n"
        "          - field: state\n            is_one_of: [new, §lsot]\n    message: No\n",
        "conditions.unknown_choice",
    ),
    (BOOK + "  isbn: {type: text, show_if: [{field: pages, above: 3, §below: 9}]}\n", "conditions.one_operator"),
    (BOOK + "  isbn: {type: text, show_if: {field: bought_on, older_than: §2 dayz}}\n", "conditions.duration_expected"),
    (SEGMENT.replace("pages, above: 3", "§pags, above: 3"), "conditions.unknown_field"),
    (SEGMENT + "  - {in_segment: §odl}\n", "conditions.unknown_segment"),
    (SEGMENT + "  - {field: §shelf.opend, is_empty: true}\n", "conditions.unknown_field"),
    # Formulas: the character
    (BOOK + "  each: {type: formula, of: money, formula: price / §pagse}\n", "conditions.in_formula"),
    (BOOK + '  each: {type: formula, of: money, formula: "price / §pagse"}\n', "conditions.in_formula"),
    (BOOK + "  each:\n    type: formula\n    of: money\n    formula: price * (1 + §)\n", "conditions.in_formula"),
    (BOOK + "  each: {type: formula, of: money, formula: §ruond(price)}\n", "conditions.in_formula"),
    (BOOK + "  each: {type: formula, of: §text, formula: price * 2}\n", "conditions.kind_expected"),
    (BOOK + "  each: {type: integer, default: = §pagse + 1}\n", "conditions.in_formula"),
    (BOOK + "  each: {type: formula, of: integer, formula: 'length(\"שלום\") + §'}\n", "conditions.in_formula"),
    (BOOK + "checks:\n  - {when: {field: pages, above: = price + §prise}, message: No}\n", "conditions.in_formula"),
    (BOOK + "checks:\n  - {when: {formula: pages >§}, message: No}\n", "conditions.in_formula"),
    (SHELF + "  worth: {type: summary, of: sum, over: §volums.price}\n", "conditions.unknown_children"),
    (
        SHELF + "  worth:\n    type: summary\n    of: sum\n    over: volumes.price\n    where:\n"
        "      - {field: state, is: new}\n      - {field: §stat, is: new}\n",
        "conditions.unknown_field",
    ),
    # The other kinds
    (ROLE + "    hidden: [price, §pagse]\n", "schema.unknown_field"),
    (ROLE.replace("[read]", "[read, §updat]"), "schema.unknown_deed"),
    (ROLE + "  §bok: {can: [read]}\n", "schema.unknown_entity"),
    (ROLE + "    records: [{field: §nam, is: x}]\n", "conditions.unknown_field"),
    (REPORT.replace("[state]", "[{§mnth: bought_on}]"), "schema.unknown_period"),
    (REPORT.replace("[state]", "[{month: §bougth_on}]"), "schema.unknown_field"),
    (REPORT + "  worth: {sum: §name}\n", "report.not_a_number"),
    (REPORT + "  worth: {§summ: price}\n", "schema.unknown_key"),
    (RULE + "  - §set_feild: {field: state, to: lost}\n", "rule.unknown_action"),
    (RULE + "  - set_field: {field: §stat, to: lost}\n", "rule.unknown_field_of_target"),
    (RULE.replace("is: new", "is: §nwe") + "  - stop\n", "conditions.unknown_choice"),
    (RULE.replace("record_created", "§record_craeted") + "  - stop\n", "rule.unknown_trigger"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _kinds() -> None:
    """Roles and the other kinds of documents are known."""
    wire()


def problems_of(text: str) -> list[Problem]:
    """Return the problems of a text among a book and a shelf."""
    document, problems = load_document(text, "text.yaml")
    if document is None:
        return problems
    others = [load_document(other, "other.yaml")[0] for other in (BOOK, SHELF)]
    others = [other for other in others if (other.kind, other.name) != (document.kind, document.name)]
    return problems + build_schema([*others, document], 1)[1]


def place_of(marked: str) -> tuple[int, int]:
    """Return line and column of the mark in a text."""
    before = marked.split(HERE)[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@pytest.mark.parametrize(("marked", "code"), CASES)
def test_a_problem_stands_at_its_line_and_column(marked, code):
    found = problems_of(marked.replace(HERE, ""))
    assert [(one.line, one.column, one.code.removesuffix("_near")) for one in found] == [
        (*place_of(marked), code)
    ]


NAMES = [
    pytest.param(text, code)
    for text, code in CASES
    if "unknown" in code and code not in ("schema.unknown_language", "schema.unknown_kind")
]


@pytest.mark.parametrize(("marked", "code"), NAMES)
def test_an_unknown_name_comes_with_the_nearest_known_one(marked, code):
    (found,) = problems_of(marked.replace(HERE, ""))
    assert found.params["near"] and found.params["near"] in render(found, "en")


def test_a_default_formula_over_an_unknown_field_names_the_nearest_one():
    (found,) = problems_of(BOOK + "  each: {type: integer, default: = pagse + 1}\n")
    assert "“pages”" in render(found, "en")


WHOLE = {
    "entity": BOOK
    + "  each: {type: formula, of: money, formula: price * 2}\n  kept: {type: integer, default: = pages + 1}\n"
    + "list: {columns: [name], sort: [-name]}\nform: [{section: {en: Main}, fields: [name]}]\n"
    + "kanban: {by: state, sum: pages, card: [name]}\ncalendar: {from: bought_on}\nsame_if: [[name, shelf]]\n"
    + "checks: [{when: [{any: [{field: state, is_one_of: [new]}, {formula: pages > 3}]}], message: No}]\n",
    "role": ROLE
    + "    records: [{field: state, is: new}]\n    hidden: [price]\nreports: [by_state]\nadmin: true\n",
    "segment": SEGMENT,
    "report": REPORT + "  worth: {sum: price}\nchart: {kind: bar, x: state, y: worth}\n",
    "dashboard": "dashboard: home\ncards:\n  - kpi: {entity: book, measure: {count: true}, label: Books}\n",
    "rule": RULE
    + "  - set_field: {field: state, to: lost}\n  - wait: {for: 2 days}\n  - choose: [{else: [stop]}]\n",
    "template": "template: hello\nentity: book\nsubject: {en: Hello}\nbody: Dear {name}\n",
}
SHAPES = (None, 5, -1.5, True, "", "x", [], {}, [[]], [{}], {"a": None}, {"en": 5}, ["x", 3], 10**17, "= 1 +")


def places_in(value: object, path: tuple = ()) -> list[tuple]:
    """Return the path of everything in a document."""
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in rows for found in places_in(inner, (*path, key)))]


def with_value(body: dict, path: tuple, value: object) -> dict:
    """Return a document with another value at a path."""
    body = copy.deepcopy(body)
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return body


@pytest.mark.parametrize("kind", WHOLE)
def test_a_value_of_any_other_shape_anywhere_breaks_nothing_and_every_problem_has_a_place(kind):
    body = load_document(WHOLE[kind], "text.yaml")[0].body
    assert problems_of(WHOLE[kind]) == []
    for path in places_in(dict(body))[1:]:
        for shape in SHAPES:
            for problem in problems_of(write_yaml(with_value(dict(body), path, shape))):
                assert render(problem, "he") and (problem.file != "text.yaml" or problem.column), (
                    path,
                    shape,
                )
