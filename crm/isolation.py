"""What runs from left to right within a sentence that runs from right to left: kept together, in its own order."""

from __future__ import annotations

import re

from crm.texts import RIGHT_TO_LEFT

START, END = "\u2066", "\u2069"
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
