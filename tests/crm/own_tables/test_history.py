"""The history of our own tables: one line of versions, whose end is what the code declares."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import app
from crm.database import all_own_tables, build_engine, metadata
from crm.own_tables.upgrade import history, run_versions
from crm.own_tables.version import FOLDER, known_versions
from tests.upgrade.new_version import is_own


def test_there_is_one_newest_version():
    heads = history().get_heads()
    assert len(heads) == 1, (
        f"{' and '.join(sorted(heads))} both follow the same version. The one that is not on main yet takes the next "
        "number, as its file's name and `revision`, and the other as `down_revision`."
    )


def test_each_version_is_named_like_its_file_and_follows_the_one_before():
    names = known_versions()
    scripts = [history().get_revision(name) for name in names]
    assert [Path(script.path).stem for script in scripts] == list(names)
    assert [script.down_revision for script in scripts] == [None, *names[:-1]]
    assert [name[:5] for name in names] == [f"v{number:03}_" for number in range(1, len(names) + 1)]
    assert max(map(len, names)) <= 32  # what the column of the version holds
    assert {file.stem for file in FOLDER.glob("*.py")} - {"__init__"} == set(names)


@pytest.fixture
def upgraded(empty_database_url: str):
    """A database whose tables the migrations alone have made."""
    app.wire()
    engine = build_engine(empty_database_url)
    run_versions(engine)
    yield engine
    engine.dispose()


def differences(engine: sa.Engine) -> list:
    """Return how the tables that are there differ from the declared ones."""

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_own})
        return compare_metadata(context, all_own_tables())


def test_the_declared_tables_are_those_the_migrations_make(upgraded):
    assert differences(upgraded) == [], (
        "A declared table differs from what the migrations make. Write the next version: docs/own-tables.md."
    )


def test_the_indexes_are_word_for_word_those_that_are_declared(upgraded, postgresql, tmp_path, database_kind):
    """Alembic does not look at everything an index may say."""
    is_file = database_kind == "sqlite"
    other = build_engine(f"sqlite:///{tmp_path / 'd.db'}" if is_file else postgresql.url(postgresql.create()))
    all_own_tables().create_all(other)
    asked = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_crm%'"
    if not is_file:
        asked = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'crm_%' AND tablename <> 'crm_version'"
    found = []
    for engine in (upgraded, other):
        with engine.connect() as connection:
            found.append(sorted(connection.scalars(sa.text(asked))))
    assert found[0] == found[1] != []
    other.dispose()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.append_column(sa.Column("more", sa.Text)),
        lambda table: sa.Index("ix_more", table.c.name),
        lambda table: setattr(table.c.name, "nullable", True),
        lambda table: setattr(table.c.name, "type", sa.Text()),
        lambda table: table.append_constraint(sa.UniqueConstraint(table.c.name, table.c.id)),
    ],
    ids=["column", "index", "nullable", "type", "unique"],
)
def test_the_comparison_sees_what_a_declaration_changes(upgraded, change):
    real = metadata.tables["crm_team"]
    metadata.remove(real)
    try:
        change(real.to_metadata(metadata))
        assert differences(upgraded) != []
    finally:
        metadata.remove(metadata.tables["crm_team"])
        metadata._add_table("crm_team", None, real)
    assert differences(upgraded) == []
