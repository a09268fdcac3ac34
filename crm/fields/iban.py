"""Bank account numbers."""

from __future__ import annotations

from typing import Any

from stdnum import exceptions, iban

from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.code import CodeType
from crm.fields.text_reading import shown
from crm.fields.words import code_keys
from crm.texts import NP_

LONGEST = 34


class IbanType(CodeType):
    """A bank account number with right check digits, capital letters, without blanks."""

    name = "iban"
    words = TypeWords("building", NP_("field.type", "Bank account"), NP_("field.help", "IBAN, validated"))
    has_normal_form = True
    names_records = True
    header_words = "iban bankaccount"
    longest = LONGEST

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the checked number; `IBAN` in front is dropped."""
        bare = text[4:].lstrip(" :") if text[:4].upper() == "IBAN" else text
        if len(bare) > 60:
            raise refusal(field, "iban.wrong_form", value=shown(text))
        try:
            return iban.validate(bare)
        except exceptions.InvalidChecksum:
            raise refusal(field, "iban.wrong_check_digits", value=shown(text)) from None
        except exceptions.ValidationError:
            raise refusal(field, "iban.wrong_form", value=shown(text)) from None

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number in groups of four, as banks print it."""
        return iban.format(value) if value else ""

    def search_key(self, field: Field, value: Any) -> str:
        """Return the number in small letters."""
        return code_keys(value) if value else ""
