"""Who upgrades, who waits, and what people are told of a database of another release."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from config import ROOT, Settings, load_settings
from crm.database import all_own_tables, build_engine
from crm.errors import UnavailableError
from crm.messages import render
from crm.own_tables.upgrade import alone, sql_of_upgrade, upgrade
from crm.own_tables.version import known_versions, require_current
from tests.crm.own_tables.unversioned import without_versions

NEWER = "UPDATE crm_version SET version_num = 'v999_later'"
NEWEST = known_versions()[-1]


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def begin(settings: Settings, *command: str) -> subprocess.Popen:
    """Start one of our programs on the test's database."""
    given = {"CRM_DATABASE_URL": settings.database_url, "CRM_INSTANCE": str(settings.instance)}
    with socket.create_server(("127.0.0.1", 0)) as probe:
        given["CRM_PORT"] = str(probe.getsockname()[1])
    environ = {**os.environ, **given, "CRM_REDIS_URL": "redis://127.0.0.1:1", "FLASK_APP": "app"}
    place = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *command], env=environ, **place)


def start(settings: Settings, *command: str) -> subprocess.CompletedProcess:
    """Run one of our programs to its end."""
    with begin(settings, *command) as process:
        stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def test_a_newer_database_is_refused_and_left_as_it_is(engine):
    run(engine, NEWER, "DROP INDEX ix_crm_change_record")
    for call in (upgrade, sql_of_upgrade):
        with pytest.raises(UnavailableError) as refused:
            call(engine)
        assert refused.value.code == "database.newer"
        for language in ("en", "el", "ro", "he"):
            words = render(refused.value, language)
            assert "v999_later" in words and NEWEST in words
    indexes = {index["name"] for index in sa.inspect(engine).get_indexes("crm_change")}
    assert "ix_crm_change_record" not in indexes


@pytest.mark.parametrize("database_kind", ["sqlite"])  # programs start alike on both
@pytest.mark.parametrize(
    "command",
    [
        ("-m", "flask", "crm", "init"),
        ("-m", "flask", "crm", "upgrade"),
        ("-m", "flask", "crm", "schema", "status"),
        ("-m", "flask", "crm", "worker"),
        ("-m", "crm", "scheduler"),
        ("-m", "crm"),
    ],
    ids=lambda command: " ".join(command[1:]),
)
def test_every_program_refuses_a_newer_database_in_words(settings, engine, command):
    run(engine, NEWER)
    done = start(settings, *command)
    assert done.returncode != 0
    assert "A newer release has upgraded this database" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_pages_api_and_health_say_that_a_newer_release_has_the_database(settings, engine):
    import app

    run(engine, NEWER)
    host = app.build_host(settings)

    def get(path: str, language: str = "") -> tuple[str, str]:
        status = []
        environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "HTTP_ACCEPT_LANGUAGE": language}
        parts = host(environ, lambda line, headers: status.append(line))
        return status[0], b"".join(parts).decode()

    for language, word in (("", "newer release"), ("el,en;q=0.5", "νεότερη"), ("he-IL", "גרסה")):
        status, text = get("/", language)
        assert status.startswith("503") and word in text and "v999_later" in text
        assert ('dir="rtl"' in text) == (language == "he-IL")
    assert json.loads(get("/api/v1/deal/")[1])["error"]["code"] == "database.newer"
    health = json.loads(get("/health")[1])
    assert health["status"] == "away" and "v999_later" in health["notes"][0]


def test_a_process_that_goes_on_while_another_release_takes_over_notes_it(client, engine):
    browser = client()
    assert not any("newer release" in note for note in browser.get("/health").json["notes"])
    run(engine, NEWER)
    assert any("newer release" in note for note in browser.get("/health").json["notes"])


def test_a_database_that_waits_for_its_upgrade_is_told_apart_from_an_empty_one(engine, empty_database_url):
    run(engine, *without_versions())
    codes = []
    for each in (engine, build_engine(empty_database_url)):
        with each.connect() as connection, pytest.raises(UnavailableError) as refused:
            require_current(connection)
        codes.append(refused.value.code)
    assert codes == ["database.older", "schema.nothing_published"]


def test_whoever_comes_second_waits_and_then_has_nothing_to_do(engine):
    run(engine, *without_versions())
    found: list = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        found.append(upgrade(engine))

    with alone(engine):
        waiting = threading.Thread(target=second)
        waiting.start()
        begun.wait()
        waiting.join(0.3)
        assert waiting.is_alive() and not found
    waiting.join(60)
    first = upgrade(engine)
    assert (found[0].ran, first.ran) == ([*known_versions()], [])


def test_an_upgrade_that_is_killed_leaves_the_database_as_it_was(engine):
    run(engine, "DROP INDEX ix_crm_change_record", *without_versions())
    before = set(sa.inspect(engine).get_table_names())
    with pytest.raises(KeyboardInterrupt), alone(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE crm_half (id INTEGER)")
        raise KeyboardInterrupt
    assert set(sa.inspect(engine).get_table_names()) == before
    assert "crm_change.ix_crm_change_record" in upgrade(engine).repaired


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_commands_say_what_was_done(settings, engine):
    run(engine, "DROP INDEX ix_crm_change_record")
    printed = start(settings, "-m", "flask", "crm", "upgrade", "--sql")
    assert "CREATE INDEX ix_crm_change_record" in printed.stdout
    told = start(settings, "-m", "flask", "crm", "upgrade")
    assert f"at version {NEWEST}" in told.stdout and "ix_crm_change_record" in told.stdout
    facts = json.loads(start(settings, "-m", "flask", "crm", "upgrade", "--json").stdout)
    assert facts == {"is_new": False, "before": NEWEST, "after": NEWEST, "ran": [], "repaired": []}
    told = start(settings, "-m", "flask", "crm", "init")
    assert f"at version {NEWEST}" in told.stdout and "Revision 1 is live" in told.stdout
    assert "nothing to upgrade" in start(settings, "-m", "flask", "crm", "upgrade", "--sql").stdout


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "command", [("flask", "crm", "upgrade"), ("flask", "crm", "init")], ids=lambda words: words[-1]
)
def test_a_command_brings_back_tables_that_it_uses_for_nothing_else(settings, engine, command):
    """A process declares what it uses; what a database should have does not depend on who looks."""
    every = sorted(table.name for table in all_own_tables().sorted_tables)
    lost = [name for name in every if name != "crm_revision"]  # by this one we know that it is ours
    run(engine, *(f"DROP TABLE {name}" for name in lost))
    told = start(settings, "-m", *command)
    assert told.returncode == 0, told.stderr
    found = set(sa.inspect(engine).get_table_names())
    assert found >= set(every) and all(name in told.stdout for name in lost)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_empty_database_is_made_and_the_command_says_so(settings, empty_database_url):
    given = replace(settings, database_url=empty_database_url)
    assert "The tables were made" in start(given, "-m", "flask", "crm", "init").stdout


def test_of_two_that_upgrade_at_once_one_does(unversioned, empty_database_url, tmp_path):
    run(unversioned, "DROP INDEX ix_crm_change_record")
    settings = load_settings({"CRM_DATABASE_URL": empty_database_url, "CRM_INSTANCE": str(tmp_path / "i")})
    both = [begin(settings, "-m", "flask", "crm", "upgrade", "--json") for _ in range(2)]
    facts = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert sorted(len(each["ran"]) for each in facts) == [0, len(known_versions())]
    assert sorted(each["repaired"] for each in facts) == [[], ["crm_change.ix_crm_change_record"]]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_worker_waits_for_the_upgrade_and_goes_on(unversioned, empty_database_url, tmp_path):
    settings = load_settings({"CRM_DATABASE_URL": empty_database_url, "CRM_INSTANCE": str(tmp_path / "i")})
    with begin(settings, "-m", "crm", "worker") as worker:
        try:
            assert "was not upgraded" in worker.stderr.readline()
            upgrade(unversioned)
            assert "revision 0" in worker.stderr.readline()  # it goes on, and finds none published
        finally:
            worker.kill()
