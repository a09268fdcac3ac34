"""Reading dates and times as typed, or as a program wrote them."""

from __future__ import annotations

import datetime as dt
import re

from crm.fields.fold import fold
from crm.fields.locales import UTC, months, weekdays

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_IN_WORDS = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|η|ηс)?[ .-]+([^\W\d_]+)[ .,-]+([0-9]{4})")
_MONTH_FIRST = re.compile(r"([^\W\d_]+)\.? ([0-9]{1,2}),? ([0-9]{4})")
_TIME = re.compile(
    r"([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r" ?(am|pm|a\.m\.|p\.m\.|πμ|μμ|π\.μ\.|μ\.μ\.)?(z|[+-][0-9]{2}:?[0-9]{2})?"
)
_BETWEEN = re.compile("[ t]|, ?")
_MARKS = re.compile("[\u200b-\u200f\u061c\u2060\u202a-\u202e\u2066-\u2069]")
_AFTER_NOON = ("pm", "p.m.", "μμ", "μ.μ.")


def read_date(text: str) -> dt.date | None:
    """Return the date in a text; None when it is none, or the year has only two digits.

    Shape:  `2026-03-29`, `29/3/2026`, `29.03.2026`, `29 Μαρ 2026`, `29 martie 2026`, `29 במרץ 2026`,
            `Mar 29, 2026`. Between two numbers the day always stands before the month.

    >>> read_date("29.3.2026"), read_date("29 Μαρτίου 2026"), read_date("03/29/2026")
    (datetime.date(2026, 3, 29), datetime.date(2026, 3, 29), None)
    """
    if len(text) == 10 and text[4] == "-" == text[7] and text.isascii():
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return None
    if len(text) > 60:
        return None
    text = " ".join(_MARKS.sub("", text).split())
    found = _numbers(text) or _named(fold(text))
    if found is None:
        return None
    try:
        return dt.date(*found)
    except ValueError:
        return None


def _numbers(text: str) -> tuple[int, int, int] | None:
    """Return year, month, day of a date in digits."""
    if found := _DAY_FIRST.fullmatch(text):
        return int(found[4]), int(found[3]), int(found[1])
    if found := _YEAR_FIRST.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    return None


def _named(text: str) -> tuple[int, int, int] | None:
    """Return year, month, day of a folded date with the month in letters, a weekday before it or not."""
    if not text[-4:].isdigit():
        return None  # Nothing else is a date; the names of the days are loaded for what may be one.
    if "," in text and not text[:1].isdigit() and text.count(" ") > 2:
        text = text.partition(",")[2].strip()
    weekday = next((name for name in weekdays() if text.startswith(f"{name} ")), "")
    text = text.removeprefix(weekday).lstrip()
    if found := _IN_WORDS.fullmatch(text):
        day, name, year = found.groups()
    elif found := _MONTH_FIRST.fullmatch(text):
        name, day, year = found.groups()
    else:
        return None
    month = months().get(name) or months().get(name.removeprefix("ב"))
    return (int(year), month, int(day)) if month else None


def read_moment(text: str) -> dt.datetime | None:
    """Return the local or zoned date and time in a text, None when it is none; a date is its midnight."""
    if len(text) > 80:
        return None
    iso = _iso_moment(text)
    if iso is not None:
        return iso
    folded = fold(_MARKS.sub("", text)).replace("\u202f", " ")
    day = read_date(folded)
    if day is not None:
        return dt.datetime(day.year, day.month, day.day)
    for between in _BETWEEN.finditer(folded):
        day = read_date(folded[: between.start()])
        time = _TIME.fullmatch(folded[between.end() :].strip()) if day else None
        if day and time:
            return _joined(day, time)
    return None


def _iso_moment(text: str) -> dt.datetime | None:
    if len(text) < 16 or text[4] != "-" or text[10] not in "T t" or not text.isascii():
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _joined(day: dt.date, time: re.Match) -> dt.datetime | None:
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if time[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if time[4] in _AFTER_NOON else 0)
    try:
        moment = dt.datetime(day.year, day.month, day.day, hour, minute, second)
    except ValueError:
        return None
    return moment.replace(tzinfo=_zone(time[5])) if time[5] else moment


def _zone(text: str) -> dt.tzinfo:
    if text == "z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))
