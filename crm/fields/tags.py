"""Free words that gather records."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.columns import Words
from crm.fields.fold import fold
from crm.fields.text_reading import one_line, shown
from crm.fields.words import search_keys
from crm.texts import NP_

LONGEST_TAG = 60
MOST_TAGS = 50
_BETWEEN = re.compile("[,;|\n\r]")


class TagsType(FieldType):
    """Up to fifty short words; two that fold alike are one.

    Shape:  a tuple of text in the order given. Commas, semicolons, bars and lines part tags.
    """

    name = "tags"
    words = TypeWords("tags", NP_("field.type", "Tags"), NP_("field.help", "Free words"))
    several = True
    is_indexable = False
    kind = "many"
    control = "tags"

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return text that holds several words."""
        return Words()

    def clean(self, field: Field, value: Any, situation: Situation) -> tuple[str, ...] | None:
        """Return the tags, each once."""
        if value is None or value == "":
            return None
        if not isinstance(value, (list, tuple)):
            value = [value]
        words = [one for part in value for one in self._words(field, part)]
        tags: dict[str, str] = {}
        for word in words:
            tag = " ".join(word.split()).lstrip("#")
            if len(tag) > LONGEST_TAG:
                raise refusal(field, "tags.too_long", value=shown(tag), limit=LONGEST_TAG)
            if fold(tag):
                tags.setdefault(fold(tag), tag)
        if len(tags) > MOST_TAGS:
            raise refusal(field, "tags.too_many", most=MOST_TAGS)
        return tuple(tags.values()) or None

    @staticmethod
    def _words(field: Field, part: Any) -> list[str]:
        text = part if isinstance(part, str) else one_line(field, part)
        return [one_line(field, word) for word in _BETWEEN.split(text)]

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the tags in one line."""
        return ", ".join(value or ())

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the tags in one line."""
        return ", ".join(value or ())

    def to_json(self, field: Field, value: Any) -> list[str] | None:
        """Return the tags as a list."""
        return None if value is None else list(value)

    def to_cell(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the tags in one text."""
        return ", ".join(value or ()) or None

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded tags."""
        return " ".join(search_keys(tag) for tag in value or ())
