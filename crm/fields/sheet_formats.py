"""Number formats of spreadsheets as readers of a language expect them."""

from __future__ import annotations

from functools import lru_cache

from babel.numbers import get_currency_precision, get_currency_symbol

from crm.fields.locales import locale_of

CODES = {"en": "809", "el": "408", "ro": "418", "he": "40D"}
"""The languages as formats name them: LibreOffice takes separators from there, Excel the names of months."""
DATES = {"en": "dd/mm/yyyy", "el": "d/m/yyyy", "ro": "dd.mm.yyyy", "he": "d.m.yyyy"}
TIME, SECONDS = " hh:mm", " hh:mm:ss"
SIGN_FIRST = ("en",)


def date_format(language: str) -> str:
    """Return the format of a day."""
    return DATES.get(language, DATES["en"])


def month_format(language: str) -> str:
    """Return the format of a month, named in the language.

    >>> month_format("el")
    '[$-408]mmm yyyy'
    """
    return f"[$-{CODES.get(language, CODES['en'])}]mmm yyyy"


@lru_cache(maxsize=100)
def number_format(places: int) -> str:
    """Return the format of a number with so many decimal places."""
    return "#,##0" + ("." + "0" * places if places else "")


@lru_cache(maxsize=500)
def money_format(currency: str, places: int, language: str) -> str:
    """Return the format of an amount: with its currency's sign where the language puts it.

    >>> money_format("EUR", 0, "el"), money_format("EUR", 3, "en")
    ('#,##0.00 [$€-408]', '[$€-809]#,##0.000')
    """
    number = number_format(max(places, get_currency_precision(currency)))
    symbol = get_currency_symbol(currency, locale_of(language)).strip("\u200e\u200f")
    sign = f"[${symbol}-{CODES.get(language, CODES['en'])}]"
    return sign + number if language in SIGN_FIRST else f"{number} {sign}"
