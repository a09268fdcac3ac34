"""Problems as our tables keep them: codes and parameters as JSON, so that every reader gets them in their language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from crm.errors import CrmError, Problem
from crm.messages import render
from crm.texts import Text


def encode_problems(problems: Iterable[Problem]) -> str:
    """Return problems as JSON text; labels keep all their languages."""
    rows = [(problem.code, encode_params(problem.params), problem.field) for problem in problems]
    return orjson.dumps(rows).decode()


def encode_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a problem's parameters as JSON values."""
    return {name: encode_param(value) for name, value in params.items()}


def encode_param(value: Any) -> Any:
    """Return one parameter as a JSON value: numbers, texts, or a text in several languages."""
    if isinstance(value, Text):
        return {"text": value.source}
    return value if isinstance(value, (int, float, str)) or value is None else str(value)


def decode_problems(content: str | None) -> list[Problem]:
    """Return the problems of a row."""
    return [decode_problem(code, params, field) for code, params, field in orjson.loads(content or "[]")]


def decode_problem(code: str, params: Mapping[str, Any], field: str | None = None) -> Problem:
    """Return one problem from its stored parts."""
    return Problem(code, {name: decode_param(value) for name, value in params.items()}, field)


def decode_param(value: Any) -> Any:
    """Return one parameter as it was."""
    return Text(value["text"]) if isinstance(value, dict) else value


def as_note(problem: Problem | CrmError) -> list[Any]:
    """Return code and parameters of a problem or an error as JSON values."""
    return [problem.code, encode_params(problem.params)]


def told_note(stored: Sequence[Any], language: str) -> str:
    """Return a stored note or problem as a sentence."""
    return render(decode_problem(stored[0], stored[1]), language)
