"""What the databases must be taught: functions for every SQLite connection, and once for a PostgreSQL database."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any

import sqlalchemy as sa

from crm.conditions.python.evaluate import aggregate
from crm.conditions.python.program import decode, encode, run_program, run_scaled
from crm.conditions.sql.working_time import FUNCTIONS
from crm.conditions.tree import folding
from crm.conditions.tree.model import Leaf
from crm.fields.alphabet import ALPHABETS, function_name, postgresql_body, sort_key
from crm.fields.fold import fold

OFTEN = (
    " αιεοτσνηκρπλυμδγθφχβξζωψaieotnsrldumcpvgfhbzkjqxwyάίέόήύώςאבגדהוזחטיכלמנסעפצקרשתםןףךץ0123456789-.@ășțâî"
    "ΑΙΕΟΤΣΝΗΚΡΠΛΥΜΔΓΘΦΧΒΞΖΩΨAIEOTNSRLDUMCPVGFHBZKJQXWYΆΊΈΌΉΎΏĂȘȚÂÎ"
)
"""Letters in the order in which our users write them: PostgreSQL looks through the table from its beginning, so
the frequent ones stand first, also those that stay as they are (8 µs for a name instead of 140)."""


class Gather:
    """Aggregates calculated values of children, in SQLite."""

    def __init__(self) -> None:
        self.how = ""
        self.values: list[Any] = []

    def step(self, how: str, kind: str, value: Any) -> None:
        """Take one value."""
        self.how = how
        found = decode(value, Leaf(0, kind))
        if found is not None:
            self.values.append(found)

    def finalize(self) -> Any:
        """Return the outcome."""
        return encode(aggregate(self.how or "min", self.values))


def _fold(text: str | None) -> str | None:
    return None if text is None else folding.fold(text)


def _sort(language: str, text: str | None) -> str | None:
    return None if text is None else sort_key(text, language)[0]


def _like(text: str | None) -> str | None:
    """Return what indexes of an earlier release hold until a publish drops them: each write asks for it."""
    return None if text is None else fold(text)[:200]


@sa.event.listens_for(sa.Engine, "connect")
def teach_sqlite(connection: Any, _record: Any) -> None:
    """Give a new SQLite connection the functions that compiled conditions call."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("crm_fold", 1, _fold, deterministic=True)
        for language in ALPHABETS:
            name, sort = function_name(language), partial(_sort, language)
            connection.create_function(name, 1, sort, deterministic=True)
        connection.create_function("crm_alike", 1, _like, deterministic=True)
        connection.create_function("crm_compute", -1, run_program, deterministic=True)
        connection.create_function("crm_compute_scaled", -1, run_scaled, deterministic=True)
        connection.create_aggregate("crm_gather", 3, Gather)


def install(engine: sa.Engine) -> None:
    """Create the functions in a PostgreSQL database; safe to repeat. SQLite learns them with every connection."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            known = set(connection.scalars(sa.text(COLLATIONS)))
            for statement in postgresql_functions(next((name for name in LETTERED if name in known), None)):
                connection.exec_driver_sql(statement)


LETTERED = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu")
"""Collations that know the small letters of every alphabet, the quickest first; a server has one or the other."""
COLLATIONS = "SELECT collname FROM pg_collation WHERE collencoding IN (-1, pg_char_to_encoding('UTF8'))"


def postgresql_functions(lettered: str | None = None) -> tuple[str, ...]:
    """Return the statements that create our functions in PostgreSQL, by way of a collation that knows letters."""
    small, capital = folding.cases()
    single = folding.singles()
    folded = _with_pairs("t", single)
    ascii_or = 'CASE WHEN octet_length(t) = char_length(t) THEN {0}(t COLLATE "C") ELSE {1} END'
    return (
        _function("crm_fold(t text)", "text", ascii_or.format("lower", folded)),
        _function("crm_lower(t text)", "text", ascii_or.format("lower", _translate("t", small))),
        _function("crm_upper(t text)", "text", ascii_or.format("upper", _translate("t", capital))),
        *(_sort_function(language, _lower(lettered, small)) for language in ALPHABETS),
        WORDS,
        _function("crm_divide(a numeric, b numeric)", "numeric", DIVIDE),
        _function("crm_add_days(d date, n numeric)", "date", ADD_DAYS),
        *FUNCTIONS,
    )


WORDS = """CREATE OR REPLACE FUNCTION crm_words(t text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 500 AS $$ BEGIN
    IF octet_length(t) < 2000 THEN RETURN array_to_tsvector(array_remove(string_to_array(t, ' '), '')); END IF;
    RETURN array_to_tsvector(ARRAY(SELECT left(word, 100) FROM unnest(string_to_array(left(t, 200000), ' ')) AS word
                                   WHERE word <> ''));
END $$"""
"""The words of a search key as PostgreSQL's index holds them. It is costly to compute, and the planner should know."""
DIVIDE = """CASE WHEN b <> 0 THEN
    sign(a) * sign(b) * div(abs(a) * 20000000000 + abs(b), abs(b) * 2) * 0.0000000001 END"""
ADD_DAYS = """CASE WHEN abs(n) <= 4000000
    AND d + trunc(n)::integer BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN d + trunc(n)::integer END"""


def _function(head: str, gives: str, body: str) -> str:
    kind = "LANGUAGE sql IMMUTABLE PARALLEL SAFE"
    return f"CREATE OR REPLACE FUNCTION {head} RETURNS {gives} {kind} AS $$ SELECT {body} $$"


def _sort_function(language: str, lower: str) -> str:
    kind = "LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE"
    body = postgresql_body(language, lower)
    return f"CREATE OR REPLACE FUNCTION {function_name(language)}(t text) RETURNS text {kind} AS $${body}$$"


def _lower(lettered: str | None, small: dict[int, str]) -> str:
    """Return the SQL of the small letters of `{}`: our table knows those of our users, three times slower."""
    return f'lower({{}} COLLATE "{lettered}")' if lettered else _translate("{}", small)


def _with_pairs(name: str, table: dict[int, str]) -> str:
    found = _translate(name, table)
    for letter, pair in folding.PAIRS.items():
        found = f"replace({found}, '{letter}', '{pair}')"
    return found


def _translate(name: str, table: dict[int, str]) -> str:
    """Return a translation of single letters; letters that are removed are at the end of the first list."""
    kept = {letter: table.get(ord(letter), letter) for letter in OFTEN}
    kept = {letter: becomes for letter, becomes in kept.items() if becomes}
    kept |= {chr(code): becomes for code, becomes in table.items() if becomes and chr(code) not in kept}
    gone = "".join(chr(code) for code, becomes in table.items() if not becomes)
    return f"translate({name}, {_quoted(''.join(kept) + gone)}, {_quoted(''.join(kept.values()))})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
