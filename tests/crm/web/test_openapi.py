"""The OpenAPI document: every route of ours is in it, and all it says can be followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

KEYS = {
    "type", "properties", "items", "enum", "format", "nullable", "description", "anyOf", "oneOf", "required",
    "x-personal", "minimum", "maximum", "default", "additionalProperties",
}  # fmt: skip
TYPES = {"string", "integer", "number", "boolean", "array", "object"}
FOREIGN = ("/api/v1/security/", "/api/v1/menu/", "/api/{version}/_openapi")  # Flask-AppBuilder's own


@pytest.fixture
def document(client) -> dict[str, Any]:
    return client("admin").get("/api/v1/_openapi").json


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in document["paths"].items():
        for method, operation in found.items():
            if not path.startswith(FOREIGN):
                yield path, method, operation


def schemas(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema in a part of the document, those within schemas too."""
    if isinstance(part, list):
        for one in part:
            yield from schemas(one)
    elif isinstance(part, dict):
        for key, inner in part.items():
            if key == "schema":
                yield from _within(inner)
            else:
                yield from schemas(inner)


def _within(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    for one in [*inner, *([schema["items"]] if "items" in schema else [])]:
        yield from _within(one)


def test_every_route_under_the_api_is_described(app, document):
    missing = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if path.startswith("/api/v1/") and not path.startswith(FOREIGN):
            methods = {method.lower() for method in rule.methods - {"HEAD", "OPTIONS"}}
            missing += [(path, method) for method in methods - set(document["paths"].get(path, {}))]
    assert missing == []


def test_the_document_names_the_schema_import_and_draft_routes(document):
    assert {
        "/api/v1/schema/check", "/api/v1/schema/diff", "/api/v1/schema/publish", "/api/v1/schema/status",
        "/api/v1/schema/history", "/api/v1/schema/rollback", "/api/v1/schema/drafts", "/api/v1/schema/draft",
        "/api/v1/schema/draft/publish", "/api/v1/import/", "/api/v1/import/{batch_id}", "/api/v1/report/{name}",
        "/api/v1/segment/{name}", "/api/v1/rule/{name}/try", "/api/v1/files/",
    } <= set(document["paths"])  # fmt: skip


def test_every_operation_declares_just_the_parameters_of_its_path(document):
    for path, method, operation in operations(document):
        declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), (path, method)
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")


def test_every_operation_says_what_it_answers_and_how_one_signs_in(document):
    known = document["components"]["securitySchemes"]
    for path, method, operation in operations(document):
        assert any(status.startswith("2") for status in operation["responses"]), (path, method)
        assert all(found["description"] for found in operation["responses"].values()), (path, method)
        assert operation["security"] and all(set(way) <= set(known) for way in operation["security"])


def test_the_names_of_operations_are_unique(document):
    names = [one["operationId"] for _path, _method, one in operations(document) if "operationId" in one]
    assert len(names) == len(set(names)) > 20


def test_every_schema_is_one_that_openapi_knows(document):
    found = list(schemas([operation for _path, _method, operation in operations(document)]))
    assert len(found) > 100
    for schema in found:
        assert set(schema) <= KEYS and schema.get("type", "object") in TYPES, schema
        assert schema.get("type") != "array" or "items" in schema, schema


def test_every_reference_leads_somewhere(document):
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        place = document
        for step in reference.split("/"):
            place = place[step]
