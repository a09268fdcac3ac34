"""What an import is made of: limits, sheets, columns, and the choices a person makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WORKBOOK_KINDS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
TEXT_KINDS = ("csv", "tsv", "txt")
KINDS = WORKBOOK_KINDS + TEXT_KINDS
MODES = ("create", "update", "upsert")
FIRST_ROWS = 20  # filled rows that a look shows of every sheet
SheetRow = tuple[int, list[Any]]
"""The number a spreadsheet shows beside a row, and its cells from column A."""


@dataclass(frozen=True)
class Limits:
    """How much of a machine one file may cost; larger files are refused before or while they are read.

    Unit:   megabytes are 2**20 bytes; `ratio` is unpacked to packed size of one part of a zip.
    """

    upload_mb: int = 64
    unpacked_mb: int = 300
    ratio: int = 300
    parts: int = 5_000
    memory_mb: int = 1_536
    seconds: int = 60
    rows: int = 1_000_000
    columns: int = 1_000


@dataclass(frozen=True)
class Sheet:
    """One sheet as its first look shows it.

    Shape:  `header_row` is the number the spreadsheet shows, 0 when nothing is filled. `rows` counts filled
            rows below the header. `columns` are the header texts from `first_column` (0 is A), "" where the
            header is blank. `first_rows` holds (row number, cells from column A). `title_above` says that the
            header row found looks like a title, so that a person should choose. `beyond` counts the rows with
            cells behind the last column, and holds the numbers of the first.
    """

    name: str
    hidden: bool
    header_row: int
    rows: int
    columns: tuple[str, ...] = ()
    first_column: int = 0
    first_rows: tuple[tuple[int, tuple[Any, ...]], ...] = ()
    title_above: bool = False
    suggested_row: int = 0
    beyond: tuple[int, tuple[int, ...]] = (0, ())

    @property
    def duplicates(self) -> list[str]:
        """Return the header texts that more than one column has, in order."""
        seen: dict[str, int] = {}
        for header in self.columns:
            seen[header] = seen.get(header, 0) + 1
        return [header for header, times in seen.items() if header and times > 1]


@dataclass(frozen=True)
class Look:
    """What a file holds, before anything is decided. `chosen` is the sheet an import takes unless told."""

    kind: str
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str | None = None
    is_guessed: bool = False  # nothing in the file proves its encoding

    @property
    def chosen(self) -> Sheet | None:
        """Return the first visible sheet with data, else the first visible one with any cell."""
        visible = [sheet for sheet in self.sheets if not sheet.hidden and sheet.header_row]
        return next((sheet for sheet in visible if sheet.rows), visible[0] if visible else None)

    def get_sheet(self, name: str | None) -> Sheet | None:
        """Return the named sheet, the chosen one for no name, None when there is no such sheet."""
        if not name:
            return self.chosen
        return next((sheet for sheet in self.sheets if sheet.name == name), None)


@dataclass(frozen=True)
class Reading:
    """Which part of a file is wanted: a sheet, the row its headers stand in, and how text is written.

    Shape:  `shown` are the columns in which numbers count as they are shown, in `language`. `long_cells` says
            that quoted cells over many lines are right.
    """

    kind: str
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    shown: tuple[int, ...] = ()
    language: str = "en"
    long_cells: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return plain data, for the reading process or a batch's row."""
        return asdict(self)


@dataclass(frozen=True)
class Column:
    """One column of a sheet and the field it fills.

    Shape:  `index` counts from 0 (A). `field` is None for a column that is not imported. `guessed` says that
            nobody has confirmed it. `day_first` and `decimal` settle how texts of this column are read:
            31/12 against 12/31, and "," or "." before the decimals; None leaves it to the language.
    """

    index: int
    header: str
    field: str | None = None
    guessed: bool = False
    day_first: bool | None = None
    decimal: str | None = None


@dataclass(frozen=True)
class Matching:
    """Everything a person decides about one import, as stored with its batch.

    Shape:  `keys` are field names by which rows find existing records; `mode` is one of `MODES`; `rules` is
            "run" or "skip". `long_cells` says that quoted cells over many lines are right, `apply` that a checked
            import runs by itself.
    """

    columns: tuple[Column, ...] = ()
    mode: str = "create"
    keys: tuple[str, ...] = ()
    rules: str = "run"
    long_cells: bool = False
    apply: bool = False

    @property
    def filled(self) -> tuple[Column, ...]:
        """Return the columns that fill a field."""
        return tuple(column for column in self.columns if column.field)

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the batch's row in the database."""
        return asdict(self)


def build_matching(stored: Mapping[str, Any]) -> Matching:
    """Return the mapping that `as_json` wrote."""
    columns = tuple(Column(**column) for column in stored.get("columns", ()))
    rest = {name: stored[name] for name in ("mode", "rules", "long_cells", "apply") if name in stored}
    return Matching(columns=columns, keys=tuple(stored.get("keys", ())), **rest)


def build_look(stored: Mapping[str, Any]) -> Look:
    """Return the look that the reading process or a batch wrote as plain data."""
    sheets = tuple(build_sheet(sheet) for sheet in stored["sheets"])
    is_guessed = stored.get("is_guessed", False)
    return Look(stored["kind"], sheets, stored.get("encoding"), stored.get("delimiter"), is_guessed)


def build_sheet(stored: Mapping[str, Any]) -> Sheet:
    """Return one sheet of a look from plain data."""
    first_rows = tuple((number, tuple(cells)) for number, cells in stored.get("first_rows", ()))
    rest = {name: value for name, value in stored.items() if name not in ("columns", "first_rows")}
    return Sheet(columns=tuple(stored["columns"]), first_rows=first_rows, **rest)


def column_letters(index: int) -> str:
    """Return the letters a spreadsheet shows for a column.

    >>> [column_letters(0), column_letters(25), column_letters(26), column_letters(16383)]
    ['A', 'Z', 'AA', 'XFD']
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
