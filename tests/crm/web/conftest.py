"""Fixtures of the web's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crm.web.house import Browser, House, build_house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A web process on SQLite."""
    return build_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path)


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
