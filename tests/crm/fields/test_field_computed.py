"""Formulas, summaries and sequences: what nobody types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crm.fields import FIELD_TYPES, kind_of
from crm.fields.base import Situation
from crm.fields.columns import ExactDecimal
from crm.fields.sequence import is_pattern, render, series
from tests.crm.fields.samples import field_of

DAY = dt.date(2026, 3, 9)


def codes(type_name: str, body: dict) -> list[str]:
    """Return the codes of the problems in a field's keys."""
    return [problem.code for problem in FIELD_TYPES[type_name].check_options("total", body)]


@pytest.mark.parametrize("name", ["formula", "summary", "sequence"])
def test_nobody_may_write_it(name: str) -> None:
    assert not FIELD_TYPES[name].writable


@pytest.mark.parametrize(
    ("of", "kind"),
    [("money", "number"), ("integer", "number"), ("text", "text"), ("date", "date"), ("boolean", "boolean")],
)
def test_formula_behaves_as_its_result(of: str, kind: str) -> None:
    assert kind_of(field_of("formula", of=of, formula="a + b")) == kind


def test_formula_of_money_is_money() -> None:
    field = field_of("formula", of="money", formula="a * b", currency="RON")
    formula = FIELD_TYPES["formula"]
    assert formula.display(field, Decimal("5.50"), Situation(language="ro")) == "5,50\u00a0RON"
    assert formula.fit(field, Decimal("0.125")) == Decimal("0.13")
    assert isinstance(formula.column_type(field), ExactDecimal)
    assert formula.to_json(field, Decimal("5.50")) == "5.50"


@pytest.mark.parametrize(
    ("body", "function", "over", "of"),
    [
        ({"of": "count", "over": "deals"}, "count", ("deals",), "integer"),
        ({"of": "money", "over": "deals.amount"}, "sum", ("deals", "amount"), "money"),
        ({"of": "integer", "over": "deals"}, "count", ("deals",), "integer"),
        ({"of": "max", "over": "calls.at", "result": "datetime"}, "max", ("calls", "at"), "datetime"),
        ({"of": "avg", "over": "deals.amount"}, "avg", ("deals", "amount"), "decimal"),
    ],
)
def test_summary_names_its_function_or_its_result(body: dict, function: str, over: tuple, of: str) -> None:
    assert codes("summary", body) == []
    options = field_of("summary", **body).options
    assert (options["function"], options["over"], options["of"]) == (function, over, of)


def test_summary_of_moments_has_a_column_of_moments() -> None:
    field = field_of("summary", of="last", over="calls.at", result="datetime")
    assert isinstance(FIELD_TYPES["summary"].column_type(field), sa.DateTime)


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("formula", {"of": "money"}, "field.no_formula"),
        ("formula", {"of": "money", "formula": ""}, "field.no_formula"),
        ("formula", {"of": "money", "formula": 5}, "field.no_formula"),
        ("formula", {"of": "money", "formula": "x" * 2_001}, "field.no_formula"),
        ("formula", {"formula": "a"}, "field.unknown_word"),
        ("formula", {"of": "reference", "formula": "a"}, "field.unknown_word"),
        ("formula", {"of": "money", "formula": "a", "currency": "EURO"}, "field.unknown_word"),
        ("formula", {"of": "money", "formula": "a", "default": 5}, "field.bad_default"),
        ("summary", {"of": "sum"}, "field.bad_over"),
        ("summary", {"of": "sum", "over": "a.b.c"}, "field.bad_over"),
        ("summary", {"of": "sum", "over": "deals"}, "field.bad_over"),
        ("summary", {"of": "median", "over": "deals.amount"}, "field.unknown_word"),
        ("summary", {"of": "sum", "over": "deals.amount", "result": "file"}, "field.unknown_word"),
        ("summary", {"of": "sum", "over": "deals.amount", "where": "won"}, "field.expected_lines"),
        ("sequence", {"pattern": "C-{year}"}, "field.bad_sequence"),
        ("sequence", {"default": "C-1"}, "field.bad_default"),
    ],
)
def test_wrong_keys_are_named(name: str, body: dict, code: str) -> None:
    assert codes(name, body) == [code]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("C-{year}-{number:05}", "C-2026-00042"),
        ("C-{year}-{number:5}", "C-2026-00042"),
        ("{number}", "42"),
        ("{number:1}", "42"),
        ("ΤΙΜ{year:2}{month}{day}/{number:3}", "ΤΙΜ260309/042"),
    ],
)
def test_number_is_written_as_the_pattern_says(pattern: str, expected: str) -> None:
    assert is_pattern(pattern)
    assert render(pattern, 42, DAY) == expected


def test_number_longer_than_its_width_keeps_all_digits() -> None:
    assert render("{number:3}", 12_345, DAY) == "12345"


@pytest.mark.parametrize(
    "pattern",
    ["", "C", "{number}{number}", "{n}", "{number:0}", "{number:13}", "{number:x}", "{number", "{{number}}", "{0}",
     5, None,
     "x" * 60 + "{number}", "a\n{number}", "{number.__class__}", "{number!r}"],
)  # fmt: skip
def test_anything_else_is_no_pattern(pattern: object) -> None:
    assert not is_pattern(pattern)


def test_counting_begins_anew_with_what_the_pattern_names() -> None:
    later = dt.date(2027, 3, 9)
    assert series("C-{year}-{number:5}", DAY) != series("C-{year}-{number:5}", later)
    assert series("C-{number:5}", DAY) == series("C-{number:5}", later) == "C-{number}"
    assert series("{year}{month}-{number}", DAY) == "202603-{number}"
