"""Days and times in the controls of forms: in the reader's order and of 24 hours, whatever the browser's language."""

from __future__ import annotations

import datetime as dt
import re

from crm.fields.sheet_formats import date_format
from crm.web.language import current_language
from crm.web.serving.session import current_actor

ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?\Z")
LETTERS = {
    "en": "dd/mm/yyyy", "el": "ηη/μμ/εεεε", "ro": "zz.ll.aaaa", "he": "יי.חח.שששש",
}  # fmt: skip
TIMES = {"en": "hh:mm", "el": "ωω:λλ", "ro": "oo:mm", "he": "שש:דד"}


def day_text(value: object) -> str:
    """Return the day or moment of a control as the reader writes it; what is neither stays as it was typed."""
    found = ISO.match(str(value or ""))
    if found is None:
        return str(value or "")
    try:
        day = dt.date.fromisoformat(found[1])
    except ValueError:
        return str(value)
    return " ".join(filter(None, (in_order(day, current_language()), found[2])))


def in_order(day: dt.date, language: str) -> str:
    """Return a day in digits, in the order of a language.

    >>> in_order(dt.date(2026, 3, 9), "el"), in_order(dt.date(2026, 3, 9), "ro")
    ('9/3/2026', '09.03.2026')
    """
    parts = {"dd": f"{day.day:02}", "d": str(day.day), "mm": f"{day.month:02}", "m": str(day.month)}
    parts["yyyy"] = f"{day.year:04}"
    return re.sub(r"[dmy]+", lambda found: parts[found[0]], date_format(language))


def first_weekday() -> int:
    """Return with which day the reader's weeks begin, 0 for Monday."""
    return current_actor().first_weekday


def day_letters() -> str:
    """Return what stands in an empty control of a day."""
    return LETTERS.get(current_language(), LETTERS["en"])


def time_letters() -> str:
    """Return what stands in an empty control of a time."""
    return TIMES.get(current_language(), TIMES["en"])
