"""Commands answer at once: each loads what it uses, and nothing of pages, workbooks, charts and demo data."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

import click
import pytest

from app import COMMANDS, Commands
from config import ROOT, Settings

HEAVY = {
    *("alembic", "email_validator", "faker", "flask_appbuilder", "flask_limiter", "openpyxl", "plotly"),
    *("fsspec", "croniter", "psycopg", "python_calamine", "redis", "rq", "wtforms"),
}
FLOOR = "import flask, sqlalchemy"
# Of the floor's processor time, 0.3 seconds on a quiet machine: Flask-AppBuilder alone would take three times as much.
TIMES = 4.5
SHOW = """
import sys
from flask.cli import main
try:
    main()
finally:
    from babel import localedata
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
    print(*localedata._cache, file=sys.stderr)
    print(len(sys.modules), file=sys.stderr)
"""
COMMANDS_AT_ONCE = [
    (("--help",), 560),
    (("user", "--help"), 990),
    (("import-status", "1"), 1_060),
    (("schema", "status"), 1_080),
]


@dataclass
class Seen:
    """What a command loaded, and its processor time.

    Unit:   `seconds` of the whole process.
    """

    packages: set[str]
    locales: list[str]
    count: int
    seconds: float


def run(settings: Settings, script: str, *words: str) -> tuple[str, float]:
    """Run a script as `flask` is run; return what it said last and its processor time in seconds."""
    given = {
        "CRM_DATABASE_URL": settings.database_url,
        "CRM_INSTANCE": str(settings.instance),
        "FLASK_APP": "app",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0 or "There is no import 1." in done.stderr, done.stderr
    return done.stderr, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loaded_by(settings: Settings, *words: str) -> Seen:
    """Return what a command loads."""
    said, seconds = run(settings, SHOW, "crm", *words)
    packages, locales, count = said.splitlines()[-3:]
    return Seen(set(packages.split()), locales.split(), int(count), seconds)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "most"), COMMANDS_AT_ONCE, ids=["help", "user", "import-status", "schema-status"]
)
def test_a_command_loads_what_it_uses(settings: Settings, words: tuple[str, ...], most: int) -> None:
    seen = loaded_by(settings, *words)
    assert seen.packages & HEAVY == set()
    assert seen.locales == [], "a schema is read without the names of the days in four languages"
    assert seen.count < most


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_commands_answer_at_once(settings: Settings) -> None:
    floors: list[float] = []
    times: dict[tuple[str, ...], list[float]] = {words: [] for words, _most in COMMANDS_AT_ONCE}
    for _round in range(3):  # by turns, so that what else the machine does slows both
        floors.append(run(settings, FLOOR)[1])
        for words, found in times.items():
            found.append(loaded_by(settings, *words).seconds)
    floor = median(floors)
    slow = {words: median(found) / floor for words, found in times.items() if median(found) > TIMES * floor}
    assert slow == {}


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    group = Commands("crm")
    context = click.Context(group)
    for name, (_module, words) in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None and command.help == words, name
