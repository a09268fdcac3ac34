"""Cells of a spreadsheet as plain values, and how they travel between the reading process and ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
EXACT = 10**15  # above this a spreadsheet's own numbers are no longer exact


def tidy_text(value: str) -> str | None:
    """Return the text without control characters; None when nothing but blanks is left.

    >>> tidy_text("a\\x01b"), tidy_text(" \\t\\n")
    ('ab', None)
    """
    if CONTROL.search(value):
        value = CONTROL.sub("", value)
    return value if value and not value.isspace() else None


def tidy_number(value: float) -> int | float | None:
    """Return the number with the 15 digits a spreadsheet keeps; whole numbers as int.

    >>> tidy_number(15.0), tidy_number(0.1 + 0.2)
    (15, 0.3)
    """
    if value != value or value in (float("inf"), float("-inf")):
        return None
    if value.is_integer() and abs(value) < EXACT:
        return int(value)
    return float(f"{value:.15g}")


def tidy_duration(value: timedelta) -> str:
    """Return a length of time as hours, minutes and seconds.

    >>> tidy_duration(timedelta(hours=26, seconds=5))
    '26:00:05'
    """
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


TIDY = {
    str: tidy_text,
    float: tidy_number,
    bool: lambda value: value,
    int: lambda value: value if abs(value) < EXACT * 1000 else str(value),
    date: lambda value: {"d": value.isoformat()},
    datetime: lambda value: {"t": value.replace(tzinfo=None).isoformat()},
    time: lambda value: value.isoformat("auto"),
    timedelta: tidy_duration,
    type(None): lambda value: None,
}


def tidy_row(cells: Iterable[Any]) -> list[Any]:
    """Return the cells as JSON values, blanks at the end dropped; dates become `{"d": ...}`, `{"t": ...}`.

    The common cases stand first and call nothing of ours: a workbook has millions of cells.
    """
    tidied = []
    for cell in cells:
        kind = cell.__class__
        if kind is str:
            tidied.append(cell if cell.isprintable() and cell.strip() else tidy_text(cell))
        elif kind is float and cell.is_integer() and -EXACT < cell < EXACT:
            tidied.append(int(cell))
        else:
            tidied.append(TIDY.get(kind, str)(cell))
    while tidied and tidied[-1] is None:
        tidied.pop()
    return tidied


def is_filled(cell: Any) -> bool:
    """Return whether a cell surely holds something; a text of control characters alone may pass.

    >>> is_filled(0), is_filled(" "), is_filled(None), is_filled("x")
    (True, False, False, True)
    """
    return bool(cell.strip()) if cell.__class__ is str else cell is not None


def typed_row(cells: list[Any]) -> list[Any]:
    """Return the cells with dates as dates again: the inverse of what `tidy_row` did to them."""
    return [typed_cell(cell) if cell.__class__ is dict else cell for cell in cells]


def typed_cell(cell: dict[str, str]) -> date | datetime:
    """Return the date or the moment of one tagged cell."""
    if "d" in cell:
        return date.fromisoformat(cell["d"])
    return datetime.fromisoformat(cell["t"])


def cell_text(cell: Any) -> str:
    """Return a cell as the text a header or a sample shows.

    >>> cell_text(None), cell_text(2.5), cell_text(date(2026, 1, 2)), cell_text("  a\\n b ")
    ('', '2.5', '2026-01-02', 'a b')
    """
    if cell is None:
        return ""
    if isinstance(cell, dict):
        cell = typed_cell(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes" if not cell.second else "seconds")
    return " ".join(str(cell).split())
