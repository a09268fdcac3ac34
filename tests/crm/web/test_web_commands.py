"""`flask crm`: what commands share, and those about users."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crm.errors import RecordError
from crm.web.commands import add_user
from tests.crm.web.house import QUICK_HASH, House

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


def test_a_user_that_cannot_be_added_is_exit_code_1(house: House) -> None:
    done = run(house, "user", "add", "sonia", "--role", "seller", "--password", "three green boats", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "web.user_exists"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "hashed", "role", "code"),
    [
        ("Sonia", QUICK_HASH, "seller", "web.user_exists"),
        ("maria", QUICK_HASH, "sellr", "web.unknown_role"),
        ("maria", "", "seller", "web.no_name"),
        (" ", QUICK_HASH, "seller", "web.no_name"),
    ],
    ids=["taken", "no such role", "no password", "no name"],  # a hash is another one in each test process
)
def test_a_user_needs_a_free_name_a_password_and_a_role(
    still_house: House, name: str, hashed: str, role: str, code: str
) -> None:
    with pytest.raises(RecordError) as caught, still_house.engine.begin() as connection:
        add_user(connection, name, hashed, (role,), ("", "", ""))
    assert caught.value.code == code


def test_a_database_that_is_away_is_said_in_a_sentence(house: House) -> None:
    away = House(
        replace(house.settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing"),
        house.engine,
        house.host,
    )
    done = run(away, "user", "add", "maria", "--role", "seller", "--password", "three green boats")
    assert done.returncode == 1
    assert "The database is not available. Try again in a moment." in done.stderr
