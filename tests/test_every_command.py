"""Every command with every option runs once on each database, alone and beside a running app, and ends with 0."""

from __future__ import annotations

import json
import shutil
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import openpyxl
import pytest
from click.testing import CliRunner, Result

import app
import config
from config import ROOT
from crm import queue
from crm.secrets import use_keys
from tests.running import Running, run_app, wait_for

PASSWORD = "three green boats"
CASES = (
    ("init", "--json"),
    ("init", "--from", "{schemas}"),
    ("upgrade", "--sql"),
    ("upgrade", "--json"),
    ("user", "add", "nina", "--role", "sales", "--role", "viewer", "--password", PASSWORD),
    ("user", "add", "ben", "--role", "sales", "--password", PASSWORD, "--email", "ben@example.com",
     "--full-name", "Ben Boat", "--json"),
    ("demo", "--customers", "3", "--seed", "2", "--password", PASSWORD, "--json"),
    ("schema", "check"),
    ("schema", "check", "{changed}", "--json"),
    ("schema", "diff", "{changed}"),
    ("schema", "diff", "--json"),
    ("schema", "publish", "{changed}", "-m", "Colours"),
    ("schema", "publish", "--yes", "--no-wait", "--json"),
    ("schema", "status", "--json"),
    ("schema", "history", "--json"),
    ("schema", "export", "{folder}/twin"),
    ("schema", "export", "{folder}/twin", "--prune", "--json"),
    ("schema", "rollback", "2", "--dry-run", "--json"),
    ("schema", "rollback", "2", "--json"),
    ("schema", "rollback", "2", "--no-wait"),
    ("schema", "rollback", "1"),
    ("schema", "parked", "--json"),
    ("schema", "purge", "--older-than-days", "1", "--yes"),
    ("schema", "purge", "--yes", "--json"),
    ("schema", "json-schema", "--json"),
    ("pack", "add", "{pack}"),
    ("pack", "remove", "pack", "--no-wait"),
    ("pack", "add", "{pack}", "--name", "birds", "--no-wait"),
    ("pack", "add", "{pack}", "--name", "birds", "--json"),
    ("pack", "list", "--json"),
    ("pack", "remove", "birds", "--json"),
    ("import-look", "{people}", "--json"),
    ("import", "{people}", "--entity", "customer", "--sheet", "People", "--header-row", "2", "--map",
     "Town=city", "--mode", "upsert", "--key", "email", "--rules", "skip", "--as", "admin", "--json"),
    ("import", "{text}", "--entity", "customer", "--encoding", "utf-8", "--delimiter", ";", "--long-cells",
     "--dry-run"),
    ("import", "{text}", "--entity", "customer", "--no-wait"),
    ("import", "{text}", "--entity", "customer"),
    ("import-status", "1", "--json"),
    ("import-undo", "1", "--dry-run"),
    ("import-undo", "1", "--json"),
    ("import-undo", "4", "--no-wait"),
    ("export", "customer", "--to", "{folder}/all.csv", "--segment", "large_customers", "--language", "he", "--json"),
    ("export", "customer", "--to", "{folder}/mine.xlsx", "--where", "{{field: city, is: Cluj}}", "--as", "sales"),
    ("report", "deals_by_stage", "--xlsx", "{folder}/report.xlsx", "--as", "manager"),
    ("report", "deals_by_stage", "--json"),
    ("segment", "large_customers", "--ids"),
    ("segment", "large_customers", "--as", "manager", "--json"),
    ("why", "sales", "customer", "1", "--field", "credit_limit", "--deed", "update", "--json"),
    ("keys", "rotate", "--json"),
    ("keys", "rotate", "--no-new-key", "--no-wait"),
    ("keys", "status", "--json"),
    ("hook", "secret", "order_paid", "--json"),
    ("hook", "forget", "order_paid", "--json"),
    ("rule", "try", "welcome_customer", "--record", "1", "--json"),
    ("rule", "try", "welcome_customer", "--since", "30d"),
    ("rule", "try", "welcome_customer", "--changes", "5", "--draft", "--user", "admin", "--json"),
    ("user", "leave", "ben", "--to", "nina", "--json"),
    ("user", "hand-over", "ben", "--to", "nina", "--json"),
)  # fmt: skip
REFUSED = {"--draft": "No draft changes the rule"}
"""What these commands rightly say here to an option, with exit status 1: nobody has a draft in this installation."""
ENDLESS = ("worker", "scheduler")  # they run until Ctrl-C: `make run` is made of them


def commands() -> dict[str, click.Command]:
    """Return every command by its words: `schema check`."""

    def walk(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from walk(command, (*words, name))
            else:
                yield " ".join((*words, name)), command

    return dict(walk(app.create_app().cli.commands["crm"], ()))


def command_of(case: tuple[str, ...], known: dict[str, click.Command]) -> str:
    """Return which command a case calls."""
    return next(name for name in (" ".join(case[:2]), case[0]) if name in known)


@pytest.fixture
def no_redis() -> Iterator[None]:
    """Whatever Redis commands find, other tests of this process ring none."""
    yield
    queue.use_redis(None)
    config.current_settings.cache_clear()


def test_every_command_and_option_is_tried(no_redis: None) -> None:
    known = commands()
    tried: dict[str, set[str]] = {}
    for case in CASES:
        tried.setdefault(command_of(case, known), set()).update(case)
    assert set(tried) | set(ENDLESS) == set(known)
    missed = {
        f"{name} {option.opts[-1]}"
        for name, command in known.items()
        if name in tried
        for option in command.params
        if isinstance(option, click.Option) and not tried[name] & set(option.opts)
    }
    assert missed == set()


@pytest.fixture
def words(tmp_path: Path) -> dict[str, Path]:
    """What cases name: folders and files of their own."""
    changed, pack = tmp_path / "changed", tmp_path / "pack" / "entities"
    shutil.copytree(ROOT / "schemas", changed)
    customer = changed / "entities" / "customer.yaml"
    body = customer.read_text("utf-8")
    customer.write_text(
        body.replace("fields:\n", "fields:\n  colour: {type: text, label: {en: Colour}}\n", 1), "utf-8"
    )
    pack.mkdir(parents=True)
    (pack / "bird.yaml").write_text(BIRD, "utf-8")
    book = openpyxl.Workbook()
    book.active.title = "People"
    for row in (["Our people"], ["Name", "E-mail", "Town"], ["Ana", "ana@x.org", "Cluj"]):
        book.active.append(row)
    book.save(tmp_path / "people.xlsx")
    (tmp_path / "people.csv").write_text("Name;E-mail\nBo;bo@x.org\n", "utf-8")
    return {
        "folder": tmp_path, "schemas": ROOT / "schemas", "changed": changed, "pack": pack.parent,
        "people": tmp_path / "people.xlsx", "text": tmp_path / "people.csv",
    }  # fmt: skip


BIRD = """\
entity: bird
label: {en: Bird, el: Πουλί, ro: Pasăre, he: ציפור}
plural: {en: Birds, el: Πουλιά, ro: Păsări, he: ציפורים}
icon: feather
title: name
fields:
  name: {type: text, label: {en: Name, el: Όνομα, ro: Nume, he: שם}}
"""


@pytest.fixture
def run_all(
    monkeypatch: pytest.MonkeyPatch, no_redis: None, words: dict[str, Path]
) -> Callable[[dict[str, str]], dict]:
    """A function that runs every case with some settings, and returns what those said that did not end with 0."""

    def run(settings: dict[str, str]) -> dict[str, str]:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        config.current_settings.cache_clear()
        use_keys(app.ring_of_settings)
        group = app.create_app().cli.commands["crm"]
        failed = []
        for case in CASES:
            given = [word.format(**words) for word in case]
            said = what_went_wrong(CliRunner().invoke(group, given), given)
            if said:
                failed.append(f"{' '.join(given)}: {said}")
        assert not failed, "\n".join(failed)

    monkeypatch.chdir(ROOT)
    return run


def what_went_wrong(result: Result, given: list[str]) -> str:
    """Return what a command said that went wrong; nothing when all is well."""
    if result.exception and not isinstance(result.exception, SystemExit):
        return "".join(traceback.format_exception(result.exception, limit=-3))
    for option, refusal in REFUSED.items():
        if option in given:
            is_refused = result.exit_code == 1 and refusal in result.output
            return "" if is_refused else f"not refused: {result.output}"
    if result.exit_code:
        return f"exit {result.exit_code}: {result.stderr or result.stdout}"
    if "--json" in given:
        json.loads(result.stdout)
    return ""


@pytest.mark.slow
def test_every_command_works_alone(run_all, database_url: str, tmp_path: Path) -> None:
    run_all({"CRM_DATABASE_URL": database_url, "CRM_INSTANCE": str(tmp_path / "instance")})


@pytest.mark.slow
def test_every_command_works_beside_a_running_app(run_all, database_url: str, tmp_path: Path) -> None:
    with run_app(tmp_path / "instance", CRM_DATABASE_URL=database_url, CRM_JOB_WORKERS="1") as running:
        wait_until_it_works(running)
        run_all(running.settings)


def wait_until_it_works(running: Running) -> None:
    """Wait for the first page and the worker."""
    wait_for(lambda: running.health().get("workers") == 1, running.said())
