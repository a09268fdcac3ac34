"""Commands answer at once: each loads what it uses, and nothing of pages, workbooks, charts and demo data."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

from app import COMMANDS, Commands
from config import ROOT

HEAVY = {
    "alembic",
    "faker",
    "flask_appbuilder",
    "flask_limiter",
    "openpyxl",
    "plotly",
    "python_calamine",
    "wtforms",
}
SHOW = """
import sys
from flask.cli import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), len(sys.modules), file=sys.stderr)
"""


def loaded_by(settings, *words: str) -> tuple[set[str], int]:
    """Return the packages that a command loads, and how many modules they are."""
    given = {
        "CRM_DATABASE_URL": settings.database_url,
        "CRM_INSTANCE": str(settings.instance),
        "FLASK_APP": "app",
    }
    command = [sys.executable, "-c", SHOW, "crm", *words]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
    *packages, count = done.stderr.splitlines()[-1].split()
    assert done.returncode == 0 or "There is no import 1." in done.stderr, done.stderr
    return set(packages), int(count)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "most"),
    [(("--help",), 1_100), (("import-status", "1"), 1_600), (("schema", "status"), 1_600)],
    ids=["help", "import-status", "schema-status"],
)
def test_a_command_loads_what_it_uses(settings, words: tuple[str, ...], most: int) -> None:
    packages, count = loaded_by(settings, *words)
    assert packages & HEAVY == set()
    assert count < most


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    group = Commands("crm")
    context = click.Context(group)
    for name, (_module, words) in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None and command.help == words, name
