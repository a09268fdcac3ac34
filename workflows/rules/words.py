"""Pieces of the sentences that say what a rule does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields.base import Field
from crm.messages import render


def say(code: str, language: str, **params: object) -> str:
    """Return a sentence of the catalogue in one language."""
    return render(Problem(code, params), language)


def field_label(field: Field, language: str) -> str:
    """Return what people call a field."""
    return field.label.get(language)


def value_words(value: Any, field: Field, language: str) -> str:
    """Return a value as an admin reads it: a choice by its label, anything else as it is written."""
    choices = field.options.get("choices", {})
    if isinstance(value, str) and value in choices:
        label = getattr(choices[value], "label", None)
        return label.get(language) if label else value
    return str(value)


def recipient_words(to: Any, schema: Schema, entity: Entity, language: str) -> str:
    """Return who a message goes to, as a list of names, roles and what fields on the way are called."""
    lines = to if isinstance(to, list) else [to]
    return ", ".join(_one(line, schema, entity, language) for line in lines)


def path_words(path: str, schema: Schema, entity: Entity, language: str) -> str:
    """Return what the fields of a path are called, one after the other; a path of other things as it is written."""
    labels = []
    for name in path.split("."):
        field = entity.fields.get(name)
        if field is None:
            return path
        labels.append(field_label(field, language))
        entity = schema.entities.get(field.options.get("to"), entity)
    return ": ".join(labels)


def _one(line: Any, schema: Schema, entity: Entity, language: str) -> str:
    if not isinstance(line, Mapping):
        return path_words(str(line), schema, entity, language)
    if "user" in line:
        return str(line["user"])
    role = schema.parts.get("role", {}).get(line["role"])
    return role.label.get(language) if role else str(line["role"])
