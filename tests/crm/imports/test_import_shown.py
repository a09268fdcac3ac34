"""What a person sees in a spreadsheet arrives in the field, or the row says why not."""

from __future__ import annotations

import copy
import datetime as dt
import random
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crm.entities.load import documents_from_json
from crm.imports import files
from crm.imports.coding import RowDecoder
from crm.imports.marks import Wanted
from crm.imports.marks_binary import find_marks
from crm.imports.model import Limits
from crm.imports.number_formats import show
from crm.imports.reader import look_at_file
from crm.kept_problems import decode_problems
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.crm.imports.bench import Workshop, shop_in
from tests.crm.imports.workbooks import sheet_of, table_of, text_cell, write_workbook
from tests.crm.records.rotating import open_system
from tests.shared_data import SHARED, needs_shared_data

FIELDS: dict[str, Any] = {
    "name": {"type": "text"},
    "code": {"type": "text"},
    "notes": {"type": "long_text"},
    "phone": {"type": "phone"},
    "size": {"type": "choice", "choices": {"01": "Small", "02": "Large"}},
    "tags": {"type": "tags"},
    "count": {"type": "integer"},
    "weight": {"type": "decimal"},
    "share": {"type": "percent"},
    "euros": {"type": "money", "currency": "EUR"},
    "day": {"type": "date"},
    "at": {"type": "datetime"},
    "is_sure": {"type": "boolean"},
    "parent": {"type": "reference", "to": "part"},
}
MOMENT = dt.datetime(2026, 3, 1, 9, 5)


@pytest.fixture
def parts(engine, tmp_path) -> Workshop:
    """Imports into an entity with a field for every kind of cell."""
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    body = {"entity": "part", "label": "Part", "title": "{name}", "fields": copy.deepcopy(FIELDS)}
    publish_schema(engine, documents_from_json([*bodies, body]), "Parts")
    return Workshop(shop_in(engine, tmp_path / "files"), lambda *_who: open_system(engine))


def outcomes(parts: Workshop, path: Path, fields: list[str]) -> list[Any]:
    """Return what each row of a file gives its field: its value, or the code of its problem."""
    batch = parts.check(path.read_bytes(), "part", name=path.name)
    assert batch["state"] == "checked", batch["problem"]
    rows = parts.rows(batch["id"])
    with parts.session_as() as session:
        decoder = RowDecoder(session.workspace.schema.entities["part"], batch["fields"])
        return [
            decode_problems(row.problems)[0].code
            if row.action == "error"
            else decoder.decode(row.content)[field]
            for row, field in zip(rows, fields, strict=True)
        ]


CASES = [
    ("code", 1234, "00000", "01234"),
    ("notes", 7, "000", "007"),
    ("code", 1234, None, "1234"),
    ("code", 0.1 + 0.2, None, "0.3"),
    ("code", 0.25, "0%", "25%"),
    ("code", 1234.5, "#,##0.00 [$€-408]", "1,234.50 €"),
    ("code", 12345678, "0.00E+00", "1.23E+07"),
    ("code", 6912345678, "(000) 000-0000", "(691) 234-5678"),
    ("code", True, None, "TRUE"),
    ("code", dt.date(2026, 3, 1), "dd/mm/yyyy", "01/03/2026"),
    ("code", dt.date(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),
    ("code", MOMENT, "d mmm yyyy h:mm", "1 Mar 2026 9:05"),
    ("code", dt.time(9, 5), "h:mm", "9:05"),
    ("code", dt.timedelta(hours=30), "[h]:mm", "30:00"),
    ("code", 306912345678901, None, "306912345678901"),
    ("code", 1234567890123456, None, "import.digits_lost"),
    ("code", 1234567890123456, "0", "import.digits_lost"),
    ("code", 5, ";;;", "import.unknown_format"),
    ("code", "#N/A", None, "import.cell_error"),
    ("count", "#DIV/0!", None, "import.cell_error"),
    ("day", "#REF!", None, "import.cell_error"),
    ("code", "=1+1", None, "import.formula_without_result"),
    ("count", "=1+1", None, "import.formula_without_result"),
    ("parent", "=A1", None, "import.formula_without_result"),
    ("phone", 2101234567, None, "+302101234567"),
    ("size", 1, "00", "01"),
    ("tags", 7, "000", ("007",)),
    ("count", 1234, "00000", 1234),
    ("count", 1234567890123456, None, 1234567890123456),
    ("weight", 12.5, "0%", Decimal("12.5000")),
    ("share", 0.125, "0.0%", Decimal("12.50")),
    ("share", 12.5, None, Decimal("12.50")),
    ("euros", 12.5, "#,##0.00 [$€-408]", Decimal("12.50")),
    ("euros", 12.5, '"$"#,##0.00', "money.other_currency"),
    ("euros", 12.5, '#,##0.00" net"', Decimal("12.50")),
    ("day", dt.date(2026, 3, 1), "dd/mm/yyyy", dt.date(2026, 3, 1)),
    ("at", MOMENT, "d mmm yyyy h:mm", dt.datetime(2026, 3, 1, 7, 5)),
    ("is_sure", True, None, True),
    ("is_sure", 1, "0", True),
]
"""Field, cell, number format, and what arrives: a value or a problem."""


def test_cells_arrive_as_they_are_shown(parts, tmp_path):
    book = openpyxl.Workbook()
    names = list(FIELDS)
    book.active.append(names)
    for number, (field, value, code, _expected) in enumerate(CASES, start=2):
        book.active.cell(number, 1, "x")
        cell = book.active.cell(number, names.index(field) + 1, value)
        cell.number_format = code or cell.number_format
    book.save(tmp_path / "cells.xlsx")
    found = outcomes(parts, tmp_path / "cells.xlsx", [case[0] for case in CASES])
    wrong = [(case, got) for case, got in zip(CASES, found, strict=True) if got != case[3]]
    assert wrong == []


def test_a_formula_that_results_in_nothing_is_blank_and_one_with_a_result_its_result(parts, tmp_path):
    formulas = '<c r="B2" t="str"><f>""</f><v></v></c><c r="C2"><f>2*3</f><v>6</v></c>'
    rows = table_of([["name", "code", "count"]]) + f'<row r="2">{text_cell("A2", "x")}{formulas}</row>'
    path = write_workbook(tmp_path / "formulas.xlsx", sheet_of(rows))
    assert outcomes(parts, path, ["code"]) == [None]
    assert outcomes(parts, path, ["count"]) == [6]


def test_a_row_of_nothing_but_a_formula_without_result_is_not_lost(parts, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["name"])
    book.active.append(["=1+1"])
    book.save(tmp_path / "only.xlsx")
    assert outcomes(parts, tmp_path / "only.xlsx", ["name"]) == ["import.formula_without_result"]


def test_the_problem_file_keeps_what_was_shown(parts, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["name", "code", "count"])
    book.active.append(["x", 1234, "not a number"])
    book.active["B2"].number_format = "00000"
    book.save(tmp_path / "shown.xlsx")
    batch = parts.check((tmp_path / "shown.xlsx").read_bytes(), "part", name="shown.xlsx")
    with files.local_file(parts.shop.settings.files_url, batch["problems_key"]) as path:
        cell = openpyxl.load_workbook(path).active["B2"]
    assert (cell.value, cell.number_format) == (1234, "00000")


def test_dates_counted_from_1904_are_shown_rightly(parts, tmp_path):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(["name", "code", "day"])
    book.active.append(["x", dt.date(2026, 3, 1), dt.date(2026, 3, 1)])
    book.active["B2"].number_format = "dd/mm/yyyy"
    book.save(tmp_path / "old.xlsx")
    assert outcomes(parts, tmp_path / "old.xlsx", ["code"]) == ["01/03/2026"]
    assert outcomes(parts, tmp_path / "old.xlsx", ["day"]) == [dt.date(2026, 3, 1)]


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-3, "#,##0_);(#,##0)", "(3)"),
        (1500, '[>=1000]0.0," k";0', "1.5 k"),
        (0, '#,##0;-#,##0;"-"', "-"),
        (1.5, "# ?/?", "1 1/2"),
        (12345678, "##0.0E+0", "12.3E+6"),
        (0.126, "#.##", ".13"),
        (123, "000\\-00\\-0000", "000-00-0123"),
        (1234, 'General" kg"', "1234 kg"),
        (1234, "_-* #,##0.00 _€_-;-* #,##0.00 _€_-", "1,234.00"),
        (dt.datetime(2026, 3, 1, 14, 5, 9), "d/m/yy h:mm AM/PM", "1/3/26 2:05 PM"),
        (dt.date(2026, 3, 1), "[$-408]dddd, d mmm yyyy", "Κυριακή, 1 Μαρ 2026"),
    ],
)
def test_number_formats_are_followed_as_excel_does(value, code, expected):
    assert show(value, code, "en") == expected


ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>
 <table:table table:name="S">%s</table:table></office:spreadsheet></office:body></office:document-content>"""
DAY = (
    '<table:table-cell office:value-type="date" office:date-value="2026-03-01">'
    "<text:p>1.3.26</text:p></table:table-cell>"
)
ERROR = (
    '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
)


def ods_of(folder: Path, cells: list[tuple[str, str]]) -> Path:
    """Write an .ods with a row for each field and the XML of its cell."""
    names = list(FIELDS)
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = ["".join(map(text.format, names))]
    for field, cell in cells:
        before = names.index(field) - 1
        skipped = f'<table:table-cell table:number-columns-repeated="{before}"/>' if before else ""
        rows.append(text.format("x") + skipped + cell)
    content = ODS % "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    with zipfile.ZipFile(folder / "cells.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return folder / "cells.ods"


def number_cell(shown: str, kind: str = "float", value: str = "1234", more: str = "") -> str:
    said = f'office:value-type="{kind}" office:value="{value}" {more}'
    return f"<table:table-cell {said}><text:p>{shown}</text:p></table:table-cell>"


def test_open_document_cells_arrive_as_they_are_shown(parts, tmp_path):
    cases = [
        ("code", number_cell("01234"), "01234"),
        ("count", number_cell("01234"), 1234),
        ("code", DAY, "1.3.26"),
        ("day", DAY, dt.date(2026, 3, 1)),
        ("share", number_cell("12.5%", "percentage", "0.125"), Decimal("12.50")),
        ("euros", number_cell("$5", "currency", "5", 'office:currency="USD"'), "money.other_currency"),
        ("code", ERROR, "import.cell_error"),
        ("count", ERROR, "import.cell_error"),
        ("code", '<table:table-cell table:formula="of:=1+1"/>', "import.formula_without_result"),
    ]
    path = ods_of(tmp_path, [case[:2] for case in cases])
    assert outcomes(parts, path, [case[0] for case in cases]) == [case[2] for case in cases]


@needs_shared_data
def test_numbers_of_an_old_workbook_go_into_texts_as_they_are_shown(workshop):
    path = SHARED / "spreadsheets" / "sheetjs__biff5_number_format_greek.xls"
    batch = workshop.run(path.read_bytes(), "customer", name="old.xls", told=["Value=name"])
    assert batch["created"] > 10 and "import.formats_unknown" not in dict(batch["notes"])
    marks = find_marks(path, "xls", "Implied", 0, Wanted())
    assert (marks[3][1], marks[3][5]) == ("0", "0") and sum(map(len, marks.values())) > 40


def with_error_xlsb(source: Path, path: Path) -> None:
    """Write a workbook in which the first number or date is an error."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.bin"):
                at = next(
                    place
                    for place in range(len(data))
                    if data[place] in (2, 5) and data[place + 1] in (12, 16)
                )
                body = data[at + 2 : at + 10] + b"\x2a"
                data = data[:at] + bytes([3, 9]) + body + data[at + 2 + data[at + 1] :]
            new.writestr(name, data)


def with_error_xls(source: Path, path: Path) -> None:
    """Write a workbook in which the first number or date is an error; every record stays where it was."""
    data = source.read_bytes()
    at = data.index(b"\x03\x02\x0e\x00")  # a number: 14 bytes; instead an error of 8, and an empty record
    error = b"\x05\x02\x08\x00" + data[at + 4 : at + 10] + b"\x07\x01" + b"\x00\xff\x02\x00\x00\x00"
    path.write_bytes(data[:at] + error + data[at + 18 :])


@needs_shared_data
@pytest.mark.parametrize(
    ("write", "source", "shown"),
    [
        (with_error_xlsb, "calamine__date_1904.xlsb", "#N/A"),
        (with_error_xls, "poi__1904DateWindowing.xls", "#DIV/0!"),
    ],
)
def test_an_error_in_a_binary_workbook_is_no_blank(tmp_path, write, source, shown):
    path = tmp_path / f"odd{Path(source).suffix}"
    write(SHARED / "spreadsheets" / source, path)
    look = look_at_file(path, path.name, Limits())
    cells = [cell for sheet in look.sheets[:1] for _row, cells in sheet.first_rows for cell in cells]
    assert {"e": shown} in cells


@needs_shared_data
@pytest.mark.parametrize("source", ["calamine__date_1904.xlsb", "poi__1904DateWindowing.xls"])
def test_a_binary_workbook_that_is_cut_or_spoilt_has_no_marks_and_raises_nothing(tmp_path, source):
    data, chance = (SHARED / "spreadsheets" / source).read_bytes(), random.Random(3)
    kind, path = Path(source).suffix[1:], tmp_path / "odd"
    for _turn in range(150):
        spoilt = bytearray(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
        for _byte in range(chance.randrange(40)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256) if spoilt else 0
        path.write_bytes(spoilt)
        find_marks(path, kind, "Sheet1", 0, Wanted())
