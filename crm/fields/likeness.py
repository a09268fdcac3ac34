"""When two texts look the same to a person: equal by the one fold, found by an index in either database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from crm.fields.fold import fold

WORD = re.compile(r"\w")
LONGEST = 200  # characters that a database compares; what is longer, Python compares
QUOTES = "'\"`"
OUTSIDE = ((0x2000, 0x206F), (0x2212, 0x2212), (0x3000, 0x3000), (0xFEFF, 0xFEFF))
"""Signs beside the scripts of `crm_fold`: blanks, marks of direction, dashes, quotation marks."""


def like_key(text: str) -> str:
    """Return the beginning of the folded text, as the databases compare it.

    >>> like_key("  «Λιμάνι»  ΑΕ "), like_key("O'Neil")
    ('λιμανι αε', 'oneil')
    """
    return fold(text)[:LONGEST]


class alike(FunctionElement):  # noqa: N801 - a function in SQL
    """What two texts that look the same have in common, in SQL; empty where the text is."""

    name = "crm_alike"
    type = sa.Text()
    inherit_cache = True


@compiles(alike)
def _compile(element: alike, compiler: Any, **kwargs: Any) -> str:
    return f"crm_alike({compiler.process(element.clauses, **kwargs)})"


@cache
def _outside() -> dict[str, str]:
    """Return the signs beside the scripts that the fold changes, with what they become: a sign or nothing."""
    found = {}
    for first, last in OUTSIDE:
        for code in range(first, last + 1):
            folded = " " if chr(code).isspace() else fold(chr(code))
            is_seen = unicodedata.category(chr(code)) != "Cn"
            if is_seen and folded != chr(code) and len(folded) < 2:
                found[chr(code)] = folded
    return found


def likeness_table(folded: Mapping[int, str]) -> dict[int, str]:
    """Return code points with what a database makes of them: those of `crm_fold`, and the signs beside its scripts."""
    return {
        **folded,
        **{ord(sign): becomes for sign, becomes in _outside().items()},
        **dict.fromkeys(map(ord, QUOTES), ""),
    }


def postgresql_likeness(letters: str) -> str:
    """Return the SQL of the key of a text `t` in PostgreSQL; `letters` is the SQL that folds any letter of it.

    Shape:  it calls no function of ours: PostgreSQL builds indexes where it finds only its own.
    """
    plain = f"translate(lower(t COLLATE \"C\"), {_quoted(QUOTES)}, '')"
    folded = f"CASE WHEN octet_length(t) = char_length(t) THEN {plain} ELSE {letters} END"
    blanks = r"'[ \t\n\r\f\v\x1c-\x1f\x85]+'"
    return f"left(btrim(regexp_replace({folded}, {blanks}, ' ', 'g'), ' '), {LONGEST})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def says_something(text: str) -> bool:
    """Return whether a text holds a letter or a digit: two dashes are no duplicates."""
    return bool(WORD.search(fold(text)))
