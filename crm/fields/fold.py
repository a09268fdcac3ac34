"""Folding: case, accents, final letters and quotation marks put aside. What a text is found by is in `words.py`."""

from __future__ import annotations

import unicodedata

# Final letters stand only at the end of a word, dashes are typed as they come to hand.
_SAME = {
    "ς": "σ", "ϲ": "σ", "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    "־": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
    "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe",
}  # fmt: skip
_QUOTES = frozenset("'\"`´‘’‚‛“”„‹›«»׳״ʼ′″")  # also inside Hebrew abbreviations, typed or left out
_UNSEEN = frozenset(("Mn", "Me", "Cf", "Cc", "Cs"))


class _FoldTable(dict):
    """Code point to folded text, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter in _QUOTES:
            found = ""
        elif letter.isspace():
            found = " "
        else:
            letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
            kept = (_SAME.get(one, one) for one in letters if unicodedata.category(one) not in _UNSEEN)
            found = "".join(kept)
        self[code] = found
        return found


_FOLDED = _FoldTable()
_NO_QUOTES = {ord(quote): None for quote in "'\"`"}


def fold(text: str) -> str:
    """Return the text without case, accents, final letters, quotation marks and double blanks.

    >>> fold("Παπαδόπουλος  Ţurcanu כֹּהֵן")
    'παπαδοπουλοσ turcanu כהנ'
    """
    if not text.isascii():
        return " ".join(text.translate(_FOLDED).split())
    text = text.lower()
    if "'" in text or '"' in text or "`" in text:
        text = text.translate(_NO_QUOTES)
    return " ".join(text.split())
