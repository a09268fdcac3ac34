"""A database that is busy or gone: readers are told to try again, everything goes on by itself afterwards."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa

from tests.running import wait_for

AWAY_SECONDS = 4


@pytest.fixture
def url(installation) -> sa.URL:
    return sa.make_url(
        installation.settings.get("CRM_DATABASE_URL", f"sqlite:///{installation.folder}/crm.db")
    )


def test_another_writer_who_takes_longer_than_a_save_waits(installation, url):
    if url.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL has no single writer")
    with closing(sqlite3.connect(url.database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor() as pool:
            save = pool.submit(installation.ask, "POST", "/api/v1/customer/", {"name": "Busy"})
            sign_in = pool.submit(
                installation.ask,
                "POST",
                "/api/v1/security/login",
                {"username": "a", "password": "b", "provider": "db"},
            )
            time.sleep(1)
            started = time.monotonic()
            assert installation.ask("GET", "/api/v1/customer/")[0] == 200
            assert time.monotonic() - started < 2, "reading goes on"
            answers = [save.result(), sign_in.result()]
        other.execute("ROLLBACK")
        assert [status for status, _headers, _told in answers] == [503, 503]
        assert all(int(headers["Retry-After"]) > 0 for _status, headers, _told in answers)
        wait_for(
            lambda: installation.ask("POST", "/api/v1/customer/", {"name": "Free"})[0] == 201, "saving again"
        )
    installation.complain("Busy0")
    installation.wait_for_mails("Busy", 1)


def test_a_postgresql_that_is_gone_for_a_while(installation, url):
    if url.get_backend_name() != "postgresql":
        pytest.skip("a SQLite file has no server")
    place = {"host": url.query["host"], "user": url.username, "dbname": "postgres"}
    installation.complain("Gone0")
    with psycopg.connect(**place, autocommit=True) as connection:
        name = f'"{url.database}"'
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(end, [url.database])
        began, statuses = time.monotonic(), []
        while time.monotonic() - began < AWAY_SECONDS:
            status, headers, _told = installation.ask("POST", "/api/v1/customer/", {"name": "Away"})
            statuses.append((status, "Retry-After" in headers))
        health = installation.ask("GET", "/health")
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert set(statuses) == {(503, True)}
    assert (health[0], health[2]["database"]) == (503, "away")
    wait_for(
        lambda: installation.ask("POST", "/api/v1/customer/", {"name": "Back"})[0] == 201, "saving again"
    )
    installation.complain("Gone1")
    installation.wait_for_mails("Gone", 2)
    wait_for(lambda: installation.health()["status"] == "ok", f"{installation.health()}")
