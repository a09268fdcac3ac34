"""Days on which the database is busy, full or gone: readers are told to try again, and saving works afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa

from crm.database import limit_waits
from crm.records.journal import change
from tests.seed import PASSWORD

JSON = {"X-Form": "1"}
NEW = {"name": "Late"}


@pytest.fixture
def busy(engine: sa.Engine) -> Iterator[Callable]:
    """A function that lets another program write into the SQLite file; we wait shortly, so that the test does too."""

    @contextmanager
    def write() -> Iterator[None]:
        hurry(engine)
        with closing(sqlite3.connect(engine.url.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    yield write
    sa.event.remove(engine, "connect", be_impatient)
    engine.dispose()


def be_impatient(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout = 50")


def hurry(engine: sa.Engine) -> None:
    engine.dispose()
    sa.event.listen(engine, "connect", be_impatient)


WORDS = {"en": "Try again", "el": "ξανά", "ro": "din nou", "he": "שוב"}


@pytest.mark.parametrize("language", WORDS)
def test_a_save_beside_another_writer_asks_to_try_again_in_the_users_language(client, busy, language):
    browser = client("sales")
    browser.get(f"/lang/{language}")
    form = {**NEW, "csrf_token": browser.token("/customer/add")}
    with busy():
        page = browser.post("/customer/add", data=form)
        by_script = browser.post("/customer/add", data=form, headers=JSON)
    assert (page.status_code, by_script.status_code) == (503, 503)
    assert page.headers["Retry-After"] == by_script.headers["Retry-After"]
    assert WORDS[language] in page.text
    assert f'lang="{language}"' in page.text
    assert WORDS[language] in by_script.json["error"]["message"]
    assert browser.post("/customer/add", data=form).status_code == 302


def test_the_language_of_a_profile_is_spoken_too(client, busy):
    browser = client("sales")
    browser.get("/lang/he")  # a signed-in user keeps the choice
    other = client("sales")
    form = {**NEW, "csrf_token": other.token("/customer/add")}
    with busy():
        assert WORDS["he"] in other.post("/customer/add", data=form).text


@pytest.mark.parametrize(
    "path", ["/profile/", "/logout/", "/lang/el", "/users/add", "/admin/schema/customer/fields/add"]
)
def test_no_page_that_writes_breaks_beside_another_writer(client, busy, path):
    browser = client("admin")
    token = browser.token("/customer/add")
    with busy():
        answer = (
            browser.get(path)
            if path in ("/logout/", "/lang/el")
            else browser.post(path, data={"csrf_token": token})
        )
    assert answer.status_code in (302, 404, 405, 503), answer.text


def test_rest_beside_another_writer_says_when_to_come_back(client, busy):
    browser = client()
    token = browser.api_token("sales")
    with busy():
        answer = browser.post("/api/v1/customer/", json=NEW, headers=token)
        listed = browser.get("/api/v1/customer/", headers=token)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "http.503")
    assert int(answer.headers["Retry-After"]) > 0
    assert listed.status_code == 200, "reading goes on"


def test_signing_in_beside_another_writer_is_503_on_the_page_and_by_rest(client, busy):
    browser = client()
    who = {"username": "sales", "password": PASSWORD}
    form = {**who, "csrf_token": browser.token("/login/")}
    with busy():
        page = browser.post("/login/", data=form)
        rest = browser.post("/api/v1/security/login", json={**who, "provider": "db"})
    assert (page.status_code, rest.status_code) == (503, 503)
    assert (rest.json["error"]["code"], int(rest.headers["Retry-After"]) > 0) == ("http.503", True)
    assert browser.api_token("sales")


def test_a_bug_in_the_rest_login_stays_a_bug(client, app, monkeypatch):
    monkeypatch.setattr(app.appbuilder.sm, "auth_user_db", lambda *_given: 1 / 0)
    answer = client().post(
        "/api/v1/security/login", json={"username": "x", "password": "y", "provider": "db"}
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "http.500")


@pytest.mark.both_databases("each says in its own way that its disk is full")
def test_a_full_disk_is_told_and_saves_work_again_once_there_is_room(client, engine):
    browser = client()
    token = browser.api_token("sales")
    fill, empty = FULL[engine.dialect.name]
    with engine.connect() as connection:
        before = connection.scalar(sa.select(sa.func.count()).select_from(change))
    big = {"name": "x" * 200, "notes": "long " * 3_000}
    for statement in fill:
        run_on_all(engine, statement)
    answer = browser.post("/api/v1/customer/", json=big, headers=token)
    assert (answer.status_code, answer.json["error"]["code"]) == (507, "http.507")
    for statement in empty:
        run_on_all(engine, statement)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(change)) == before
    assert browser.post("/api/v1/customer/", json=big, headers=token).status_code == 201


FULL = {
    "sqlite": (["PRAGMA max_page_count = 1"], ["PRAGMA max_page_count = 1000000"]),
    "postgresql": (
        [
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$",
            "CREATE TRIGGER full_disk BEFORE INSERT ON crm_change EXECUTE FUNCTION full_disk()",
        ],
        ["DROP TRIGGER full_disk ON crm_change"],
    ),
}


def run_on_all(engine: sa.Engine, statement: str) -> None:
    """Run a statement on the one connection that the pool then gives to everybody."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


ON_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@ON_POSTGRESQL
def test_connections_that_a_restart_of_postgresql_ended_fail_no_request_afterwards(client, engine):
    browser = client()
    token = browser.api_token("sales")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    other = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        connection.exec_driver_sql(f"{end} AND datname = current_database()")
    other.dispose()
    assert browser.post("/api/v1/customer/", json=NEW, headers=token).status_code == 201


@ON_POSTGRESQL
def test_a_save_beside_one_that_does_not_end_asks_to_try_again(client, engine):
    browser = client()
    token = browser.api_token("sales")
    made = browser.post("/api/v1/customer/", json=NEW, headers=token).json["id"]
    other = sa.create_engine(engine.url)
    limit_waits(engine, 0.05)
    engine.dispose()
    with other.connect() as connection:
        connection.execute(sa.text("update customer set city = 'Volos' where id = :id"), {"id": made})
        answer = browser.put(f"/api/v1/customer/{made}", json={"city": "Patras"}, headers=token)
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "http.503")
        assert int(answer.headers["Retry-After"]) > 0
    assert browser.put(f"/api/v1/customer/{made}", json={"city": "Patras"}, headers=token).status_code == 200
    other.dispose()
    limit_waits(engine)
    engine.dispose()


@ON_POSTGRESQL
def test_a_connection_that_ends_within_a_save_is_503_and_the_save_did_not_happen(client, engine):
    browser = client()
    token = browser.api_token("sales")
    run_on_all(
        engine,
        "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
    )
    run_on_all(engine, "CREATE TRIGGER hang_up BEFORE INSERT ON crm_change EXECUTE FUNCTION hang_up()")
    answer = browser.post("/api/v1/customer/", json=NEW, headers=token)
    run_on_all(engine, "DROP TRIGGER hang_up ON crm_change")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "http.503")
    assert int(answer.headers["Retry-After"]) > 0
    assert browser.get("/api/v1/customer/", headers=token).json["count"] == 0
