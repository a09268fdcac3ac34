"""Write the next version of our own tables: `python -m tests.upgrade.new_version add_colour_to_teams`.

It compares the declared tables with those the versions make so far. Read what it wrote: a renamed column looks like one
that goes and one that comes, and a column that must not be empty needs a value for the rows that are there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext

import app
from crm.database import build_engine, metadata
from crm.own_tables.upgrade import run_versions
from crm.own_tables.version import FOLDER, VERSION_TABLE, known_versions

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
    return kind != "table" or (str(name).startswith("crm_") and name != VERSION_TABLE)


def write_version(words: str) -> Path:
    """Write the file of the next version and return its place."""
    app.wire()
    before = known_versions()[-1]
    name = f"v{int(before[1:4]) + 1:03}_{words}"
    with tempfile.TemporaryDirectory() as folder:
        engine = build_engine(f"sqlite:///{folder}/now.db")
        run_versions(engine)
        with engine.connect() as connection:
            options = {"compare_type": True, "include_name": is_own}
            context = MigrationContext.configure(connection, opts=options)
            found = produce_migrations(context, metadata).upgrade_ops
        engine.dispose()
    body = render_python_code(found, render_as_batch=True)
    title = words.replace("_", " ").capitalize()
    file = FOLDER / f"{name}.py"
    file.write_text(TEXT.format(title=title, name=name, before=before, body=body), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{write_version(sys.argv[1])}\n")
