"""What a sheet's rows say about its shape: header row, columns, number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.errors import ImportRowError
from crm.imports.cells import cell_text
from crm.imports.findings import Rows
from crm.imports.model import FIRST_ROWS, Limits, SheetRow

SheetLook = dict[str, Any]


def look_at_rows(rows: Iterator[SheetRow], header_row: int | None, limits: Limits) -> SheetLook:
    """Return header row, columns, row count and first rows of one sheet.

    Shape:  `rows` are the filled ones, blanks at their ends cut off; `header_row` is the number a person
            chose, None for the first filled row.
    Errors: ImportRowError import.no_such_row, import.too_many_columns.
    """
    first_rows: list[SheetRow] = []
    header: SheetRow | None = None
    first_column, width, below, beyond = 1 << 20, 0, 0, Rows()
    for number, cells in rows:
        if len(first_rows) < FIRST_ROWS:
            first_rows.append((number, cells))
        first_column = min(first_column, leading_blanks(cells))
        width = max(width, len(cells))
        if header is not None:
            below += 1
            if len(cells) > first_column + limits.columns:
                beyond.add(number)
        elif header_row is None or number == header_row:
            header = (number, cells)
    if not width:
        return {"header_row": 0, "rows": 0, "columns": []}
    if header is None:
        raise ImportRowError("import.no_such_row", row=header_row)
    check_width(width - first_column, header, limits)
    shown = [(number, cells[: limits.columns]) for number, cells in first_rows]
    return {
        "header_row": header[0],
        "rows": below,
        "columns": headers(header[1], first_column, width, limits),
        "first_column": first_column,
        "first_rows": shown,
        "beyond": (beyond.count, beyond.first),
        **find_title(first_rows, header, width - first_column),
    }


def leading_blanks(cells: list[Any]) -> int:
    """Return how many cells are blank before the first filled one."""
    return next(index for index, cell in enumerate(cells) if cell is not None)


def check_width(width: int, header: SheetRow, limits: Limits) -> None:
    """Refuse a header that is wider than anybody means; a far cell among the rows alone is no reason."""
    if width > limits.columns and len(header[1]) > limits.columns:
        raise ImportRowError("import.too_many_columns", limit=limits.columns)


def headers(cells: list[Any], first_column: int, width: int, limits: Limits) -> list[str]:
    """Return the header texts of all columns; of the header's own when a far cell widens the sheet."""
    if width - first_column > limits.columns:
        width = len(cells)
    texts = [cell_text(cell) for cell in cells[first_column:width]]
    return texts + [""] * (width - first_column - len(texts))


def find_title(first_rows: list[SheetRow], header: SheetRow, width: int) -> dict[str, Any]:
    """Return whether the header row looks like a title over the columns, and the row that looks better.

    >>> rows = [(1, ["Sales 2026"]), (2, ["name", "city", "amount"]), (3, ["Ana", "Cluj", 3])]
    >>> find_title(rows, rows[0], width=3)
    {'title_above': True, 'suggested_row': 2}
    """
    if width < 2 or (filled(header[1]) > 1 and filled(header[1]) * 3 >= width):
        return {"title_above": False, "suggested_row": header[0]}
    below = [row for row in first_rows if row[0] > header[0]]
    widest = max((filled(cells) for _, cells in below), default=0)
    better = next((number for number, cells in below if filled(cells) * 3 >= widest * 2), header[0])
    return {"title_above": True, "suggested_row": better}


def filled(cells: list[Any]) -> int:
    """Return how many cells hold something."""
    return sum(1 for cell in cells if cell is not None)
