"""The words a text is found by, and what a typed query asks for: one key, made here for every database.

A key is words between blanks. A query is words in any order; each must be the beginning of a word of the key. Blanks,
hyphens, apostrophes, geresh and the dots of abbreviations separate alike, and what they separate is also kept in one
piece: `Coca-Cola` is `coca`, `cola` and `cocacola`. A sign before a word of the key says what it is:

    ^  the first word of its text
    ~  the rest of a word from some letter on: parts of compounds, numbers and addresses
    *  the consonants of a Hebrew word in Latin letters
    !  the consonants of a word in Latin or Greek letters
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from crm.fields.fold import fold
from crm.fields.readings import (
    HEBREW,
    hebrew_consonants,
    latin_consonants,
    readings,
    sound_of,
    typed_readings,
)

FIRST, PART, HEBREW_SOUND, LATIN_SOUND = "^", "~", "*", "!"
LONGEST = 40  # characters of a word that are compared
MOST_WORDS = 1_500  # different words of one text that are kept
MOST_TYPED = 10  # words of a query that are looked for
LONGEST_QUERY = 400  # characters
SHORT_TEXT = 60  # characters: names and cities, which come again and again
LONGEST_PART = 12
LOOSE = 3  # consonants from which on the beginning is enough

_BESIDE = frozenset("'`´‘’ʼ′׳./&_@·")  # separate words, and join them; dashes do too
_WITHIN = frozenset('"״“”„‟″«»‹›')  # quotation marks, and the sign of Hebrew abbreviations
_OF_NO_WEIGHT = _BESIDE | _WITHIN | frozenset(" -,;:!?()[]…")
_UNSEEN = frozenset(("Mn", "Me", "Cf", "Cc", "Cs"))
_WITH_COUNTRY = re.compile(r"^(?:el|ελ|gr|ro|il)([0-9]{5,})$")  # a tax number as it stands on an invoice
_DIALLED = re.compile("^00([0-9]{4,})$")  # a country as it is dialled
_ROMANIAN = str.maketrans("âÂ", "îÎ")
_INNER = re.compile(r"(?<=\w)[îÎ]")


class _CutTable(dict):
    """Code point to folded letters; a blank for what separates words, a hyphen for what also joins them."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter in _BESIDE:
            found = "-"
        elif letter.isspace():
            found = " "
        elif letter in _WITHIN or unicodedata.category(letter) in _UNSEEN:
            found = ""
        else:
            found = "".join(one if one.isalnum() or one == "-" else " " for one in fold(letter)) or " "
        self[code] = found
        return found


_CUT = _CutTable()


def cut(text: str) -> list[list[str]]:
    """Return the words of a text, folded, those together that a hyphen or the like joins.

    >>> cut("Coca-Cola, Α.Ε. «Λιμάνι» צה״ל")
    [['coca', 'cola'], ['α', 'ε'], ['λιμανι'], ['צהל']]
    """
    pieces = ([part for part in piece.split("-") if part] for piece in text.translate(_CUT).split())
    return [piece for piece in pieces if piece]


def like_words(text: str) -> str:
    """Return what two texts have in common that a person holds for the same.

    >>> like_words("COCA-COLA  S.R.L.") == like_words("Coca Cola srl") == "coca cola srl"
    True
    >>> like_words("C++")
    'c ++'
    """
    words = [word for piece in _in_one_piece(cut(text)) for word in piece]
    signs = "".join(one for one in fold(text) if not one.isalnum() and one not in _OF_NO_WEIGHT)
    return " ".join([*words, signs] if signs else words)


def _in_one_piece(pieces: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the pieces, the letters of an abbreviation as one word."""
    run = ""
    for piece in pieces:
        if all(len(part) == 1 for part in piece):
            run += "".join(piece)
            continue
        if run:
            yield [run]
            run = ""
        yield piece
    if run:
        yield [run]


def other_spelling(text: str) -> str | None:
    """Return a Romanian text with â for î and the other way round, as it was spelled before and after 1993."""
    composed = unicodedata.normalize("NFC", text)
    if not any(letter in composed for letter in "âÂîÎ"):
        return None
    return _INNER.sub("a", composed) if "â" not in composed.lower() else composed.translate(_ROMANIAN)


# --- What is stored -------------------------------------------------------------------------------------


def search_keys(text: str) -> str:
    """Return what a text is found by.

    >>> search_keys("Λία Α.Ε.")
    '^λια ^lia α a ε e αε ae'
    """
    return _short_keys(text) if len(text) <= SHORT_TEXT else _keys(text, _usual)


def code_keys(text: str) -> str:
    """Return what a number or a code is found by: also by its end, and by the middle of it.

    >>> code_keys("D-0042")
    '^d 0042 ~042 ~42 ^d0042'
    """
    return _keys(text, _of_code)


def address_keys(text: str) -> str:
    """Return what a mail or web address is found by: by parts of its words too."""
    return _keys(text, _of_address)


@lru_cache(maxsize=50_000)
def _short_keys(text: str) -> str:
    return _keys(text, _of_name)


def _keys(text: str, forms: object) -> str:
    found = dict.fromkeys(_every_form(text, forms))
    other = other_spelling(text)
    if other is not None:
        found |= dict.fromkeys(_every_form(other, forms))
    return " ".join(found)


def _every_form(text: str, forms: object) -> Iterator[str]:
    for number, (word, is_first, is_whole) in enumerate(_stored_words(cut(text))):
        if number >= MOST_WORDS:
            return
        if word[0] == PART:
            yield word[: 1 + LONGEST_PART]
            continue
        for form in readings(word[:LONGEST]) if is_whole else forms(word[:LONGEST]):
            yield FIRST + form if is_first and form[0] not in _SIGNS else form


_SIGNS = frozenset((PART, HEBREW_SOUND, LATIN_SOUND))


def _stored_words(pieces: list[list[str]]) -> Iterator[tuple[str, bool, bool]]:
    """Yield every word, and in one piece what belongs together.

    Shape:  (word, whether the text begins with it, whether it is made of others).
    """
    run: list[str] = []
    began = False
    for place, piece in enumerate(pieces):
        for number, part in enumerate(piece):
            yield part, place == number == 0, False
        if len(piece) > 1:
            yield "".join(piece), place == 0, True
            if any(part.isdigit() for part in piece):  # a code is known by its last groups
                yield from ((PART + "".join(piece[at:]), False, True) for at in range(1, len(piece) - 1))
        if all(len(part) == 1 for part in piece):
            began = began or (place == 0 and not run)
            run.append("".join(piece))
            continue
        yield from _whole_run(run, began)
        run, began = [], False
    yield from _whole_run(run, began)


def _whole_run(run: list[str], is_first: bool) -> Iterator[tuple[str, bool, bool]]:
    if len(run) > 1:
        yield "".join(run), is_first, True


def _usual(word: str) -> Iterator[str]:
    yield from readings(word)
    if any(letter.isdigit() for letter in word):
        yield from _rests(word, 1, 3) if len(word) > 4 else ()
    elif len(word) > 9:
        yield from _rests(sound_of(word), 3, 4)


def _of_name(word: str) -> Iterator[str]:
    yield from _usual(word)
    if HEBREW.search(word):
        yield from (HEBREW_SOUND + one for one in hebrew_consonants(word))
    elif len(word) > 2:
        yield from (LATIN_SOUND + one for one in latin_consonants(word))


def _of_code(word: str) -> Iterator[str]:
    yield word
    yield from _rests(word, 1, 2 if len(word) < 7 else 3)


def _of_address(word: str) -> Iterator[str]:
    yield from readings(word)
    yield from _rests(sound_of(word), 1, 4)


def _rests(word: str, begin: int, least: int) -> Iterator[str]:
    for place in range(begin, len(word) - least + 1):
        yield PART + word[place : place + LONGEST_PART]


# --- What is asked --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """One typed word: any of these makes a record fit.

    Shape:  `begins` are beginnings of words; `parts` beginnings of `~`; `sounds` are consonants with their sign,
            each with whether the beginning is enough.
    """

    begins: tuple[str, ...]
    parts: tuple[str, ...] = ()
    sounds: tuple[tuple[str, bool], ...] = ()


Way = tuple[Asked, ...]
"""One way to understand a query: every word of it must fit."""


@lru_cache(maxsize=2_000)
def asked_by(query: str) -> tuple[Way, ...]:
    """Return the ways to understand a query; a record that fits one of them is found. () asks for nothing.

    >>> [[word.begins for word in way] for way in asked_by("coca cola")]
    [[('coca', 'koka'), ('cola', 'kola')], [('cocacola', 'kokakola')]]
    """
    text = query[:LONGEST_QUERY].strip()
    text = text[4:] if text[:4].casefold() == "tel:" else text
    pieces = cut(text)
    if not pieces:
        return ()
    other = other_spelling(text)
    swapped = cut(other) if other is not None else pieces
    ways = zip(_spellings(pieces), _spellings(swapped), strict=False)
    return tuple(dict.fromkeys(_way(words, others) for words, others in ways))


def _way(words: list[str], others: list[str]) -> Way:
    paired = zip(words, others, strict=False) if len(words) == len(others) else zip(words, words, strict=True)
    return tuple(dict.fromkeys(_asked(one[:LONGEST], other[:LONGEST]) for one, other in paired))


def _spellings(pieces: list[list[str]]) -> Iterator[list[str]]:
    """Yield the words of a query as they stand, in fewer pieces, and all in one."""
    words = [part for piece in pieces for part in piece]
    digits = sum(len(word) for word in words if word.isdigit())
    if len(words) == 1 or digits < 6 or not all(word.isdigit() for word in words):
        yield words[:MOST_TYPED]
    joined = [word for piece in _in_one_piece(["".join(piece)] for piece in pieces) for word in piece]
    if joined != words:
        yield joined[:MOST_TYPED]
    dialled = list(_dialled(words))
    if dialled != words:
        yield dialled[:MOST_TYPED]
    whole = "".join(words)
    if len(words) > 1 and len(whole) <= LONGEST:
        yield [whole]


def _dialled(words: list[str]) -> Iterator[str]:
    """Yield the words, the groups of a number as one word."""
    run = ""
    for word in words:
        if word.isdigit():
            run += word
            continue
        if run:
            yield run
            run = ""
        yield word
    if run:
        yield run


@lru_cache(maxsize=5_000)
def _asked(word: str, other: str) -> Asked:
    begins = list(typed_readings(word))
    begins += [] if other == word else typed_readings(other)
    begins += _WITH_COUNTRY.findall(word) + _DIALLED.findall(word)
    has_digit = any(letter.isdigit() for letter in word)
    parts = [word[:LONGEST_PART]] if has_digit and len(word) > 1 else []
    parts += [sound_of(word)[:LONGEST_PART]] if len(sound_of(word)) > 3 else []
    if HEBREW.search(word):
        sounds = [LATIN_SOUND + one for one in hebrew_consonants(word)]
    else:
        sounds = [HEBREW_SOUND + one for one in (() if has_digit else latin_consonants(word))]
    loose = tuple((one, len(one) > LOOSE) for one in sounds)
    return Asked(tuple(dict.fromkeys(begins)), tuple(dict.fromkeys(parts)), loose)


def is_found(query: str, key: str) -> bool:
    """Return whether a query finds a key: what the databases do by their indexes.

    >>> is_found("cola coca", search_keys("Coca-Cola")), is_found("ola", search_keys("Coca-Cola"))
    (True, False)
    """
    plain = _plain(key)
    return any(all(_fits(asked, plain) for asked in way) for way in asked_by(query))


def is_found_in_part(query: str, key: str) -> bool:
    """Return whether a key holds some word of a query: what stands in one field of a record that is found by several.

    >>> is_found_in_part("coca athens", search_keys("Coca-Cola")), is_found_in_part("athens", search_keys("Coca-Cola"))
    (True, False)
    """
    plain = _plain(key)
    return any(_fits(asked, plain) for way in asked_by(query) for asked in way)


def _plain(key: str) -> list[str]:
    return [word.removeprefix(FIRST) for word in key.split(" ")]


def _fits(asked: Asked, words: list[str]) -> bool:
    begins = (*asked.begins, *(PART + part for part in asked.parts))
    begins += tuple(sound for sound, is_loose in asked.sounds if is_loose)
    return any(word.startswith(begins) for word in words) or any(
        sound in words for sound, _loose in asked.sounds
    )
