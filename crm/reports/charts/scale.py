"""The marks of an axis of numbers: at round places, thousands and millions said in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import format_compact_decimal

from crm.fields.locales import locale_of, shown_number, with_minus_at_left

MOST_MARKS = 6
STEPS = (1, 2, 2.5, 5, 10)
ROMANIAN = ((10**9, "mld."), (10**6, "mil."), (10**3, "mii"))  # CLDR says “200 K”, which nobody does


def marks_of(numbers: Sequence[float], language: str) -> dict[str, Any]:
    """Return the marks of Plotly's axis over some numbers; nothing where plain figures are short enough.

    >>> marks_of([0, 1_500_000], "ro")["ticktext"][-1], marks_of([0, 900], "ro")
    ('1,5\\xa0mil.', {})
    """
    least, most = min([0, *numbers]), max([0, *numbers])
    if max(-least, most) < 1_000 or not math.isfinite(most - least):
        return {}
    rough = (most - least) / MOST_MARKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(each for each in STEPS if each * power >= rough)
    places = range(math.floor(least / step), math.ceil(most / step) + 1)
    return {
        "tickmode": "array",
        "tickvals": [place * step for place in places],
        "ticktext": [compact(place * step, language) for place in places],
    }


def compact(number: float, language: str) -> str:
    """Return a round number as short as people write it.

    >>> [compact(200_000, language) for language in ("en", "el", "ro", "he")]
    ['200K', '200\\xa0χιλ.', '200\\xa0mii', '200 אלף']
    """
    if language == "ro":
        size, word = next(((size, word) for size, word in ROMANIAN if abs(number) >= size), (1, ""))
        shown = shown_number(Decimal(f"{number / size:.2f}").normalize() + 0, language)
        return f"{shown}\u00a0{'mie' if word == 'mii' and shown == '1' else word}".rstrip("\u00a0")
    width = "long" if language == "he" else "short"
    text = format_compact_decimal(number, format_type=width, locale=locale_of(language), fraction_digits=2)
    return with_minus_at_left(text.replace("\u200f", ""), language)
