"""What conditions and formulas are refused for, and that a refusal names the place and the nearest name."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

import crm.conditions
from crm.conditions import (
    NOTHING,
    fields_of,
    has_changes,
    line,
    parse_conditions,
    parse_formula,
    segments_of,
)
from crm.entities.model import Document, Mark, Schema
from crm.entities.reader import place_problems
from crm.errors import Problem
from crm.messages import render
from crm.messages.conditions import EXAMPLES, MESSAGES
from crm.texts import LANGUAGES
from tests.crm.conditions.world import tree

BROKEN: list[tuple[Any, str]] = [
    ("status is open", "lines_expected"),
    (7, "lines_expected"),
    (["status"], "line_expected"),
    ([[{"field": "name", "is": "x"}]], "line_expected"),
    ([None], "line_expected"),
    ([{}], "line_expected"),
    ([{1: 2}], "line_expected"),
    ([{"field": "segmnt", "is": "large"}], "unknown_field_near"),
    ([{"field": "zzz", "is": "large"}], "unknown_field"),
    ([{"field": 3, "is": "large"}], "field_expected"),
    ([{"field": "", "is": "large"}], "field_expected"),
    ([{"field": "name.first", "is": "x"}], "not_a_reference"),
    ([{"field": "owner.name", "is": "x"}], "not_a_reference"),
    ([{"field": "orders", "is": "x"}], "children_need_count"),
    ([{"field": "orders.total", "above": 1}], "children_need_count"),
    ([{"field": ".".join(["parent"] * 9), "is": 1}], "path_too_long"),
    ([{"field": "segment", "is": "larg"}], "unknown_choice_near"),
    ([{"field": "segment", "is_one_of": ["large", "zzz"]}], "unknown_choice"),
    ([{"field": "needs", "is": "prise"}], "unknown_choice_near"),
    ([{"field": "segment", "equals": "large"}], "unknown_operator"),
    ([{"field": "segment", "is_nott": "large"}], "unknown_operator_near"),
    ([{"field": "segment", "above": "large"}], "operator_not_here"),
    ([{"field": "revenue", "contains": "1"}], "operator_not_here"),
    ([{"field": "is_partner", "above": True}], "operator_not_here"),
    ([{"field": "owner", "in_segment": "large"}], "operator_not_here"),
    ([{"field": "segment", "is": "large", "is_not": "small"}], "one_operator"),
    ([{"field": "segment"}], "operator_missing"),
    ([{"is": "large"}], "field_missing"),
    ([{"name": "large"}], "unknown_operator"),
    ([{"any": [{"field": "staff", "is": 1}], "field": "staff"}], "unknown_operator"),
    ([{"any": []}], "group_empty"),
    ([{"none": None}], "group_empty"),
    ([{"any": "x"}], "lines_expected"),
    ([{"field": "revenue", "above": "much"}], "not_a_value"),
    ([{"field": "revenue", "above": True}], "not_a_value"),
    ([{"field": "revenue", "above": float("nan")}], "not_a_value"),
    ([{"field": "revenue", "above": "1e5"}], "not_a_value"),
    ([{"field": "revenue", "above": 10**60}], "not_a_value"),
    ([{"field": "revenue", "above": [1]}], "not_a_value"),
    ([{"field": "revenue", "is": {"a": 1}}], "not_a_value"),
    ([{"field": "is_partner", "is": "yes"}], "not_a_value"),
    ([{"field": "born_on", "is": "2026-02-30"}], "not_a_value"),
    ([{"field": "born_on", "above": 3}], "not_a_value"),
    ([{"field": "seen_at", "is": "12:30"}], "not_a_value"),
    ([{"field": "name", "is": ""}], "use_is_empty"),
    ([{"field": "name", "is": None}], "use_is_empty"),
    ([{"field": "name", "contains": ""}], "use_is_empty"),
    ([{"field": "name", "contains": "a\0b"}], "not_a_value"),
    ([{"field": "name", "is": "x" * 5_000}], "not_a_value"),
    ([{"field": "owner", "is": "maria"}], "not_a_value"),
    ([{"field": "name", "is_empty": "true"}], "true_or_false"),
    ([{"field": "name", "is_one_of": []}], "list_expected"),
    ([{"field": "name", "is_one_of": "x"}], "list_expected"),
    ([{"field": "name", "is_one_of": ["x"] * 2_000}], "too_many_options"),
    ([{"field": "revenue", "between": [1]}], "two_expected"),
    ([{"field": "revenue", "between": 1}], "two_expected"),
    ([{"field": "born_on", "older_than": "2 hours"}], "no_hours"),
    ([{"field": "born_on", "older_than": "soon"}], "duration_expected"),
    ([{"field": "born_on", "older_than": 2}], "duration_expected"),
    ([{"field": "seen_at", "within_last": "-2 days"}], "duration_expected"),
    ([{"in_segment": "larg"}], "unknown_segment_near"),
    ([{"in_segment": ["large"]}], "unknown_segment_near"),
    ([{"field": "region", "in_segment": "large"}], "segment_of_other"),
    ([{"count_of": "order", "above": 1}], "unknown_children_near"),
    ([{"count_of": "orders"}], "operator_missing"),
    ([{"count_of": "orders.total", "above": 1}], "value_not_wanted"),
    ([{"sum_of": "orders", "above": 1}], "value_missing"),
    ([{"sum_of": "orders.number", "above": 1}], "kind_expected"),
    ([{"any_of": "orders", "above": 1}], "unknown_operator"),
    ([{"any_of": "name"}], "not_children"),
    ([{"any_of": "region"}], "not_children"),
    ([{"any_of": "orders", "where": [{"field": "revenue", "is": 1}]}], "unknown_field"),
    ([{"formula": "revenue + 1"}], "kind_expected"),
    ([{"formula": 1}], "in_formula"),
    ([{"field": "revenue", "above": "= name"}], "kinds_differ"),
    ([{"field": "revenue", "above": "="}], "in_formula"),
    ([{"field": "parent.name", "changed": True}], "change_of_own"),
    ([{"field": "loud", "changed": True}], "change_of_own"),
    ([{"field": "name", "changed": "yes"}], "true_or_false"),
]


def _problems(schema: Schema, lines: Any) -> list[Problem]:
    node, problems = parse_conditions(lines, schema.entities["customer"], schema)
    assert (node is NOTHING) == bool(problems)
    return problems


@pytest.mark.parametrize(("lines", "code"), BROKEN)
def test_a_broken_line_is_refused_with_a_sentence(world_schema: Schema, lines: Any, code: str) -> None:
    problems = _problems(world_schema, lines)
    assert [problem.code for problem in problems] == [f"conditions.{code}"]
    assert all(render(problem, language) for problem in problems for language in ("en", "he"))


def test_every_broken_line_is_found_with_its_place(world_schema: Schema) -> None:
    lines = [
        {"field": "nam", "is": "x"},
        {"field": "name", "is": "x"},
        {"any": [{"field": "name", "is": "x"}, {"any_of": "orders", "where": [{"field": "totl", "is": 1}]}]},
    ]
    problems = _problems(world_schema, lines)
    assert [(problem.path, problem.params["near"]) for problem in problems] == [
        ((0,), "name"),
        ((2, "any", 1, "where", 0), "total"),
    ]
    assert problems[1].params["place"] == "3.any.2.where.1"


def test_problems_get_the_file_and_the_line_of_their_place(world_schema: Schema) -> None:
    problems = _problems(world_schema, [{"field": "name", "is": "x"}, {"field": "nam", "is": "x"}])
    document = Document("segment", "s", {}, "segments/s.yaml", {("if", 0): Mark(4, 5), ("if", 1): Mark(5, 5)})
    found = place_problems(problems, document, "if")
    assert [(one.file, one.line, one.column) for one in found] == [("segments/s.yaml", 5, 5)]


FORMULAS = [
    ("", 1, "formula_expected"),
    ("1 +", 4, "value_expected"),
    ("1 + + 2", 5, "value_expected"),
    ("(1", 3, "expected_sign"),
    ("1)", 2, "unexpected"),
    ("1 2", 3, "unexpected"),
    ("staff ^ 2", 7, "unknown_sign"),
    ("staff.real", 1, "not_a_reference"),
    ("stafff * 2", 1, "unknown_field_near"),
    ("__import__('os')", 1, "unknown_function"),
    ("''.__class__", 3, "unknown_sign"),
    ("rnd(1)", 1, "unknown_function_near"),
    ("name + 1", 6, "kind_expected"),
    ("name > 'x'", 6, "not_ordered"),
    ("born_on = 3", 9, "kinds_differ"),
    ("born_on > 'soon'", 9, "not_a_value"),
    ("name = ''", 6, "use_is_empty"),
    ("segment = 'huge'", 9, "unknown_choice"),
    ("if(staff, 1, 2)", 1, "kind_expected"),
    ("if(rich, 1, 'x')", 1, "kinds_differ"),
    ("round(1, staff)", 1, "round_places"),
    ("round(1, 99)", 1, "round_places"),
    ("today(1)", 1, "arguments"),
    ("length()", 1, "arguments"),
    ("rich and staff", None, "kind_expected"),
    ("count_of(ordrs)", 10, "unknown_children_near"),
    ("count_of(orders, revenue > 1)", 18, "unknown_field"),
    ("sum_of(orders.number)", 8, "kind_expected"),
    ("born_on in last 3 hours", 19, "no_hours"),
    ("born_on in last x days", 17, "whole_number_expected"),
    ("born_on in last 3 moons", 19, "unknown_unit_near"),
    ("staff in last 3 days", None, "kind_expected"),
    ("9" * 60, 1, "number_too_long"),
    ("1+" * 1_500 + "1", 1, "formula_too_long"),
    ("(" * 900 + "1" + ")" * 900, None, "too_deep"),
    ("-" * 1_999, None, "value_expected"),
    ("not " * 400 + "rich", None, None),
    ("1+" * 999 + "1", 1, "too_large"),
    ("1/" * 120 + "1", 1, "too_deep"),
    ("a\0", 2, "unknown_sign"),
    ("'open", 1, "unknown_sign"),
    (["1"], 1, "formula_expected"),
    ({"a": 1}, 1, "formula_expected"),
]


@pytest.mark.parametrize(("text", "position", "code"), FORMULAS)
def test_a_broken_formula_is_refused_at_its_position(
    world_schema: Schema, text: Any, position: int | None, code: str | None
) -> None:
    problems = parse_formula(text, world_schema.entities["customer"], world_schema)[1]
    if code is None:
        assert problems == []
        return
    (problem,) = problems
    inner = problem.params["problem"].problem if problem.code == "conditions.in_formula" else problem
    assert inner.code == f"conditions.{code}"
    assert position is None or problem.params.get("position", 1) == position
    assert render(problem, "en")


def test_hostile_conditions_are_refused_at_once(world_schema: Schema) -> None:
    deep: Any = {"field": "name", "is": "x"}
    for _ in range(5_000):
        deep = {"any": [deep]}
    started = time.monotonic()
    assert _problems(world_schema, [deep])[0].code == "conditions.too_deep"
    assert (
        _problems(world_schema, [{"field": "nme", "is": "x"}] * 10_000)[0].code == "conditions.too_many_lines"
    )
    assert len(_problems(world_schema, [{"field": "nme", "is": "x"}] * 400)) == 50
    assert time.monotonic() - started < 5


def test_a_tree_knows_its_fields_segments_and_changes(world_schema: Schema) -> None:
    node = tree(
        world_schema,
        "customer",
        {"field": "region.name", "is": "x"},
        {"sum_of": "orders.line", "where": [{"field": "state", "is": "paid"}], "above": "= staff"},
        {"in_segment": "large"},
    )
    assert fields_of(node) == {
        ("customer", "region"), ("region", "name"), ("order", "customer"), ("order", "line"), ("order", "state"),
        ("customer", "staff"),
    }  # fmt: skip
    assert segments_of(node) == {"large"}
    assert not has_changes(node)
    assert has_changes(tree(world_schema, "customer", {"none": [{"field": "name", "changed_to": "x"}]}))


def test_a_line_is_built_by_program() -> None:
    assert line("stage", "is", "won") == {"field": "stage", "is": "won"}
    with pytest.raises(ValueError, match="like"):
        line("stage", "like", "won")


def test_every_refusal_has_a_sentence_and_every_sentence_a_refusal() -> None:
    source = "".join(path.read_text() for path in Path(crm.conditions.__file__).parent.rglob("*.py"))
    written = set(re.findall(r'"(conditions\.[a-z_]+)"', source))
    kinds = re.findall(r'unknown\(\s*"([a-z]+)"', source)
    built = {f"conditions.unknown_{kind}{near}" for kind in kinds for near in ("", "_near")}
    assert written | built | {"conditions.value_missing", "conditions.value_not_wanted"} == set(MESSAGES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("field", "kind"),
    [("revenue", "number"), ("born_on", "date"), ("seen_at", "datetime"), ("owner", "user")],
)
def test_a_value_that_does_not_fit_is_told_with_one_that_does(
    world_schema: Schema, field: str, kind: str, language: str
) -> None:
    wrong, right = ([{"field": field, "is": value}] for value in ("many", EXAMPLES[kind]))
    said = [render(problem, language) for problem in _problems(world_schema, wrong)]
    assert len(said) == 1
    assert "many" in said[0] and EXAMPLES[kind] in said[0]
    assert _problems(world_schema, right) == []
