"""What must be added to the database so that a schema's tables, columns and indexes are there: expand, never drop."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import AddConstraint, CreateTable, DDLElement, DropConstraint
from sqlalchemy.sql.compiler import DDLCompiler

from crm.entities.identity import Identities
from crm.entities.taken_names import object_name
from crm.fields import FIELD_TYPES
from crm.revisions.indexes import index_changes
from crm.revisions.models import Models


class AddColumn(DDLElement):
    """The statement that adds a column to a table."""

    def __init__(self, table_name: str, column: sa.Column) -> None:
        self.table_name, self.column = table_name, column


@compiles(AddColumn)
def _write_add_column(element: AddColumn, compiler: DDLCompiler, **_more: object) -> str:
    table = compiler.preparer.quote(element.table_name)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"


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
        else:
            statements += _columns_missing(found, table)
    statements += index_changes(connection, models)
    if connection.dialect.name == "postgresql":
        statements += _foreign_keys(found, models, tables)
    return [*statements, *_parked_tables(found, models, parked, tables)]


def _columns_missing(found: sa.Inspector, table: sa.Table) -> Iterator[DDLElement]:
    known = {column["name"] for column in found.get_columns(table.name)}
    for column in table.columns:
        if column.name not in known:
            yield AddColumn(table.name, sa.Column(column.name, column.type))


def _foreign_keys(found: sa.Inspector, models: Models, tables: set[str]) -> list[DDLElement]:
    """Return foreign keys for PostgreSQL, where writers run side by side; SQLite's writers take turns."""
    statements: list[DDLElement] = []
    for name in models:
        table, entity = models.table(name), models[name].__entity__
        known = {key["name"] for key in found.get_foreign_keys(table.name)} if table.name in tables else set()
        wanted = {}
        for field in entity.fields.values():
            if FIELD_TYPES[field.type].links == "record":
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
