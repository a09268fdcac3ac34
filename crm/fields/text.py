"""Text of one line and of several."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import re2
import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.text_reading import one_line, several_lines, shown
from crm.fields.words import search_keys
from crm.texts import N_, NP_

LONGEST = 4_000  # characters of a one-line text
LONGEST_LONG = 1_000_000
LONGEST_INDEXED = 600  # characters; a database cannot keep longer keys in an index


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> Any:
    """Return a pattern compiled for matching in linear time, whatever the admin wrote."""
    rules = re2.Options()
    rules.log_errors = False
    rules.max_mem = 1 << 20
    return re2.compile(pattern, rules)


class TextType(FieldType):
    """One line of text.

    Shape:  str in NFC, trimmed, at most `max_length` characters (255), the whole of it matching `pattern`.
    """

    name = "text"
    words = TypeWords("pencil", NP_("field.type", "Text"), N_("One line: a name, a code"))
    names_records = True
    keys = frozenset({"max_length", "pattern"})
    limits = keys
    longest = LONGEST
    usual_length: int | None = 255

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the length and the pattern."""
        problems = options.check_whole(name, body, "max_length", 1, self.longest)
        length = body.get("max_length") or self.usual_length or self.longest
        if (
            not problems
            and length > LONGEST_INDEXED
            and (body.get("unique") is True or body.get("index") is True)
        ):
            problems += options.bad(name, "max_length", "field.too_long_to_index", most=LONGEST_INDEXED)
        pattern = body.get("pattern")
        if pattern is None:
            return problems
        if not isinstance(pattern, str) or len(pattern) > 500:
            return problems + options.bad(name, "pattern", "field.bad_pattern", value=str(pattern)[:60])
        try:
            compiled(pattern)
        except (re2.error, UnicodeError):
            problems += options.bad(name, "pattern", "field.bad_pattern", value=pattern[:60])
        return problems

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the length and the pattern."""
        length = body.get("max_length") or self.usual_length
        return {"max_length": length, "pattern": body.get("pattern")}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR without a length: `max_length` may change, and cleaning holds it."""
        return sa.String()

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the text; line breaks become blanks."""
        return self.judge(field, one_line(field, value))

    def judge(self, field: Field, text: str) -> str | None:
        """Return the text when it is short enough and matches, None when it is empty."""
        if not text:
            return None
        limit = field.options.get("max_length")
        if limit and len(text) > limit:
            raise refusal(field, "text.too_long", limit=limit, length=len(text))
        pattern = field.options.get("pattern")
        if pattern and not compiled(pattern).fullmatch(text):
            raise refusal(field, "text.no_match", value=shown(text))
        return text

    def fit(self, field: Field, value: Any) -> str | None:
        """Return a computed text cut to the field's length."""
        limit = field.options.get("max_length", self.usual_length)
        return None if value in (None, "") else str(value)[:limit]

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded text and its Latin reading."""
        return search_keys(value) if value else ""


class LongTextType(TextType):
    """Text of several lines, as long as it needs to be unless `max_length` says otherwise."""

    name = "long_text"
    words = TypeWords("notes", NP_("field.type", "Long text"), N_("Several lines: a description"))
    names_records = False
    is_long = True
    is_indexable = False
    control = "textarea"
    longest = LONGEST_LONG
    usual_length = None

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return TEXT."""
        return sa.Text()

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the text; lines end in one newline."""
        text = self.judge(field, several_lines(field, value))
        if text and len(text) > LONGEST_LONG:
            raise refusal(field, "text.too_long", limit=LONGEST_LONG, length=len(text))
        return text
