"""What calamine leaves out of an .xlsx: errors, formulas without a result, number formats. The sheet's XML tells.

Runs in the reading process only. Regular expressions over blocks cost a tenth of parsing the XML a second time.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from crm.imports.cells import NoValue, Shown
from crm.imports.model import column_letters
from crm.imports.number_formats import BUILT_IN, CellTime, show

CELL_WITH_ERROR = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\bt=[\"']e[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*>"
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>(#[^<]{1,16})</",
    re.DOTALL,
)
FORMULA_WITHOUT_RESULT = re.compile(
    rb"<(?:\w+:)?c\b(?![^>]*\bt=[\"']str[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*>\s*"
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?"
    rb"\s*</(?:\w+:)?c>"
)
BLOCK = 1 << 20
OVERLAP = 4_096  # a cell that straddles two blocks is found in the second
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
Marks = dict[int, dict[int, Any]]


@dataclass(frozen=True)
class Wanted:
    """Which number formats are looked for, and how far.

    Shape:  `columns` are those whose text counts, None for all of them; `blocks` is how much of the sheet is
            looked at, None for all of it.
    """

    columns: Collection[int] | None = None
    blocks: int | None = None
    language: str = "en"


@dataclass(frozen=True)
class ShownText:
    """What a file itself says that a number or date is shown as, and the code of its format as far as it matters."""

    text: str
    code: str


def sheet_parts(path: Path) -> dict[str, str]:
    """Return the zip part of every sheet of an .xlsx; empty when the workbook is odd in any way."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
            relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
            targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
            found = {}
            for sheet in book.iter():
                target = targets.get(sheet.get(RELATION), "").lstrip("/")
                part = target if target.startswith("xl/") else f"xl/{target}"
                if sheet.tag.endswith("}sheet") and part in archive.namelist():
                    found[sheet.get("name", "")] = part
            return found
    except (KeyError, ElementTree.ParseError, zipfile.BadZipFile, OSError):
        return {}


def read_formats(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the format code of every style that has one, by the style's number in the cells."""
    try:
        styles = ElementTree.fromstring(archive.read("xl/styles.xml"))
    except (KeyError, ElementTree.ParseError):
        return {}
    codes = {str(number): code for number, code in BUILT_IN.items()}
    formats: list[str | None] = []
    for element in styles.iter():
        tag = element.tag.rpartition("}")[2]
        if tag == "numFmt":
            codes[element.get("numFmtId", "")] = element.get("formatCode", "")
        elif tag == "cellXfs":
            formats = [xf.get("numFmtId") for xf in element]
    found = {str(place): codes.get(number or "", "") for place, number in enumerate(formats)}
    return {style: code for style, code in found.items() if code.strip().lower() not in ("", "general", "@")}


def find_marks(path: Path, part: str | None, wanted: Wanted) -> Marks:
    """Return what calamine leaves out of one sheet, by row number, then column index.

    Shape:  `NoValue` for an error or a formula without a result, the code of its format for a number.
    """
    marks: Marks = {}
    if part is None:
        return marks
    with zipfile.ZipFile(path) as archive:
        formats = read_formats(archive)
        with_format = pattern_of(formats, wanted.columns) if formats else None
        with archive.open(part) as file:
            tail, read = b"", 0
            while (wanted.blocks is None or read < wanted.blocks) and (block := file.read(BLOCK)):
                text = tail + block
                if with_format is not None:
                    for letters, number, style in with_format.findall(text):
                        put(marks, letters, number, formats[style.decode()])
                if b'"e"' in text or b"'e'" in text:
                    for letters, number, value in CELL_WITH_ERROR.findall(text):
                        put(marks, letters, number, NoValue(value.decode("ascii", "replace")))
                if b"f>" in text or b"<f" in text:
                    for letters, number in FORMULA_WITHOUT_RESULT.findall(text):
                        put(marks, letters, number, NoValue(""))
                tail, read = text[-OVERLAP:], read + 1
    return marks


def pattern_of(formats: Iterable[str], columns: Collection[int] | None) -> re.Pattern[bytes] | None:
    """Return what finds the cells of some columns that have one of some styles; None when nothing is looked for."""
    if columns is not None and not columns:
        return None
    styles = "|".join(formats)
    letters = "[A-Z]{1,3}" if columns is None else "|".join(column_letters(index) for index in columns)
    style = rf"(?=[^>]*\bs=[\"']({styles})[\"'])"
    place = rf"(?=[^>]*\br=[\"']({letters})(\d{{1,7}})[\"'])"
    return re.compile(rf"<(?:\w+:)?c\b{place}{style}".encode())


def put(marks: Marks, letters: bytes, number: bytes, mark: Any) -> None:
    """Note what one cell holds beside its value."""
    marks.setdefault(int(number), {})[column_index(letters)] = mark


def marked(row: list[Any], marks: Mapping[int, Any], language: str) -> list[Any]:
    """Return a row with its errors, and its numbers as they are shown."""
    for column, mark in marks.items():
        row.extend([None] * (column + 1 - len(row)))
        row[column] = mark if isinstance(mark, NoValue) else shown(row[column], mark, language)
    return row


def shown(value: Any, code: str | ShownText, language: str) -> Any:
    """Return a number, date or time with what its format makes of it; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float, CellTime)):
        return value
    if isinstance(code, ShownText):
        return Shown(value, code.text, code.code)
    return Shown(value, remembered(value, code, language), code)


@lru_cache(maxsize=10_000)
def remembered(value: float | CellTime, code: str, language: str) -> str | None:
    """Return what a format shows; None when it cannot be followed, whatever the file claims."""
    try:
        return show(value, code, language)
    except (ArithmeticError, ValueError, LookupError, MemoryError):
        return None


def column_index(letters: bytes) -> int:
    """Return the index of a column from its letters.

    >>> column_index(b"A"), column_index(b"XFD")
    (0, 16383)
    """
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1
