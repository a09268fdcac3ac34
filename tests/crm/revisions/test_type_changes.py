"""A field that changes its type takes its values along, as what they meant and not as they were stored."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.entities.load import documents_from_json
from crm.permissions.model import SYSTEM
from crm.records.service import get_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_deal

pytestmark = pytest.mark.slow

STAGES = {"choices": {"a": {"label": "Alpha"}, "b": {"label": "Beta"}}}


def publish_field(engine: sa.Engine, body: dict) -> None:
    """Publish the live schema with the field `probe` of deals as given."""
    found = [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]
    next(one for one in found if one.get("entity") == "deal")["fields"]["probe"] = body
    publish_schema(engine, documents_from_json(found), "test")


@pytest.mark.parametrize(
    ("before", "value", "after", "expected"),
    [
        ({"type": "money"}, "1250.50", {"type": "text"}, "1250.50"),
        ({"type": "money"}, "1250.50", {"type": "money", "places": 4}, "1250.5000"),
        ({"type": "decimal", "places": 3}, "1.234", {"type": "decimal", "places": 4}, "1.2340"),
        ({"type": "integer"}, "12", {"type": "money"}, "12.00"),
        ({"type": "money"}, "12.00", {"type": "integer"}, "12"),
        ({"type": "date"}, "2026-03-29", {"type": "text"}, "2026-03-29"),
        ({"type": "datetime"}, "2026-03-29T09:00:00Z", {"type": "date"}, "2026-03-29"),
        ({"type": "boolean"}, "true", {"type": "text"}, "true"),
        ({"type": "text"}, "Beta", {"type": "choice", **STAGES}, "b"),
        ({"type": "tags"}, "a, b", {"type": "choices", **STAGES}, "('a', 'b')"),
    ],
)  # fmt: skip
def test_values_are_taken_along(
    engine: sa.Engine, before: dict, value: str, after: dict, expected: Any
) -> None:
    publish_field(engine, before)
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        deal_id = make_deal(session, probe=value).id
    publish_field(engine, after)
    workspace = get_workspace(engine)
    with open_session(engine, workspace, SYSTEM) as session:
        deal = get_record(session, workspace.schema.entities["deal"], deal_id)
        assert str(deal.probe) == expected
