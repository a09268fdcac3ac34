"""What goes in circles is refused once, at one place, with the whole circle."""

from __future__ import annotations

import pytest

from app import wire
from crm.entities.circles import innermost
from crm.entities.load import build_schema, load_document
from crm.errors import Problem
from crm.messages import render

ORDER = "entity: order\nfields:\n  name: {type: text}\n"
LINE = """entity: line
fields:
  order: {type: reference, to: order, inverse: {name: lines}}
  price: {type: integer}
"""


@pytest.fixture(autouse=True)
def _kinds() -> None:
    """Segments and the other kinds of documents are known."""
    wire()


def formula(name: str, text: str) -> str:
    return f"  {name}: {{type: formula, of: integer, formula: {text}}}\n"


def summary(name: str, over: str, where: str = "") -> str:
    more = f", where: {where}" if where else ""
    return f"  {name}: {{type: summary, of: sum, over: {over}, result: integer{more}}}\n"


def reference(name: str, to: str, more: str = "required: true") -> str:
    return f"  {name}: {{type: reference, to: {to}, {more}}}\n"


def segment(name: str, asks: str, entity: str = "order") -> str:
    return f"segment: {name}\nentity: {entity}\nif:\n  - {asks}\n"


def problems_of(*texts: str) -> list[Problem]:
    documents = []
    for place, text in enumerate(texts):
        document, problems = load_document(text, f"{place}.yaml")
        assert problems == []
        documents.append(document)
    return build_schema(documents, 1)[1]


CIRCLES = [
    ([ORDER + formula("a", "a + 1")], "a → a", "a + 1"),
    ([ORDER + formula("a", "b + 1") + formula("b", "c") + formula("c", "a")], "a → b → c → a", "b + 1"),
    (
        [ORDER + summary("total", "lines.part"), LINE + formula("part", "price + order.total")],
        "line.part → order.total → line.part",
        "price + order.total",
    ),
    (
        [
            ORDER + summary("total", "lines.price", "[{in_segment: large}]"),
            LINE,
            segment("large", "{field: order.total, above: 3}", "line"),
        ],
        "order.total → large → order.total",
        "large}]",
    ),
    (
        [
            ORDER,
            segment("x", "{in_segment: y}"),
            segment("y", "{any: [{in_segment: z}]}"),
            segment("z", "{in_segment: x}"),
        ],
        "x → y → z → x",
        "y}",
    ),
    ([ORDER + reference("before", "order")], "before → before", "true}"),
    (
        [ORDER + reference("first_line", "line"), LINE + reference("main", "order")],
        "line.main → order.first_line → line.main",
        "true}",
    ),
]


@pytest.mark.parametrize(("texts", "circle", "there"), CIRCLES)
def test_a_circle_is_named_whole_and_once(texts, circle, there):
    (found,) = problems_of(*texts)
    assert found.params["circle"] == circle and circle in render(found, "en")
    line = texts[int(found.file[0])].splitlines()[found.line - 1]
    assert line[found.column - 1 :].startswith(there)


def test_what_stands_on_a_circle_is_not_told_again():
    order = ORDER + formula("a", "b") + formula("b", "a") + formula("c", "a + 1")
    order += "checks:\n  - {when: [{field: c, above: 3}], message: No}\n"
    found = problems_of(order, segment("x", "{field: a, above: 1}"), segment("y", "{field: id, above: 1}"))
    assert [problem.params["circle"] for problem in found] == ["a → b → a"]


def test_two_circles_are_two_problems():
    order = ORDER + formula("a", "b") + formula("b", "a") + formula("c", "d + a") + formula("d", "c")
    assert [problem.params["circle"] for problem in problems_of(order)] == ["a → b → a", "c → d → c"]


def test_other_problems_are_told_beside_a_circle():
    order = ORDER + formula("a", "a") + formula("b", "nam")
    assert {problem.code for problem in problems_of(order)} == {
        "conditions.in_formula",
        "conditions.formula_in_circle",
    }


@pytest.mark.parametrize(
    "texts",
    [
        [ORDER + formula("a", "b + 1") + formula("b", "id") + formula("c", "a + b")],
        [ORDER + reference("before", "order", "required_if: [{field: name, is: x}]")],
        [ORDER, segment("x", "{in_segment: y}"), segment("y", "{field: id, above: 3}")],
    ],
)
def test_what_ends_somewhere_is_no_circle(texts):
    assert problems_of(*texts) == []


def test_a_long_chain_of_formulas_is_refused_and_breaks_nothing():
    chain = "".join(formula(f"f{place}", f"f{place + 1}") for place in range(400)) + formula("f400", "id")
    assert {innermost(problem).code for problem in problems_of(ORDER + chain)} == {"conditions.too_deep"}
