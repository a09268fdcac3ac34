"""The publisher, or its database connection, is killed at any moment: the old revision or the new one, never half.

`KOINE_CASES=50` kills so many times.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from random import Random

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import build_engine, write_intent
from crm.entities.identity import identities_from_json
from crm.revisions.models import system_columns
from crm.revisions.store import find_revision, live_number
from tests.crm.revisions.publishing import publish_one

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KOINE_CASES", "3"))
LONGEST_PUBLISH = 1.2  # seconds after the one before


def start(url: str) -> subprocess.Popen:
    """Start publishing and wait for the first revision."""
    command = [sys.executable, "-m", "tests.crm.revisions.publishing", url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip().isdigit(), process.stderr.read()
    return process


def require_whole(url: str) -> int:
    """Require that the database is that of its live revision, and return the revision's number."""
    engine, token = build_engine(url), write_intent.set(False)
    system = {column.name for column in system_columns()}
    try:
        with engine.connect() as connection:
            number = live_number(connection)
            identities = identities_from_json(find_revision(connection, number)["identities"])
            for entity in identities.entities.values():
                there = {
                    column["name"] for column in sa.inspect(connection).get_columns(entity.table)
                } - system
                given = {
                    word.split(".")[1] for word in identities.taken if word.startswith(f"{entity.table}.")
                }
                assert there <= given, "a column came without its revision"
                added = {field.column for name, field in entity.fields.items() if name.startswith("added_")}
                assert added <= there, "a revision came without its columns"
    finally:
        write_intent.reset(token)
    return number


def test_a_killed_publisher_leaves_the_old_revision_or_the_new_one(database_url: str) -> None:
    random = Random(1)
    for round_number in range(KILLS):
        process = start(database_url)
        time.sleep(random.random() * LONGEST_PUBLISH)
        process.kill()
        process.communicate()
        number = require_whole(database_url)
        assert publish_one(database_url, f"after_{round_number}") == number + 1


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_publisher_whose_connection_is_killed_leaves_the_old_revision_or_the_new_one(
    database_url: str,
) -> None:
    random, engine = Random(2), build_engine(database_url)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    others += "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for round_number in range(KILLS):
        engine.dispose()
        process = start(database_url)
        time.sleep(random.random() * LONGEST_PUBLISH)
        with engine.connect() as connection:
            connection.execute(sa.text(others))
        process.kill()
        process.communicate()
        number = require_whole(database_url)
        assert publish_one(database_url, f"after_{round_number}") == number + 1
