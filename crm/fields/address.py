"""Postal addresses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.text_reading import several_lines
from crm.fields.words import search_keys
from crm.texts import NP_

LONGEST = 500
MOST_LINES = 10


class AddressType(FieldType):
    """A postal address as it stands on an envelope: up to ten lines, no blanks or commas at their ends."""

    name = "address"
    words = TypeWords("home", NP_("field.type", "Address"), NP_("field.help", "Postal address"))
    is_long = True
    is_indexable = False
    control = "textarea"

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR."""
        return sa.String(LONGEST)

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the address without empty lines."""
        lines = [" ".join(line.split()).strip(", ") for line in several_lines(field, value).split("\n")]
        lines = [line for line in lines if line]
        text = "\n".join(lines)
        if len(text) > LONGEST or len(lines) > MOST_LINES:
            raise refusal(field, "address.too_long", limit=LONGEST, lines=MOST_LINES)
        return text or None

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the address in one line."""
        return value.replace("\n", ", ") if value else ""

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded address."""
        return search_keys(value) if value else ""
