"""What a check tells about a whole file: what was left out, guessed or doubted, with the rows it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crm.imports.findings import Findings, Rows
from crm.imports.matching import shown_header
from crm.imports.model import Look, Matching
from crm.records.headers import ADDED

OF_THE_FILE = ("import.header_twice", "import.cells_beyond")
"""Notes of the look, which a check keeps."""

LONG_CELLS = "import.long_cells"
Note = list[Any]


def notes_of(look: Look, matching: Matching, findings: Findings, long_cells: Rows) -> list[Note]:
    """Return the notes on what reading the rows of a file found."""
    notes = list(lost_characters(matching, findings))
    if look.is_guessed and findings.foreign.count:
        notes.append(["import.encoding_guessed", {"encoding": look.encoding, **told(findings.foreign)}])
    if long_cells.count:
        notes.append([LONG_CELLS, told(long_cells)])
    left = [
        shown_header(column)
        for column in matching.columns
        if not column.field and column.header and not column.header.startswith(ADDED)
    ]
    if left:
        notes.append(["import.columns_left_out", {"headers": ", ".join(left)}])
    return notes


def lost_characters(matching: Matching, findings: Findings) -> Iterator[Note]:
    """Yield a note for each filled column whose cells lose something that cannot be seen, or could lose it."""
    for column in matching.filled:
        for code, found in (
            ("import.characters_dropped", findings.dropped),
            ("import.blanks_dropped", findings.blanks),
        ):
            if column.index in found:
                yield [code, {"header": shown_header(column), **told(found[column.index])}]


def told(rows: Rows) -> dict[str, Any]:
    """Return some rows as a note tells them."""
    return {"count": rows.count, "rows": rows.named()}


def has_doubts(notes: list[Note]) -> bool:
    """Return whether a person has to say first that the file is meant as it is."""
    return any(code == LONG_CELLS for code, _params in notes)
