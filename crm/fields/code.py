"""Codes: short texts with one right way to write them, such as addresses, phones and national numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa

from crm.fields.base import Field, FieldType, Situation
from crm.fields.text_reading import code_text


class CodeType(FieldType):
    """One line that a machine reads too, left to right in every language.

    Shape:  a type gives `longest` (characters) and `judge`; what is copied along with a code is gone by then.
    """

    left_to_right = True
    longest: ClassVar[int]

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return VARCHAR."""
        return sa.String(self.longest)

    def clean(self, field: Field, value: Any, situation: Situation) -> str | None:
        """Return the code in its normal form; None when empty."""
        text = code_text(field, value)
        return self.judge(field, text, situation) if text else None

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the normal form of a text that is not empty.

        Errors: FieldError, when it is none of its kind.
        """
        raise NotImplementedError
