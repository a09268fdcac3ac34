"""What `make run` does to a database before anybody uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from config import ROOT, Settings, load_settings
from crm.database import build_engine
from crm.errors import SchemaError
from crm.own_tables.upgrade import upgrade
from crm.revisions.workspace import load_workspace
from crm.runtime.first_start import ensure_admin, find_live_number, prepare, publish_folder

PREPARE = """
import json, os
import app
from config import load_settings
from crm.runtime.first_start import prepare
app.wire()
print(json.dumps(prepare(load_settings(os.environ))))
"""


@pytest.fixture
def given(empty_database_url: str, tmp_path: Path) -> dict[str, str]:
    return {"CRM_DATABASE_URL": empty_database_url, "CRM_INSTANCE": str(tmp_path), "CRM_DEMO": "0"}


@pytest.fixture
def settings(given: dict[str, str]):
    import app

    app.wire()
    found = load_settings(given)
    yield found
    build_engine(found.database_url).dispose()


def admin(settings: Settings) -> User:
    with Session(build_engine(settings.database_url)) as session:
        return session.scalars(sa.select(User)).one()


def test_an_empty_database_gets_tables_the_schemas_and_an_admin(settings):
    report = prepare(settings)
    assert (report["revision"], report["is_new"], report["demo"]) == (1, True, 0)
    assert admin(settings).username == "admin"
    shipped = {file.stem for file in (ROOT / "schemas" / "entities").glob("*.yaml")}
    assert set(load_workspace(build_engine(settings.database_url)).schema.entities) == shipped


def test_the_made_password_is_told_once_and_kept_nowhere(settings):
    password = prepare(settings)["password"]
    assert check_password_hash(admin(settings).password, password)
    assert password not in admin(settings).password
    assert prepare(settings)["password"] is None
    written = [file.read_bytes() for file in settings.instance.rglob("*") if file.is_file()]
    assert not any(password.encode() in content for content in written)


def test_a_given_password_is_taken_and_not_repeated(given):
    import app

    app.wire()
    settings = load_settings({**given, "CRM_ADMIN_PASSWORD": "correct-horse-9"})
    report = prepare(settings)
    assert (report["is_new"], report["password"]) == (True, None)
    assert check_password_hash(admin(settings).password, "correct-horse-9")
    build_engine(settings.database_url).dispose()


def test_a_second_start_changes_nothing(settings):
    prepare(settings)
    before = admin(settings).password
    again = prepare(settings)
    tables = again.pop("tables")
    assert again == {"revision": 1, "is_new": False, "password": None, "demo": 0}
    assert (tables["is_new"], tables["ran"], tables["repaired"]) == (False, [], [])
    assert admin(settings).password == before


def test_an_admin_who_was_renamed_does_not_come_back(settings):
    prepare(settings)
    engine = build_engine(settings.database_url)
    with Session(engine) as session, session.begin():
        session.execute(sa.update(User).values(username="maria"))
    assert ensure_admin(engine) == (False, None)


def test_broken_schemas_publish_nothing_and_name_every_problem(settings, tmp_path):
    folder = tmp_path / "schemas" / "entities"
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_text("entity: one\nlabel: One\nplural: Ones\nfields: {a: {type: tekst}}\n")
    (folder / "two.yaml").write_text("entity: two\nfields: [\n")
    engine = build_engine(settings.database_url)
    upgrade(engine)
    with pytest.raises(SchemaError) as refused:
        publish_folder(engine, tmp_path / "schemas")
    assert {problem.file for problem in refused.value.problems} == {"entities/one.yaml", "entities/two.yaml"}
    assert find_live_number(engine) == 0


def test_two_processes_that_start_together_do_it_once(given):
    environ = {**os.environ, **given}
    command = [sys.executable, "-c", PREPARE]
    started = [
        subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in started]
    reports = [json.loads(said.splitlines()[-1]) for said, _ in outputs]
    assert sorted(report["is_new"] for report in reports) == [False, True], outputs
    assert {report["revision"] for report in reports} == {1}
