"""What a batch keeps of the look at its file, and what follows from it: sheet, headers, guessed columns, notes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crm.entities.model import Entity
from crm.errors import ImportRowError, Problem
from crm.imports.findings import Rows
from crm.imports.matching import guess_columns, tell_columns, unsaid_twice, usual_keys
from crm.imports.model import Look, Matching, Reading, Sheet
from crm.imports.notes import told
from crm.imports.options import Options


def as_stored(look: Look, is_sealed: bool) -> dict[str, Any]:
    """Return a look as plain data for the batch's row; dates among the first rows as text.

    Shape:  `is_sealed` asks the store to seal it, since the first rows hold what the file holds.
    """
    sheets = [
        {
            **{name: getattr(sheet, name) for name in Sheet.__dataclass_fields__ if name != "first_rows"},
            "first_rows": [[number, list(cells)] for number, cells in sheet.first_rows],
        }
        for sheet in look.sheets
    ]
    how = {name: getattr(look, name) for name in ("kind", "encoding", "delimiter", "is_guessed")}
    return {**how, "sheets": sheets, "is_sealed": is_sealed}


def awaited(known: dict[str, Any], reading: Reading, options: Options | None) -> dict[str, Any]:
    """Return what is known of a file, with what a worker shall look for in it."""
    wanted = {"reading": reading.as_json(), "options": options and options.as_json()}
    return {"kind": "", "sheets": [], **known, "wanted": wanted}


def chosen_sheet(look: Look, name: str | None) -> Sheet:
    """Return the sheet an import takes: the told one, else the first with data.

    Errors: ImportRowError: import.no_such_sheet, import.empty, import.header_only.
    """
    sheet = look.get_sheet(name)
    if sheet is None:
        raise ImportRowError("import.no_such_sheet", sheet=name) if name else ImportRowError("import.empty")
    if not sheet.rows:
        raise ImportRowError("import.header_only", sheet=sheet.name)
    return sheet


def of_sheet(sheet: Sheet, entity: Entity, language: str) -> dict[str, Any]:
    """Return what a batch holds once a sheet is chosen: its header row, its rows, guessed columns."""
    columns = guess_columns(sheet, entity, language)
    keys = usual_keys(columns, entity)
    mode = "update" if keys == ("id",) else "create"
    notes = [["import.header_twice", {"header": header}] for header in sheet.duplicates]
    count, first = sheet.beyond
    if count:
        notes.append(["import.cells_beyond", told(Rows(count, list(first)))])
    return {
        "sheet": sheet.name,
        "header_row": sheet.header_row,
        "total": sheet.rows,
        "matching": Matching(columns, mode, keys).as_json(),
        "notes": notes,
    }


def told_matching(guessed: Matching, options: Options, entity: Entity) -> Matching:
    """Return a guessed matching with what a program told, which nobody will look at.

    Errors: ImportRowError import.bad_matching: what was told makes no sense, or too little was told.
    """
    columns = tell_columns(guessed.columns, options.told, entity)
    twice = unsaid_twice(columns)
    if twice:
        params = [{"header": header, "letters": letters} for header, letters in twice]
        raise ImportRowError(
            "import.bad_matching", [Problem("import.header_twice_unsaid", each) for each in params]
        )
    mode = options.mode or guessed.mode
    keys = options.keys or (guessed.keys if mode == guessed.mode == "update" else ())
    if mode == "create" and "id" not in keys:
        columns = tuple(
            replace(each, field=None) if each.field == "id" and each.guessed else each for each in columns
        )
    how = {"mode": mode, "keys": keys, "rules": options.rules}
    return replace(guessed, columns=columns, long_cells=options.long_cells, apply=options.apply, **how)
