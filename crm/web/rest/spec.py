"""The OpenAPI description of an entity's REST resource, made from its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.entities.model import Entity
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.permissions.model import Actor
from crm.permissions.service import readable_fields, writable_fields

TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": "string", "description": "an exact number as text; a JSON number is accepted"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "reference": {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}},
    "user": {"type": "object", "properties": {"id": {"type": "integer"}, "title": {"type": "string"}}},
    "many": {"type": "array", "items": {"type": "string"}},
}
REFERENCES = {"type": "array", "items": TYPES["reference"]}
FILE = {
    "type": "object",
    "nullable": True,
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "size": {"type": "integer"},
        "url": {"type": "string"},
    },
}
PROBLEM = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "nullable": True},
        "line": {"type": "integer", "nullable": True},
        "message": {"type": "string"},
    },
}
TOLD = {
    "code": {"type": "string"},
    "message": {"type": "string"},
    "problems": {"type": "array", "items": PROBLEM},
    "request_id": {"type": "string"},
}
REFUSED = {"type": "object", "properties": {"error": {"type": "object", "properties": TOLD}}}
ERROR = {"description": "refused", "content": {"application/json": {"schema": REFUSED}}}
ERRORS = dict.fromkeys(("400", "401", "403", "404", "409", "422"), ERROR)
DUPLICATES = {
    "duplicates": {"type": "array", "items": {"type": "object"}, "description": "records that look the same"},
    "duplicates_count": {"type": "integer"},
}
SECURITY = [{"jwt": []}]
MERGE = {
    "type": "object",
    "properties": {
        "into": {"type": "integer", "description": "the record that stays"},
        "from": {"type": "array", "items": {"type": "integer"}},
        "values": {"type": "object", "description": "of which record a field's value is kept, by its name"},
    },
}
"""What a merge takes."""

BULK = {
    "type": "object",
    "properties": {
        "ids": {"type": "array", "items": {"type": "integer"}},
        "filters": {"type": "array", "items": {"type": "object"}, "description": "instead of `ids`"},
        "values": {"type": "object", "description": "the fields to set"},
        "delete": {"type": "boolean"},
        "button": {"type": "string", "description": "the name of a rule's button"},
        "inputs": {"type": "object", "description": "what the button asks for"},
    },
}
"""What one deed on many records takes: `ids` or `filters`, and one of `values` and `delete`."""


def entity_operations(entity: Entity, actor: Actor) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each path of the resource with its operations, as the actor may use them."""
    shown = {
        "type": "object",
        "properties": {f.name: _schema(f) for f in readable_fields(actor, entity).values()},
    }
    base, can = f"/api/v1/{entity.name}/", actor.rights(entity.name).can
    single = {"type": "object", "properties": {"id": {"type": "integer"}, "result": shown}}
    saved = {"type": "object", "properties": {**single["properties"], **DUPLICATES}}
    many = {
        "type": "object",
        "properties": {"count": {"type": "integer"}, "result": {"type": "array", "items": shown}},
    }
    q = {"in": "query", "name": "q", "schema": {"type": "string"}, "description": "rison"}
    pk = {"in": "path", "name": "pk", "required": True, "schema": {"type": "integer"}}
    allow = {"in": "query", "name": "allow_duplicate", "schema": {"type": "boolean"}}
    collection = {"get": _operation(entity, many, [q])}
    if "create" in can:
        collection["post"] = _operation(entity, saved, [allow], _sent_body(actor, entity, "create"), "201")
    member = {"get": _operation(entity, single, [pk, q])}
    if "update" in can:
        version = {"in": "header", "name": "If-Match", "schema": {"type": "string"}}
        member["put"] = _operation(entity, saved, [pk, version, allow], _sent_body(actor, entity, "update"))
    if "delete" in can:
        member["delete"] = _operation(entity, {"type": "object"}, [pk])
    yield base, collection
    yield base + "{pk}", member
    name = {"in": "path", "name": "name", "required": True, "schema": {"type": "string"}}
    key = {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string"}}
    pressed = {"type": "object", "properties": {"run": {"type": "integer"}, "state": {"type": "string"}}}
    yield (
        base + "{pk}/button/{name}",
        {"post": _operation(entity, pressed, [pk, name, key], {"type": "object"})},
    )
    if {"read", "delete"} <= can:
        restored = {
            "type": "object",
            "properties": {"id": {"type": "integer"}, "notes": {"type": "array", "items": PROBLEM}},
        }
        yield base + "{pk}/restore", {"post": _operation(entity, restored, [pk])}
    if {"read", "update", "delete"} <= can:
        merged = {"type": "object", "properties": dict.fromkeys(("id", "job"), {"type": "integer"})}
        yield base + "merge", {"post": _operation(entity, merged, [], MERGE)}
    if {"read", "update"} <= can or {"read", "delete"} <= can:
        begun = {"type": "object", "properties": {"job": {"type": "integer"}}}
        yield base + "bulk", {"post": _operation(entity, begun, [], BULK, "202")}
    yield base + "_info", {"get": _operation(entity, {"type": "object"}, [])}


def _sent_body(actor: Actor, entity: Entity, deed: str) -> dict[str, Any]:
    fields = writable_fields(actor, entity, deed).values()
    return {"type": "object", "properties": {field.name: _sent(field) for field in fields}}


def _operation(
    entity: Entity,
    answered: dict[str, Any],
    parameters: list[dict],
    sent: dict[str, Any] | None = None,
    code: str = "200",
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "tags": [entity.name],
        "security": SECURITY,
        "parameters": parameters,
        "responses": {
            code: {"description": "done", "content": {"application/json": {"schema": answered}}},
            **ERRORS,
        },
    }
    if sent is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": sent}}}
    return found


def _schema(field: Field) -> dict[str, Any]:
    """Return the schema of a field's values; personal data is marked."""
    return {**_shape(field), "x-personal": True} if field.personal else _shape(field)


def _shape(field: Field) -> dict[str, Any]:
    if type_of(field).holds_files:
        return {"type": "array", "items": FILE} if field.options.get("many") else FILE
    if type_of(field).chooses_one:
        return {"type": "string", "enum": list(all_choices(field)), "nullable": not field.required}
    shape = (
        REFERENCES
        if type_of(field).points and type_of(field).several
        else TYPES.get(kind_of(field), {"type": "string"})
    )
    return {**shape, "nullable": not field.required}


def _sent(field: Field) -> dict[str, Any]:
    if type_of(field).holds_files:
        number = {"type": "integer", "description": "the id that POST /api/v1/files/ answered"}
        return {"type": "array", "items": number} if field.options.get("many") else number
    if kind_of(field) in ("reference", "user"):
        return {"type": "integer", "nullable": not field.required}
    if type_of(field).points:
        return {"type": "array", "items": {"type": "integer"}, "nullable": not field.required}
    return _schema(field)
