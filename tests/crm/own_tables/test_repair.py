"""What a start finds missing is brought back or refused by name; what it cannot know it leaves alone."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm.database import metadata
from crm.errors import UnavailableError
from crm.messages import render
from crm.own_tables.repair import find_differences
from crm.own_tables.upgrade import sql_of_upgrade, upgrade
from tests.crm.own_tables.unversioned import without_versions
from tests.factories import make_deal

GAPS = {
    "an index": (["DROP INDEX ix_crm_change_record"], "crm_change.ix_crm_change_record"),
    "a column that must not be empty": (
        ["ALTER TABLE crm_import_batch DROP COLUMN total"],
        "crm_import_batch.total",
    ),
    "a column that may be empty": (["ALTER TABLE crm_process DROP COLUMN failure"], "crm_process.failure"),
    "a column that became strict": (
        [
            "ALTER TABLE crm_import_batch DROP COLUMN notes",
            "ALTER TABLE crm_import_batch ADD COLUMN notes TEXT",
        ],
        "crm_import_batch.notes",
    ),
    "an index of other columns": (
        ["DROP INDEX ix_crm_run_due", "CREATE INDEX ix_crm_run_due ON crm_run (due_at)"],
        "crm_run.ix_crm_run_due",
    ),
    "a constraint": (
        ["DROP TABLE crm_team", "CREATE TABLE crm_team (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL)"],
        "crm_team.uq_crm_team_name",
    ),
    "a table": (["DROP TABLE crm_view"], "crm_view"),
    "what Flask-AppBuilder needs": (
        ["ALTER TABLE ab_user DROP COLUMN fail_login_count"],
        "ab_user.fail_login_count",
    ),
}
BATCH = (
    "INSERT INTO crm_import_batch (id, entity, state, file_name, file_key, fingerprint, look, sheet, header_row, "
    "matching, fields, notes, problem, revision, total, done, done_number, created, updated, unchanged, skipped, "
    "failed, removed, restored, kept, attempt, created_at) VALUES (7, 'deal', 'done', 'a.csv', 'k', 'f', '{}', '', 0, "
    "'{}', '[]', '[]', 'null', 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '2026-01-01 00:00:00')"
)


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("has_version", [True, False], ids=["versioned", "without a version"])
@pytest.mark.parametrize("gap", GAPS, ids=list(GAPS))
def test_what_is_missing_is_brought_back(engine, gap, has_version):
    statements, name = GAPS[gap]
    run(
        engine,
        BATCH,
        *statements,
        *([] if has_version else without_versions()),
    )
    printed = sql_of_upgrade(engine)
    assert name.split(".")[0] in printed
    done = upgrade(engine)
    assert name in done.repaired and not done.is_new
    with engine.connect() as connection:
        assert find_differences(connection, metadata) == []
        batch = connection.execute(sa.text("SELECT total, notes, sheet FROM crm_import_batch")).one()
    assert tuple(batch) == (0 if "total" in name else 3, "[]", "")
    assert upgrade(engine).repaired == []


@pytest.mark.parametrize(
    ("statements", "code", "name"),
    [
        (["ALTER TABLE crm_import_batch DROP COLUMN file_name"], "database.no_value", "file_name"),
        (["ALTER TABLE crm_team ADD COLUMN head INTEGER NOT NULL DEFAULT 1"], "", ""),
        (
            [
                "DROP TABLE crm_team",
                "CREATE TABLE crm_team (id INTEGER, name VARCHAR(100), x INTEGER NOT NULL)",
            ],
            "database.strange_column",
            "x",
        ),
        (["DROP TABLE crm_turn", "CREATE TABLE crm_turn (role VARCHAR(64))"], "database.no_value", "user_id"),
    ],
    ids=["no value", "strange but filled", "strange", "primary key"],
)
def test_what_only_a_person_can_mend_is_named_and_nothing_is_changed(engine, statements, code, name):
    run(engine, BATCH, "DROP INDEX ix_crm_change_record", *statements)
    if not code:
        assert upgrade(engine).repaired == ["crm_change.ix_crm_change_record"]
        return
    with pytest.raises(UnavailableError) as refused:
        upgrade(engine)
    assert refused.value.code == "database.differs"
    assert (code, name) in [(problem.code, problem.params["name"]) for problem in refused.value.problems]
    assert all(name in render(refused.value.problems[-1], language) for language in ("en", "el", "ro", "he"))
    indexes = {index["name"] for index in sa.inspect(engine).get_indexes("crm_change")}
    assert "ix_crm_change_record" not in indexes


def test_rows_that_break_a_constraint_are_refused_in_words_without_their_values(engine):
    run(
        engine,
        "DROP TABLE crm_team",
        "CREATE TABLE crm_team (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL)",
        "INSERT INTO crm_team VALUES (1, 'Our secret'), (2, 'Our secret')",
    )
    with pytest.raises(UnavailableError) as refused:
        upgrade(engine)
    words = render(refused.value, "en")
    assert refused.value.code == "database.refused" and "crm_team" in words and "secret" not in words
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT COUNT(*) FROM crm_team")) == 2


def test_what_only_the_database_has_stays(engine):
    run(
        engine,
        "CREATE TABLE crm_former (id INTEGER)",
        "ALTER TABLE crm_team ADD COLUMN note TEXT",
        "CREATE INDEX ix_mine ON crm_team (note)",
    )
    assert upgrade(engine).repaired == []
    found = sa.inspect(engine)
    assert found.has_table("crm_former")
    assert "ix_mine" in {index["name"] for index in found.get_indexes("crm_team")}


@pytest.mark.parametrize(
    "database_kind", ["sqlite"]
)  # where a table is mended by a copy that takes its place
def test_triggers_that_write_to_a_mended_table_go_on(engine, session):
    """A publish leaves triggers on the tables of entities that write to ours."""
    deal = make_deal(session).id
    session.commit()
    run(
        engine,
        "DROP TABLE crm_move_row",
        "CREATE TABLE crm_move_row (id INTEGER PRIMARY KEY, move_id BIGINT, record_id BIGINT)",
        "CREATE TRIGGER noted AFTER UPDATE ON deal "
        "BEGIN INSERT INTO crm_move_row (move_id, record_id) VALUES (1, new.id); END",
    )
    assert "crm_move_row.record_id" in upgrade(engine).repaired
    run(engine, "UPDATE deal SET updated_at = updated_at")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT move_id, record_id FROM crm_move_row")).all() == [(1, deal)]
