"""How a value is written to a file, so that reading the file gives it back and no cell becomes a formula."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

LONGEST_CELL = 32_767  # characters as a spreadsheet counts them; it cannot hold more
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
BLANKS = " \u00a0\u200b\ufeff\u200e\u200f"
FIRST_DAY = dt.date(1900, 3, 1)  # before it spreadsheets count days wrongly, or not at all
EXACT_DIGITS = 15  # a spreadsheet keeps no more digits of a number
CUT = re.compile(r" … \[✂ \d+\]\Z")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPED = re.compile("_x[0-9A-Fa-f]{4}_")


@dataclass(frozen=True)
class Styled:
    """A value with the number format it is shown in."""

    value: Any
    format: str


def sheet_value(value: Any) -> Any:
    """Return a value as a cell of a workbook can hold it without loss; else as text.

    Shape:  numbers of more than 15 digits and dates before March 1900 become text, and a text too long for a cell is
            cut with a mark that an import knows.

    >>> sheet_value(Decimal("12.50")), sheet_value(10**16), sheet_value(dt.date(1821, 3, 25))
    (Decimal('12.50'), '10000000000000000', '1821-03-25')
    """
    if isinstance(value, str):
        return cut_text(CONTROL.sub("", value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return value if len(value.normalize().as_tuple().digits) <= EXACT_DIGITS else plain_number(value)
    if isinstance(value, dt.date):
        day = value.date() if isinstance(value, dt.datetime) else value
        return value if day >= FIRST_DAY else plain_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**EXACT_DIGITS:
        return str(value)
    return value


def plain_text(value: Any) -> str:
    """Return a value as text that every language reads alike.

    >>> plain_text(Decimal("1.234")), plain_text(True), plain_text(dt.datetime(2026, 3, 1, 9, 30))
    ('1.2340', 'true', '2026-03-01 09:30:00')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_number(value)
    return value.isoformat(" ") if isinstance(value, dt.datetime) else str(value)


def plain_number(number: Decimal) -> str:
    """Return a number with a point; three places get a fourth, because `1.234` is a thousand in Greek."""
    text = format(number, "f")
    return text + "0" if text[-4:-3] == "." else text


def cut_text(text: str) -> str:
    """Return a text as one cell can hold it; one that is cut says how long it was."""
    if len(text) * 2 <= LONGEST_CELL or units(text) <= LONGEST_CELL:
        return text
    mark = f" … [✂ {len(text)}]"
    kept = text.encode("utf-16-le")[: (LONGEST_CELL - len(mark)) * 2]
    return kept.decode("utf-16-le", "ignore") + mark


def is_cut(text: str) -> bool:
    """Return whether a cell holds only the beginning of a text."""
    return len(text) > LONGEST_CELL // 2 and CUT.search(text) is not None


def units(text: str) -> int:
    """Return the length of a text as a spreadsheet counts it: letters beyond 2**16 are two."""
    return len(text) + sum(1 for letter in text if letter > "\uffff")


def escaped(text: str) -> str:
    """Return a text for the XML of a workbook, where `_x0041_` would be read as the letter A.

    >>> escaped("a_x0041_b")
    'a_x005F_x0041_b'
    """
    return ESCAPED.sub(lambda found: f"_x005F{found[0]}", text) if "_x" in text else text


def begins_formula(text: str) -> bool:
    """Return whether a spreadsheet would take a text for a formula, or has been kept from it by a quote."""
    return text.lstrip(BLANKS + "'").startswith(FORMULA_STARTS)


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a quote goes before what would begin one.

    >>> guarded("=1+1"), guarded(" =1"), guarded("Ann"), guarded("'=1")
    ("'=1+1", "' =1", 'Ann', "''=1")
    """
    return "'" + text if begins_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text that `guarded` wrote.

    >>> unguarded("'=1+1"), unguarded("'Ann"), unguarded("''=1")
    ('=1+1', "'Ann", "'=1")
    """
    return text[1:] if text[:1] == "'" and begins_formula(text[1:]) else text
