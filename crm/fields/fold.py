"""Folding: texts that a person holds for the same become the same text; Greek is found by Latin letters."""

from __future__ import annotations

import unicodedata


class _FoldTable(dict):
    """Code point to folded text, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        letters = unicodedata.normalize("NFKD", chr(code)).casefold()
        letters = unicodedata.normalize("NFKD", letters)
        kept = "".join(_SAME.get(letter, letter) for letter in letters if not _is_dropped(letter))
        found = "" if chr(code) in _DROPPED else kept
        self[code] = found
        return found


# Final letters are written only at the end of a word; quotation marks stand inside Hebrew abbreviations.
_SAME = {
    "ς": "σ", "ϲ": "σ", "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ", "־": "-", "‐": "-", "‑": "-", "–": "-",
    "—": "-", "−": "-", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe",
}  # fmt: skip
_DROPPED = frozenset("'\"`´‘’‚“”„‹›«»׳״")
_FOLDED = _FoldTable()
_QUOTES = str.maketrans("", "", "'\"`")


def _is_dropped(letter: str) -> bool:
    return (
        letter in _DROPPED
        or unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc", "Cs")
        and not letter.isspace()
    )


def fold(text: str) -> str:
    """Return the text without case, accents, final letters, quotation marks and double blanks.

    >>> fold("Παπαδόπουλος  Ţurcanu כֹּהֵן")
    'παπαδοπουλοσ turcanu כהנ'
    """
    if text.isascii():
        text = text.lower()
        if "'" in text or '"' in text or "`" in text:
            text = text.translate(_QUOTES)
    else:
        text = text.translate(_FOLDED)
    return " ".join(text.split())


def search_keys(text: str) -> str:
    """Return what is stored to find a text by."""
    return fold(text)


def query_keys(query: str) -> tuple[str, ...]:
    """Return the alternatives for a query; a stored key that contains one of them is a hit."""
    return (fold(query),)
