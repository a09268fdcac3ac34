"""JSON Schemas of the documents, made from the same names the check uses, so that editors complete and warn."""

from __future__ import annotations

from typing import Any

from crm.entities.check import ENTITY_KEYS, FIELD_KEYS, FLAGS
from crm.entities.kinds import KINDS
from crm.fields import FIELD_TYPES
from crm.texts import LANGUAGES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {language: {"type": "string"} for language in LANGUAGES},
            "additionalProperties": False,
        },
    ]
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return one JSON Schema per kind of document, by kind."""
    found = {"entity": _entity()}
    for kind in KINDS.values():
        keys = dict.fromkeys(kind.keys or (kind.name,), {})
        found[kind.name] = _document(kind.name, {**keys, "label": TEXT} if "label" in keys else keys)
    return found


def _document(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        "type": "object",
        "required": [kind],
        "properties": {**properties, kind: {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}},
        "additionalProperties": False,
    }


def _entity() -> dict[str, Any]:
    properties: dict[str, Any] = dict.fromkeys(ENTITY_KEYS, {})
    properties |= {"label": TEXT, "plural": TEXT, "icon": {"type": "string"}, "menu": {"type": "string"}}
    properties["fields"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"oneOf": _fields()},
    }
    return {**_document("entity", properties), "required": ["entity", "fields"]}


def _fields() -> list[dict[str, Any]]:
    found = []
    for name, field_type in FIELD_TYPES.items():
        properties: dict[str, Any] = dict.fromkeys((*FIELD_KEYS, *sorted(field_type.keys)), {})
        properties |= {flag: {"type": "boolean"} for flag in FLAGS}
        properties |= {"type": {"const": name}, "label": TEXT, "help": TEXT}
        found.append(
            {"type": "object", "required": ["type"], "properties": properties, "additionalProperties": False}
        )
    return found
