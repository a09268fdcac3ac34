"""What Babel knows about our languages, asked once: locales, month names, formats."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_day_names
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from crm.fields.columns import places_of
from crm.fields.fold import fold
from crm.fields.wall_clock import to_local
from crm.texts import LANGUAGES, RIGHT_TO_LEFT

DATE_LOCALES = {"en": "en_GB"}  # day before month and 24 hours, as everywhere our users live
LEFT_TO_RIGHT_MARK = "\u200e"
DECIMAL_COMMA = frozenset({"el", "ro"})
OTHER_CODES = {"EL": "GR", "UK": "GB"}
UTC = ZoneInfo("UTC")
WEEK_STARTS = {"monday": 0, "sunday": 6, "saturday": 5}  # as Python counts days
SUNDAY_ZONES = ("Asia/Jerusalem", "Asia/Tel_Aviv", "Israel")


@cache
def locale_of(language: str) -> Locale:
    """Return the locale of a language; English for one Babel does not know."""
    try:
        return Locale.parse(DATE_LOCALES.get(language, language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


@cache
def months() -> dict[str, int]:
    """Return the number of every month's name, folded, in all four languages, long and short."""
    found: dict[str, int] = {}
    for language in LANGUAGES:
        for forms in Locale.parse(language).months.values():
            for width in ("wide", "abbreviated"):
                found |= {fold(name).rstrip("."): number for number, name in forms[width].items()}
    return found


@cache
def weekdays() -> frozenset[str]:
    """Return every day's name, folded, in all four languages."""
    days = [Locale.parse(language).days["format"]["wide"] for language in LANGUAGES]
    return frozenset(fold(name) for names in days for name in names.values())


@cache
def _countries() -> dict[str, str]:
    """Return the code of every country by its folded names in our languages."""
    return {
        fold(name): code
        for language in LANGUAGES
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }


@lru_cache(maxsize=1_000)
def country_of(text: str) -> str | None:
    """Return the two capital letters of a country: of its code, the European Union's too, or of its name.

    >>> country_of("el"), country_of("Ρουμανία"), country_of("nowhere")
    ('GR', 'RO', None)
    """
    code = text.strip().upper()
    if len(code) == 2 and code.isascii() and code.isalpha():
        return OTHER_CODES.get(code, code)
    return _countries().get(fold(text))


def with_minus_at_left(text: str, language: str) -> str:
    """Return a number whose minus stands at its left among words that run from right to left as well.

    Source: CLDR, the minus sign of Hebrew; without its mark the sign is drawn behind the digits.
    """
    if language not in RIGHT_TO_LEFT or LEFT_TO_RIGHT_MARK in text:
        return text
    return text.replace("-", LEFT_TO_RIGHT_MARK + "-", 1)


@lru_cache(maxsize=20_000)
def shown_number(number: Decimal | int, language: str, least_places: int = 0) -> str:
    """Return a number with the language's separators and at least so many decimal places.

    >>> shown_number(Decimal("-1234567.891"), "el")
    '-1.234.567,891'
    """
    places = max(0, -number.as_tuple().exponent) if isinstance(number, Decimal) else 0
    pattern = "#,##0." + "0" * least_places + "#" * (places - least_places)
    return format_decimal(number, format=pattern, locale=locale_of(language), decimal_quantization=False)


@lru_cache(maxsize=20_000)
def shown_money(amount: Decimal, currency: str, language: str) -> str:
    """Return an amount with its currency sign where the language puts it; no digit is rounded away.

    >>> shown_money(Decimal("1234.5"), "EUR", "en"), shown_money(Decimal("0.5"), "JPY", "en")
    ('€1,234.50', 'JP¥0.5')
    """
    is_usual = places_of(amount) <= get_currency_precision(currency)
    text = format_currency(amount, currency, locale=locale_of(language), decimal_quantization=is_usual)
    return with_minus_at_left(text, language)


@lru_cache(maxsize=20_000)
def shown_percent(number: Decimal, language: str) -> str:
    """Return a percentage; 12.5 is shown as 12.5%.

    >>> shown_percent(Decimal("25.60"), "ro")
    '25,6%'
    """
    pattern = "#,##0.#########%"
    text = format_percent(number.scaleb(-2), format=pattern, locale=locale_of(language))
    return with_minus_at_left(text, language)


@lru_cache(maxsize=20_000)
def shown_date(day: dt.date, language: str) -> str:
    """Return a date as people of the language write it, the month in letters.

    >>> shown_date(dt.date(2026, 3, 29), "ro")
    '29 mar. 2026'
    """
    return format_date(day, "medium", locale=locale_of(language))


@lru_cache(maxsize=20_000)
def shown_time(time: dt.time, language: str) -> str:
    """Return hours and minutes, of 24 hours in every language.

    >>> shown_time(dt.time(14, 5), "el")
    '14:05'
    """
    return format_time(time, "HH:mm", locale=locale_of(language))


def shown_moment(moment: dt.datetime, language: str, time_zone: ZoneInfo) -> str:
    """Return a moment, naive UTC, as date and time in the reader's zone."""
    local = to_local(moment, time_zone)
    return f"{shown_date(local.date(), language)}, {shown_time(local.time(), language)}"


def month_title(day: dt.date, language: str) -> str:
    """Return month and year as the heading of a calendar.

    >>> month_title(dt.date(2026, 11, 29), "en")
    'November 2026'
    """
    return format_skeleton("yMMMM", day, locale=locale_of(language))


def week_title(first: dt.date, last: dt.date, language: str) -> str:
    """Return the days of a week as the heading of a calendar.

    >>> week_title(dt.date(2026, 11, 23), dt.date(2026, 11, 29), "en")
    '23–29 Nov 2026'
    """
    return format_interval(first, last, "yMMMd", locale=locale_of(language))


def first_weekday(language: str, zone: ZoneInfo, chosen: str | None = None) -> int:
    """Return with which day weeks begin: as chosen, else Sunday in Hebrew and in Israel, else Monday.

    >>> first_weekday("he", ZoneInfo("Europe/Athens")), first_weekday("he", UTC, "monday"), first_weekday("en", UTC)
    (6, 0, 0)
    """
    usual = "sunday" if language == "he" or zone.key in SUNDAY_ZONES else "monday"
    return WEEK_STARTS[chosen or usual]


@lru_cache(maxsize=500)
def weekday_name(day: dt.date, language: str, width: str = "abbreviated") -> str:
    """Return the name of a day of the week; `width` is wide, abbreviated or short.

    >>> weekday_name(dt.date(2026, 11, 29), "ro", "wide")
    'duminică'
    """
    return get_day_names(width, "stand-alone", locale_of(language))[day.weekday()]
