"""How one word may be written: Greek by Latin letters, by letter and by sound, Hebrew by its consonants.

Readings are rough on purpose: what people write in several ways (`x`, `ch`, `h`; `y`, `u`, `i`; `b`, `v`, `mp`) is
one letter. A stored word and a searched one have the same readings, so that either may be in either script.
"""

from __future__ import annotations

import re
from functools import lru_cache

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
    ("oi", "i"), ("mp", "v"), ("mv", "v"), ("nt", "d"), ("nd", "d"), ("gk", "g"), ("ng", "g"),
)  # fmt: skip
_DOUBLE = re.compile(r"([a-z])\1+")
_SOFT_G = re.compile(r"^gi(?=[aeo])")  # Giannis is Yannis
_ETA = tuple(
    map(re.compile, ("(?<![ctpk])h", "(?<!t)h", "h"))
)  # an h may be η, that of ch, kh, ph and th perhaps
_BARE_H = re.compile(r"(?<![aeiouyctpksgw])h(?![aeiouy])")  # no sound of another language: Xrhstos
_LATIN_WORD = re.compile(r"[a-z]+")
_LOOKS = str.maketrans({"8": "th", "9": "th", "3": "ks", "4": "ps"})  # 8essaloniki
_MIXED = re.compile(r"[a-z][8934]|[8934][a-z]")

LEAST = 4  # letters: a shorter reading that lost some would find half of all words


def by_letter(word: str) -> str:
    """Return the Latin reading of one folded word; the word itself in any other script.

    >>> by_letter("χρηστοσ"), by_letter("christos"), by_letter("כהן")
    ('hristos', 'hristos', 'כהן')
    """
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


def by_sound(reading: str) -> str:
    """Return a Latin reading made rougher: one spelling for one sound, no doubled letters.

    >>> by_sound("mpampis"), by_sound("vavis"), by_sound("giannis")
    ('vavis', 'vavis', 'ianis')
    """
    reading = _DOUBLE.sub(r"\1", reading)
    for pair, sound in _SOUNDS:
        if pair in reading:
            reading = reading.replace(pair, sound)
    return _DOUBLE.sub(r"\1", _SOFT_G.sub("i", reading))


@lru_cache(maxsize=200_000)
def readings(word: str) -> tuple[str, ...]:
    """Return a folded word and its Latin readings, each once.

    >>> readings("χρηστοσ"), readings("xrhstos")
    (('χρηστοσ', 'hristos'), ('xrhstos', 'ksrhstos', 'hrhstos', 'hristos'))
    """
    letters = word if word.isdigit() else by_letter(word)
    if letters.isdigit() or not letters.isascii():
        return (word,)
    found = [word, letters, by_sound(letters)]
    if word.isascii():
        other = word.replace("x", "h") if "x" in word else word
        if other is not word:
            found.append(by_sound(by_letter(other)))
        if "h" in word and _BARE_H.search(word):
            found.append(by_sound(by_letter(_with_eta(word, _BARE_H))))
    return tuple(dict.fromkeys(found))


def _with_eta(word: str, which: re.Pattern) -> str:
    """Return a word whose h are η and whose x are χ."""
    return which.sub("i", word).replace("x", "h")


@lru_cache(maxsize=10_000)
def typed_readings(word: str) -> tuple[str, ...]:
    """Return what a typed word may mean: its readings, `h` as η, digits that look like letters.

    Shape:  none begins with another one: what begins with the longer one begins with the shorter one too.

    >>> typed_readings("8essaloniki")
    ('8essaloniki', '8esaloniki', 'thesaloniki', 'thessaloniki')
    """
    found = list(readings(word))
    if word.isascii():
        if "h" in word:
            found += [by_sound(by_letter(_with_eta(word, which))) for which in _ETA]
        if _MIXED.search(word):
            found += readings(word.translate(_LOOKS))
    enough = min(len(word), LEAST)
    kept = sorted({one for one in found if len(one) >= enough}, key=lambda one: (one != word, one))
    return tuple(one for one in kept if not any(one != other and one.startswith(other) for other in kept))


@lru_cache(maxsize=200_000)
def sound_of(word: str) -> str:
    """Return the roughest reading of a folded word, by which its parts are found."""
    letters = by_letter(word)
    return by_sound(letters) if letters.isascii() and not word.isdigit() else word


@lru_cache(maxsize=200_000)
def greeklish_of(word: str) -> str:
    """Return the roughest reading of a word whose `x` is χ and whose bare `h` is η, as in Greek names in Latin letters.

    >>> greeklish_of("xrhstos") == greeklish_of("christos") == sound_of("χρηστοσ")
    True
    """
    return by_sound(by_letter(_with_eta(word, _BARE_H))) if _LATIN_WORD.fullmatch(word) else sound_of(word)


# --- Hebrew and Latin letters ---------------------------------------------------------------------------

_HEBREW = {
    "ב": "v", "ג": "g", "ד": "d", "ז": "z", "ח": "h", "ט": "t", "כ": "k", "ל": "l", "מ": "m", "נ": "n",
    "ס": "s", "פ": "f", "צ": "z", "ק": "k", "ר": "r", "ש": "s", "ת": "t",
}  # fmt: skip
_CONSONANTS = (
    ("tch", "z"), ("tz", "z"), ("ts", "z"), ("sch", "s"), ("sh", "s"), ("ph", "f"), ("th", "t"), ("ck", "k"),
    ("x", "ks"), ("q", "k"), ("c", "k"), ("p", "f"), ("b", "v"), ("w", "v"),
)  # fmt: skip
_VOWELS = re.compile(r"[aeiouyj]")
HEBREW = re.compile(r"[א-ת]")
SHORTEST = 2  # consonants


@lru_cache(maxsize=200_000)
def hebrew_consonants(word: str) -> tuple[str, ...]:
    """Return the consonants of a folded Hebrew word in Latin letters: once with ו as a vowel, once as v.

    >>> hebrew_consonants("כהנ"), hebrew_consonants("דוד"), hebrew_consonants("אילנ")
    (('khn',), ('dd', 'dvd'), ('aln',))
    """
    body = word[:-1] if len(word) > 2 and word[-1] in "הא" else word
    first = {"א": "a", "ע": "a", "י": "y", "ו": "v", "ה": "h"}.get(body[0], "")
    rest = body[1:] if first else body
    plain = {**_HEBREW, "ה": "h"}
    found = [
        first + "".join((vav if one == "ו" else plain.get(one, "")) for one in rest) for vav in ("", "v")
    ]
    return _long_enough(found)


@lru_cache(maxsize=200_000)
def latin_consonants(word: str) -> tuple[str, ...]:
    """Return the consonants of a word in Latin letters, in each way Hebrew may write it; () for another script.

    >>> latin_consonants("cohen"), latin_consonants("rachel"), latin_consonants("sarah"), latin_consonants("ilan")
    (('khn',), ('rhl', 'rkl'), ('sr',), ('aln', 'yln'))
    """
    if not word.isascii():
        word = by_letter(word)
    if not _LATIN_WORD.fullmatch(word) or len(word) < 3:
        return ()
    word = word[:-1] if word[-1] == "h" and word[-2] in "aeiou" else word
    found = []
    for throat in ("h", "k") if "ch" in word or "kh" in word else ("h",):
        spelled = word.replace("kh", "ch").replace("sch", "sh").replace("tch", "tz").replace("ch", throat)
        for pair, sound in _CONSONANTS:
            spelled = spelled.replace(pair, sound)
        rest = _VOWELS.sub("", spelled[1:])
        found += [start + rest for start in _starts(spelled[0])]
    return _long_enough(found)


def _starts(letter: str) -> tuple[str, ...]:
    """Return how Hebrew may begin a word that begins with a Latin letter."""
    if letter in "yj":
        return ("y",)
    if letter == "i":
        return ("a", "y")
    return ("a",) if letter in "aeou" else (letter,)


def _long_enough(found: list[str]) -> tuple[str, ...]:
    single = dict.fromkeys(_DOUBLE.sub(r"\1", one) if len(set(one)) > 1 else one for one in found)
    return tuple(one for one in single if len(one) >= SHORTEST)
