"""`flask crm`: what commands share, and those about users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crm.web.house import House

ROOT = Path(__file__).resolve().parents[3]


def run(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command against a house's database, as a person would."""
    environ = {
        **os.environ,
        "FLASK_APP": "app",
        "CRM_INSTANCE": str(house.settings.instance),
        "CRM_DATABASE_URL": house.settings.database_url,
    }
    command = [sys.executable, "-m", "flask", "crm", *arguments]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_user_is_added_and_can_sign_in(house: House) -> None:
    done = run(house, "user", "add", "maria", "--role", "seller", "--password", "three green boats", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "maria"
    assert house.browser().sign_in("maria", "three green boats").status_code == 302


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sonia", "--role", "seller", "--password", "three green boats"), "web.user_exists"),
        (("maria", "--role", "sellr", "--password", "three green boats"), "web.unknown_role"),
        (("maria", "--role", "seller", "--password", ""), "web.no_name"),
    ],
)
def test_a_user_that_cannot_be_added_is_exit_code_1(
    house: House, arguments: tuple[str, ...], code: str
) -> None:
    done = run(house, "user", "add", *arguments, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == code
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_said_in_a_sentence(house: House) -> None:
    from dataclasses import replace

    away = House(
        replace(house.settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing"),
        house.engine,
        house.host,
    )
    done = run(away, "user", "add", "maria", "--role", "seller", "--password", "three green boats")
    assert done.returncode == 1
    assert "The database cannot be reached." in done.stderr
