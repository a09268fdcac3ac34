"""The indexes a revision asks for: what is missing, what is too many, and what is built when its publish is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, DropIndex

from crm.revisions.likeness import LIKE, like_indexes
from crm.revisions.models import Models
from crm.revisions.sorting import SORT, sort_indexes
from crm.revisions.words import WORDS, creation_of, dropping_of, words_index

SMALL = 20_000  # records; what is done to so few is done within the publish, in a blink
OURS = (
    "uq_",
    "ix_",
    f"{SORT}_",
    f"{LIKE}_",
    f"{WORDS}_",
)  # names of indexes that go when nothing asks for them


@dataclass(frozen=True)
class Known:
    """An index that is in the database; `is_valid` is False for what a killed build left."""

    table: str
    is_valid: bool


def wanted_indexes(connection: sa.Connection, models: Models) -> dict[str, sa.Index]:
    """Return every index of a revision by name: those of its fields, of the order lists open in, of searched words."""
    found: dict[str, sa.Index] = {}
    for name in models:
        table, entity = models.table(name), models[name].__entity__
        found |= {index.name: index for index in sorted(table.indexes, key=lambda index: index.name)}
        more = [*sort_indexes(entity, connection.dialect), *like_indexes(entity), *words_index(entity)]
        found |= {index.name: index for index in more}
    return found


def known_indexes(connection: sa.Connection) -> dict[str, Known]:
    """Return the indexes in the database by name, those on expressions included."""
    if connection.dialect.name == "sqlite":
        asked = (
            "SELECT name, tbl_name, 1 FROM sqlite_master "
            "WHERE type = 'index' OR type = 'trigger' AND name GLOB 'words_*'"
        )
    else:
        asked = (
            "SELECT i.relname, t.relname, x.indisvalid FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
            "JOIN pg_class t ON t.oid = x.indrelid WHERE t.relnamespace = current_schema()::regnamespace"
        )
    return {
        name: Known(table, bool(is_valid)) for name, table, is_valid in connection.execute(sa.text(asked))
    }


def missing_indexes(connection: sa.Connection, models: Models) -> list[sa.Index]:
    """Return the indexes of a revision that are not there, or not whole."""
    return _missing(known_indexes(connection), wanted_indexes(connection, models))


def _missing(known: Mapping[str, Known], wanted: Mapping[str, sa.Index]) -> list[sa.Index]:
    return [
        index for name, index in wanted.items() if known.get(name) != Known(index.table.name, is_valid=True)
    ]


def index_changes(connection: sa.Connection, models: Models) -> list[DDLElement]:
    """Return the statements that drop what nothing asks for and make what is missing."""
    known, wanted = known_indexes(connection), wanted_indexes(connection, models)
    tables = {models.table(name).name for name in models}
    statements: list[DDLElement] = []
    for name, index in sorted(known.items()):
        if index.table in tables and name not in wanted and name.startswith(OURS):
            statements += dropping_of(_named_index(name, index.table), connection.dialect)
    for index in _missing(known, wanted):
        if known.get(index.name) == Known(index.table.name, is_valid=False):
            statements.append(DropIndex(_named_index(index.name, index.table.name)))
        statements += creation_of(index, connection.dialect)
    return statements


def without_later(connection: sa.Connection, statements: Iterable[DDLElement]) -> list[DDLElement]:
    """Return the statements of a publish without the indexes that are built when it is over.

    Those are indexes on many records, which would keep writers waiting. A unique one is not among them: from the
    publish on, no value may come twice.
    """
    statements = list(statements)
    fresh = {statement.element.name for statement in statements if isinstance(statement, CreateTable)}
    touched = {
        _table_of(one) for one in statements if isinstance(one, CreateIndex) and not one.element.unique
    }
    large = {table for table in touched - fresh if is_large(connection, table)}
    later = {
        statement.element.name
        for statement in statements
        if isinstance(statement, CreateIndex)
        and not statement.element.unique
        and _table_of(statement) in large
    }
    return [
        statement
        for statement in statements
        if not (isinstance(statement, CreateIndex | DropIndex) and statement.element.name in later)
    ]


def is_large(connection: sa.Connection, table: str) -> bool:
    """Return whether a table has more records than fit into a publish."""
    few = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(SMALL + 1).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(few)) > SMALL


def _table_of(statement: CreateIndex) -> str:
    return statement.element.table.name


def _named_index(name: str, table: str) -> sa.Index:
    """Return an index known by name only, enough to drop it."""
    return sa.Index(name, _ghost(table).c.id)


def _ghost(table: str, *columns: str) -> sa.Table:
    """Return a table that stands for its name, so that the real one does not gather indexes."""
    return sa.Table(table, sa.MetaData(), *(sa.Column(name, sa.Integer) for name in ("id", *columns)))
