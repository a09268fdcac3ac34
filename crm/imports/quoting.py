"""Rows of a text file as quotation marks part them; a misplaced mark spoils only its own row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from crm.imports.cells import FaultyRow

FIELD_LIMIT = 4 * 1024 * 1024  # characters of one cell
MOST_LINES = 20  # a quoted cell over more lines is asked about
LONGEST = 10_000  # characters of a quoted cell over several lines; a longer one is asked about
SAMPLE_LINES = 100


class Lines:
    """Lines that can be read again from where a row began.

    Shape:  `row` holds the lines of the row that is being read.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.again: list[str] = []
        self.row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else next(self.lines)
        self.row.append(line)
        return line

    def begin_row(self) -> None:
        """Forget the lines of the row before."""
        self.row.clear()

    def keep_first(self) -> str:
        """Return the first line of the row, and give the others once more."""
        first, *others = self.row
        self.again.extend(reversed(others))
        self.row.clear()
        return first


def parted_rows(file: Iterable[str], delimiter: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each row; of a row with a wrong quotation mark its first line, as a `FaultyRow`.

    Shape:  a quoted cell that looks as if it had swallowed rows is faulty too, until somebody says it is right.
    """
    csv.field_size_limit(FIELD_LIMIT)
    lines = Lines(file)
    width = 0
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                width = max(width, len(cells))
                fault = swallowed(cells, delimiter, width) if len(lines.row) > 1 else None
                yield FaultyRow(cells, fault) if fault else cells
                lines.begin_row()
            return
        except csv.Error:
            yield one_line(lines.keep_first().rstrip("\r\n"), delimiter)


def one_line(line: str, delimiter: str) -> Sequence[str]:
    """Return the cells of a line with a wrong quotation mark; blanks behind a closing one do no harm.

    >>> one_line('"a" ,b', ","), one_line('"a,b', ",").faults
    (['a', 'b'], (('import.stray_quote', {}),))
    """
    bare = re.sub(rf'"[ \t]+(?={re.escape(delimiter)}|$)', '"', line)
    try:
        return next(csv.reader([bare], delimiter=delimiter, strict=True))
    except csv.Error:
        return FaultyRow(line.split(delimiter), ("import.stray_quote", {}))


def swallowed(cells: Sequence[str], delimiter: str, width: int) -> tuple[str, dict[str, int]] | None:
    """Return the doubt about a row that takes several lines; None when it looks as somebody meant it.

    >>> swallowed(["Ana", "line 1\\nline 2"], ",", 2), swallowed(["Ana", "x\\nBo,y\\nCo,z"], ",", 2)
    (None, ('import.long_cell', {'lines': 3}))
    """
    for cell in cells:
        inner = cell.split("\n")
        if len(inner) < 2:
            continue
        rows = sum(1 for line in inner[1:] if line.count(delimiter) == width - 1)
        is_like_rows = rows * 2 >= len(inner) - 1 and (width > 2 or (width == 2 and rows > 1))
        if len(inner) > MOST_LINES or len(cell) > LONGEST or is_like_rows:
            return "import.long_cell", {"lines": len(inner)}
    return None


def parted_sample(sample: str, delimiter: str) -> Iterator[Sequence[str]]:
    """Yield the first rows of a sample that may break off anywhere."""
    return parted_rows(sample.splitlines(keepends=True)[:SAMPLE_LINES], delimiter)


def is_delimiter(text: str) -> bool:
    """Return whether a text can part columns: one character that neither quotes nor ends a line.

    >>> is_delimiter("^"), is_delimiter("||"), is_delimiter('"'), is_delimiter("\\t")
    (True, False, False, True)
    """
    return len(text) == 1 and (text.isprintable() or text == "\t") and text != '"' and not text.isalnum()
