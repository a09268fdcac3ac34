"""Every sentence an error or a problem can become: one file per area, named in the list below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.errors import CrmError, Problem
from crm.isolation import isolated
from crm.messages import (
    bin,
    bulk,
    calendars,
    conditions,
    contact,
    database,
    drafts,
    edits,
    fields,
    imports,
    permissions,
    records,
    reports,
    rules,
    schema,
    web,
)
from crm.texts import Text, translate

AREAS = (
    calendars,
    bin,
    bulk,
    database,
    schema,
    drafts,
    edits,
    fields,
    conditions,
    contact,
    permissions,
    records,
    imports,
    reports,
    rules,
    web,
)
MESSAGES: dict[str, str] = {code: text for area in AREAS for code, text in area.MESSAGES.items()}


def add_messages(messages: Mapping[str, str]) -> None:
    """Take in the sentences of what stands above this package.

    Errors: TypeError when a code is there already.
    """
    twice = [code for code in messages if MESSAGES.get(code, messages[code]) != messages[code]]
    if twice:
        raise TypeError(f"These sentences are there already: {', '.join(sorted(twice))}")
    MESSAGES.update(messages)


def render(problem: Problem | CrmError, language: str) -> str:
    """Return the sentence for a problem or an error, in one language, without its place.

    Shape:  parameters that are a `Text` are put into the language first.
    """
    params = {
        name: value.get(language) if isinstance(value, Text) else value
        for name, value in problem.params.items()
    }
    return isolated(translate(MESSAGES[problem.code], language, **params), language)


def told(problem: Problem, language: str) -> dict[str, Any]:
    """Return a problem as the JSON answers show it."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "field": problem.field,
        "message": render(problem, language),
    }
