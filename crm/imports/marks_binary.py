"""What calamine leaves out of an .xls or .xlsb: errors and number formats. The records of the workbook tell.

Runs in the reading process only. Source: [MS-XLS] 2.4, [MS-XLSB] 2.4, [MS-CFB].
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from crm.imports.cells import NoValue
from crm.imports.marks import BLOCK, Marks, Wanted
from crm.imports.number_formats import BUILT_IN

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
PLAIN = ("", "general", "@")
FREE = 0xFFFFFFFA  # sectors from here on are no sectors
NAMES = ("Workbook", "Book")

ODD = (
    *(LookupError, ValueError, OverflowError, RuntimeError, struct.error, zlib.error),
    *(zipfile.BadZipFile, ElementTree.ParseError),
)
"""How reading fails where a file is not what it says; calamine, which read it, knows better."""

Record = tuple[int, bytes]
Cell = tuple[int, int, int, int | None]
"""Row and column from 0, style, and the code of an error."""


def find_marks(path: Path, kind: str, sheet: str, place: int, wanted: Wanted) -> Marks:
    """Return what calamine leaves out of one sheet, as `crm.imports.marks.find_marks` does; nothing of an odd file.

    Shape:  `place` is the sheet's among all sheets, from 0.
    """
    try:
        formats, cells = (read_xls if kind == "xls" else read_xlsb)(path, sheet, place, wanted)
        return gather(formats, cells, wanted)
    except ODD:
        return {}


def gather(formats: list[str], cells: Iterator[Cell], wanted: Wanted) -> Marks:
    """Return the marks of cells."""
    marks: Marks = {}
    for row, column, style, error in cells:
        code = formats[style] if style < len(formats) else ""
        if error is not None:
            marks.setdefault(row + 1, {})[column] = NoValue(ERRORS.get(error, "#N/A"))
        elif code.strip().lower() not in PLAIN and (wanted.columns is None or column in wanted.columns):
            marks.setdefault(row + 1, {})[column] = code
    return marks


# .xls: records in a stream of a compound file


def read_xls(path: Path, sheet: str, place: int, wanted: Wanted) -> tuple[list[str], Iterator[Cell]]:
    """Return the format of every style, and the cells of a sheet."""
    data = stream_of(path.read_bytes())
    codes, styles, starts = dict(BUILT_IN), [], {}
    is_old = False
    for kind, body in xls_records(data, 0):
        if kind == 0x0809:
            is_old = struct.unpack_from("<H", body)[0] < 0x0600
        elif kind == 0x041E:
            codes[struct.unpack_from("<H", body)[0]] = words(body[2:], 1 if is_old else 2, is_old)
        elif kind == 0x00E0:
            styles.append(struct.unpack_from("<H", body, 2)[0])
        elif kind == 0x0085:
            starts[words(body[6:], 1, is_old)] = struct.unpack_from("<I", body)[0]
        elif kind == 0x000A:
            break
    start = starts[sheet] if sheet in starts else list(starts.values())[place]  # a name in an old alphabet
    most = len(data) if wanted.blocks is None else start + wanted.blocks * BLOCK
    return [codes.get(number, "") for number in styles], xls_cells(data[:most], start)


def xls_cells(data: bytes, start: int) -> Iterator[Cell]:
    """Yield the cells of the sheet that begins somewhere."""
    for kind, body in xls_records(data, start):
        if kind == 0x000A:
            return
        if kind in (0x0203, 0x027E, 0x0205, 0x0006):
            row, column, style = struct.unpack_from("<HHH", body)
            error = body[6] if kind == 0x0205 and body[7] else None
            if kind == 0x0006 and body[12:14] == b"\xff\xff" and body[6] == 2:
                error = body[8]
            yield row, column, style, error
        elif kind == 0x00BD:
            row, first = struct.unpack_from("<HH", body)
            for place in range((len(body) - 6) // 6):
                yield row, first + place, struct.unpack_from("<H", body, 4 + place * 6)[0], None


def xls_records(data: bytes, place: int) -> Iterator[Record]:
    """Yield the records from a place on."""
    while place + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, place)
        yield kind, data[place + 4 : place + 4 + size]
        place += 4 + size


def words(body: bytes, width: int, is_old: bool) -> str:
    """Return a text with its length before it; newer ones say in a byte how wide their letters are."""
    length = int.from_bytes(body[:width], "little")
    if is_old:
        return body[width : width + length].decode("latin-1")
    is_wide, rest = body[width] & 1, body[width + 1 :]
    return rest[: length * 2].decode("utf-16-le") if is_wide else rest[:length].decode("latin-1")


def stream_of(file: bytes) -> bytes:
    """Return the workbook's stream out of a compound file.

    Errors: KeyError when there is none.
    """
    size = 1 << struct.unpack_from("<H", file, 30)[0]
    first_directory, _signature, cutoff, first_small = struct.unpack_from("<IIII", file, 48)

    def sector(number: int) -> bytes:
        return file[(number + 1) * size : (number + 2) * size]

    table = list(struct.unpack_from("<109I", file, 76))
    more, count = struct.unpack_from("<II", file, 68)
    for _turn in range(min(count, len(file) // size)):
        *part, more = struct.unpack(f"<{size // 4}I", sector(more))
        table += part
    chain = [n for each in table if each < FREE for n in struct.unpack(f"<{size // 4}I", sector(each))]

    def follow(number: int) -> bytes:
        parts = []
        while number < FREE and len(parts) <= len(chain):
            parts.append(sector(number))
            number = chain[number]
        return b"".join(parts)

    directory, root = follow(first_directory), b""
    for place in range(0, len(directory), 128):
        entry = directory[place : place + 128]
        length = struct.unpack_from("<H", entry, 64)[0]
        name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace")
        begin, bytes_ = struct.unpack_from("<IQ", entry, 116)
        if entry[66] == 5:
            root = follow(begin)
        elif name in NAMES and (bytes_ & 0xFFFFFFFF) >= cutoff:
            return follow(begin)[: bytes_ & 0xFFFFFFFF]
        elif name in NAMES:
            return small_stream(root, follow(first_small), begin)[: bytes_ & 0xFFFFFFFF]
    raise KeyError("Workbook")


def small_stream(root: bytes, table: bytes, number: int) -> bytes:
    """Return a stream that is too short for whole sectors."""
    chain, parts = struct.unpack(f"<{len(table) // 4}I", table), []
    while number < FREE and len(parts) <= len(chain):
        parts.append(root[number * 64 : number * 64 + 64])
        number = chain[number]
    return b"".join(parts)


# .xlsb: records in the parts of a zip


def read_xlsb(path: Path, sheet: str, _place: int, wanted: Wanted) -> tuple[list[str], Iterator[Cell]]:
    """Return the format of every style, and the cells of a sheet."""
    with zipfile.ZipFile(path) as archive:
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.bin.rels"))
        targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
        target = ""
        for kind, body in xlsb_records(archive.read("xl/workbook.bin")):
            if kind == 156:
                relation, rest = wide(body[8:])
                target = str(targets[relation]) if wide(rest)[0] == sheet else target
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        is_styled = "xl/styles.bin" in archive.namelist()
        styles = list(xlsb_formats(archive.read("xl/styles.bin"))) if is_styled else []
        with archive.open(part) as file:
            return styles, xlsb_cells(file.read(-1 if wanted.blocks is None else wanted.blocks * BLOCK))


def xlsb_formats(data: bytes) -> Iterator[str]:
    """Yield the format of every style."""
    codes, is_open = dict(BUILT_IN), False
    for kind, body in xlsb_records(data):
        if kind == 44:
            codes[struct.unpack_from("<H", body)[0]] = wide(body[2:])[0]
        elif kind in (617, 618):
            is_open = kind == 617
        elif kind == 47 and is_open:
            yield codes.get(struct.unpack_from("<H", body, 2)[0], "")


def xlsb_cells(data: bytes) -> Iterator[Cell]:
    """Yield the cells of a sheet that are numbers or errors."""
    row = 0
    for kind, body in xlsb_records(data):
        if kind == 0:
            row = struct.unpack_from("<I", body)[0]
        elif kind in (2, 3, 5, 9, 11):
            column, style = struct.unpack_from("<II", body)
            yield row, column, style & 0xFFFFFF, body[8] if kind in (3, 11) else None


def xlsb_records(data: bytes) -> Iterator[Record]:
    """Yield the records of a part; what breaks off at its end is left out."""
    place = 0
    while place < len(data) - 1:
        kind, place = variable(data, place, 2)
        size, place = variable(data, place, 4)
        yield kind, data[place : place + size]
        place += size


def variable(data: bytes, place: int, most: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and the place behind it."""
    found = 0
    for step in range(most):
        byte = data[place]
        place += 1
        found |= (byte & 0x7F) << (7 * step)
        if not byte & 0x80:
            break
    return found, place


def wide(body: bytes) -> tuple[str, bytes]:
    """Return a text with its length before it, and what is behind."""
    length = struct.unpack_from("<I", body)[0]
    if length == 0xFFFFFFFF:
        return "", body[4:]
    return body[4 : 4 + length * 2].decode("utf-16-le"), body[4 + length * 2 :]
