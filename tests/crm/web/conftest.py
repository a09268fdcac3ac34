"""Fixtures of the web's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm.database import build_engine
from tests.crm.web.house import Browser, House, build_house, open_house, prepare_database


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the small schema and its people, to be copied."""
    file = tmp_path_factory.mktemp("prepared") / "crm.db"
    prepare_database(f"sqlite:///{file}")
    with build_engine(f"sqlite:///{file}").connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    build_engine(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture
def house(tmp_path: Path, prepared: Path) -> House:
    """A web process on SQLite."""
    shutil.copy(prepared, tmp_path / "crm.db")
    return open_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path)


@pytest.fixture
def house_on_each(empty_database_url: str, tmp_path: Path) -> House:
    """A web process, once on SQLite and once on PostgreSQL."""
    return build_house(empty_database_url, tmp_path)


@pytest.fixture
def browser(house: House) -> Browser:
    """A browser without cookies."""
    return house.browser()


@pytest.fixture
def admin(house: House) -> Browser:
    """A browser in which the administrator is signed in."""
    browser = house.browser()
    assert browser.sign_in("admin").status_code == 302
    return browser


@pytest.fixture(scope="module")
def still_house(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> House:
    """A web process for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("still")
    shutil.copy(prepared, folder / "crm.db")
    return open_house(f"sqlite:///{folder / 'crm.db'}", folder)


@pytest.fixture(scope="module")
def still_admin(still_house: House) -> Browser:
    """A browser of the administrator who only looks."""
    browser = still_house.browser()
    assert browser.sign_in("admin").status_code == 302
    return browser
