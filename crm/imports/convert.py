"""From the cells of a row to typed values: each column reads its own way, every problem is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.imports.cells import FaultyRow, Shown
from crm.imports.formats import day_before_month
from crm.imports.lookups import Lookups
from crm.imports.model import Column, Matching, SheetRow
from crm.imports.seen import seen_cell
from crm.records.sheet_cells import is_cut
from crm.records.values import situation_of

REMEMBERED = 2_000  # different texts of a column that are read only once
BESIDE = ("region_field", "country_field", "currency_field", "after", "before")
SEVERAL = re.compile(r"\s*[;|\n]\s*")
READS_LIKE = {",": "el", ".": "en"}  # a language that writes this mark before the decimals


@dataclass(slots=True)
class Converted:
    """One row of the file, read: typed values by field name (None for a blank cell), and what did not fit."""

    number: int
    cells: list[Any]
    values: dict[str, Any] = attribute(default_factory=dict)
    problems: list[Problem] = attribute(default_factory=list)


class ColumnReader:
    """Reads the cells of one column into its field."""

    def __init__(self, column: Column, field: Field, situation: Situation) -> None:
        self.column, self.field = column, field
        self.field_type = FIELD_TYPES[field.type]
        language = READS_LIKE.get(column.decimal or "", situation.language)
        self.situation = Situation(
            language, situation.time_zone, "import", {}, situation.currency, situation.region
        )
        self.known: dict[str, Any] = {}
        self.points = FIELD_TYPES[field.type].points

    def read(self, cell: Any) -> Any:
        """Return the typed value of a cell that is not blank; texts are remembered.

        Errors: FieldError.
        """
        if cell.__class__ is not str:
            return self.field_type.clean(self.field, self.prepared(cell), self.situation)
        value = self.field_type.clean(self.field, self.prepared(cell), self.situation)
        if len(self.known) < REMEMBERED:
            self.known[cell] = value
        return value

    def read_column(self, chunk: Iterable[Converted]) -> None:
        """Read this column of all rows: the loop most of an import's time is spent in."""
        index, name, known, read = self.column.index, self.field.name, self.known, self.read
        for row in chunk:
            cells = row.cells
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                row.values[name] = None
            elif cell.__class__ is str and cell in known:
                row.values[name] = known[cell]
            else:
                try:
                    row.values[name] = read(cell)
                except FieldError as error:
                    row.problems.append(Problem(error.code, error.params, name))

    def read_beside(self, cell: Any, values: Mapping[str, Any]) -> Any:
        """Return the typed value of a cell whose meaning depends on other fields of the row.

        Errors: FieldError.
        """
        old = self.situation
        beside = Situation(old.language, old.time_zone, "import", values, old.currency, old.region)
        return self.field_type.clean(self.field, self.prepared(cell), beside)

    def is_untouched(self, cell: Any, held: Any) -> bool:
        """Return whether a cell is what the record has: as an export writes it, or in another way of writing."""
        if self.field_type.is_shown_as(self.field, held, cell, self.situation):
            return True
        try:
            plain = self.field_type.without_limits(self.field)
            return self.field_type.clean(plain, self.prepared(cell), self.situation) == held
        except FieldError:
            return False

    def prepared(self, cell: Any) -> Any:
        """Return the cell as the field reads it: days before months, numbers as text where text is wanted.

        Errors: FieldError when the spreadsheet itself shows no value, or not all of it.
        """
        if isinstance(cell, str):
            if is_cut(cell):
                raise FieldError("import.cut_text", label=self.field.label)
            return day_before_month(cell) if self.column.day_first is False else cell
        return seen_cell(self.field, cell)


class Converter:
    """Reads rows into typed values, as one import decided it."""

    def __init__(self, session: CrmSession, entity: Entity, matching: Matching, lookups: Lookups) -> None:
        situation = situation_of(session, "import")
        self.entity, self.lookups = entity, lookups
        self.plain: list[ColumnReader] = []
        self.beside: list[ColumnReader] = []
        self.pointing: list[ColumnReader] = []
        self.id_column: Column | None = None
        for column in matching.filled:
            if column.field == "id":
                self.id_column = column
                continue
            reader = ColumnReader(column, entity.fields[column.field], situation)
            self.group_of(reader.field).append(reader)

    @property
    def readers(self) -> list[ColumnReader]:
        """Return the readers of all columns but the record's number."""
        return [*self.plain, *self.pointing, *self.beside]

    def group_of(self, field: Field) -> list[ColumnReader]:
        """Return the group a field is read with: plain ones first, then those that need the others."""
        if FIELD_TYPES[field.type].points:
            return self.pointing
        needs = any(field.options.get(key) in self.entity.fields for key in BESIDE if field.options.get(key))
        return self.beside if needs else self.plain

    def convert(self, rows: Iterable[SheetRow], defaults: Mapping[str, Any]) -> list[Converted]:
        """Return the rows of one chunk, read.

        Shape:  `defaults` are what other fields count as when the row says nothing: a phone's country.
        """
        chunk = [Converted(number, cells, problems=faults_of(cells)) for number, cells in rows]
        self.learn(chunk)
        for reader in self.plain:
            reader.read_column(chunk)
        for reader in self.pointing:
            for row in chunk:
                put(row, reader, lambda cell, field=reader.field: self.point(field, cell))
        for reader in self.beside:
            for row in chunk:
                put(
                    row,
                    reader,
                    lambda cell, reader=reader, row=row: reader.read_beside(cell, beside(row, defaults)),
                )
        if self.id_column is not None:
            for row in chunk:
                self.put_id(row)
        return chunk

    def put_id(self, row: Converted) -> None:
        """Read the record's own number, by which rows of an exported file find their record again."""
        index = self.id_column.index
        cell = row.cells[index] if index < len(row.cells) else None
        cell = cell.value if isinstance(cell, Shown) else cell
        text = str(cell if cell is not None else "").lstrip("#").strip()
        if text and not (text.isdecimal() and len(text) < 19):
            row.problems.append(Problem("import.no_record_number", {"value": text[:60]}, "id"))
            return
        row.values["id"] = int(text) if text else None

    def learn(self, chunk: list[Converted]) -> None:
        """Ask at once for everything the rows of a chunk point to."""
        for reader in self.pointing:
            index = reader.column.index
            cells = {row.cells[index] for row in chunk if index < len(row.cells)}
            words = {word for cell in cells if cell is not None for word in words_of(reader.field, cell)}
            self.lookups.learn(reader.field, sorted(words))

    def point(self, field: Field, cell: Any) -> Any:
        """Return what a cell points to: an id, or for several references a tuple of them.

        Errors: FieldError naming the word that means no record, or several.
        """
        seen_cell(field, cell)
        ids = [self.lookups.get(field, word) for word in words_of(field, cell)]
        if not FIELD_TYPES[field.type].several:
            return ids[0] if ids else None
        return FIELD_TYPES[field.type].clean(field, ids, Situation(source="import"))


def faults_of(cells: list[Any]) -> list[Problem]:
    """Return why a row cannot become a record whatever its cells mean."""
    if cells.__class__ is not FaultyRow:
        return []
    return [Problem(code, params) for code, params in cells.faults]


def put(row: Converted, reader: ColumnReader, read: Callable[[Any], Any]) -> None:
    """Read one cell of a row, or note why it does not fit."""
    cells, index, name = row.cells, reader.column.index, reader.field.name
    cell = cells[index] if index < len(cells) else None
    if cell is None:
        row.values[name] = None
        return
    try:
        row.values[name] = read(cell)
    except FieldError as error:
        row.problems.append(Problem(error.code, error.params, name))


def beside(row: Converted, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values a dependent field is read beside: the row's own, defaults where it says nothing."""
    return {**defaults, **{name: value for name, value in row.values.items() if value is not None}}


def words_of(field: Field, cell: Any) -> list[str]:
    """Return the words of a cell, each of which means one record."""
    try:
        text = str(seen_cell(field, cell)).strip()
    except FieldError:  # the row says why once the cell is read
        return []
    parts = SEVERAL.split(text) if FIELD_TYPES[field.type].several else [text]
    return [part for part in parts if part]
