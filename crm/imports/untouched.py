"""Cells that nobody touched: what an export of the record would write there, in a workbook or a text file.

Such a cell means the value the record has, whatever its words would mean to somebody who types them: a title that
two customers share, a record the reader cannot see, a text that was too long for its cell.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.imports.cells import Shown, tidy_number, tidy_text
from crm.imports.convert import ColumnReader, Converted, Converter
from crm.records.export import cells_of
from crm.records.sheet_cells import plain_text, sheet_value

MISSING = object()
Number = int | float | Decimal


class Found(Protocol):
    """A row of a file with the record it means."""

    row: Converted
    before: Mapping[str, Any] | None


def keep_untouched(session: CrmSession, entity: Entity, converter: Converter, chunk: Iterable[Found]) -> None:
    """Take the cells nobody touched as the values the records have; nobody judges those again.

    Shape:  titles and names are asked for only where a cell seems to mean something else: one query per column.
    """
    rows = [planned for planned in chunk if planned.before is not None]
    for reader in converter.readers:
        name = reader.field.name
        doubtful = [planned for planned in rows if differs(planned, name)]
        expected = (
            cells_of(session, entity, [planned.before for planned in doubtful], name) if doubtful else ()
        )
        for planned, shown in zip(doubtful, expected, strict=True):
            cell = cell_at(planned.row.cells, reader.column.index)
            if is_same(cell, shown) or is_same_value(reader, cell, planned.before.get(name)):
                planned.row.values[name] = planned.before.get(name)
                planned.row.problems = [each for each in planned.row.problems if each.field != name]


def differs(planned: Found, name: str) -> bool:
    """Return whether a cell seems to change its record, or could not be read."""
    row = planned.row
    if row.problems and any(problem.field == name for problem in row.problems):
        return True
    value = row.values.get(name, MISSING)
    return value is MISSING or value != planned.before.get(name)


def cell_at(cells: Sequence[Any], index: int) -> Any:
    """Return a cell of a row, None behind its end."""
    return cells[index] if index < len(cells) else None


def is_same_value(reader: ColumnReader, cell: Any, held: Any) -> bool:
    """Return whether a cell means the value a record has, in another way of writing."""
    return cell is not None and held is not None and not reader.points and reader.is_untouched(cell, held)


def is_same(cell: Any, value: Any) -> bool:
    """Return whether a cell that was read holds what an export wrote for a value.

    >>> is_same(12.5, Decimal("12.50")), is_same("12.5000", Decimal("12.5000")), is_same(None, "")
    (True, True, True)
    """
    cell = cell.value if isinstance(cell, Shown) else cell
    written = sheet_value(value)
    if isinstance(cell, str):
        return cell in (plain_text(value), tidy_text(written) if isinstance(written, str) else None)
    if cell is None:
        return written is None or (isinstance(written, str) and tidy_text(written) is None)
    if isinstance(cell, bool) or isinstance(written, bool):
        return cell is written
    if isinstance(cell, Number) and isinstance(written, Number):
        return Decimal(repr(tidy_number(float(cell)))) == Decimal(repr(tidy_number(float(written))))
    if isinstance(cell, dt.date) and isinstance(written, dt.date):
        return moment_of(cell) == moment_of(written)
    return False


def moment_of(value: dt.date) -> dt.datetime:
    """Return a day as its midnight, a moment as it is."""
    return value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
