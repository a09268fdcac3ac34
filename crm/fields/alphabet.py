"""The order of texts as readers of each language expect it: one key that Python, SQLite and PostgreSQL make alike.

Databases sort by code points, and their collations differ from server to server and change with its libraries, which
breaks indexes. So the key is our own, by the rules of CLDR: signs, then numbers by their size, then the script of the
language, then the others; the letters of the language in its order (ă after a, ș after s); case, accents, final
letters and quotation marks put aside. Equal keys are told apart by the code points of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

VERSION = 1
"""Part of the functions' names: raise it whenever any key changes, so that every database builds its indexes anew."""
LONGEST = 200  # characters that count; a database cannot keep longer keys in an index
ALPHABETS: Mapping[str, str] = {
    "en": "",
    "el": "αβγδεζηθικλμνξοπρστυφχψω",
    "ro": "aăâbcdefghiîjklmnopqrsștțuvwxyz",
    "he": "אבגדהוזחטיכלמנסעפצקרשת",
}
"""The letters that stand before all others, in the order of the language; empty where code points say the same."""
ROOT = "en"  # whose order holds for codes, addresses and languages without an alphabet of their own
_FIRST_LETTER, _FIRST_NUMBER, _LONGEST_NUMBER = 0x41, 0x20, 31
TWINS = {"ş": "ș", "ţ": "ț"}  # two ways to write one letter of Romanian
SMALL = {
    "ς": "σ", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i",
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
}  # fmt: skip
"""What stands for small letters that no decomposition leads back to others."""
QUOTES = "\"'`´‘’“”„«»׳״"
GONE = (
    (0xAD, 0xAD), (0x300, 0x36F), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069), (0xFE0F, 0xFE0F), (0xFEFF, 0xFEFF),
)  # fmt: skip
"""Accents, the points of Hebrew, and marks that nobody sees."""
SIGNS = " _-,;:!?.()[]{}@*/\\&#%^+<=>|~$"
"""The signs of ASCII in the order of CLDR."""
LIKE_SIGNS = {
    " ": "\t\n\v\f\r\x85\xa0\u2002\u2003\u2007\u2009\u202f\u3000",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u05be",
    ".": "…",
    "*": "·•",
    "$": "€£¥₪",
}
OTHER_SIGNS = ((0xA1, 0xA9), (0xAC, 0xB1), (0xB6, 0xB8), (0xBF, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7), (0x2010, 0x205E), (0x20A0, 0x20CF), (0x2116, 0x2116), (0x2190, 0x2BFF), (0x3001, 0x303F), (0x1F000, 0x1FAFF))  # fmt: skip  # noqa: E501
"""Signs that share the place behind those of ASCII."""
_OTHER = chr(len(SIGNS) + 1)
_DIGITS = re.compile("[0-9]+")


def known(language: str) -> str:
    """Return the language by whose alphabet a text is sorted."""
    return language if language in ALPHABETS else ROOT


@cache
def _places(language: str) -> dict[str, str]:
    """Return the code of each sign and of each letter of the language's alphabet."""
    found = {sign: chr(place) for place, sign in enumerate(SIGNS, 1)}
    found |= {sign: found[like] for like, signs in LIKE_SIGNS.items() for sign in signs}
    letters = ALPHABETS[language]
    return found | {letter: chr(_FIRST_LETTER + place) for place, letter in enumerate(letters)}


@cache
def _accented(language: str) -> dict[str, str]:
    """Return the codes of letters with an accent that are letters of their own in the language."""
    places = _places(language)
    found = {letter: places[letter] for letter in ALPHABETS[language] if unicodedata.decomposition(letter)}
    return found | {twin: found[letter] for twin, letter in TWINS.items() if letter in found}


class _Keys(dict):
    """Code point to what counts of it, filled as characters are met."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.places, self.accented = _places(language), _accented(language)

    def __missing__(self, code: int) -> str:
        small = chr(code).lower()
        if small in self.accented:
            self[code] = self.accented[small]
            return self[code]
        parts = [part for part in unicodedata.normalize("NFD", small) if not _is_put_aside(part)]
        letters = "".join(SMALL.get(part, part) for part in parts)
        self[code] = "".join(map(self._place_of, letters))
        return self[code]

    def _place_of(self, letter: str) -> str:
        if letter in self.places:
            return self.places[letter]
        return _OTHER if _is_within(letter, OTHER_SIGNS) else letter


def _is_within(letter: str, blocks: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(letter) <= last for first, last in blocks)


def _is_put_aside(letter: str) -> bool:
    return letter in QUOTES or _is_within(letter, GONE)


_KEYS = {language: _Keys(language) for language in ALPHABETS}


def _number(found: re.Match) -> str:
    """Return a number behind a sign of its length, so that longer ones are greater."""
    digits = found[0].lstrip("0")
    return chr(_FIRST_NUMBER + min(len(digits), _LONGEST_NUMBER)) + digits


def sort_key(text: str, language: str) -> tuple[str, str]:
    """Return what a text is sorted by, as in the databases: the key they compute, then the text itself.

    >>> sorted(["Ωμέγα", "Άλφα", "«Βήτα»", "Zorba", "Item 10", "Item 2"], key=lambda text: sort_key(text, "el"))
    ['Άλφα', '«Βήτα»', 'Ωμέγα', 'Item 2', 'Item 10', 'Zorba']
    """
    start = text[:LONGEST]
    if not start.isascii():
        start = unicodedata.normalize("NFC", start)
    return _DIGITS.sub(_number, start.translate(_KEYS[known(language)])), text


def function_name(language: str) -> str:
    """Return the name of the function that makes the key in the databases."""
    return f"crm_sort_{known(language)}_{VERSION}"


def alphabetical(value: Any, language: str) -> sa.ColumnElement:
    """Return the SQL of the sort key of a text; empty where the text is."""
    return getattr(sa.func, function_name(language))(by_code_point(value), type_=sa.Text())


class by_code_point(FunctionElement):  # noqa: N801 - a text in SQL
    """A text that is sorted by its code points, whatever the collation of the database."""

    name = "by_code_point"
    type = sa.Text()
    inherit_cache = True


@compiles(by_code_point)
def _as_it_is(element: by_code_point, compiler: Any, **kwargs: Any) -> str:
    return compiler.process(element.clauses, **kwargs)


@compiles(by_code_point, "postgresql")
def _by_bytes(element: by_code_point, compiler: Any, **kwargs: Any) -> str:
    return f'{compiler.process(element.clauses, **kwargs)} COLLATE "C"'


POSTGRESQL_BODY = """
DECLARE k text := left(t, {longest}) COLLATE "C";
BEGIN
  IF octet_length(k) = char_length(k) THEN
    k := {plain};
  ELSE
    k := {small};
    k := {placed};
    k := regexp_replace(k, {others}, {other}, 'g');
  END IF;
  IF k ~ '[0-9]' THEN
    k := (SELECT string_agg(CASE WHEN p[1] ~ '^[0-9]'
        THEN chr({first} + least(length(ltrim(p[1], '0')), {most})) || ltrim(p[1], '0') ELSE p[1] END, '' ORDER BY n)
      FROM regexp_matches(k, '[0-9]+|[^0-9]+', 'g') WITH ORDINALITY AS found(p, n));
  END IF;
  RETURN k;
END"""


def postgresql_body(language: str, lower: str) -> str:
    """Return the body of the function of a text `t` in PostgreSQL; it calls nothing of ours, so indexes find all.

    Shape:  `lower` is the SQL that brings `{}` to small letters, whatever its alphabet.
    """
    places, accented = _places(language), _accented(language)
    small = lower.format("normalize(k, NFC)")
    small = _translate(small, accented) if accented else small
    bare = f"regexp_replace(normalize({small}, NFD), {_block(GONE, QUOTES)}, '', 'g')"
    for letter, letters in SMALL.items():
        bare = f"replace({bare}, '{letter}', '{letters}')" if len(letters) > 1 else bare
    single = {letter: places.get(one, one) for letter, one in SMALL.items() if len(one) == 1}
    return POSTGRESQL_BODY.format(
        longest=LONGEST,
        plain=_translate(
            'lower(k COLLATE "C")',
            {letter: place for letter, place in places.items() if letter.isascii()},
            gone="".join(filter(str.isascii, QUOTES)),
        ),
        small=bare,
        placed=_translate(
            "k", {letter: place for letter, place in places.items() if letter not in accented} | single
        ),
        others=_block(OTHER_SIGNS),
        other=_quoted(_OTHER),
        first=_FIRST_NUMBER,
        most=_LONGEST_NUMBER,
    )


def _translate(text: str, table: Mapping[str, str], gone: str = "") -> str:
    return f"translate({text}, {_quoted(''.join(table) + gone)}, {_quoted(''.join(table.values()))})"


def _block(blocks: tuple[tuple[int, int], ...], letters: str = "") -> str:
    """Return a regular expression for one letter of some blocks."""
    ranges = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in blocks)
    return "'[" + letters.replace("'", "''") + ranges + "]'"


def _quoted(text: str) -> str:
    """Return a string of SQL; signs are written by their numbers."""
    return (
        "E'"
        + "".join(
            letter
            if letter.isalnum()
            else f"\\u{ord(letter):04x}"
            if ord(letter) > 0x7F
            else f"\\x{ord(letter):02x}"
            for letter in text
        )
        + "'"
    )
