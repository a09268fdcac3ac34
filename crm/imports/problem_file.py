"""The workbook of refused rows: the original cells, row number, column, value and reason; to correct and re-import."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from crm.errors import Problem
from crm.imports import files, service, store
from crm.imports.cells import NoValue, Shown, cell_text
from crm.imports.coding import decode_cells
from crm.imports.lease import Attempt, ImportWorkshop
from crm.imports.model import Column
from crm.kept_problems import decode_problems
from crm.messages import render
from crm.records.headers import ADDED
from crm.records.sheet_cells import escaped, sheet_value
from crm.texts import NP_, RIGHT_TO_LEFT, translate

NOT_KNOWN = "#N/A"  # stands for the result of a formula that the file did not hold
HEADERS = (NP_("column", "Row"), NP_("column", "Column"), NP_("column", "Value"), NP_("column", "Reason"))
"""The columns added behind the original ones."""


def write_problem_file(
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[tuple[int, Sequence[Any], Sequence[Problem]]],
    language: str,
) -> None:
    """Write the workbook; every cell is a value, none is ever a formula.

    Shape:  `rows` hold (row number in the original, its cells from column A, its problems).
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(translate(NP_("title", "Problems"), language))
    if language in RIGHT_TO_LEFT:
        sheet.sheet_view.rightToLeft = True
    sheet.freeze_panes = "A2"
    added = [ADDED + translate(header, language) for header in HEADERS]
    titles = [*(column.header for column in columns), *added]
    sheet.append([safe_cell(sheet, title, bold=True) for title in titles])
    by_field = {column.field: column for column in columns if column.field}
    for number, cells, problems in rows:
        own = [cells[column.index] if column.index < len(cells) else None for column in columns]
        told = told_problems(number, cells, problems, by_field, language)
        sheet.append([safe_cell(sheet, value) for value in (*own, *told)])
    book.save(path)


def told_problems(
    number: int,
    cells: Sequence[Any],
    problems: Sequence[Problem],
    by_field: Mapping[str, Column],
    language: str,
) -> tuple[Any, ...]:
    """Return row number, columns, values and reasons of one row, in words."""
    headers, values, reasons = [], [], []
    for problem in problems:
        column = by_field.get(problem.field or "")
        headers.append(column.header if column else "")
        values.append(cell_text(cells[column.index]) if column and column.index < len(cells) else "")
        reasons.append(told_reason(problem, column, language))
    lines = ["\n".join(parts).strip("\n") for parts in (headers, values, reasons)]
    return (number, *lines)


def told_reason(problem: Problem, column: Column | None, language: str) -> str:
    """Return the sentence of one problem, with its column when there are several."""
    sentence = render(problem, language)
    return f"{column.header}: {sentence}" if column and column.header else sentence


def safe_cell(sheet: Any, value: Any, bold: bool = False) -> WriteOnlyCell:
    """Return a cell that shows exactly this value: a text that begins with `=` stays a text, an error an error."""
    if isinstance(value, (tuple, list)):
        value = "; ".join(map(str, value))
    code = value.code if isinstance(value, Shown) else None
    value = sheet_value(value.value if isinstance(value, Shown) else value)
    if isinstance(value, (bool, int, float, Decimal, dt.date, dt.time)) or value is None:
        cell = WriteOnlyCell(sheet, value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value)
        cell.number_format = code or cell.number_format
    else:
        is_error = isinstance(value, NoValue)
        cell = WriteOnlyCell(sheet, "")
        # Assigning `value` would make a formula of "=…".
        cell._value = value.text or NOT_KNOWN if is_error else escaped(str(value))
        cell.data_type = "e" if is_error else "s"
        cell.quotePrefix = not is_error
    if bold:
        cell.font = Font(bold=True)
    return cell


def save_problem_file(workshop: ImportWorkshop, attempt: Attempt) -> str | None:
    """Write the refused rows as a workbook into the store; return its key, None when there are none."""
    connection, batch = attempt.session.connection(), attempt.batch
    if batch["problems_key"]:
        files.erase_file(workshop.settings.files_url, batch["problems_key"])
    if not store.list_plan_rows(connection, batch["id"], 0, 1, ("error",)):
        return None
    rows = (
        (row.number, decode_cells(row.content), decode_problems(row.problems))
        for row in store.iterate_problem_rows(connection, batch["id"])
    )
    with tempfile.TemporaryDirectory(prefix="import-", dir=files.memory_folder()) as folder:
        path = Path(folder) / "problems.xlsx"
        write_problem_file(path, service.columns_of(batch), rows, attempt.session.actor.language)
        with path.open("rb") as file:
            return files.save_file(workshop.settings.files_url, file, "xlsx", 10_000, files.secret_of(batch))[
                0
            ]
