"""JSON Schemas of the documents, made from the same names the check uses, so that editors complete and warn."""

from __future__ import annotations

from typing import Any

from crm.entities.check import CALENDAR_FIELDS, ENTITY_KEYS, FIELD_KEYS, FLAGS, IF_SAME
from crm.entities.check import CONDITIONS as CONDITION_KEYS
from crm.entities.duties import DUTIES
from crm.entities.kinds import KINDS
from crm.entities.schema_parts import (
    ANYTHING,
    CONDITIONS,
    DEFINITIONS,
    FLAG,
    LABEL,
    TEXT,
    WORD,
    WORDS,
    Schema,
    closed,
    list_of,
    named,
    one_or_many,
)
from crm.fields import FIELD_TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENTITY_PARTS: dict[str, Schema] = {
    "was": WORD,
    "label": LABEL,
    "plural": TEXT,
    "icon": WORD,
    "menu": WORD,
    "menu_place": {"type": "integer"},
    "title": WORD,
    "list": closed(columns=WORDS, sort=WORDS),
    "form": list_of({**closed(section=TEXT, columns={"enum": [1, 2]}, fields=WORDS), "required": ["fields"]}),
    "kanban": {**closed(by=WORD, sum=WORD, card=WORDS), "required": ["by"]},
    "calendar": {
        **closed(**dict.fromkeys(CALENDAR_FIELDS, WORD), done_is=WORDS, yearly=FLAG),
        "required": ["from"],
    },
    "timeline": closed(at=WORD, kind=WORD, title=WORD, text=WORD),
    **{key: duty.shape for key, duty in DUTIES.items()},
    "new_caller": WORD,
    "same_if": list_of(WORDS),
    "if_same": {"enum": list(IF_SAME)},
    "checks": list_of({**closed(when=CONDITIONS, message=TEXT), "required": ["when", "message"]}),
}
CHOICE: Schema = {"anyOf": [WORD, {"type": "null"}, closed(label=TEXT, color=WORD), TEXT]}
FIELD_PARTS: dict[str, Schema] = {
    **dict.fromkeys(FLAGS, FLAG),
    **dict.fromkeys(CONDITION_KEYS, CONDITIONS),
    "was": WORD,
    "label": LABEL,
    "help": TEXT,
    "choices": {"anyOf": [WORDS, named(CHOICE)]},
    "next": named(one_or_many(WORD)),
    "inverse": {**closed(name=WORD, label=TEXT), "required": ["name"]},
    "only": CONDITIONS,
    "where": CONDITIONS,
    "formula": WORD,
    "over": WORD,
    "to": WORD,
}
"""What stands under a key, where more can be said than that the type of the field knows it."""


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return one JSON Schema per kind of document, by kind."""
    found = {"entity": _document("entity", {**dict.fromkeys(ENTITY_KEYS, ANYTHING), **ENTITY_PARTS})}
    found["entity"]["properties"]["fields"] = {**named({"oneOf": _fields()}), "minProperties": 1}
    found["entity"]["required"].append("fields")
    for kind in KINDS.values():
        properties = {**dict.fromkeys(kind.keys, ANYTHING), "label": TEXT, **kind.parts}
        found[kind.name] = _document(kind.name, {key: properties[key] for key in kind.keys})
        found[kind.name]["$defs"] |= kind.definitions()
    return found


def _document(kind: str, properties: dict[str, Schema]) -> dict[str, Any]:
    name = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
    body = {**closed(**{**properties, kind: name}), "required": [kind]}
    return {"$schema": DIALECT, "$defs": dict(DEFINITIONS), **body}


def _fields() -> list[Schema]:
    found = []
    for name, field_type in FIELD_TYPES.items():
        keys = (*FIELD_KEYS, *sorted(field_type.keys))
        properties = {key: FIELD_PARTS.get(key, ANYTHING) for key in keys}
        found.append({**closed(**{**properties, "type": {"const": name}}), "required": ["type"]})
    return found
