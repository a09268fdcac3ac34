"""Every file of the shared corpus ends in its expected outcome class."""

from __future__ import annotations

import csv

import pytest

from crm.errors import ImportRowError
from crm.imports.model import Limits
from crm.imports.reader import check_look, look_at_file, read_rows
from tests.crm.imports.bench import reading_of
from tests.shared_data import SHARED

FOLDER = SHARED / "spreadsheets"
MANIFEST = FOLDER / "MANIFEST.csv"
ROWS = list(csv.DictReader(MANIFEST.read_text("utf-8").splitlines())) if MANIFEST.exists() else []
REFUSALS = {
    "refuse: empty": {"import.empty"},
    "refuse: password": {"import.password"},
    "refuse: corrupt": {"import.corrupt"},
    "refuse: corrupt/unsafe XML": {"import.unsafe"},
    "refuse: header only": {"import.header_only"},
    "refuse or imports other sheets": {"import.empty", "import.corrupt"},
}

pytestmark = pytest.mark.skipif(not ROWS, reason="the shared corpus of spreadsheets is not here")


def expected(outcome: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["outcome_class"].startswith(outcome)]


def test_the_corpus_is_whole():
    assert len(ROWS) == 49


@pytest.mark.parametrize("row", expected("refuse"), ids=lambda row: row["file"])
def test_a_file_is_refused_for_its_reason(row):
    path = FOLDER / row["file"]
    with pytest.raises(ImportRowError) as refused:
        check_look(look_at_file(path, path.name, Limits()))
    assert refused.value.code in REFUSALS[row["outcome_class"]]


@pytest.mark.parametrize("row", expected("imports") + expected("needs"), ids=lambda row: row["file"])
def test_a_file_gives_its_sheet_rows_and_columns(row):
    path = FOLDER / row["file"]
    look = look_at_file(path, path.name, Limits())
    check_look(look)
    sheet = look.chosen
    assert (sheet.name, sheet.rows) == (row["sheet"].strip("-"), int(row["rows_expected"]))
    assert not row["columns"] or len(sheet.columns) == int(row["columns"])
    assert sheet.title_above == row["outcome_class"].startswith("needs")
    assert sum(map(len, read_rows(path, reading_of(look), Limits()))) == sheet.rows


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "DUPLICATE" in row["outcome_detail"]], ids=lambda row: row["file"]
)
def test_duplicate_headers_are_pointed_out_and_never_merged(row):
    path = FOLDER / row["file"]
    sheet = look_at_file(path, path.name, Limits()).chosen
    assert sheet.duplicates
    assert len(sheet.columns) == int(row["columns"])


def test_error_values_of_a_sheet_stay_visible():
    path = FOLDER / "sheetjs__ErrorTypes.xlsx"
    look = look_at_file(path, path.name, Limits())
    rows = [cells for chunk in read_rows(path, reading_of(look), Limits()) for _, cells in chunk]
    assert [row[0].text for row in rows[:3]] == ["#NULL!", "#DIV/0!", "#VALUE!"]


def test_dates_of_the_1904_system_are_right():
    path = FOLDER / "calamine__date_1904.xlsb"
    look = look_at_file(path, path.name, Limits(), None)
    assert look.chosen.columns[0] == "2021-01-01"
