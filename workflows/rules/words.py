"""Pieces of the sentences that say what a rule does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions.sentence import Speaker
from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields.base import Field
from crm.messages import render
from crm.texts import NP_, translate

KEY_LABELS: Mapping[str, str] = {
    "to": NP_("key", "To"),
    "field": NP_("key", "Field"),
    "way": NP_("key", "Field"),
    "entity": NP_("key", "Entity"),
    "values": NP_("key", "Values"),
    "where": NP_("key", "Only records where"),
    "role": NP_("key", "Role"),
    "user": NP_("key", "User"),
    "template": NP_("key", "Template"),
    "text": NP_("key", "Text"),
    "subject": NP_("key", "Subject"),
    "body": NP_("key", "Text"),
    "kind": NP_("key", "Type"),
    "for": NP_("key", "For"),
    "due_in": NP_("key", "Due in"),
    "days": NP_("key", "Days"),
    "at": NP_("key", "At"),
    "url": NP_("key", "Web address"),
    "secret": NP_("key", "Secret"),
    "segment": NP_("key", "Segment"),
    "through": NP_("key", "Related records"),
    "of": NP_("key", "Who"),
}
"""What the keys are called that several triggers and actions share; a class may say it better in `labels`."""


def word_label(labels: Mapping[str, str], word: str, language: str) -> str:
    """Return what a key or a fixed value of a trigger or an action is called.

    >>> word_label({}, "due_on", "en")
    'Due on'
    """
    known = labels.get(word) or KEY_LABELS.get(word)
    return translate(known, language) if known else word.replace("_", " ").capitalize()


def member_label(member: Any, language: str) -> str:
    """Return what a trigger or an action is called where one chooses it."""
    return translate(member.label, language) if member.label else member.name.replace("_", " ").capitalize()


def span_words(span: Any, language: str) -> str:
    """Return a span such as "4 hours" in a language; what is none as it is written."""
    number, _, unit = str(span).partition(" ")
    if not number.isdigit() or not unit:
        return str(span)
    return Speaker(None, language).span(int(number), f"{unit.removesuffix('s')}s")  # type: ignore[arg-type]


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
