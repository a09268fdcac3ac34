"""Why a run failed, kept as codes and parameters so that every reader gets it in their language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.errors import CrmError, Problem
from crm.messages import MESSAGES, render
from crm.texts import Text

MAX_PROBLEMS = 20


def problems_of(error: CrmError) -> list[Problem]:
    """Return what an error says: its problems, or itself."""
    return (error.problems or [error.as_problem()])[:MAX_PROBLEMS]


def as_json(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return problems as plain data."""
    return [
        {
            "code": problem.code,
            "field": problem.field,
            "params": {name: _plain(value) for name, value in problem.params.items()},
        }
        for problem in problems
    ]


def _plain(value: object) -> Any:
    if isinstance(value, Text):
        return {"text": value.source}
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def sentences(stored: Sequence[Mapping] | None, language: str) -> list[str]:
    """Return stored problems as sentences; a code that is no longer known stands for itself."""
    return [_sentence(row, language) for row in stored or ()]


def _sentence(row: Mapping, language: str) -> str:
    if row["code"] not in MESSAGES:
        return row["code"]
    params = {
        name: Text(value["text"]) if isinstance(value, dict) else value
        for name, value in row["params"].items()
    }
    return render(Problem(row["code"], params), language)
