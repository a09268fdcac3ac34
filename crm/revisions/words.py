"""The index of words of an entity: GIN over `crm_words` on PostgreSQL, a full-text table with triggers on SQLite.

Both hold the words of `search_key` and find them by their beginnings; neither needs an extension. What changes a key
changes the index in the same statement, whoever writes: a save, an import, a merge, a publish, a rollback.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, DropIndex
from sqlalchemy.sql.elements import Grouping

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.revisions.likeness import compared_fields

WORDS = "words"
KEY = "search_key"
SIGNS = "=^:~*!"
SHORT_LIST = {"gin_pending_list_limit": 64}
"""kB of new words that PostgreSQL keeps beside the index, and reads through in each search: every save searches for
duplicates, and the usual 4 MB made it five times as costly."""


def words_table(table: str) -> str:
    """Return the name of SQLite's table of words of an entity's table."""
    return f"crm_words_{table}"


def words_index(entity: Entity) -> Iterator[sa.Index]:
    """Yield the index that finds an entity's records by words; none where nothing is searched or compared."""
    if any(field.search for field in entity.fields.values()) or compared_fields(entity):
        column = sa.Table(entity.table, sa.MetaData(), sa.Column(KEY, sa.Text())).c[KEY]
        name = object_name(WORDS, entity.table)
        yield sa.Index(
            name, Grouping(sa.func.crm_words(column)), postgresql_using="gin", postgresql_with=SHORT_LIST
        )


def is_of_words(name: str) -> bool:
    """Return whether an index of this name finds words."""
    return name.startswith(f"{WORDS}_")


class CreateWords(CreateIndex):
    """One of the statements that make SQLite's index of words."""

    def __init__(self, index: sa.Index, text: str) -> None:
        super().__init__(index)
        self.text = text


class DropWords(DropIndex):
    """One of the statements that drop it."""

    def __init__(self, index: sa.Index, text: str) -> None:
        super().__init__(index)
        self.text = text


@compiles(CreateWords)
@compiles(DropWords)
def _write(element: Any, _compiler: Any, **_more: object) -> str:
    return element.text


def creation_of(index: sa.Index, dialect: sa.Dialect, may_be_there: bool = False) -> list[CreateIndex]:
    """Return the statements that make an index; `may_be_there` when two may come to make it."""
    if dialect.name != "sqlite" or not is_of_words(index.name):
        return [CreateIndex(index, if_not_exists=may_be_there)]
    quote = dialect.identifier_preparer.quote
    texts = _sqlite(quote(index.name), index.table.name, quote)
    return [CreateWords(index, text) for text in texts]


def dropping_of(index: sa.Index, dialect: sa.Dialect) -> list[DropIndex]:
    """Return the statements that drop an index."""
    if dialect.name != "sqlite" or not is_of_words(index.name):
        return [DropIndex(index)]
    quote, words = dialect.identifier_preparer.quote, words_table(index.table.name)
    triggers = (quote(index.name), quote(f"{words}_update"), quote(f"{words}_delete"))
    texts = [f"DROP TRIGGER IF EXISTS {name}" for name in triggers]
    return [DropWords(index, text) for text in (*texts, f"DROP TABLE IF EXISTS {quote(words)}")]


def _sqlite(name: str, table: str, quote: Any) -> Iterator[str]:
    """Yield the full-text table, the triggers that keep it, and what fills it; the trigger of its name comes last."""
    plain = words_table(table)
    words, of = quote(plain), quote(table)
    take = f"INSERT INTO {words} ({words}, rowid, {KEY}) VALUES ('delete', old.id, old.{KEY});"  # noqa: S608 - names of our own
    give = f"INSERT INTO {words} (rowid, {KEY}) VALUES (new.id, new.{KEY});"  # noqa: S608
    yield (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {words} USING fts5({KEY}, content={of}, content_rowid=id, "
        f"detail=none, columnsize=0, tokenize=\"ascii tokenchars '{SIGNS}'\")"
    )
    yield (
        f"CREATE TRIGGER IF NOT EXISTS {quote(plain + '_update')} AFTER UPDATE OF {KEY} ON {of} "
        f"WHEN old.{KEY} IS NOT new.{KEY} BEGIN {take} {give} END"
    )
    yield (f"CREATE TRIGGER IF NOT EXISTS {quote(plain + '_delete')} AFTER DELETE ON {of} BEGIN {take} END")
    yield f"INSERT INTO {words} ({words}) VALUES ('rebuild')"  # noqa: S608
    yield f"CREATE TRIGGER IF NOT EXISTS {name} AFTER INSERT ON {of} BEGIN {give} END"
