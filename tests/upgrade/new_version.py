"""Write the next version of our own tables: `python -m tests.upgrade.new_version add_colour_to_teams`.

It compares the declared tables with those the versions make so far. Read what it wrote: a renamed column looks like one
that goes and one that comes, and a column that must not be empty and has no default lacks a value for existing rows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

import app
from crm.database import all_own_tables, build_engine
from crm.own_tables import version
from crm.own_tables.repair import default_of
from crm.own_tables.upgrade import run_versions

TEXT = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = "{before}"


def upgrade() -> None:
    """{title}."""
    {body}
'''


def is_own(name: str | None, kind: str, _parents: dict) -> bool:
    """Return whether a table is one of ours; what is in a table always is."""
    return kind != "table" or (str(name).startswith("crm_") and name != version.VERSION_TABLE)


def in_steps(one: ops.MigrateOperation) -> list[ops.MigrateOperation]:
    """Return what can run where rows are: a column that must not be empty is added empty, filled, then made strict."""
    if not isinstance(one, ops.ModifyTableOps):
        return [one]
    fills, strict = [], []
    for step in one.ops:
        if (
            isinstance(step, ops.AddColumnOp)
            and not step.column.nullable
            and default_of(step.column) is not None
        ):
            column = step.column
            name, value = column.name, sa.literal(default_of(column), column.type)
            filled = sa.update(sa.table(one.table_name, sa.column(name))).values({name: value})
            fills.append(ops.ExecuteSQLOp(str(filled.compile(compile_kwargs={"literal_binds": True}))))
            strict.append(
                ops.AlterColumnOp(
                    one.table_name,
                    name,
                    modify_nullable=False,
                    existing_nullable=True,
                    existing_type=column.type,
                )
            )
            step.column = sa.Column(name, column.type)
    return [one, *fills, ops.ModifyTableOps(one.table_name, strict)] if fills else [one]


def write_version(words: str) -> Path:
    """Write the file of the next version and return its place."""
    app.wire()
    before = version.known_versions()[-1]
    name = f"v{int(before[1:4]) + 1:03}_{words}"
    with tempfile.TemporaryDirectory() as folder:
        engine = build_engine(f"sqlite:///{folder}/now.db")
        run_versions(engine)
        with engine.connect() as connection:
            options = {"compare_type": True, "include_name": is_own}
            context = MigrationContext.configure(connection, opts=options)
            found = produce_migrations(context, all_own_tables()).upgrade_ops
        engine.dispose()
    found.ops = [step for one in found.ops for step in in_steps(one)]
    body = render_python_code(found, render_as_batch=True)
    title = words.replace("_", " ").capitalize()
    file = version.FOLDER / f"{name}.py"
    file.write_text(TEXT.format(title=title, name=name, before=before, body=body), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{write_version(sys.argv[1])}\n")
