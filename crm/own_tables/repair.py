"""What a database lacks of the tables it should have is brought back; nothing is dropped.

Releases before versions made what was missing at each start, but never an index or a column that may not be empty.
The same mends a database that somebody changed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext

from crm.errors import Problem, UnavailableError

LOOKED_AT = (
    "looked_at"  # the option that carries the connection to compare with, where statements are only written
)

Found = ops.MigrateOperation


@dataclass
class Repair:
    """A comparison of a database with the tables it should have, and what is done about it.

    Shape:  `context` runs the statements or writes them down; `looked_at` is the connection that is compared. `done`
            names what was brought back, as `table` or `table.column` or `table.index`.
    """

    context: MigrationContext
    looked_at: sa.Connection
    tables: sa.MetaData
    done: list[str] = field(default_factory=list)

    def bring_back(self) -> list[str]:
        """Add what is missing and return its names.

        Errors: UnavailableError, with a problem per place that cannot be mended without a person; nothing is done then.
        """
        known = set(sa.inspect(self.looked_at).get_table_names())
        missing = [table for table in self.tables.sorted_tables if table.name not in known]
        found = find_differences(self.looked_at, self.tables)
        problems = [problem for one in found for problem in self._hindrances(one)]
        if problems:
            raise UnavailableError("database.differs", problems)
        self.tables.create_all(self.context.connection, missing, checkfirst=False)
        self.done += [table.name for table in missing]
        for table in dict.fromkeys(one.table_name for one in found):
            self._mend(table, [one for one in found if one.table_name == table])
        return self.done

    def _mend(self, table: str, found: list[Found]) -> None:
        columns = [one for one in found if isinstance(one, ops.AddColumnOp)]
        alters = [one for one in found if isinstance(one, ops.AlterColumnOp)]
        operations = Operations(self.context)
        for one in columns:
            operations.add_column(table, sa.Column(one.column.name, one.column.type))
        for name in [one.column.name for one in columns] + [one.column_name for one in alters]:
            self._fill(table, name)
        strict = [one.column for one in columns if not one.column.nullable]
        alters += [ops.AlterColumnOp(table, column.name, modify_nullable=False) for column in strict]
        rest = [one for one in found if not isinstance(one, ops.AddColumnOp | ops.AlterColumnOp)]
        if alters or rest:
            self._run(operations, table, [*alters, *rest], columns)
        self.done += [f"{table}.{name_of(one)}" for one in found if not isinstance(one, ops.DropIndexOp)]

    def _run(
        self, operations: Operations, table: str, found: list[Found], columns: list[ops.AddColumnOp]
    ) -> None:
        """Run what SQLite can do only by copying a table, there in one copy."""
        as_it_is = sa.Table(table, sa.MetaData(), autoload_with=self.looked_at)
        for one in columns:  # added just now, perhaps only on paper
            if one.column.name not in as_it_is.c:
                as_it_is.append_column(sa.Column(one.column.name, one.column.type))
        with operations.batch_alter_table(table, copy_from=as_it_is) as batch:
            for one in found:
                for name in ("autoincrement", "existing_autoincrement"):  # means something to MySQL alone
                    getattr(one, "kw", {}).pop(name, None)
                batch.invoke(one)

    def _fill(self, table: str, name: str) -> None:
        """Give rows that lack a value the one that new rows get."""
        default = default_of(self.tables.tables[table].c[name])
        if default is not None:
            column = self.tables.tables[table].c[name]
            self.context.execute(sa.update(column.table).where(column.is_(None)).values({name: default}))

    def _hindrances(self, one: Found) -> Iterator[Problem]:
        """Yield what only a person can decide: the value of a row, the purpose of an unknown column."""
        place = {"table": one.table_name, "name": name_of(one)}
        if isinstance(one, ops.DropColumnOp):
            yield Problem("database.strange_column", place)
        elif isinstance(one, ops.AddColumnOp):
            rows = sa.select(sa.literal(1)).select_from(sa.table(one.table_name)).limit(1)
            has_rows = self.looked_at.scalar(rows) is not None
            if one.column.primary_key or (has_rows and self._needs_a_value(one.column)):
                yield Problem("database.no_value", place)
        elif isinstance(one, ops.AlterColumnOp) and one.modify_nullable is False:
            column = self.tables.tables[one.table_name].c[one.column_name]
            has_gaps = sa.select(sa.exists().where(column.is_(None)))
            if self._needs_a_value(column) and self.looked_at.scalar(has_gaps):
                yield Problem("database.no_value", place)

    def _needs_a_value(self, column: sa.Column) -> bool:
        return not column.nullable and default_of(column) is None


def adopt(context: MigrationContext, tables: sa.MetaData) -> list[str]:
    """Bring a database that has no version yet to the first one; for the first migration."""
    looked_at = context.opts.get(LOOKED_AT) or context.connection
    repair = Repair(context, looked_at, tables)
    done = repair.bring_back()
    context.opts.get("repaired", []).extend(done)
    return done


def find_differences(connection: sa.Connection, tables: sa.MetaData) -> list[Found]:
    """Return what would have to be done to tables that are there; their other columns are left alone.

    Shape:  a column that we do not know and that may not be empty is returned as one to drop: our inserts would fail.
    """
    known = set(sa.inspect(connection).get_table_names())
    options = {
        "compare_type": True,
        "include_name": lambda name, kind, _parents: kind != "table" or name in tables.tables,
    }
    context = MigrationContext.configure(connection, opts=options)
    found = []
    for one in produce_migrations(context, tables).upgrade_ops.ops:
        found += one.ops if isinstance(one, ops.ModifyTableOps) else [one]
    found = [one for one in found if not isinstance(one, ops.CreateTableOp) and one.table_name in known]
    made_again = {one.index_name for one in found if isinstance(one, ops.CreateIndexOp)}
    return [one for one in found if _counts(one, made_again)]


def _counts(one: Found, made_again: set[str]) -> bool:
    """Return whether a difference hurts: an index or a constraint that only the database has does not."""
    if isinstance(one, ops.DropIndexOp):
        return one.index_name in made_again
    if isinstance(one, ops.DropColumnOp):
        column = one.to_column()
        return not column.nullable and column.server_default is None
    if isinstance(one, ops.AlterColumnOp):
        return one.modify_nullable is not None or one.modify_type is not None
    return not isinstance(one, ops.DropConstraintOp | ops.CreateTableCommentOp | ops.DropTableCommentOp)


def name_of(one: Found) -> str:
    """Return the name of the column, index or constraint that a difference is about."""
    if isinstance(one, ops.AddColumnOp):
        return one.column.name
    for attribute in ("column_name", "index_name", "constraint_name"):
        if hasattr(one, attribute):
            return str(getattr(one, attribute))
    return type(one).__name__


def default_of(column: sa.Column) -> object:
    """Return the value that new rows get; None when each gets one of its own, or none."""
    default = column.default
    return default.arg if default is not None and default.is_scalar else None
