"""What runs from left to right within a sentence that runs from right to left: kept together, in its own order."""

from __future__ import annotations

import re
import unicodedata

from crm.texts import RIGHT_TO_LEFT

START, ANY_START, END = "\u2066", "\u2068", "\u2069"
ADDRESSES = ("http://", "https://")
REACHING = re.compile("[\u202a-\u202e\u2066-\u2069]")
GROUP = re.compile(
    r"(?P<kept>[\u2066-\u2068][^\u2069]*\u2069|<[^>]*>|https?://\S+)"  # isolated already, tags, addresses in a sentence
    r"|(?<![\w.\u200e])(?:"
    r"\.[a-z][a-z0-9]{1,5}\b(?:(?:, ?| )\.[a-z][a-z0-9]{1,5}\b)*"  # endings of files, one or several
    r"|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?Z?"  # moments as ISO writes them
    r"|[-−]\d[\d.,]*\d%?|[-−]\d%?"  # negative numbers
    r"|\d[\d.,:/]*(?: ?[–-] ?\d[\d.,:/]*\d| ?[–-] ?\d)+%?(?![\w-])"  # ranges
    r"|\+\d[\d -]{3,}\d"  # phone numbers
    r"|\d+[\w.]*-[A-Za-z][\w.-]*"  # codes that begin with a digit
    r"|[A-Za-z]\w*(?:[-_.]\w+)+(?![\w.-])"  # codes, names of files and versions
    r")"
)


def isolated(text: str, language: str) -> str:
    """Return a sentence whose groups from left to right are isolated, in languages from right to left.

    >>> isolated("לייצא (.xlsx, .csv)", "he") == "לייצא (\\u2066.xlsx, .csv\\u2069)", isolated("-5", "en")
    (True, '-5')
    """
    if language not in RIGHT_TO_LEFT:
        return text
    return GROUP.sub(lambda found: found[0] if found["kept"] else f"{START}{found[0]}{END}", text)


def isolated_value(text: str, language: str) -> str:
    """Return a value as it stands in a sentence of plain text: apart from what is around it, in an order of its own.

    Shape:  where nothing runs from right to left, neither the language nor the value, it stays as it is; so does an
            address of a page, which programs make a link of. Marks in the value that would reach beyond it are gone.

    >>> isolated_value("+30 210", "he") == "\u2066+30 210\u2069", isolated_value("כהן", "he") == "\u2068כהן\u2069"
    (True, True)
    >>> isolated_value("Acme", "en"), isolated_value("https://x.gr/1", "he")
    ('Acme', 'https://x.gr/1')
    """
    letters = {unicodedata.bidirectional(letter) for letter in text}
    runs_back = bool(letters & {"R", "AL"})
    if not text.strip() or text.startswith(ADDRESSES) or not (runs_back or language in RIGHT_TO_LEFT):
        return text
    start = ANY_START if runs_back or "L" in letters else START
    return f"{start}{REACHING.sub('', text)}{END}"
