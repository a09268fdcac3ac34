"""Tables as files: .xlsx and .csv in which no cell is ever a formula."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

LONGEST_CELL = 32_767  # characters; what a spreadsheet can hold
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
WIDTH = 18
BOLD = Font(bold=True)


def write_workbook(
    path: Path, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], rtl: bool = False
) -> None:
    """Write a table as .xlsx.

    Shape:  rows hold text, numbers, booleans, dates or None; text stays text, whatever it begins with, and loses
            only the control characters a workbook cannot hold.
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
        writer.writerow([safe_text(label) for label in header])
        for row in rows:
            writer.writerow([safe_text(value) if isinstance(value, str) else _plain(value) for value in row])


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a quote goes before what would begin one.

    >>> safe_text("=1+1"), safe_text(" =1"), safe_text("Ann")
    ("'=1+1", "' =1", 'Ann')
    """
    bare = text.lstrip(" \u00a0\u200b\ufeff\u200e\u200f")
    return "'" + text if bare.startswith(FORMULA_STARTS) else text


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    if isinstance(value, str):
        return _text_cell(sheet, value)
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return value


def _text_cell(sheet: WriteOnlyWorksheet, text: str, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, "")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_CELL]
    cell.data_type = "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True
    if bold:
        cell.font = BOLD
    return cell


def _sheet_name(name: str) -> str:
    return "".join(" " if letter in "[]:*?/\\" else letter for letter in name)[:31].strip("' ") or "Sheet"
