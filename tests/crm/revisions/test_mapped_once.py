"""Mapping the classes takes longest of a publish: it happens once, and not at all when no entity changes."""

from __future__ import annotations

import copy

import pytest

from crm.entities.load import documents_from_json
from crm.revisions import models
from crm.revisions.publish import diff_schema, publish_schema
from crm.revisions.workspace import get_workspace


@pytest.fixture
def mapped(engine, monkeypatch) -> list[int]:
    """The revisions whose classes are mapped from now on, in turn."""
    found: list[int] = []
    build = models.Models.__init__

    def counted(self, schema) -> None:
        found.append(schema.number)
        build(self, schema)

    monkeypatch.setattr(models.Models, "__init__", counted)
    return found


def bodies_of(workspace) -> list[dict]:
    return [copy.deepcopy(dict(document.body)) for document in workspace.schema.documents]


def test_a_publish_maps_its_classes_once(engine, workspace, mapped):
    bodies = bodies_of(workspace)
    deal = next(body for body in bodies if body.get("entity") == "deal" and "fields" in body)
    deal["fields"]["nickname"] = {"type": "text"}
    number = publish_schema(engine, documents_from_json(bodies), "A field")
    live = get_workspace(engine)
    assert mapped == [number]
    assert live.number == number and live.models["deal"].__entity__ == live.schema.entities["deal"]
    assert "nickname" in live.models.table("deal").c


def test_a_diff_maps_them_once(engine, workspace, mapped):
    bodies = bodies_of(workspace)
    deal = next(body for body in bodies if body.get("entity") == "deal" and "fields" in body)
    deal["fields"]["nickname"] = {"type": "text"}
    assert not diff_schema(engine, documents_from_json(bodies))["problems"]
    assert len(mapped) == 1


def test_a_segment_needs_no_other_classes(engine, workspace, mapped):
    get_workspace(engine)
    segment = {
        "segment": "won",
        "entity": "deal",
        "label": "Won",
        "if": [{"field": "amount", "at_least": 10}],
    }
    number = publish_schema(engine, documents_from_json([*bodies_of(workspace), segment]), "A segment")
    live = get_workspace(engine)
    assert live.number == number and live.models is workspace.models
    assert mapped == [number], "for the proposal only"
