"""The order of texts as readers expect it: case, accents and quotation marks put aside, equals by their code points.

Databases sort by code points: «Άλφα» behind «Ωμέγα», Ș behind Z, small letters behind capital ones. Their collations
differ from server to server and change with its libraries, which breaks indexes; so a key of our own says the order,
made by the same rules in Python, SQLite and PostgreSQL. Scripts follow each other: signs, digits, Latin, Greek, Hebrew.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

LONGEST = 200  # characters that count; a database cannot keep longer keys in an index
SMALL = {"ς": "σ", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "\xa0": " "}
"""What stands for small letters that no decomposition leads back to others."""
QUOTES = "\"'`´‘’“”„«»׳״"
MARKS = (
    (0x300, 0x36F), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7),
)  # fmt: skip
"""Accents, and the points of Hebrew."""
_NO_QUOTES = {ord(quote): None for quote in QUOTES}


class _Keys(dict):
    """Code point to what counts of it, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        small = "".join(SMALL.get(letter, letter) for letter in chr(code).lower())
        parts = unicodedata.normalize("NFD", small)
        self[code] = "".join(part for part in parts if not _is_put_aside(part))
        return self[code]


def _is_put_aside(letter: str) -> bool:
    return letter in QUOTES or any(first <= ord(letter) <= last for first, last in MARKS)


_KEYS = _Keys()


def sort_key(text: str) -> tuple[str, str]:
    """Return what a text is sorted by, as in the databases: the key they compute, then the text itself.

    >>> sorted(["Ωμέγα", "Άλφα", "«Βήτα»", "άλφα", "Zorba", "Ștefan"], key=sort_key)
    ['Ștefan', 'Zorba', 'Άλφα', 'άλφα', '«Βήτα»', 'Ωμέγα']
    """
    start = text[:LONGEST]
    return start.lower().translate(_NO_QUOTES) if start.isascii() else start.translate(_KEYS), text


class alphabetical(FunctionElement):  # noqa: N801 - a function in SQL
    """The sort key of a text in SQL; empty where the text is."""

    name = "crm_sort"
    type = sa.Text()
    inherit_cache = True


@compiles(alphabetical)
def _key(element: alphabetical, compiler: Any, **kwargs: Any) -> str:
    return f"crm_sort({compiler.process(element.clauses, **kwargs)})"


@compiles(alphabetical, "postgresql")
def _key_by_bytes(element: alphabetical, compiler: Any, **kwargs: Any) -> str:
    return f'crm_sort({compiler.process(element.clauses, **kwargs)} COLLATE "C")'


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


def postgresql_key(lower: str) -> str:
    """Return the SQL of the key of a text `t` in PostgreSQL.

    Shape:  `lower` is the SQL that brings `{}` to small letters, whatever its alphabet.
    """
    text = f"left(t, {LONGEST})"
    plain, small = lower.format(text), lower.format(text)
    for quote in filter(str.isascii, QUOTES):
        plain = f"replace({plain}, {_quoted(quote)}, '')"
    for letter, letters in SMALL.items():
        small = f"replace({small}, '{letter}', '{letters}')"
    gone = QUOTES + "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in MARKS)
    letters = f"regexp_replace(normalize({small}, NFD), {_quoted(f'[{gone}]')}, '', 'g')"
    is_ascii = f"octet_length({text}) = char_length({text})"
    return f"CASE WHEN {is_ascii} THEN {plain} ELSE {letters} END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
