"""Folding: texts a person holds for the same become the same text, and Latin letters find Greek words.

A stored key holds a text up to three times: folded; its Latin reading letter by letter (`χρηστοσ` is
`hristos`); its Latin reading by sound (`μπαμπησ` is `vavis`). A query has the same readings as alternatives.
Readings are rough on purpose: what Greeklish writes in several ways (`x`, `ch`, `h`; `y`, `u`, `i`; `b`, `v`)
is one letter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

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


# Letter by letter: Greek pairs first; what Latin letters stand for in Greeklish becomes one letter.
_GREEK_PAIRS = (("ου", "ou"), ("αυ", "av"), ("ευ", "ev"), ("ηυ", "iv"))
_GREEK = str.maketrans(
    {
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
        "λ": "l", "μ": "m", "ν": "n", "ξ": "ks", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "i",
        "φ": "f", "χ": "h", "ψ": "ps", "ω": "o",
    }
)  # fmt: skip
_LATIN_PAIRS = (("ph", "f"), ("ch", "h"), ("kh", "h"))
_LATIN = str.maketrans({"b": "v", "c": "k", "q": "k", "w": "o", "y": "i", "x": "ks"})
# By sound: the pairs that Greek writes for one sound, in either spelling.
_SOUNDS = (
    ("au", "av"), ("eu", "ev"), ("af", "av"), ("ef", "ev"), ("ou", "u"), ("u", "i"), ("ai", "e"), ("ei", "i"),
    ("oi", "i"), ("mp", "v"), ("nt", "d"), ("gk", "g"), ("ng", "g"),
)  # fmt: skip
_DOUBLE = re.compile(r"([a-z])\1+")
_DIALLED = re.compile(r"[+0-9 ()./-]+")
_WITH_COUNTRY = re.compile(r"^(?:el|ελ|gr|ro|il)([0-9]{5,})$")  # a tax number as it stands on an invoice
_NO_BETWEEN = str.maketrans("", "", " .-/")
LEAST_READING = 4  # letters: a shorter reading that lost some would be found in half of all words


def _by_letter(word: str) -> str:
    """Return the Latin reading of one folded word; the word itself in any other script."""
    if word.isascii():
        for pair, letter in _LATIN_PAIRS:
            if pair in word:
                word = word.replace(pair, letter)
        return word.translate(_LATIN)
    reading = word
    for pair, letters in _GREEK_PAIRS:
        if pair in reading:
            reading = reading.replace(pair, letters)
    reading = reading.translate(_GREEK)
    return reading if reading.isascii() else word


def _by_sound(reading: str) -> str:
    """Return a Latin reading made rougher: one spelling for one sound, no doubled letters."""
    reading = _DOUBLE.sub(r"\1", reading)
    for pair, sound in _SOUNDS:
        if pair in reading:
            reading = reading.replace(pair, sound)
    return _DOUBLE.sub(r"\1", reading)


@lru_cache(maxsize=100_000)
def _readings(word: str) -> tuple[str, str, str]:
    """Return a folded word by letter, by sound, and by sound with a Latin `x` read as χ."""
    letters = word if word.isdigit() else _by_letter(word)
    if letters.isdigit() or not letters.isascii():
        return word, word, word
    sounds = _by_sound(letters)
    if "x" in word and word.isascii():
        return letters, sounds, _by_sound(_by_letter(word.replace("x", "h")))
    return letters, sounds, sounds


def _read_all(folded: str) -> list[str]:
    """Return the readings of a folded text that differ from it and from each other."""
    letters, sounds, others = map(" ".join, zip(*map(_readings, folded.split(" ")), strict=False))
    found = [] if letters == folded else [letters]
    if sounds not in (letters, folded):
        found.append(sounds)
    if others not in (sounds, letters, folded):
        found.append(others)
    return found


@lru_cache(maxsize=50_000)
def _short_keys(text: str) -> str:
    folded = fold(text)
    return " ".join([folded, *_read_all(folded)])


def search_keys(text: str) -> str:
    """Return what is stored to find a text by: the text folded, then its Latin readings.

    >>> search_keys("Χρήστος Babis")
    'χρηστοσ babis hristos vavis'
    """
    if len(text) <= 60:  # names and cities come again and again
        return _short_keys(text)
    folded = fold(text)
    return " ".join([folded, *_read_all(folded)])


def query_keys(query: str) -> tuple[str, ...]:
    """Return the alternatives for a query; a stored key that contains one of them is a hit.

    Shape:  the folded query first, then the bare signs of a phone, account or tax number, then its readings; ()
            for a query that folds to nothing. None is escaped for LIKE.

    >>> query_keys("xristos")
    ('xristos', 'ksristos', 'hristos')
    """
    folded = fold(query).removeprefix("tel:").lstrip()
    if not folded:
        return ()
    found = [folded]
    if _DIALLED.fullmatch(folded):
        digits = "".join(letter for letter in folded if letter.isdigit())
        found.append(digits[2:] if digits.startswith("00") else digits)
        return tuple(dict.fromkeys(key for key in found if len(key) > 2 or key == folded))
    squeezed = folded.translate(_NO_BETWEEN)
    if len(squeezed) > 5 and any(
        letter.isdigit() for letter in squeezed
    ):  # an account number in groups of four
        found.append(squeezed)
        found += _WITH_COUNTRY.findall(squeezed)
    enough = min(len(folded), LEAST_READING)
    readings = _read_all(folded)
    if "8" in folded and not folded.isdigit():
        readings += _read_all(folded.replace("8", "th"))
    if not folded.isascii() or len(folded) > 2:
        found += [reading for reading in readings if len(reading) >= enough]
    return tuple(dict.fromkeys(found))
