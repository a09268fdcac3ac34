"""The recipe of `docs/own-tables.md`, followed to its end on a table of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from crm.database import metadata
from crm.own_tables import version
from crm.own_tables.upgrade import history, sql_of_upgrade, upgrade
from tests.upgrade.new_version import write_version


@pytest.fixture
def versions(tmp_path, monkeypatch) -> Iterator[None]:
    """A folder of versions that this test may add to, and declarations that it may change."""
    shutil.copytree(version.FOLDER, tmp_path / "versions")
    real = metadata.tables["crm_team"]
    monkeypatch.setattr(version, "FOLDER", tmp_path / "versions")

    def forget() -> None:
        version.known_versions.cache_clear()
        history.cache_clear()

    forget()
    metadata.remove(real)
    real.to_metadata(metadata)
    yield forget
    metadata.remove(metadata.tables["crm_team"])
    metadata._add_table("crm_team", None, real)
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("is_printed", [False, True], ids=["upgraded", "printed and run by hand"])
def test_a_changed_table_gets_its_version_and_rows_get_their_value(engine, versions, is_printed):
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO crm_team (id, name) VALUES (1, 'South')")
    before = version.known_versions()[-1]
    team = metadata.tables["crm_team"]
    team.append_column(sa.Column("colour", sa.String(20), nullable=False, default="it's blue"))
    team.append_column(sa.Column("note", sa.Text))
    sa.Index("ix_crm_team_colour", team.c.colour)
    file = write_version("add_colour_to_teams")
    versions()
    assert file.stem == f"v{int(before[1:4]) + 1:03}_add_colour_to_teams"
    statements = sql_of_upgrade(engine)
    if is_printed:
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            (driver.executescript if engine.dialect.name == "sqlite" else driver.execute)(statements)
            driver.commit()
    done = upgrade(engine)
    assert (done.after, done.repaired) == (file.stem, [])
    assert (done.before, done.ran) == ((file.stem, []) if is_printed else (before, [file.stem]))
    found = sa.inspect(engine)
    columns = {column["name"]: column["nullable"] for column in found.get_columns("crm_team")}
    assert columns == {"id": False, "name": False, "colour": False, "note": True}
    assert "ix_crm_team_colour" in {index["name"] for index in found.get_indexes("crm_team")}
    assert found.get_unique_constraints("crm_team") != []
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name, colour FROM crm_team")).all() == [
            ("South", "it's blue")
        ]
