"""Conditions in sessions whose actor does not see everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crm.conditions import compile_sql, parse_conditions
from crm.permissions.rows import scope_of


def _selected(session: Any, entity: str, line: dict) -> list[int]:
    workspace = session.workspace
    node, problems = parse_conditions([line], workspace.schema.entities[entity], workspace.schema)
    assert problems == []
    cls = workspace.models[entity]
    return list(session.scalars(sa.select(cls.id).where(compile_sql(node, entity, scope_of(session)))))


LINES = [
    ("contact", {"field": "customer.name", "starts_with": "a"}),
    ("customer", {"count_of": "deals", "at_least": 1}),
    ("customer", {"any_of": "deals", "where": [{"field": "customer.name", "contains": "a"}]}),
    ("customer", {"field": "name", "contains": "a"}),
    ("deal", {"formula": "amount > 2 * customer.revenue"}),
]


@pytest.mark.parametrize(("entity", "line"), LINES)
def test_a_filter_with_paths_and_children_passes_the_guard(session_as: Callable, entity: str, line: dict) -> None:
    assert _selected(session_as("sales"), entity, line) == []
