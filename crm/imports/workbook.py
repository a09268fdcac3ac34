"""Workbooks row by row: calamine reads, openpyxl where calamine fails. Runs in the reading process only."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from crm.errors import ImportRowError
from crm.imports import safety

CELL_WITH_ERROR = re.compile(
    rb"<(?:\w+:)?c\b(?=[^>]*\bt=[\"']e[\"'])[^>]*\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*>"
    rb"(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>(#[^<]{1,16})</",
    re.DOTALL,
)
BLOCK = 1 << 20
OVERLAP = 4_096  # a cell with an error that straddles two blocks is found in the second
ErrorCells = dict[int, dict[int, str]]
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


class SheetSource(Protocol):
    """One sheet that can be read from its top as often as wanted."""

    name: str
    hidden: bool

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield (row number as shown, cells from column A on); rows may be blank."""


class CalamineSource:
    """A sheet read by calamine, with the error values it leaves out put back.

    Shape:  `find` returns the error values; it is called once the rows are wanted.
    """

    def __init__(
        self, book: CalamineWorkbook, name: str, hidden: bool, find: Callable[[], ErrorCells]
    ) -> None:
        self.book, self.name, self.hidden, self.find = book, name, hidden, find

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the rows; calamine counts rows from the sheet's top but columns from the first filled."""
        sheet, errors = self.book.get_sheet_by_name(self.name), self.find()
        lead = [None] * (sheet.start[1] if sheet.start else 0)
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            row = lead + cells if lead else cells
            for column, text in errors.get(number, {}).items():
                row.extend([None] * (column + 1 - len(row)))
                row[column] = text
            yield number, row


class OpenpyxlSource:
    """A sheet read by openpyxl, which must not trust the dimension the file declares."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self.book, self.sheet, self.name = book, sheet, sheet.title
        self.hidden = sheet.sheet_state != "visible"

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the rows as the file has them."""
        self.sheet.reset_dimensions()
        return enumerate(self.sheet.iter_rows(values_only=True), start=1)


def open_with_calamine(path: Path, kind: str, error_blocks: int | None = None) -> list[SheetSource]:
    """Return the worksheets of a workbook; charts and macro sheets hold no rows and are left out.

    Shape:  error values are looked for in the first so many blocks of a sheet, in all of it by default.
    Errors: ImportRowError import.password; anything calamine raises.
    """
    try:
        book = CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise ImportRowError("import.password") from error
    parts = sheet_parts(path) if kind == "xlsx" else {}
    return [
        CalamineSource(
            book,
            sheet.name,
            sheet.visible != SheetVisibleEnum.Visible,
            partial(find_errors, path, parts.get(sheet.name), error_blocks),
        )
        for sheet in book.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def open_with_openpyxl(path: Path) -> list[SheetSource]:
    """Return the worksheets as openpyxl sees them; only for zipped Excel workbooks."""
    import openpyxl  # takes longer to load than most files to read

    safety.check_whole(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    return [OpenpyxlSource(book, sheet) for sheet in book.worksheets if hasattr(sheet, "reset_dimensions")]


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


def find_errors(path: Path, part: str | None, blocks: int | None = None) -> ErrorCells:
    """Return the error values of one sheet by row number, then column index.

    Calamine gives them as blanks; a blank where the sheet shows `#N/A` would be a silent loss.
    """
    errors: ErrorCells = {}
    if part is None:
        return errors
    with zipfile.ZipFile(path) as archive, archive.open(part) as file:
        tail, read = b"", 0
        while (blocks is None or read < blocks) and (block := file.read(BLOCK)):
            text = tail + block
            if b't="e"' in text or b"t='e'" in text:
                for letters, number, value in CELL_WITH_ERROR.findall(text):
                    row = errors.setdefault(int(number), {})
                    row[column_index(letters)] = value.decode("ascii", "replace")
            tail, read = text[-OVERLAP:], read + 1
    return errors


def column_index(letters: bytes) -> int:
    """Return the index of a column from its letters.

    >>> column_index(b"A"), column_index(b"XFD")
    (0, 16383)
    """
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1
