"""Phone numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import phonenumbers

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.code import CodeType
from crm.fields.locales import country_of
from crm.fields.phone_numbers import as_e164, dialled_forms, shown_phone
from crm.fields.text_reading import shown
from crm.fields.words import code_keys
from crm.texts import N_, NP_

LONGEST = 32


def region_of(field: Field, situation: Situation) -> str:
    """Return the country whose national numbers are meant, as two capital letters.

    Shape:  the field named by `region_field`, else `region`, else the organisation's.
    """
    beside = situation.values.get(field.options.get("region_field") or "")
    code = country_of(beside) if isinstance(beside, str) and beside else None
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    return field.options.get("region") or situation.region


class PhoneType(CodeType):
    """A phone number, stored in E.164 form so that equal numbers are equal texts.

    Shape:  `+302101234567`, with an extension `+302101234567;ext=12`. A number without country code is of
            `region`, or of the country in `region_field`.
    """

    name = "phone"
    words = TypeWords("phone", NP_("field.type", "Phone"), N_("Phone number, in any notation"))
    reaches = "phone"
    has_normal_form = True
    names_records = True
    header_words = "phone telephone phonenumber tel mobile τηλεφωνο telefon טלפון"
    keys = frozenset({"region", "region_field"})
    beside = frozenset({"region_field"})
    control = "phone"
    longest = LONGEST

    def href(self, value: Any) -> str:
        """Return the address that reaches it."""
        return f"tel:{value}"

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the region."""
        problems = options.check_word(name, body, "region", sorted(phonenumbers.SUPPORTED_REGIONS))
        problems += options.check_name(name, body, "region_field")
        return problems

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the number in E.164 form."""
        region = region_of(field, situation)
        found = as_e164(text, region) if len(text) <= 100 else None
        if found is None or len(found) > LONGEST:
            raise refusal(field, "phone.not_a_number", value=shown(text), region=region)
        return found

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number as it is dialled from the field's country."""
        return shown_phone(value, region_of(field, situation)) if value else ""

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the number in international form: the country beside it may be about to change."""
        return shown_phone(value, "ZZ") if value else ""

    def search_key(self, field: Field, value: Any) -> str:
        """Return the digits with and without the country code, as people type them."""
        return code_keys(dialled_forms(value)) if value else ""
