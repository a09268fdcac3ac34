"""The largest conditions that are let in also run, on both databases; plain comparisons use an index."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.conditions import compile_sql, evaluate, parse_conditions
from crm.conditions.language.lines import MAX_CHILDREN, MAX_LINES, MAX_NESTING
from crm.conditions.operators.equal import MAX_OPTIONS
from tests.crm.conditions.world import World, formula, tree


def _groups() -> dict:
    found: dict = {"field": "name", "is": "x"}
    for level in range(MAX_NESTING):
        found = {("any", "all", "none")[level % 3]: [found, {"field": "staff", "is": 1}]}
    return found


def _families() -> dict:
    found: dict = {"none": [{"field": "parent.parent.parent.parent.parent.loud", "is_not": "X"}]}
    for _ in range(MAX_CHILDREN):
        where = [{"none": [{"any": [found, {"field": "staff", "is": 1}]}]}]
        found = {"none_of": "parent.daughters", "where": where}
    return found


LARGEST: dict[str, list] = {
    "groups": [_groups()],
    "families": [_families()],
    "lines": [{"field": "staff", "is_not": number} for number in range(MAX_LINES)],
    "ways": [{"any": [{"field": "parent.name", "is": str(number)} for number in range(MAX_LINES - 1)]}],
    "numbers": [{"field": "staff", "is_one_of": list(range(MAX_OPTIONS))}],
    "texts": [{"field": "name", "is_none_of": [str(number) for number in range(MAX_OPTIONS)]}],
    "days": [{"field": "seen_at", "is_one_of": ["2026-03-29"] * 200}],
}
DEEPEST = {
    "brackets": "-(" * 24 + "staff" + ")" * 24 + " + 1",
    "quotients": "/".join(["staff"] * 45),
    "sum": "+".join(["staff"] * 240),
    "either": " or ".join(["rich"] * 60),
    "choices": "if(rich, " * 20 + "1" + ", 2)" * 20,
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_conditions_run(world: World, records: Session, name: str) -> None:
    world.add(records, "customer", id=1, name="x", staff=1)
    world.add(records, "customer", id=2, name="y", parent_id=1, staff=2)
    world.both(records, tree(world.schema, "customer", *LARGEST[name]), "customer")


@pytest.mark.parametrize("name", DEEPEST)
def test_the_deepest_formulas_run(world: World, records: Session, name: str) -> None:
    world.add(records, "customer", id=1, staff=3, revenue=2_000)
    world.both(records, formula(world.schema, "customer", DEEPEST[name]), "customer")


PLAIN: list[tuple[str, Any]] = [
    ("staff", {"field": "staff", "at_least": 2.5}),
    ("revenue", {"field": "revenue", "is": "10.50"}),
    ("name", {"field": "name", "is": "x"}),
    ("born_on", {"field": "born_on", "within_last": "3 days"}),
    ("seen_at", {"field": "seen_at", "is": "2026-03-29"}),
    ("owner_id", {"field": "owner", "is": "my_team"}),
]


@pytest.fixture
def indexed(world: World, records: Session) -> Iterator[Session]:
    """A session on a table with an index on every column that is asked for."""
    for column, _ in PLAIN:
        records.execute(sa.DDL(f"CREATE INDEX asked_{column} ON customer ({column})"))
    if world.engine.dialect.name == "postgresql":
        records.execute(sa.text("SET LOCAL enable_seqscan = off"))
    yield records


@pytest.mark.parametrize(("column", "line"), PLAIN)
def test_a_plain_comparison_uses_an_index(world: World, indexed: Session, column: str, line: dict) -> None:
    compiled = compile_sql(tree(world.schema, "customer", line), "customer", world.scope())
    found = sa.select(world.models["customer"].id).where(compiled)
    explain = "EXPLAIN QUERY PLAN" if world.engine.dialect.name == "sqlite" else "EXPLAIN"
    text = found.compile(world.engine, compile_kwargs={"literal_binds": True})
    plan = " ".join(
        str(row) for row in indexed.connection().exec_driver_sql(f"{explain} {text}".replace("%", "%%"))
    )
    assert f"asked_{column}" in plan


def test_a_condition_with_a_problem_is_met_by_nobody(world: World, records: Session) -> None:
    world.add(records, "customer", id=1, name="x")
    lines = [{"field": "name", "is": "x"}, {"field": "nme", "is": "x"}]
    node, problems = parse_conditions(lines, world.schema.entities["customer"], world.schema)
    assert problems
    assert world.both(records, node, "customer") == {1: False}


def test_an_alias_of_the_class_can_be_asked(world: World, records: Session) -> None:
    world.add(records, "customer", id=1, name="x")
    world.add(records, "customer", id=2, name="y", parent_id=1)
    other = sa.orm.aliased(world.models["customer"])
    lines = [{"field": "parent.name", "is": "x"}, {"none_of": "orders"}]
    compiled = compile_sql(tree(world.schema, "customer", *lines), "customer", world.scope(), other)
    assert list(records.scalars(sa.select(other.id).where(compiled))) == [2]


def test_the_rights_themselves_are_adapted_to_an_alias(world: World, records: Session) -> None:
    world.add(records, "customer", id=1, name="x")
    world.add(records, "customer", id=2, name="y", parent_id=1)
    node = tree(world.schema, "customer", {"field": "parent.name", "is": "x"}, {"none_of": "daughters"})
    cls = world.models["customer"]
    right = sa.orm.with_loader_criteria(
        cls, compile_sql(node, "customer", world.scope(unguarded=True)), include_aliases=True
    )
    other = sa.orm.aliased(cls)
    for asked in (cls, other):
        assert list(records.scalars(sa.select(asked.id).options(right))) == [2]


def test_a_formula_field_can_be_summed_and_sorted_by(world: World, records: Session) -> None:
    for key, revenue, staff in ((1, "100", 8), (2, "20", 3), (3, None, 1), (4, "-9", 2)):
        world.add(records, "customer", id=key, revenue=Decimal(revenue) if revenue else None, staff=staff)
    cls = world.models["customer"]
    value = compile_sql(formula(world.schema, "customer", "per_head"), "customer", world.scope())
    assert records.scalar(sa.select(sa.func.sum(value, type_=value.type))) == Decimal("14.67")
    assert list(records.scalars(sa.select(cls.id).order_by(value.desc().nulls_last()))) == [1, 2, 4, 3]


def test_children_saved_meanwhile_are_counted(world: World, records: Session) -> None:
    customer = world.add(records, "customer", id=1)
    node = formula(world.schema, "customer", "count_of(orders)")
    assert evaluate(node, customer, world.scope()) == 0
    assert customer.orders == []
    world.add(records, "order", id=1, customer_id=1)
    assert evaluate(node, customer, world.scope()) == 1
