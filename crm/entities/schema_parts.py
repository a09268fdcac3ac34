"""Pieces of the JSON Schemas of documents that several kinds have in common."""

from __future__ import annotations

from typing import Any

from crm.conditions.language.lines import AGGREGATES, GROUPS
from crm.conditions.operators import OPERATORS
from crm.texts import FORMS, GENDERS, LANGUAGES

Schema = dict[str, Any]

ANYTHING: Schema = {}
WORD: Schema = {"type": "string"}
WORDS: Schema = {"type": "array", "items": WORD}
SPAN: Schema = {"type": "string", "format": "span"}  # such as "4 hours"
TIME: Schema = {"type": "string", "format": "time"}  # such as "08:00"
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}


def closed(**properties: Schema) -> Schema:
    """Return the schema of a map with these keys and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def named(value: Schema) -> Schema:
    """Return the schema of a map whose keys are names that people give."""
    return {"type": "object", "additionalProperties": value}


def list_of(part: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": part}


def one_or_many(part: Schema) -> Schema:
    """Return the schema of a list, or of one part that stands for a list."""
    return {"anyOf": [part, list_of(part)]}


def one_key(values: dict[str, Schema]) -> Schema:
    """Return the schema of a map with just one of these keys."""
    return {**closed(**values), "minProperties": 1, "maxProperties": 1}


TEXT: Schema = {"anyOf": [WORD, closed(**dict.fromkeys(LANGUAGES, WORD))]}
FORMS_OF_WORD: Schema = {
    **closed(**dict.fromkeys(FORMS[:-1], WORD), gender={"enum": list(GENDERS)}),
    "required": ["one"],
}
LABEL: Schema = {"anyOf": [WORD, closed(**dict.fromkeys(LANGUAGES, {"anyOf": [WORD, FORMS_OF_WORD]}))]}
CONDITIONS: Schema = {"$ref": "#/$defs/conditions"}
LINE = closed(
    field=WORD,
    formula=WORD,
    where=CONDITIONS,
    **dict.fromkeys(GROUPS, CONDITIONS),
    **dict.fromkeys(AGGREGATES, WORD),
    **dict.fromkeys(OPERATORS, ANYTHING),
)
DEFINITIONS: Schema = {"conditions": one_or_many(LINE)}
