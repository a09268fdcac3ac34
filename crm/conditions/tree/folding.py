"""Case and accents put aside, by one table for Python, SQLite and PostgreSQL.

The table is the one of `crm.fields.fold`, letter by letter, over the scripts our users write; what lies outside
(Chinese, emoji) stays as it is. Unlike a search key it keeps quotation marks and blanks, so that `contains` finds
exactly what was typed.
"""

from __future__ import annotations

from functools import cache

from crm.fields.fold import fold as search_fold

SCRIPTS = (
    (0x41, 0x5A),  # A to Z
    (0xA0, 0x24F),  # Latin with marks
    (0x300, 0x36F),  # marks that stand alone
    (0x370, 0x52F),  # Greek, Cyrillic
    (0x591, 0x5F4),  # Hebrew
    (0x1E00, 0x1FFF),  # Latin and Greek with several marks
    (0x2010, 0x201F),  # dashes and quotation marks
)


PAIRS = {"æ": "ae", "œ": "oe", "ß": "ss"}
"""The letters that become two; the database replaces them one after the other."""


@cache
def singles() -> dict[int, str]:
    """Return the code points that become one letter or none."""
    found: dict[int, str] = {}
    pairs = {second: first for first, second in PAIRS.items()}
    for first, last in SCRIPTS:
        for code in range(first, last + 1):
            letter = chr(code)
            folded = " " if letter.isspace() else search_fold(letter)
            if len(folded) > 1:  # Æ by way of æ; Greek with iota below loses the iota; ¼ and their like stay
                folded = pairs.get(folded, folded[0] if code >= 0x1F00 else letter)
            if folded != letter and letter not in PAIRS:
                found[code] = folded
    return found


@cache
def table() -> dict[int, str]:
    """Return every code point that changes, with what it becomes."""
    found = {code: PAIRS.get(letter, letter) for code, letter in singles().items()}
    return found | {ord(letter): pair for letter, pair in PAIRS.items()}


@cache
def cases() -> tuple[dict[int, str], dict[int, str]]:
    """Return the tables of small and of capital letters; only letters that have exactly one counterpart."""
    small: dict[int, str] = {}
    capital: dict[int, str] = {}
    for first, last in ((0x41, 0x7A), *SCRIPTS[1:]):
        for code in range(first, last + 1):
            lower, upper = chr(code).lower(), chr(code).upper()
            if len(lower) == 1 and lower != chr(code):
                small[code] = lower
            if len(upper) == 1 and upper != chr(code):
                capital[code] = upper
    return small, capital


def fold(text: str) -> str:
    """Return a text without case and accents.

    >>> fold("Ταΐζω ΌΛΟΥΣ"), fold("Țară"), fold("O'Neil")
    ('ταιζω ολουσ', 'tara', "o'neil")
    """
    return text.lower() if text.isascii() else text.translate(table())


def lower(text: str) -> str:
    """Return a text in small letters."""
    return text.lower() if text.isascii() else text.translate(cases()[0])


def upper(text: str) -> str:
    """Return a text in capital letters; a letter without exactly one capital stays (ß)."""
    return text.upper() if text.isascii() else text.translate(cases()[1])
