"""Workbooks row by row: calamine reads, openpyxl where calamine fails. Runs in the reading process only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from crm.errors import ImportRowError
from crm.imports import marks_binary, marks_ods, safety
from crm.imports.marks import Marks, Wanted, find_marks, marked, sheet_parts


class SheetSource(Protocol):
    """One sheet that can be read from its top as often as wanted."""

    name: str
    hidden: bool

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield (row number as shown, cells from column A on); rows may be blank."""


class CalamineSource:
    """A sheet read by calamine, with the errors and number formats it leaves out put back.

    Shape:  `find` returns them; it is called once the rows are wanted.
    """

    def __init__(
        self, book: CalamineWorkbook, name: str, hidden: bool, find: Callable[[], Marks], language: str
    ) -> None:
        self.book, self.name, self.hidden = book, name, hidden
        self.find, self.language = find, language

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the rows; calamine counts rows from the sheet's top but columns from the first filled."""
        sheet, marks = self.book.get_sheet_by_name(self.name), self.find()
        lead = [None] * (sheet.start[1] if sheet.start else 0)
        number = 0
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            row = lead + cells if lead and any(cells) else cells  # a million blank rows need no lead
            yield number, marked(row, marks[number], self.language) if number in marks else row
        for behind in sorted(row for row in marks if row > number):  # rows of nothing but errors
            yield behind, marked([], marks[behind], self.language)


class OpenpyxlSource:
    """A sheet read by openpyxl, which must not trust the dimension the file declares."""

    def __init__(self, book: Any, sheet: Any, find: Callable[[], Marks], language: str) -> None:
        self.book, self.sheet, self.name = book, sheet, sheet.title
        self.hidden = sheet.sheet_state != "visible"
        self.find, self.language = find, language

    def rows(self) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield the rows as the file has them."""
        self.sheet.reset_dimensions()
        marks = self.find()
        for number, cells in enumerate(self.sheet.iter_rows(values_only=True), start=1):
            yield number, marked(list(cells), marks[number], self.language) if number in marks else cells


def open_with_calamine(path: Path, kind: str, wanted: Wanted) -> list[SheetSource]:
    """Return the worksheets of a workbook; charts and macro sheets hold no rows and are left out.

    Errors: ImportRowError import.password; anything calamine raises.
    """
    try:
        book = CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise ImportRowError("import.password") from error
    parts = sheet_parts(path) if kind == "xlsx" else {}

    def finder(name: str, place: int) -> Callable[[], Marks]:
        if kind == "ods":
            return partial(marks_ods.find_marks, path, name, wanted)
        if kind in ("xls", "xlsb"):
            return partial(marks_binary.find_marks, path, kind, name, place, wanted)
        return partial(find_marks, path, parts.get(name), wanted)

    return [
        CalamineSource(
            book,
            sheet.name,
            sheet.visible != SheetVisibleEnum.Visible,
            finder(sheet.name, place),
            wanted.language,
        )
        for place, sheet in enumerate(book.sheets_metadata)
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]


def open_with_openpyxl(path: Path, wanted: Wanted) -> list[SheetSource]:
    """Return the worksheets as openpyxl sees them; only for zipped Excel workbooks."""
    import openpyxl  # takes longer to load than most files to read

    safety.check_whole(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    parts = sheet_parts(path)
    return [
        OpenpyxlSource(
            book, sheet, partial(find_marks, path, parts.get(sheet.title), wanted), wanted.language
        )
        for sheet in book.worksheets
        if hasattr(sheet, "reset_dimensions")
    ]
