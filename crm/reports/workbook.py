"""Tables as files: .xlsx and .csv in which no cell is ever a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from crm.records.sheet_cells import Styled, begins_formula, escaped, guarded, plain_text, sheet_value

WIDTH = 18
BOLD = Font(bold=True)


def write_workbook(
    path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], rtl: bool = False
) -> None:
    """Write a table as .xlsx.

    Shape:  rows hold text, numbers, booleans, dates, any of them `Styled`, or None; text stays text, whatever it
            begins with. What a workbook cannot hold as it is stands there as `sheet_value` says.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(name))
    sheet.sheet_view.rightToLeft = rtl
    sheet.freeze_panes = "A2"
    for place in range(1, len(header) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTH
    sheet.append([_text_cell(sheet, label, bold=True) for label in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(path)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as .csv that spreadsheets open rightly: UTF-8 with its mark, and no cell that is a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(guarded, header))
        for row in rows:
            writer.writerow(map(_csv_text, row))


def _csv_text(value: Any) -> str:
    return guarded(value) if isinstance(value, str) else plain_text(value)


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    code = value.format if isinstance(value, Styled) else ""
    value = sheet_value(value.value if code else value)
    if isinstance(value, str):
        return _text_cell(sheet, value)
    if not code:
        return value
    cell = WriteOnlyCell(sheet, value / 100 if code.endswith("%") else value)
    cell.number_format = code
    return cell


def _text_cell(sheet: WriteOnlyWorksheet, text: str, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, "")
    cell._value = escaped(sheet_value(text))  # assigning `value` would make a formula of "=…"
    cell.data_type = "s"
    if begins_formula(text):
        cell.quotePrefix = True
    if bold:
        cell.font = BOLD
    return cell


def _sheet_name(name: str) -> str:
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in name)[:31].strip("' ") or "Sheet"
