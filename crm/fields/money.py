"""Amounts of money."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_symbol, list_currencies

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.columns import places_of
from crm.fields.fold import fold
from crm.fields.locales import shown_money
from crm.fields.number import NumberType
from crm.fields.sheet_formats import money_format
from crm.fields.text_reading import shown
from crm.texts import LANGUAGES, N_, NP_

# Words people write beside amounts; a sign several currencies share names all of them.
_WORDS = {
    "€": "EUR", "euro": "EUR", "ευρω": "EUR", "eur": "EUR", "אירו": "EUR",
    "lei": "RON", "leu": "RON", "ron": "RON",
    "₪": "ILS", "nis": "ILS", "ils": "ILS", "שח": "ILS", "שקל": "ILS", "שקלימ": "ILS",
    "£": "GBP EGP LBP", "$": "USD CAD AUD NZD SGD HKD MXN", "us$": "USD", "¥": "JPY CNY",
}  # fmt: skip
_MARKS = str.maketrans("\u00a0\u202f", "  ", "\u200e\u200f\u061c\u2066\u2067\u2068\u2069\u202a\u202b\u202c")
_AMOUNT = re.compile("[0-9].*[0-9]|[0-9]", re.DOTALL)
_SIGNS = "-+−("


@lru_cache
def currencies() -> frozenset[str]:
    """Return the codes of all currencies."""
    return frozenset(list_currencies())


@lru_cache
def signs() -> dict[str, frozenset[str]]:
    """Return the currencies each sign may mean, as Babel writes them in our languages."""
    found: dict[str, set[str]] = {}
    for code in currencies():
        for language in LANGUAGES:
            found.setdefault(get_currency_symbol(code, language), set()).add(code)
    return {sign: frozenset(codes) for sign, codes in found.items()}


def currencies_named(word: str) -> frozenset[str]:
    """Return the currencies a sign, a code or a word may mean; empty when none.

    >>> sorted(currencies_named("lei")), sorted(currencies_named("ש״ח"))
    (['RON'], ['ILS'])
    """
    folded = fold(word).strip(". ")
    if folded in _WORDS:
        return frozenset(_WORDS[folded].split())
    if folded.upper() in currencies():
        return frozenset({folded.upper()})
    return signs().get(word, frozenset())


class MoneyType(NumberType):
    """An exact amount in one currency.

    Shape:  Decimal. The currency is the key `currency`, or the value of the field `currency_field`, or the
            organisation's. An amount typed with another currency's sign is refused.
    """

    name = "money"
    words = TypeWords("briefcase", NP_("field.type", "Amount"), N_("Number with a currency"))
    unit = "currency"
    keys = NumberType.keys | {"currency", "currency_field"}
    beside = frozenset({"currency_field"})
    control = "money"

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with limits, places and currency."""
        problems = super().check_keys(name, body)
        problems += options.check_word(name, body, "currency", sorted(currencies()))
        problems += options.check_name(name, body, "currency_field")
        return problems + options.check_one_of_two(name, body, "currency", "currency_field")

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return limits, places and where the currency comes from."""
        return {
            **super().build_options(body),
            "currency": body.get("currency"),
            "currency_field": body.get("currency_field"),
        }

    def currency(self, field: Field, situation: Situation) -> str:
        """Return the code of the amount's currency."""
        beside = situation.values.get(field.options.get("currency_field") or "")
        if isinstance(beside, str) and beside.upper() in currencies():
            return beside.upper()
        return field.options.get("currency") or situation.currency

    def read_text(self, field: Field, text: str, situation: Situation) -> Decimal | None:
        """Return the amount; a sign, code or word of its currency may stand before or after it."""
        number = super().read_text(field, text, situation)
        if number is not None or len(text) > 100:
            return number
        text = text.translate(_MARKS).strip()
        found = _AMOUNT.search(text)
        if found is None:
            return None
        before, after = text[: found.start()].strip(), text[found.end() :].strip()
        signed = "".join(letter for letter in before if letter in _SIGNS)
        closed = "".join(letter for letter in after if letter in "-−)")
        words = [word for word in (before.strip(_SIGNS + " "), after.strip("-−) ")) if word]
        if len(words) != 1:
            return None
        self._require_currency(field, words[0], situation)
        return super().read_text(field, signed + found[0] + closed, situation)

    def _require_currency(self, field: Field, word: str, situation: Situation) -> None:
        named = currencies_named(word)
        if not named:
            raise self.no_number(field, word, situation)
        if self.currency(field, situation) not in named:
            own = self.currency(field, situation)
            raise refusal(field, "money.other_currency", value=shown(word), currency=own)

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the format of an amount in its currency; of a number where that is not known."""
        if not isinstance(cell, int | Decimal):
            return ""
        if (field.options.get("currency_field") or "") not in ("", *situation.values):
            return super().sheet_format(field, cell, situation)
        return money_format(self.currency(field, situation), places_of(cell), situation.language)

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the amount with its currency sign; without one where the currency beside it is not known."""
        if value is None:
            return ""
        if (field.options.get("currency_field") or "") not in ("", *situation.values):
            return super().display(field, value, situation)
        return shown_money(value, self.currency(field, situation), situation.language)
