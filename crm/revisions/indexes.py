"""The indexes a revision asks for: what is missing, what is too many, and what is built when its publish is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, DropIndex

from crm.entities.model import Entity
from crm.entities.taken_names import object_name
from crm.revisions.likeness import LIKE, like_indexes
from crm.revisions.models import Models
from crm.revisions.sorting import SORT, sort_indexes

SMALL = 20_000  # records; what is done to so few is done within the publish, in a blink
SEARCH = "search"
OURS = ("uq_", "ix_", f"{SORT}_", f"{LIKE}_")  # names of indexes that go when nothing asks for them


@dataclass(frozen=True)
class Known:
    """An index that is in the database; `is_valid` is False for what a killed build left."""

    table: str
    is_valid: bool


def wanted_indexes(connection: sa.Connection, models: Models) -> dict[str, sa.Index]:
    """Return every index of a revision by name: those of its fields, of the order lists open in, of searched words."""
    has_words = connection.dialect.name == "postgresql" and has_trigrams(connection)
    found: dict[str, sa.Index] = {}
    for name in models:
        table, entity = models.table(name), models[name].__entity__
        found |= {index.name: index for index in sorted(table.indexes, key=lambda index: index.name)}
        more = [*sort_indexes(entity, connection.dialect), *like_indexes(entity)]
        more += _search_indexes(entity, table) if has_words else []
        found |= {index.name: index for index in more}
    return found


def known_indexes(connection: sa.Connection) -> dict[str, Known]:
    """Return the indexes in the database by name, those on expressions included."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT name, tbl_name, 1 FROM sqlite_master WHERE type = 'index'"
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
    statements: list[DDLElement] = [
        DropIndex(_named_index(name, index.table))
        for name, index in sorted(known.items())
        if index.table in tables and name not in wanted and name.startswith(OURS)
    ]
    missing = _missing(known, wanted)
    if any(is_for_words(index) for index in missing):
        statements.append(sa.DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    for index in missing:
        if known.get(index.name) == Known(index.table.name, is_valid=False):
            statements.append(DropIndex(_named_index(index.name, index.table.name)))
        statements.append(CreateIndex(index))
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


def is_for_words(index: sa.Index) -> bool:
    """Return whether an index finds any part of a text."""
    return index.name.startswith(f"{SEARCH}_")


def has_trigrams(connection: sa.Connection) -> bool:
    """Return whether PostgreSQL can index any part of a text here (the extension may be absent)."""
    asked = "select count(*) from pg_available_extensions where name = 'pg_trgm'"
    return bool(connection.scalar(sa.text(asked)))


def _table_of(statement: CreateIndex) -> str:
    return statement.element.table.name


def _named_index(name: str, table: str) -> sa.Index:
    """Return an index known by name only, enough to drop it."""
    return sa.Index(name, _ghost(table).c.id)


def _ghost(table: str, *columns: str) -> sa.Table:
    """Return a table that stands for its name, so that the real one does not gather indexes."""
    return sa.Table(table, sa.MetaData(), *(sa.Column(name, sa.Integer) for name in ("id", *columns)))


def _search_indexes(entity: Entity, table: sa.Table) -> Iterator[sa.Index]:
    if any(field.search for field in entity.fields.values()):
        words = _ghost(table.name, "search_key").c.search_key
        yield sa.Index(
            object_name(SEARCH, table.name),
            words,
            postgresql_using="gin",
            postgresql_ops={"search_key": "gin_trgm_ops"},
        )
