"""Reading records that are not stored, changes, and rows out of sight."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from crm.conditions import Scope, ValuesReader, evaluate, parse_conditions, parse_field
from crm.conditions.python.readers import reader_of
from crm.entities.model import Schema
from tests.crm.conditions.world import ATHENS, NOON, Segment, formula, tree


@pytest.fixture
def scope(world_schema: Schema) -> Scope:
    """A scope without a database."""
    return Scope(world_schema, NOON, ATHENS, user_id=1, team_user_ids=(1, 2))


FORM = {
    "name": "Ελένη",
    "revenue": Decimal("10.5"),
    "region": {"id": 4, "name": "Thrace", "rank": 2},
    "orders": [{"id": 1, "total": Decimal("3"), "state": "paid"}, {"id": 2, "total": None, "state": "open"}],
    "owner": 2,
}


def test_a_form_is_read_as_plain_values(scope: Scope) -> None:
    schema = scope.schema
    lines = [
        {"field": "name", "contains": "ΕΛΕ"},
        {"field": "region.rank", "at_least": 2},
        {"field": "region", "is": 4},
        {"field": "owner", "is": "my_team"},
        {"field": "staff", "is_empty": True},
        {"sum_of": "orders.total", "is": 3},
        {"count_of": "orders", "where": [{"field": "state", "is": "paid"}], "is": 1},
    ]
    assert evaluate(tree(schema, "customer", *lines), FORM, scope) is True
    assert evaluate(formula(schema, "customer", "round(revenue / 4)"), FORM, scope) == Decimal(3)


def test_a_form_over_a_record_falls_back_on_it_and_finds_by_id(scope: Scope) -> None:
    record = reader_of({"name": "Old", "staff": 7, "region_id": 1}, scope.schema)
    found: dict[tuple[str, int], Mapping[str, Any]] = {("region", 9): {"id": 9, "name": "New"}}
    form = ValuesReader(
        {"name": "Typed", "region": 9}, scope.schema, record, lambda name, key: found.get((name, key))
    )
    text = "concat(name, staff, region.name)"
    assert evaluate(formula(scope.schema, "customer", text), form, scope) == "Typed7New"


def test_a_change_is_known_by_its_old_values(scope: Scope) -> None:
    changed = replace(
        scope, before={"segment": "small", "revenue": "9.50", "born_on": "2026-03-01", "owner_id": 3}
    )
    after = {
        "segment": "large",
        "revenue": Decimal("9.50"),
        "born_on": dt.date(2026, 3, 2),
        "owner": 1,
        "staff": 3,
    }

    def holds(scope: Scope, **line: Any) -> bool:
        return evaluate(tree(scope.schema, "customer", line), after, scope)

    assert holds(changed, field="segment", changed=True)
    assert holds(changed, field="segment", changed_to="large")
    assert holds(changed, field="segment", changed_from="small")
    assert not holds(changed, field="segment", changed_from="medium")
    assert holds(changed, field="born_on", changed_from="2026-03-01")
    assert holds(changed, field="owner", changed_to="me")
    assert not holds(changed, field="revenue", changed=True)
    assert not holds(changed, field="staff", changed=True)
    assert holds(scope, field="segment", changed=False)


def test_records_out_of_sight_are_neither_followed_nor_counted(scope: Scope) -> None:
    schema = scope.schema
    visible = {
        "region": tree(schema, "region", {"field": "rank", "above": 5}),
        "order": tree(schema, "order", {"field": "state", "is": "paid"}),
    }
    seeing = replace(scope, visible=visible)
    assert evaluate(formula(schema, "customer", "region.name"), FORM, seeing) is None
    assert evaluate(formula(schema, "customer", "count_of(orders)"), FORM, seeing) == 1


def test_nobody_is_me_for_a_scope_without_a_user(scope: Scope) -> None:
    nobody = replace(scope, user_id=None, team_user_ids=())
    for word in ("me", "my_team"):
        assert not evaluate(
            tree(scope.schema, "customer", {"field": "owner", "is": word}), {"owner": None}, nobody
        )


def test_a_segment_that_asks_about_itself_is_refused(world_schema: Schema) -> None:
    circle = {
        "one": Segment("one", "customer", ({"any": [{"field": "staff", "is": 1}, {"in_segment": "two"}]},)),
        "two": Segment("two", "customer", ({"field": "parent", "in_segment": "one"},)),
    }
    schema = replace(world_schema, parts={"segment": circle})
    _node, problems = parse_conditions([{"in_segment": "one"}], schema.entities["customer"], schema)
    assert [problem.code for problem in problems] == ["conditions.segment_in_circle"]


def _with_formula(schema: Schema, text: str) -> Schema:
    """Return the schema with another formula for `per_head`."""
    customer = schema.entities["customer"]
    field = customer.fields["per_head"]
    field = replace(field, options={**field.options, "formula": text})
    customer = replace(customer, fields={**customer.fields, "per_head": field})
    return replace(schema, entities={**schema.entities, "customer": customer})


@pytest.mark.parametrize(
    ("text", "code"),
    [("per_head + 1", "formula_in_circle"), ("revnue", "formula_broken"), ("name", "formula_broken")],
)
def test_a_formula_that_cannot_be_calculated_is_refused_wherever_it_is_used(
    world_schema: Schema, text: str, code: str
) -> None:
    schema = _with_formula(world_schema, text)
    customer = schema.entities["customer"]
    _node, problems = parse_conditions([{"field": "per_head", "above": 1}], customer, schema)
    assert [problem.code for problem in problems] == [f"conditions.{code}"]
    assert len(parse_field(customer, customer.fields["per_head"], schema)[1]) == 1


def test_a_formula_is_rounded_as_its_field_shows_it(scope: Scope) -> None:
    values = {"revenue": Decimal("10"), "staff": 3}
    assert evaluate(formula(scope.schema, "customer", "per_head"), values, scope) == Decimal("3.33")


CALENDAR = [
    ("2026-01-31", "1 month", "2025-12-31", False),
    ("2026-01-31", "1 month", "2025-12-30", True),
    ("2026-03-31", "1 month", "2026-02-28", False),
    ("2026-03-31", "1 month", "2026-02-27", True),
    ("2024-02-29", "1 year", "2023-02-28", False),
    ("2024-02-29", "1 year", "2023-02-27", True),
]


@pytest.mark.parametrize(("today", "span", "day", "expected"), CALENDAR)
def test_months_and_years_go_by_the_calendar(
    scope: Scope, today: str, span: str, day: str, expected: bool
) -> None:
    now = dt.datetime.fromisoformat(f"{today} 10:00")
    node = tree(scope.schema, "customer", {"field": "born_on", "older_than": span})
    assert evaluate(node, {"born_on": dt.date.fromisoformat(day)}, replace(scope, now=now)) is expected


MOMENTS = [
    # The clocks of Athens go forward at 01:00 UTC on 29 March and back at 01:00 UTC on 25 October.
    ("2026-03-29 12:00", "1 day", "2026-03-28 12:59", True),
    ("2026-03-29 12:00", "1 day", "2026-03-28 13:00", False),
    ("2026-03-29 12:00", "24 hours", "2026-03-28 12:00", False),
    ("2026-10-25 12:00", "1 day", "2026-10-24 10:59", True),
    ("2026-10-25 12:00", "1 day", "2026-10-24 11:00", False),
]


@pytest.mark.parametrize(("now", "span", "moment", "expected"), MOMENTS)
def test_a_day_ago_keeps_the_wall_clock_and_hours_are_exact(
    scope: Scope, now: str, span: str, moment: str, expected: bool
) -> None:
    here = replace(scope, now=dt.datetime.fromisoformat(now))
    node = tree(scope.schema, "customer", {"field": "seen_at", "older_than": span})
    assert evaluate(node, {"seen_at": dt.datetime.fromisoformat(moment)}, here) is expected
