"""What must be added to the database so that a schema's tables, columns and indexes are there: expand, never drop."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic.ddl.base import AddColumn
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DDLElement, DropConstraint, DropIndex

from crm.entities.identity import Identities
from crm.entities.models import Models
from crm.entities.names import object_name
from crm.fields import FIELD_TYPES

SEARCH_INDEX = "search"
SORT = "sort_"


def plan_ddl(connection: sa.Connection, models: Models, parked: Identities) -> list[DDLElement]:
    """Return the statements that are missing, in the order in which they can run.

    Shape:  `parked` is the revision before; columns that only it knows stay, but lose constraints that would stand
            in the way (unique indexes, foreign keys).
    """
    found = sa.inspect(connection)
    tables = set(found.get_table_names())
    statements: list[DDLElement] = []
    for name in models:
        table = models.table(name)
        if table.name not in tables:
            statements.append(CreateTable(table))
            statements += [
                CreateIndex(index) for index in sorted(table.indexes, key=lambda index: index.name)
            ]
            continue
        statements += _columns_missing(found, table)
        statements += _index_changes(found, table)
    statements += _sort_indexes(connection, found, models, tables)
    if connection.dialect.name == "postgresql":
        statements += _foreign_keys(found, models, tables)
        statements += _search_indexes(connection, found, models, tables)
    return [*statements, *_parked_tables(found, models, parked, tables)]


def _columns_missing(found: sa.Inspector, table: sa.Table) -> Iterator[DDLElement]:
    known = {column["name"] for column in found.get_columns(table.name)}
    for column in table.columns:
        if column.name not in known:
            yield AddColumn(table.name, sa.Column(column.name, column.type))


def index_names(found: sa.Inspector, table: str) -> set[str]:
    """Return the names of a table's indexes, those on expressions included, which SQLite's inspector leaves out."""
    if found.dialect.name != "sqlite":
        return {index["name"] for index in found.get_indexes(table)}
    asked = sa.text("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :name")
    return {name for name in found.bind.scalars(asked, {"name": table}) if not name.startswith("sqlite_")}


def _index_changes(found: sa.Inspector, table: sa.Table) -> Iterator[DDLElement]:
    known = index_names(found, table.name)
    wanted = {index.name: index for index in table.indexes}
    for name in sorted(known - set(wanted)):
        if name.startswith(("uq_", "ix_")):
            yield DropIndex(_named_index(name, table.name))
    for name in sorted(set(wanted) - known):
        yield CreateIndex(wanted[name])


def _named_index(name: str, table: str) -> sa.Index:
    """Return an index known by name only, enough to drop it."""
    ghost = sa.Table(table, sa.MetaData(), sa.Column("id", sa.Integer))
    return sa.Index(name, ghost.c.id)


def _foreign_keys(found: sa.Inspector, models: Models, tables: set[str]) -> list[DDLElement]:
    """Return foreign keys for PostgreSQL, where writers run side by side; SQLite's writers take turns."""
    statements: list[DDLElement] = []
    for name in models:
        table, entity = models.table(name), models[name].__entity__
        known = {key["name"] for key in found.get_foreign_keys(table.name)} if table.name in tables else set()
        wanted = {}
        for field in entity.fields.values():
            if field.type == "reference":
                target = models.table(field.options["to"])
                wanted[object_name("fk", table.name, field.column)] = (field.column, target.name)
        statements += [DropConstraint(_foreign_key(table.name, key)) for key in sorted(known - set(wanted))]
        statements += [
            AddConstraint(_foreign_key(table.name, key, *wanted[key])) for key in sorted(set(wanted) - known)
        ]
    return statements


def _foreign_key(table: str, name: str, column: str = "id", target: str = "") -> sa.ForeignKeyConstraint:
    """Return a foreign key on tables that stand only for their names."""
    meta = sa.MetaData()
    if target and target != table:
        sa.Table(target, meta, sa.Column("id", sa.Integer))
    columns = [sa.Column("id", sa.Integer)] + ([sa.Column(column, sa.Integer)] if column != "id" else [])
    ghost = sa.Table(table, meta, *columns)
    key = sa.ForeignKeyConstraint(
        [column], [f"{target or table}.id"], name=name, deferrable=True, initially="DEFERRED"
    )
    ghost.append_constraint(key)
    return key


def _sort_indexes(
    connection: sa.Connection, found: sa.Inspector, models: Models, tables: set[str]
) -> list[DDLElement]:
    """Return the indexes that serve the order in which a list opens: empty values last, newest first among equals."""
    last = " NULLS LAST" if connection.dialect.name == "postgresql" else ""
    statements: list[DDLElement] = []
    for name in models:
        table, entity = models.table(name), models[name].__entity__
        known = index_names(found, table.name) if table.name in tables else set()
        wanted = {}
        if entity.sort and entity.sort[0][0] in entity.fields:
            field, descending = entity.fields[entity.sort[0][0]], entity.sort[0][1]
            if FIELD_TYPES[field.type].stored:
                way = f"DESC{last}" if descending else f"ASC{last}"
                index = object_name("sort", table.name, field.column, "_down" if descending else "_up")
                wanted[index] = f'CREATE INDEX "{index}" ON "{table.name}" ("{field.column}" {way}, id DESC)'
        surplus = sorted(key for key in known - set(wanted) if key.startswith(SORT))
        statements += [sa.DDL(f'DROP INDEX "{key}"') for key in surplus]
        statements += [sa.DDL(wanted[key]) for key in sorted(set(wanted) - known)]
    return statements


def has_trigrams(connection: sa.Connection) -> bool:
    """Return whether PostgreSQL can index any part of a text here (the extension may be absent)."""
    asked = "select count(*) from pg_available_extensions where name = 'pg_trgm'"
    return bool(connection.scalar(sa.text(asked)))


def _search_indexes(
    connection: sa.Connection, found: sa.Inspector, models: Models, tables: set[str]
) -> list[DDLElement]:
    if not has_trigrams(connection):
        return []
    statements: list[DDLElement] = [sa.DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm")]
    for name in models:
        table = models.table(name)
        index = object_name(SEARCH_INDEX, table.name)
        known = index_names(found, table.name) if table.name in tables else set()
        if index not in known and any(field.search for field in models[name].__entity__.fields.values()):
            quoted = sa.sql.quoted_name(table.name, quote=True)
            statements.append(
                sa.DDL(f'CREATE INDEX "{index}" ON "{quoted}" USING gin (search_key gin_trgm_ops)')
            )
    return statements if len(statements) > 1 else []


def _parked_tables(
    found: sa.Inspector, models: Models, parked: Identities, tables: set[str]
) -> Iterator[DDLElement]:
    """Free what tables without an entity still hold on to."""
    live = {models.table(name).name for name in models}
    for identity in parked.entities.values():
        if identity.table in live or identity.table not in tables:
            continue
        for key in found.get_foreign_keys(identity.table):
            if key["name"]:
                yield DropConstraint(_foreign_key(identity.table, key["name"]))


def sql_of(statement: DDLElement, dialect: sa.Dialect) -> str:
    """Return one statement as the text that runs."""
    return " ".join(str(statement.compile(dialect=dialect)).split())
