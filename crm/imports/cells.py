"""Cells of a spreadsheet as plain values, and how they travel between the reading process and ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
MARKS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")  # turn the reading direction
EXACT = 10**15  # above this a spreadsheet's own numbers are no longer exact


@dataclass(frozen=True, slots=True)
class Shown:
    """A number, date or time with its format's code and the text it makes, None when we cannot follow it."""

    value: Any
    text: str | None
    code: str


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell that shows an error, such as `#N/A`; "" for a formula whose result the file does not hold."""

    text: str


class FaultyRow(list):
    """The cells of a row that cannot become a record as it stands, with the reasons as (code, parameters)."""

    def __init__(self, cells: Iterable[Any], *faults: tuple[str, dict[str, Any]]) -> None:
        super().__init__(cells)
        self.faults = faults


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
    if value.is_integer() and abs(value) < 2**63:
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
    Shown: lambda value: {"v": tidy_cell(value.value), "s": value.text, "c": value.code},
    NoValue: lambda value: {"e": value.text},
}


def tidy_cell(cell: Any) -> Any:
    """Return one cell as a JSON value."""
    return TIDY.get(cell.__class__, str)(cell)


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
            tidied.append(tidy_cell(cell))
    while tidied and tidied[-1] is None:
        tidied.pop()
    return tidied


def is_filled(cell: Any) -> bool:
    """Return whether a cell surely holds something; a text of control characters alone may pass.

    >>> is_filled(0), is_filled(" "), is_filled(None), is_filled("x")
    (True, False, False, True)
    """
    return bool(cell.strip()) if cell.__class__ is str else cell is not None


def has_dropped(text: str) -> bool:
    """Return whether a text holds what no field keeps: control characters, marks that turn the direction."""
    return bool(CONTROL.search(text) or MARKS.search(text))


def typed_row(cells: list[Any], faults: Sequence[Sequence[Any]] = ()) -> list[Any]:
    """Return the cells with dates as dates again: the inverse of what `tidy_row` did to them."""
    typed = [typed_cell(cell) if cell.__class__ is dict else cell for cell in cells]
    return FaultyRow(typed, *map(tuple, faults)) if faults else typed


def typed_cell(cell: Any) -> Any:
    """Return what one tagged cell holds: a date, a moment, a number as it is shown, an error."""
    if cell.__class__ is not dict:
        return cell
    if "d" in cell:
        return date.fromisoformat(cell["d"])
    if "v" in cell:
        return Shown(typed_cell(cell["v"]), cell["s"], cell["c"])
    return NoValue(cell["e"]) if "e" in cell else datetime.fromisoformat(cell["t"])


def cell_text(cell: Any) -> str:
    """Return a cell as the text a header or a sample shows.

    >>> cell_text(None), cell_text(2.5), cell_text(date(2026, 1, 2)), cell_text("  a\\n b ")
    ('', '2.5', '2026-01-02', 'a b')
    """
    if cell is None:
        return ""
    cell = typed_cell(cell)
    if isinstance(cell, NoValue):
        return cell.text
    if isinstance(cell, Shown):
        return cell.text if cell.text is not None else cell_text(cell.value)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes" if not cell.second else "seconds")
    return " ".join(str(cell).split())
