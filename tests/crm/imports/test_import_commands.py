"""`flask crm import…` as it is seen from outside."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crm.imports.commands import register
from tests.factories import make_customer


@pytest.fixture
def run(settings, monkeypatch):
    """A function that runs a command with `--json` and returns (exit code, answer)."""
    monkeypatch.setattr("config.current_settings", lambda: settings)
    group = click.Group("crm")
    register(group)

    def call(*arguments: object) -> tuple[int, dict]:
        result = CliRunner().invoke(group, [*map(str, arguments), "--json"])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, json.loads(result.stdout)

    return call


@pytest.fixture
def people(tmp_path) -> Path:
    """A text file of three customers, one of them wrong."""
    path = tmp_path / "people.csv"
    path.write_text("Name;E-mail;Ort\nAna;ana@x.org;Cluj\nBo;no mail;Iași\nCleo;cleo@x.org;\n", "utf-8")
    return path


def test_import_answers_the_agreed_shape(run, people):
    code, answer = run("import", people, "--entity", "customer", "--map", "Ort=city")
    assert code == 0
    counts = {"total": 3, "created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "failed": 1}
    assert {name: answer[name] for name in ("state", *counts)} == {"state": "done", **counts}
    assert Path(answer["problems"]).suffix == ".xlsx" and Path(answer["problems"]).exists()
    assert run("import-status", answer["batch"]) == (0, answer)


def test_a_dry_run_counts_and_writes_nothing(run, people, session):
    code, answer = run("import", people, "--entity", "customer", "--dry-run")
    assert (code, answer["state"], answer["created"]) == (0, "checked", 2)
    assert (
        run("import", people, "--entity", "customer", "--mode", "upsert", "--key", "email")[1]["created"] == 2
    )


def test_undo_takes_it_back(run, people):
    batch = run("import", people, "--entity", "customer")[1]["batch"]
    code, planned = run("import-undo", batch, "--dry-run")
    assert (code, planned["state"], planned["removed"]) == (0, "done", 2)
    code, answer = run("import-undo", batch)
    assert (code, answer["state"], answer["removed"], answer["kept"]) == (0, "undone", 2, 0)


def test_look_shows_sheets_and_columns(run, people):
    code, answer = run("import-look", people)
    assert (code, answer["kind"], answer["encoding"], answer["delimiter"]) == (0, "csv", "utf-8", ";")
    [sheet] = answer["sheets"]
    assert (sheet["header_row"], sheet["rows"], sheet["columns"]) == (1, 3, ["Name", "E-mail", "Ort"])


def test_look_refuses_with_a_code_and_exit_1(run, tmp_path):
    path = tmp_path / "picture.xlsx"
    path.write_bytes(b"\x89PNG....")
    code, answer = run("import-look", path)
    assert (code, answer["refused"]["code"]) == (1, "import.corrupt")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--entity", "nothing"),
        ("--entity", "customer", "--map", "Name=nmae"),
        ("--entity", "customer", "--sheet", "No"),
    ],
)
def test_nonsense_is_told_and_exits_with_1(run, people, arguments):
    code, answer = run("import", people, *arguments)
    assert code == 1
    assert answer["error"]["message"]


def test_the_rights_of_a_user_count_on_request(run, people):
    code, answer = run("import", people, "--entity", "customer", "--as", "sales")
    assert (code, answer["error"]["code"]) == (1, "permissions.may_not_import")


def test_a_header_row_of_one_sheet_need_not_be_in_the_others(run, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["Customers"], ["Name", "City"], ["Ana", "Cluj"]):
        book.active.append(row)
    book.create_sheet("Other").append(["alone"])
    book.save(tmp_path / "two.xlsx")
    code, answer = run("import", tmp_path / "two.xlsx", "--entity", "customer", "--header-row", "2")
    assert (code, answer["created"]) == (0, 1)


def test_an_exported_number_finds_its_record_again(run, session, tmp_path):
    record = make_customer(session, name="Ana")
    session.commit()
    path = tmp_path / "back.csv"
    path.write_text(f"No,City\n{record.id},Cluj\n999999,Arad\n")
    session.commit()
    code, answer = run(
        "import", path, "--entity", "customer", "--map", "No=id", "--mode", "update", "--key", "id"
    )
    assert (code, answer["updated"], answer["failed"]) == (0, 1, 1)
