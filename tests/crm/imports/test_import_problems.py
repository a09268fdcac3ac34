"""The problem file: original cells, reasons in the reader's language, no formulas, ready to be imported."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import openpyxl

from crm.errors import Problem
from crm.imports import files
from crm.imports.model import Column
from crm.imports.problem_file import write_problem_file
from tests.crm.imports.bench import counts, csv_of

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\u200b=1", "a\x01b", "x" * 40_000]


def test_no_cell_is_ever_a_formula(tmp_path):
    columns = [Column(place, text[:20], None) for place, text in enumerate(HOSTILE)]
    write_problem_file(tmp_path / "p.xlsx", columns, [(2, HOSTILE, [Problem("import.empty")])], "en")
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert sheet["A2"].value == "=1+1" and sheet["A2"].quotePrefix
    assert sheet["G2"].value == "ab"


def test_numbers_and_dates_stay_what_they_were(tmp_path):
    columns = [Column(0, "Day"), Column(1, "Amount")]
    write_problem_file(tmp_path / "p.xlsx", columns, [(7, [dt.date(2026, 3, 1), 2.5], [])], "en")
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    assert (sheet["A2"].value, sheet["B2"].value, sheet["C2"].value) == (dt.datetime(2026, 3, 1), 2.5, 7)


def test_the_corrected_file_imports_without_any_change_to_its_columns(workshop):
    table = [
        ["Name", "E-mail", "Revenue"],
        ["Ana", "ana@x.org", "10"],
        ["Bo", "no mail", "20"],
        ["", "c@x.org", "ten"],
    ]
    batch = workshop.run(csv_of(table), "customer")
    with files.local_file(workshop.shop.settings.files_url, batch["problems_key"]) as path:
        book = openpyxl.load_workbook(path)
    sheet = book.active
    assert [cell.value for cell in sheet[1]][3:] == ["# Row", "# Column", "# Value", "# Reason"]
    assert [cell.value for cell in sheet[2]][:6] == ["Bo", "no mail", "20", 3, "E-mail", "no mail"]
    assert "E-mail" in sheet["G2"].value
    sheet["B2"], sheet["A3"], sheet["C3"] = "bo@x.org", "Cleo", 30
    corrected = BytesIO()
    book.save(corrected)
    again = workshop.run(corrected.getvalue(), "customer", name="problems.xlsx")
    assert counts(again) == {"created": 2}


def test_reasons_are_in_the_language_of_the_reader(tmp_path):
    columns = [Column(0, "Όνομα", "name")]
    write_problem_file(
        tmp_path / "p.xlsx", columns, [(2, ["x"], [Problem("import.empty", {}, "name")])], "he"
    )
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx").active
    assert sheet.sheet_view.rightToLeft
