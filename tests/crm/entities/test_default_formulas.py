"""Computed defaults and days: what can never have a value, or one that does not fit, is refused by the check."""

from __future__ import annotations

import pytest

from app import wire
from crm.entities.load import build_schema, load_document
from crm.messages import render

FIRM = """
entity: firm
fields:
  name: {type: text}
  revenue: {type: decimal}
  boss: {type: user}
"""
VISIT = """
entity: visit
fields:
  subject: {type: text}
  number: {type: sequence, pattern: 'V-{number}'}
  firm: {type: reference, to: firm, inverse: {name: visits}}
  other: {type: reference, to: firm}
  parent: {type: reference, to: visit, inverse: {name: parts}}
  boss: {type: user}
  amount: {type: decimal}
  on: {type: date}
  at: {type: datetime}
  double: {type: formula, of: decimal, formula: amount * 2}
  whole: {type: formula, of: decimal, formula: 'sum_of(parts.amount)'}
"""


@pytest.fixture(autouse=True)
def _kinds() -> None:
    wire()


def codes_of(more: str) -> list[str]:
    """Return the codes of the problems of a visit with something more."""
    documents = []
    for text in (FIRM, VISIT.lstrip() + more):
        document, problems = load_document(text.lstrip(), "file.yaml")
        assert not problems, problems
        documents.append(document)
    found = build_schema(documents, 1)[1]
    assert all(render(problem, "en") for problem in found)
    return [problem.code for problem in found]


@pytest.mark.parametrize(
    "field",
    [
        "{type: reference, to: firm, default: = parent.firm}",
        "{type: user, default: = firm.boss}",
        "{type: text, default: = firm.name}",
        "{type: decimal, default: = firm.revenue / 2}",
        "{type: decimal, default: = double}",
        "{type: decimal, default: 'count_of(firm.visits)'}".replace("'count", "'= count"),
        "{type: date, default: = at}",
        "{type: datetime, default: = now()}",
    ],
)
def test_a_default_over_what_is_given_is_accepted(field):
    assert codes_of(f"  extra: {field}\n") == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("  extra: {type: decimal, default: = extra}\n", "schema.default_in_circle"),
        (
            "  a: {type: decimal, default: = b}\n  b: {type: decimal, default: = a + 1}\n",
            "schema.default_in_circle",
        ),
        ("  extra: {type: decimal, default: '= count_of(parts)'}\n", "schema.default_asks_records"),
        ("  extra: {type: decimal, default: = whole}\n", "schema.default_asks_records"),
        ("  extra: {type: datetime, default: = created_at}\n", "schema.default_comes_later"),
        ("  extra: {type: text, default: = number}\n", "schema.default_comes_later"),
        ("  extra: {type: decimal, default: = firm.name}\n", "schema.default_does_not_fit"),
        ("  extra: {type: text, default: = amount}\n", "schema.default_does_not_fit"),
        ("  extra: {type: reference, to: visit, default: = parent.firm}\n", "schema.default_does_not_fit"),
        ("  extra: {type: user, default: = firm}\n", "schema.default_does_not_fit"),
    ],
)
def test_a_default_that_can_never_be_is_refused(fields, code):
    assert code in codes_of(fields)


@pytest.mark.parametrize(
    ("layout", "code"),
    [
        ("calendar: {from: subject}\n", "schema.day_needs_date"),
        ("calendar: {from: on, to: amount}\n", "schema.day_needs_date"),
        ("calendar: {from: id}\n", "schema.day_needs_date"),
        ("calendar: {from: on, person: subject}\n", "schema.duty_needs_type"),
        ("calendar: {from: on, kind: subject}\n", "schema.duty_needs_type"),
        ("calendar: {from: on, done: subject}\n", "schema.done_needs_flag"),
        ("calendar: {from: on, done_is: [x]}\n", "schema.done_is_needs_choice"),
        ("calendar: {from: created_at, yearly: maybe}\n", "schema.expected_boolean"),
        ("timeline: {at: subject}\n", "schema.day_needs_date"),
        ("calendar: {to: on}\n", "schema.missing_key"),
    ],
)
def test_a_calendar_by_what_is_no_day_is_refused(layout, code):
    assert code in codes_of(layout)


def test_a_calendar_by_a_date_a_moment_or_when_it_was_made_is_accepted():
    for layout in ("{from: on, to: at}", "{from: at}", "{from: created_at, title: subject}"):
        assert codes_of(f"calendar: {layout}\n") == []
