"""Typed words to the SQL that finds records: in the index of words of either database, within the actor's rights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.fields.words import LONGEST_QUERY, MOST_TYPED, Asked, asked_by, cut
from crm.permissions.rows import scope_of
from crm.permissions.sight import conditions_for
from crm.records.rekey import find_rekeyings
from crm.records.search_keys import (
    BEGINS,
    BESIDE,
    IN_TITLE,
    MARK,
    keying_of,
    searched_fields,
    titles_of,
)
from crm.revisions.words import KEY, WORDS, words_table

Token = tuple[str, bool]  # a word of the key, and whether its beginning is enough
MOST_TOKENS = 600  # of one query; ways that would make it longer are left out


class Fit(Enum):
    """How well a record fits, from the best on; what fits better fits worse as well."""

    WHOLE = "the title begins with the words, all whole"
    BEGINS = "the title begins with them, the last one perhaps unfinished"
    TITLE_WHOLE = "all are whole words of the title"
    TITLE = "all are words of the title, the last one perhaps unfinished"
    WORDS = "all are whole words of any field"
    ANY = "words of any field do, or hold them"


@dataclass(frozen=True)
class Keys:
    """How an entity's keys stand: indexed, being rewritten, and behind which record of a form nobody asks for.

    Shape:  `last_id` is the number of the newest record; behind `rewritten_after` keys lack new words.
    """

    is_indexed: bool
    are_rewritten: bool = False
    outdated_after: int | None = None
    last_id: int = 0
    rewritten_after: int | None = None


def keys_of(session: CrmSession, entity: Entity) -> Keys:
    """Return how an entity's keys stand at this moment."""
    return keys_of_all(session, [entity])[entity.name]


def settled_keys(session: CrmSession, entity: Entity) -> Keys:
    """Return how an entity's keys stand, without asking again where nothing can change in this revision."""
    settled = session.workspace.settled
    if entity.uid in settled:
        return Keys(is_indexed=True)
    keys = keys_of(session, entity)
    if keys.is_indexed and not keys.are_rewritten:
        settled.add(entity.uid)
    return keys


def keys_of_all(session: CrmSession, entities: Sequence[Entity]) -> dict[str, Keys]:
    """Return how the keys of some entities stand at this moment, by entity, in as many questions as for one."""
    connection = session.connection()
    quote = connection.dialect.identifier_preparer.quote
    lasts = ", ".join(f"(SELECT max(id) FROM {quote(entity.table)})" for entity in entities)  # noqa: S608 - our names
    last_ids = connection.execute(sa.text(f"SELECT {lasts}")).one() if entities else ()  # noqa: S608
    rekeyings = find_rekeyings(session)
    found = {}
    for entity, last_id in zip(entities, last_ids, strict=True):
        row = rekeyings.get(entity.uid)
        outdated_after = row.after if row and row.outdated else None
        after = row.after if row else None
        found[entity.name] = Keys(
            has_words(session, entity), row is not None, outdated_after, last_id or 0, after
        )
    return found


def found_by(
    session: CrmSession, entity: Entity, words: str, fit: Fit = Fit.ANY, keys: Keys | None = None
) -> sa.ColumnElement[bool] | None:
    """Return the condition that a record holds the typed words in fields the actor may see; None when none can."""
    ways = list(_ways(session, entity, words, fit))
    if not ways:
        return None
    keys = keys or keys_of(session, entity)
    found = _quickly(session, entity, ways) if keys.is_indexed else _in_keys(session, entity, ways)
    if keys.outdated_after is not None:
        cls = session.workspace.models[entity.name]
        return sa.or_(found, sa.and_(cls.id > keys.outdated_after, _in_fields(session, entity, words)))
    return found


def holding(
    session: CrmSession, entity: Entity, ways: list[list[list[str]]], keys: Keys
) -> sa.ColumnElement[bool]:
    """Return the condition that a key has, by one of some ways, one of each of several lists of words."""
    tokens = [[[(word, False) for word in words] for words in way] for way in ways]
    return (_in_index if keys.is_indexed else _in_keys)(session, entity, tokens)


def _ways(session: CrmSession, entity: Entity, words: str, fit: Fit) -> Iterator[list[list[Token]]]:
    """Yield the ways to understand the words: what each of them may be in the key."""
    hidden = session.actor.rights(entity.name).hidden
    titles, searched = titles_of(entity), {field.name for field in searched_fields(entity)} - hidden
    marks = {name: mark for name, mark in keying_of(entity).marks.items() if name in searched}
    left = MOST_TOKENS
    for way in asked_by(words):
        ends = [(place == 0, place == len(way) - 1) for place in range(len(way))]
        found = [list(_tokens(asked, marks, titles, fit, end)) for asked, end in zip(way, ends, strict=True)]
        left -= sum(map(len, found))
        if all(found) and (left > 0 or left + sum(map(len, found)) == MOST_TOKENS):
            yield found


def _tokens(
    asked: Asked, marks: dict[str, str], titles: Sequence[str], fit: Fit, ends: tuple[bool, bool]
) -> Iterator[Token]:
    """Yield what one typed word may be in the key; `ends` says whether it is the first and the last one."""
    is_first, is_last = ends
    begins_title = is_first and fit in (Fit.WHOLE, Fit.BEGINS)
    enough = fit is Fit.ANY or (is_last and fit in (Fit.BEGINS, Fit.TITLE))
    for name, mark in marks.items():
        if fit not in (Fit.ANY, Fit.WORDS) and name not in titles:
            continue
        signs = (BEGINS, IN_TITLE) if name in titles[:1] else (IN_TITLE,) if name in titles else (BESIDE,)
        signs = tuple(sign for sign in signs if sign == BEGINS) if begins_title else signs
        yield from ((mark + sign + word, enough) for sign in signs for word in asked.begins)
        if fit is Fit.ANY:
            yield from ((f"{mark}~{part}", True) for part in asked.parts)
            yield from ((mark + sound, is_loose) for sound, is_loose in asked.sounds)


def _quickly(session: CrmSession, entity: Entity, ways: list[list[list[Token]]]) -> sa.ColumnElement[bool]:
    """Return the condition by the index; single letters beside longer words are looked for in what those find.

    What begins with one letter is half of all there is, and an index would go through all of it.
    """
    plain = [way for way in ways if not any(map(_is_short, way)) or all(map(_is_short, way))]
    found = [_in_index(session, entity, plain)] if plain else []
    for way in ways:
        if way not in plain:
            longer = [tokens for tokens in way if not _is_short(tokens)]
            letters = [tokens for tokens in way if _is_short(tokens)]
            found.append(sa.and_(_in_index(session, entity, [longer]), _in_keys(session, entity, [letters])))
    return sa.or_(*found)


def _is_short(tokens: list[Token]) -> bool:
    return all(len(word) <= MARK + 2 for word, _begins in tokens)


def _key_of(session: CrmSession, entity: Entity) -> Any:
    """Return the column of keys; rights are in what is asked of it, so the guard need not know it."""
    quote = session.get_bind().dialect.identifier_preparer.quote
    return sa.literal_column(f"{quote(entity.table)}.{KEY}", sa.Text())


def _in_index(session: CrmSession, entity: Entity, ways: list[list[list[Token]]]) -> sa.ColumnElement[bool]:
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import TSQUERY  # loaded already, and not elsewhere

        asked = _joined(ways, lambda word, begins: f"'{word}':*" if begins else f"'{word}'", ("&", "|"))
        kept = sa.func.crm_words(_key_of(session, entity))
        return kept.op("@@", is_comparison=True)(sa.cast(sa.literal(asked), TSQUERY))
    words = words_table(entity.table)
    asked = _joined(ways, lambda word, begins: f'"{word}"*' if begins else f'"{word}"', ("AND", "OR"))
    matched = sa.literal_column(dialect.identifier_preparer.quote(words)).op("MATCH")(asked)
    rows = sa.select(sa.literal_column("rowid")).select_from(sa.table(words)).where(matched)
    return session.workspace.models[entity.name].id.in_(rows)


def _in_keys(session: CrmSession, entity: Entity, ways: list[list[list[Token]]]) -> sa.ColumnElement[bool]:
    """Return the same without an index: it may still be being built."""
    key = " " + _key_of(session, entity) + " "

    def holds(tokens: list[Token]) -> sa.ColumnElement[bool]:
        return sa.or_(*(key.contains(f" {word}" if begins else f" {word} ") for word, begins in tokens))

    return sa.or_(*(sa.and_(*map(holds, way)) for way in ways))


def has_words(session: CrmSession, entity: Entity) -> bool:
    """Return whether the entity's index of words can be asked: on SQLite a publish may still be building it."""
    if session.get_bind().dialect.name == "postgresql":
        return True
    name = object_name(WORDS, entity.table)
    asked = sa.text("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = :name")
    return bool(session.connection().scalar(asked, {"name": name}))


def _joined(ways: list[list[list[Token]]], write: Any, signs: tuple[str, str]) -> str:
    """Return the query in the language of an index: words that are all there, each in one of its forms."""
    both, either = (f" {sign} " for sign in signs)
    return either.join(
        f"({both.join(f'({either.join(write(*token) for token in tokens)})' for tokens in way)})"
        for way in ways
    )


def _in_fields(session: CrmSession, entity: Entity, words: str) -> sa.ColumnElement[bool]:
    """Return the condition that the fields themselves hold the words, for records whose keys are of an older form."""
    hidden = session.actor.rights(entity.name).hidden
    names = [field.name for field in searched_fields(entity) if field.name not in hidden]
    found = []
    for word in [part for piece in cut(words[:LONGEST_QUERY]) for part in piece][:MOST_TYPED]:
        lines = [{"field": name, "contains": word} for name in names]
        lines = [line for line in lines if not conditions_for(session, entity, [line])[1]]
        if not lines:
            return sa.false()
        tree, _problems = conditions_for(session, entity, [{"any": lines}])
        found.append(compile_sql(tree, entity.name, scope_of(session)))
    return sa.and_(*found) if found else sa.false()
