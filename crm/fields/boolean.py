"""True or false."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crm.fields.base import Field, FieldType, Situation, TypeWords, refusal
from crm.fields.fold import fold
from crm.fields.text_reading import code_text, shown
from crm.texts import N_

TRUE = (
    "true", "yes", "y", "1", "on", "x", "t", "✓", "✔", "☑", "ναι", "ν", "αληθές",
    "da", "d", "adevărat", "כן", "נכון", "אמת",
)  # fmt: skip
FALSE = (
    "false", "no", "n", "0", "off", "f", "✗", "✘", "☐", "όχι", "ο", "ψευδές", "nu", "fals", "לא", "שקר",
)  # fmt: skip
_WORDS = dict.fromkeys(map(fold, TRUE), True) | dict.fromkeys(map(fold, FALSE), False)
_SHOWN = {
    "en": ("No", "Yes"), "el": ("Όχι", "Ναι"), "ro": ("Nu", "Da"), "he": ("לא", "כן"),
}  # fmt: skip


class BooleanType(FieldType):
    """True or false, or empty when nobody said."""

    name = "boolean"
    words = TypeWords("check", N_("Yes or no"), N_("For example: active or not"))
    is_indexable = False
    kind = "boolean"
    control = "checkbox"

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return BOOLEAN."""
        return sa.Boolean()

    def clean(self, field: Field, value: Any, situation: Situation) -> bool | None:
        """Return the truth of yes and no in any of our languages, of 1 and 0, of true and false."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)) and value in (0, 1):
            return value == 1
        text = code_text(field, value)
        if not text:
            return None
        found = _WORDS.get(text if len(text) > 20 else fold(text))
        if found is None:
            raise refusal(field, "boolean.not_yes_or_no", value=shown(text))
        return found

    def is_shown_as(self, field: Field, held: Any, sent: Any, situation: Situation) -> bool:
        """Return whether a box stayed as it was: one that is not ticked shows no and empty alike.

        Where an answer is required, an empty box that comes back unticked is the answer no.
        """
        if held is None and sent == "false" and situation.source == "form":
            return not (field.required or field.required_if)
        return super().is_shown_as(field, held, sent, situation)

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return yes or no in the reader's language."""
        return "" if value is None else _SHOWN.get(situation.language, _SHOWN["en"])[bool(value)]

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return `true` or `false`, the values of the control."""
        return "" if value is None else "true" if value else "false"
