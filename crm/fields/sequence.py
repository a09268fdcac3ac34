"""Numbers given one after the other, such as C-2026-00042."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.text_reading import one_line
from crm.fields.words import code_keys
from crm.texts import N_, NP_

LONGEST = 60
USUAL_PATTERN = "{number:5}"
_PART = re.compile(r"\{(number|year|month|day)(?::0?([1-9]|1[0-2]))?\}")


def render(pattern: str, number: int, when: dt.date) -> str:
    """Return the text of one number.

    Shape:  a pattern is plain text with `{number}` once, and `{year}`, `{month}`, `{day}` as wanted. A width
            after a colon fills up with zeros: `{number:5}` or `{number:05}`; `{year:2}` is the year's last
            two digits. `when` is the day where the number is given, not the day in UTC.

    >>> render("C-{year}-{number:05}", 42, dt.date(2026, 3, 29))
    'C-2026-00042'
    """

    def part(found: re.Match) -> str:
        width = int(found[2] or 0)
        if found[1] == "number":
            return str(number).zfill(width)
        if found[1] == "year":
            return f"{when.year:04}"[-(width or 4) :]
        return f"{getattr(when, found[1]):02}"

    return _PART.sub(part, pattern)


def series(pattern: str, when: dt.date) -> str:
    """Return the name of the counter a number is drawn from: one per year, month or day in the pattern.

    >>> series("C-{year}-{number:05}", dt.date(2026, 3, 29))
    'C-2026-{number}'
    """
    return "{number}".join(render(piece, 0, when) for piece in re.split(r"\{number(?::\d+)?\}", pattern))


def is_pattern(pattern: object) -> bool:
    """Return whether a text is a pattern: one number, known parts, no other braces, not too long."""
    if not isinstance(pattern, str):
        return False
    rest = _PART.sub("", pattern)
    numbers = [found for found in _PART.finditer(pattern) if found[1] == "number"]
    fits = len(render(pattern, 10**12, dt.date(2026, 1, 1))) <= LONGEST
    return len(numbers) == 1 and fits and "{" not in rest and "}" not in rest and rest.isprintable()


class SequenceType(FieldType):
    """A number without gaps, given when a record is created, that cannot be edited.

    Shape:  text. Counting starts again when the year, month or day in the pattern changes.
    """

    name = "sequence"
    seal_refused = "schema.encrypted_sequence"
    words = TypeWords(
        "arrows-sort", NP_("field.type", "Auto number"), N_("Numbered by the system, without gaps")
    )
    is_numbered = True
    names_records = True
    keys = frozenset({"pattern"})
    writable = False
    left_to_right = True

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the pattern."""
        pattern = body.get("pattern")
        if pattern is None or is_pattern(pattern):
            return []
        return options.bad(name, "pattern", "field.bad_sequence", value=str(pattern)[:60])

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return the problem of a default: the number is drawn, never given."""
        if body.get("default") is None:
            return []
        return options.bad(name, "default", "field.bad_default", value=str(body["default"])[:60])

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the pattern."""
        return {"pattern": body.get("pattern") or USUAL_PATTERN}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR."""
        return sa.String(LONGEST)

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the text of a number drawn elsewhere, as imports and histories bring it."""
        text = one_line(field, value)
        if len(text) > LONGEST:
            raise refusal(field, "text.too_long", limit=LONGEST, length=len(text))
        return text or None

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded text."""
        return code_keys(value) if value else ""
