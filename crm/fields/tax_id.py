"""National numbers of companies and persons, with their check digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import stdnum.eu.vat
import stdnum.gr.amka
import stdnum.gr.vat
import stdnum.il.hp
import stdnum.il.idnr
import stdnum.ro.cf
import stdnum.ro.cnp
import stdnum.ro.cui
import stdnum.ro.onrc
from stdnum import exceptions
from stdnum.util import get_cc_module

from crm.errors import FieldError, Problem
from crm.fields import options
from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.code import CodeType
from crm.fields.locales import country_of
from crm.fields.text_reading import shown
from crm.fields.words import code_keys
from crm.texts import N_, NP_, Text

LONGEST = 40
KINDS: Mapping[str, Any] = {
    "gr.vat": stdnum.gr.vat,
    "gr.amka": stdnum.gr.amka,
    "ro.cui": stdnum.ro.cui,
    "ro.cnp": stdnum.ro.cnp,
    "ro.cf": stdnum.ro.cf,
    "ro.onrc": stdnum.ro.onrc,
    "il.id": stdnum.il.idnr,
    "il.company": stdnum.il.hp,
    "eu.vat": stdnum.eu.vat,
}
NAMES: Mapping[str, Text] = {
    "gr.vat": Text(N_("Greek tax number (ΑΦΜ)")),
    "gr.amka": Text(N_("Greek social security number (ΑΜΚΑ)")),
    "ro.cui": Text(N_("Romanian company number (CUI)")),
    "ro.cnp": Text(N_("Romanian personal number (CNP)")),
    "ro.cf": Text(N_("Romanian tax number (CUI or CNP)")),
    "ro.onrc": Text(N_("Romanian trade register number")),
    "il.id": Text(N_("Israeli identity number (ת.ז.)")),
    "il.company": Text(N_("Israeli company number (ח.פ.)")),
    "eu.vat": Text(N_("European VAT number")),
    "other": Text(NP_("phrase", "tax number")),
}
# What a company or a person may write as tax number, the first being the one a refusal speaks of.
BY_COUNTRY = {"GR": ("gr.vat",), "RO": ("ro.cui", "ro.cnp"), "IL": ("il.company", "il.id")}
_LABEL = re.compile(
    r"(?:Α\.?Φ\.?Μ\.?|A\.?F\.?M\.?|ΕΛ(?=[ 0-9])|C\.?U\.?I\.?|C\.?I\.?F\.?|V\.?A\.?T\.?"
    r"|ח\.?פ\.?|ע\.?מ\.?|ת\.?ז\.?)[ :.]*"
)
_REASONS = (
    (exceptions.InvalidLength, "tax_id.wrong_length"),
    (exceptions.InvalidChecksum, "tax_id.wrong_check_digit"),
    (exceptions.InvalidComponent, "tax_id.impossible"),
    (exceptions.ValidationError, "tax_id.wrong_form"),
)  # fmt: skip


class TaxIdType(CodeType):
    """A national number with its check digit, without blanks and signs.

    Shape:  of `kind`, or of the country in the field `country_field` (Greece: ΑΦΜ; Romania: CUI or CNP;
            Israel: ח.פ. or ת.ז.; elsewhere the country's VAT number, unchecked where none is known).
            A country's letters in front are dropped, except for `eu.vat`.
    """

    name = "tax_id"
    words = TypeWords("id", NP_("field.type", "Tax or ID number"), N_("Validated by its check digit"))
    has_normal_form = True
    names_records = True
    header_words = "vat vatnumber taxid taxnumber αφμ cui cif חפ"
    keys = frozenset({"kind", "country_field"})
    beside = frozenset({"country_field"})
    longest = LONGEST

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with kind and country."""
        problems = options.check_word(name, body, "kind", KINDS)
        problems += options.check_name(name, body, "country_field")
        return problems + options.check_one_of_two(name, body, "kind", "country_field")

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the checked number."""
        if len(text) > 60:
            raise refusal(field, "tax_id.wrong_length", value=shown(text), what=NAMES["other"])
        text = _without_label(text.upper())
        kind = field.options.get("kind")
        if kind:
            return check_number(field, text, kind)
        return self._of_country(field, text, self.country(field, situation))

    @staticmethod
    def country(field: Field, situation: Situation) -> str:
        """Return the country whose numbers are meant, as two capital letters."""
        beside = situation.values.get(field.options.get("country_field") or "")
        if not isinstance(beside, str) or not beside.strip():
            return situation.region
        return country_of(beside) or beside

    def _of_country(self, field: Field, text: str, country: str) -> str:
        kinds = BY_COUNTRY.get(country)
        if kinds is None:
            return check_foreign(field, text, country)
        first: FieldError | None = None
        for kind in kinds:
            try:
                return check_number(field, text, kind)
            except FieldError as error:
                first = first or error
        raise first

    def search_key(self, field: Field, value: Any) -> str:
        """Return the number in small letters."""
        return code_keys(value) if value else ""


def _without_label(text: str) -> str:
    found = _LABEL.match(text)
    return text[found.end() :] if found and found.end() < len(text) else text


def check_number(field: Field, text: str, kind: str) -> str:
    """Return a number of one kind in its normal form.

    Errors: FieldError that says whether length, form, check digit or content is wrong.
    """
    try:
        number = KINDS[kind].validate(text)
    except exceptions.ValidationError as error:
        raise _reason(field, text, NAMES[kind], error) from None
    digits = number.lstrip("ELGR") if kind in ("gr.vat", "eu.vat") else number
    if not digits.strip("0"):  # the check digit of zeros is right, yet nobody has this number
        raise refusal(field, "tax_id.impossible", value=shown(text), what=NAMES[kind])
    return number


@lru_cache(maxsize=300)
def _module(country: str) -> Any:
    """Return the library's module for a country's VAT numbers; None when there is none."""
    if not (country.isascii() and country.isalpha() and len(country) == 2):
        return None
    return get_cc_module(country.lower(), "vat")


def check_foreign(field: Field, text: str, country: str) -> str:
    """Return the tax number of any other country; only its form is checked where nothing is known."""
    module = _module(country)
    if module is not None:
        try:
            return module.validate(text)
        except exceptions.ValidationError as error:
            raise _reason(field, text, NAMES["other"], error) from None
    bare = re.sub(r"[\s./-]", "", text)
    if not (bare.isascii() and bare.isalnum() and 3 <= len(bare) <= 20):
        raise refusal(field, "tax_id.wrong_form", value=shown(text), what=NAMES["other"])
    return bare


def _reason(field: Field, text: str, what: Text, error: Exception) -> FieldError:
    code = next(code for kind, code in _REASONS if isinstance(error, kind))
    return refusal(field, code, value=shown(text), what=what)
