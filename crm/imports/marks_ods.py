"""What calamine leaves out of an .ods: the shown text of numbers and dates, errors, formulas without a result.

Runs in the reading process only.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from crm.imports.cells import NoValue
from crm.imports.marks import Marks, ShownText, Wanted

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
SHOWN_TYPES = {"float": "", "percentage": "%", "currency": "", "date": "", "time": ""}
LOOKED_AT = 200  # rows of a sheet that a look goes through
MOST_REPEATED = 10_000  # cells or rows that stand for many are followed so far
BLANKS = f"{TEXT}s"


def find_marks(path: Path, sheet: str, wanted: Wanted) -> Marks:
    """Return what calamine leaves out of one sheet, by row number, then column index."""
    marks: Marks = {}
    is_inside, number = False, 0
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
        for event, element in ElementTree.iterparse(file, events=("start", "end")):
            if element.tag == f"{TABLE}table":
                if event == "end" and is_inside:
                    break
                is_inside = is_inside or element.get(f"{TABLE}name") == sheet
            elif event == "end" and element.tag == f"{TABLE}table-row":
                if is_inside:
                    number = mark_row(marks, element, number, wanted)
                element.clear()
            if wanted.blocks is not None and number > LOOKED_AT:
                break
    return marks


def mark_row(marks: Marks, row: ElementTree.Element, number: int, wanted: Wanted) -> int:
    """Note the marks of one row, which may stand for several; return the number of the last of them."""
    found: dict[int, Any] = {}
    column = 0
    for cell in row:
        times = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
        mark = mark_of(cell)
        if mark is not None:
            for place in range(column, column + min(times, MOST_REPEATED)):
                if isinstance(mark, NoValue) or wanted.columns is None or place in wanted.columns:
                    found[place] = mark
        column += times
    times = int(row.get(f"{TABLE}number-rows-repeated", "1"))
    for place in range(number + 1, number + 1 + min(times, MOST_REPEATED)) if found else ():
        marks[place] = found
    return number + times


def mark_of(cell: ElementTree.Element) -> Any:
    """Return what a cell shows beside its value; None for texts, truths and blank cells."""
    kind = cell.get(f"{OFFICE}value-type")
    if cell.get(f"{CALC}value-type") == "error":
        return NoValue(text_of(cell) or "#N/A")
    if kind is None:
        return NoValue("") if cell.get(f"{TABLE}formula") else None
    if kind not in SHOWN_TYPES:
        return None
    currency = cell.get(f"{OFFICE}currency")
    return ShownText(text_of(cell), f"[${currency}]" if currency else SHOWN_TYPES[kind])


def text_of(cell: ElementTree.Element) -> str:
    """Return the text a cell shows; several blanks are an element of their own."""
    lines = []
    for paragraph in cell.iter(f"{TEXT}p"):
        parts = [paragraph.text or ""]
        for piece in paragraph:
            parts.append(" " if piece.tag == BLANKS else "".join(piece.itertext()))
            parts.append(piece.tail or "")
        lines.append("".join(parts))
    return "\n".join(lines)
