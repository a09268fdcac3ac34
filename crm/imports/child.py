"""The reading process: everything that parses a stranger's file, under limits, away from our own processes.

Run as `python -m crm.imports.child`: one request as JSON on standard input, answers as JSON lines on standard
output. The last line is `{"end": ...}` or `{"refused": ...}`; without one of them the process died.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from crm.errors import ImportRowError
from crm.imports import safety
from crm.imports.cells import is_filled, tidy_row
from crm.imports.findings import Findings
from crm.imports.model import FIRST_ROWS, TEXT_KINDS, Limits
from crm.imports.sheets import SheetLook, look_at_rows
from crm.runtime.children import die_with_parent

MB = 1 << 20
NICENESS = 10  # a page that somebody waits for goes before a file that somebody uploads
CHUNK = 500  # rows of one answer line
RawRow = tuple[int, Sequence[Any]]


def main() -> int:
    """Answer one request; never raises, never prints anything but answers."""
    die_with_parent()
    request = orjson.loads(sys.stdin.buffer.read())
    limits = Limits(**request["limits"])
    limit_process(limits)
    write({"ready": True})
    try:
        answer_request(request, limits)
    except ImportRowError as error:
        write({"refused": {"code": error.code, "params": error.params}})
    except MemoryError:
        write({"refused": {"code": "import.too_much_memory", "params": {}}})
    except BaseException as error:  # calamine panics with something that is not an Exception
        write({"failed": type(error).__name__})
        return 1
    return 0


def limit_process(limits: Limits) -> None:
    """Let the system stop this process before it can hurt the machine, and let all others go first."""
    os.nice(NICENESS)
    memory = limits.memory_mb * MB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def write(answer: dict[str, Any]) -> None:
    """Write one answer line."""
    sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()


def answer_request(request: dict[str, Any], limits: Limits) -> None:
    """Do what the request asks: look at all sheets, or send the rows of one."""
    if request["action"] == "look":
        request = with_kind(request, limits)
        write({"kind": request["kind"]})
        answer_look(request, limits)
    else:
        answer_rows(request, limits)


def with_kind(request: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the request with the kind its file has, and a path that ends in it: calamine goes by the name."""
    path = Path(request["path"])
    kind = safety.find_kind(path, request["extension"], limits)
    named = path.with_name(f"source.{kind}")
    if not named.exists():
        named.symlink_to(path.resolve())
    return {**request, "kind": kind, "path": str(named)}


def open_sheets(request: dict[str, Any]) -> list[Any]:
    """Return the sheets of the file; a text file is a sheet of one."""
    path, kind = Path(request["path"]), request["kind"]
    if kind in TEXT_KINDS:
        from crm.imports.delimited import open_text

        return [open_text(path, request.get("encoding"), request.get("delimiter"))]
    from crm.imports import marks, workbook  # loading the readers takes longer than most csv files

    is_look = request["action"] == "look"
    columns = None if is_look else request["shown"]
    wanted = marks.Wanted(columns, 1 if is_look else None, request["language"])
    if request["reader"] == "openpyxl":
        return list(workbook.open_with_openpyxl(path, wanted))
    return list(workbook.open_with_calamine(path, kind, wanted))


def answer_look(request: dict[str, Any], limits: Limits) -> None:
    """Send every sheet's shape, headers and first rows."""
    sheets = open_sheets(request)
    looks = [
        {"name": sheet.name, "hidden": sheet.hidden, **look_at_sheet(sheet, request, limits)}
        for sheet in sheets
    ]
    names = ("encoding", "delimiter", "is_guessed") if request["kind"] in TEXT_KINDS else ()
    how = {name: getattr(sheets[0], name) for name in names}
    write({"end": {"kind": request["kind"], **how, "sheets": looks}})


def look_at_sheet(sheet: Any, request: dict[str, Any], limits: Limits) -> SheetLook:
    """Return the look of one sheet; a header row that is told without a sheet need not be in every one."""
    told, name = request.get("header_row"), request.get("sheet")
    wanted = told if name in (None, sheet.name) else None
    try:
        return look_at_rows(outline_rows(sheet.rows(), wanted, limits), wanted, limits)
    except ImportRowError as error:
        if error.code != "import.no_such_row" or name is not None:
            raise
    return look_at_rows(outline_rows(sheet.rows(), None, limits), None, limits)


def answer_rows(request: dict[str, Any], limits: Limits) -> None:
    """Send the filled rows below the header of one sheet, in chunks, and last what was found in them."""
    sheet = next(
        (sheet for sheet in open_sheets(request) if sheet.name == (request.get("sheet") or "")), None
    )
    if sheet is None:
        raise ImportRowError("import.no_such_sheet", sheet=request.get("sheet") or "")
    findings = Findings()
    is_text = request["kind"] in TEXT_KINDS
    chunk: list[tuple[Any, ...]] = []
    sent, needed, most = 0, 0, limits.columns
    for number, cells, tidied in filled_rows(sheet.rows(), limits):
        if number <= request["header_row"]:
            if is_text and number == request["header_row"]:
                needed, most = len(tidied), len(cells)
            continue
        findings.look(number, cells)
        faults = faults_of((cells, tidied), needed, most, request["long_cells"]) if is_text else None
        chunk.append((number, tidied, faults) if faults else (number, tidied))
        if len(chunk) == CHUNK:
            write({"rows": chunk})
            sent += len(chunk)
            chunk = []
    write({"rows": chunk})
    write({"end": sent + len(chunk), "findings": findings.as_json()})


def faults_of(
    row: tuple[Sequence[Any], list[Any]], needed: int, most: int, takes_long_cells: bool
) -> list[tuple[str, dict[str, Any]]]:
    """Return why a row of a text file cannot be a record: its quotation marks, or the number of its cells.

    Shape:  `row` are its cells as they were read, and tidied: without blank ones at the end.
    """
    cells, tidied = row
    told = list(getattr(cells, "faults", ()))
    if any(code == "import.stray_quote" for code, _params in told):
        return told
    faults = [fault for fault in told if fault[0] != "import.long_cell" or not takes_long_cells]
    if len(cells) < needed:
        faults.append(("import.too_few_cells", {"count": len(cells), "columns": needed}))
    elif len(tidied) > most:
        faults.append(("import.too_many_cells", {"count": len(tidied), "columns": most}))
    return faults


def filled_rows(rows: Iterator[RawRow], limits: Limits) -> Iterator[tuple[int, Sequence[Any], list[Any]]]:
    """Yield number, cells and tidy cells of the rows that hold something.

    Errors: ImportRowError import.too_many_rows.
    """
    filled = 0
    for number, cells in rows:
        tidied = tidy_if_filled(cells)
        if tidied:
            filled += 1
            check_rows(filled, limits)
            yield number, cells, tidied


def outline_rows(
    rows: Iterator[RawRow], header_row: int | None, limits: Limits
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the filled rows, tidy only as far as a look shows them; below it is enough to see how wide they are.

    Errors: ImportRowError import.too_many_rows.
    """
    filled = 0
    for number, cells in rows:
        is_below = filled >= FIRST_ROWS and number != header_row
        is_whole = is_below and len(cells) > 0 and is_filled(cells[0]) and is_filled(cells[-1])
        shown = cells if is_whole else tidy_if_filled(cells)
        if shown:
            filled += 1
            check_rows(filled, limits)
            yield number, shown


def tidy_if_filled(cells: Sequence[Any]) -> list[Any]:
    """Return the tidy cells of a row, none for a blank one: a sheet can hold a million of those."""
    if not any(cells) and all(cell is None or cell == "" for cell in cells):
        return []
    return tidy_row(cells)


def check_rows(filled: int, limits: Limits) -> None:
    """Refuse too many rows; titles above the header are not counted among them."""
    if filled > limits.rows + 100:
        raise ImportRowError("import.too_many_rows", limit=limits.rows)


if __name__ == "__main__":
    sys.exit(main())
