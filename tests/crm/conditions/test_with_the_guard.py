"""Conditions in sessions whose actor does not see everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.conditions import compile_sql, parse_conditions
from crm.database import CrmSession
from crm.permissions.rows import scope_of
from tests.conftest import NOON


def _insert(session: CrmSession, entity: str, **values: Any) -> int:
    table = session.workspace.models.table(entity)
    usual = {"created_at": NOON, "updated_at": NOON, "row_version": 1}
    with session.get_bind().begin() as connection:
        return connection.execute(table.insert().values({**usual, **values})).inserted_primary_key[0]


def _selected(session: CrmSession, entity: str, line: dict) -> list[int]:
    node, problems = parse_conditions(
        [line], session.workspace.schema.entities[entity], session.workspace.schema
    )
    assert problems == []
    cls = session.workspace.models[entity]
    compiled = compile_sql(node, entity, scope_of(session))
    return list(session.scalars(sa.select(cls.id).where(compiled).order_by(cls.id)))


@pytest.fixture
def sales(session_as: Callable[..., CrmSession]) -> CrmSession:
    """A session of somebody in sales, who has customer 1 with deal 1; customer 2 with deals 2 and 3 is another's."""
    session = session_as("sales")
    me, other = session.actor.user_id, 9_999
    for key, owner in ((1, me), (2, other)):
        _insert(session, "customer", id=key, name=f"Customer {key}", owner_id=owner, revenue=10)
    for key, customer, owner in ((1, 1, me), (2, 1, other), (3, 2, other), (4, 2, me)):
        _insert(session, "deal", id=key, name=f"Deal {key}", customer_id=customer, owner_id=owner, amount=100)
    return session


def test_a_filter_counts_only_children_the_user_may_see(sales: CrmSession) -> None:
    assert _selected(sales, "customer", {"count_of": "deals", "is": 1}) == [1]
    assert _selected(sales, "customer", {"sum_of": "deals.amount", "above": 100}) == []
    with sales.as_system():
        assert _selected(sales, "customer", {"count_of": "deals", "is": 2}) == [1, 2]


def test_a_filter_over_a_path_tells_nothing_about_records_out_of_sight(sales: CrmSession) -> None:
    line = {"field": "customer.name", "starts_with": "customer"}
    assert _selected(sales, "deal", line) == [1]
    assert _selected(sales, "deal", {"formula": "amount > 2 * customer.revenue"}) == [1]
    assert _selected(sales, "deal", {"none": [line]}) == [4]


def test_the_ways_of_a_right_are_not_narrowed_by_other_rights(sales: CrmSession) -> None:
    _insert(sales, "contact", id=1, name="A", customer_id=1)
    _insert(sales, "contact", id=2, name="B", customer_id=2)
    contact = sales.workspace.models["contact"]
    assert list(sales.scalars(sa.select(contact.id))) == [1]
    other = aliased(contact)
    assert list(sales.scalars(sa.select(other.id))) == [1]
