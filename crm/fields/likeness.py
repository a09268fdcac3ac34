"""When two texts look the same to a person: the words of `words.py`, in one spelling of every alphabet.

A text has some forms; two look the same when they share one. Numbers, codes and addresses have one form, which is exact
but for case. Two texts of which one is in Hebrew letters may also sound the same: by their consonants, which is a hint
and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2s
from itertools import islice, product

from crm.fields.base import Field, FieldType
from crm.fields.fold import fold
from crm.fields.readings import HEBREW, greeklish_of, hebrew_consonants, latin_consonants, sound_of
from crm.fields.words import like_words, other_spelling

WORD = re.compile(r"\w")
LONGEST = 200  # characters of a text whose spellings are compared
MOST_HEARD = 8  # ways in which a name may sound
LEAST_HEARD = 4  # consonants
DIGEST = 8  # bytes
MOST_KEPT = 200  # values remembered from one step of a save to the next; some are long


@lru_cache(maxsize=MOST_KEPT)
def says_something(text: str) -> bool:
    """Return whether a text holds a letter or a digit: two dashes are no duplicates."""
    return bool(WORD.search(fold(text)))


def is_identity(field: Field, field_type: FieldType) -> bool:
    """Return whether a field's values are numbers, codes or addresses: what is spelled otherwise is another one."""
    return field_type.left_to_right or field.unique or bool(field.options.get("pattern"))


def like_forms(text: str) -> tuple[str, ...]:
    """Return the forms of a text; another text that has one of them looks the same.

    >>> shared = lambda one, other: bool({*like_forms(one)} & {*like_forms(other)})
    >>> shared("Παπαδόπουλος, Α.Ε.", "PAPADOPOULOS ae"), shared("Târgu-Mureș", "Tirgu Mures"), shared("Ana", "Anna M")
    (True, True, False)
    """
    return _forms(text) if len(text) <= LONGEST else (like_words(text),)


@lru_cache(maxsize=20_000)
def _forms(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for spelling in (text, other_spelling(text)):
        words = like_words(spelling).split() if spelling else []
        for spell in (sound_of, greeklish_of):
            found[" ".join(map(spell, words))] = None
    return tuple(form for form in found if form)


@lru_cache(maxsize=20_000)
def heard_forms(text: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether a text is in Hebrew letters, and what it may sound like; () where that says too little.

    >>> heard_forms("דוד כהן")[1][1], "dvd khn" in heard_forms("David Cohen")[1], heard_forms("Dan")
    ('dvd khn', True, (False, ()))
    """
    words = like_words(text[:LONGEST]).split()
    is_hebrew = bool(HEBREW.search(text))
    ways = [_heard(word, is_hebrew) for word in words]
    found = {" ".join(way): None for way in islice(product(*ways), MOST_HEARD)}
    enough = [form for form in found if len(form.replace(" ", "")) >= LEAST_HEARD]
    return is_hebrew, tuple(enough)


def _heard(word: str, is_hebrew: bool) -> tuple[str, ...]:
    """Return the consonants of a word, each way; () for one in neither of the two alphabets."""
    if word.isdigit():
        return (word,)
    return hebrew_consonants(word) if is_hebrew else latin_consonants(word)


@lru_cache(maxsize=MOST_KEPT)
def kept_likeness(text: str, is_exact: bool) -> tuple[str, ...]:
    """Return what a stored value is found by, each as a short word."""
    if is_exact:
        return tuple(_shorts("=", (fold(text),)))
    is_hebrew, heard = heard_forms(text)
    return (*_shorts("~", like_forms(text)), *_shorts("h" if is_hebrew else "l", heard))


@lru_cache(maxsize=MOST_KEPT)
def asked_likeness(text: str, is_exact: bool, is_loose: bool) -> tuple[str, ...]:
    """Return what finds stored values that look the same; `is_loose` where a hint by the sound is welcome."""
    if is_exact:
        return tuple(_shorts("=", (fold(text),)))
    is_hebrew, heard = heard_forms(text) if is_loose else (False, ())
    return (*_shorts("~", like_forms(text)), *_shorts("l" if is_hebrew else "h", heard))


def _shorts(kind: str, forms: Iterable[str]) -> list[str]:
    return [
        blake2s(f"{kind}{form}".encode("utf-8", "replace"), digest_size=DIGEST).hexdigest() for form in forms
    ]
