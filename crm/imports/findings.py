"""What the reading of a file leaves out or guesses without making a row wrong: counted, and named by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.imports.cells import has_dropped

BY_COLUMN = ("dropped", "blanks")
NAMED_ROWS = 10  # a note names the first so many


@dataclass
class Rows:
    """Some rows: how many, and the numbers of the first."""

    count: int = 0
    first: list[int] = attribute(default_factory=list)

    def add(self, number: int) -> None:
        """Count a row."""
        self.count += 1
        if len(self.first) < NAMED_ROWS:
            self.first.append(number)

    def named(self) -> str:
        """Return the numbers as a note says them.

        >>> Rows(2, [3, 7]).named(), Rows(12, [3, 7]).named()
        ('3, 7', '3, 7, …')
        """
        return ", ".join(map(str, self.first)) + (", …" if self.count > len(self.first) else "")


@dataclass
class Findings:
    """What was found in the rows of one file.

    Shape:  by column index: rows that lose characters no field keeps, and rows that lose blanks at an end. `foreign`
            are the rows with letters that depend on the encoding.
    """

    dropped: dict[int, Rows] = attribute(default_factory=dict)
    blanks: dict[int, Rows] = attribute(default_factory=dict)
    foreign: Rows = attribute(default_factory=Rows)

    def look(self, number: int, cells: Sequence[Any]) -> None:
        """Look at one row; the usual cell costs three tests."""
        is_foreign = False
        for place, cell in enumerate(cells):
            if cell.__class__ is not str or not cell:
                continue
            is_foreign = is_foreign or not cell.isascii()
            if not cell.isprintable() and has_dropped(cell):
                self.dropped.setdefault(place, Rows()).add(number)
            if (cell[0].isspace() or cell[-1].isspace()) and not cell.isspace():
                self.blanks.setdefault(place, Rows()).add(number)
        if is_foreign:
            self.foreign.add(number)

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the way between processes."""
        columns = {
            name: {str(place): (rows.count, rows.first) for place, rows in getattr(self, name).items()}
            for name in BY_COLUMN
        }
        return {**columns, "foreign": (self.foreign.count, self.foreign.first)}

    def take(self, stored: Mapping[str, Any]) -> None:
        """Take what the reading process found."""
        for name in BY_COLUMN:
            getattr(self, name).update({int(place): Rows(*rows) for place, rows in stored[name].items()})
        self.foreign = Rows(*stored["foreign"])
