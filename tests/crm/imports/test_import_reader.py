"""Reading hostile and odd files: a clear refusal or the right rows, and nothing that hurts us."""

from __future__ import annotations

import datetime as dt
import struct
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from crm.errors import ImportRowError, UnavailableError
from crm.imports.model import Limits, Look, Reading
from crm.imports.reader import check_look, look_at_file, read_rows
from tests.crm.imports.bench import reading_of
from tests.crm.imports.workbooks import sheet_of, table_of, text_cell, write_workbook

PEOPLE = [["name", "city"], ["Ana", "Cluj"], ["Νίκος", "Αθήνα"]]


def look_at(path: Path, **limits: int) -> Look:
    return look_at_file(path, path.name, Limits(**limits))


def rows_of(path: Path, **choice: object) -> list[tuple[int, list[object]]]:
    look = look_at_file(path, path.name, Limits(), Reading("", **choice) if choice else None)
    return [row for chunk in read_rows(path, reading_of(look), Limits()) for row in chunk]


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(ImportRowError) as refused:
        check_look(look_at(path, **limits))
    return refused.value.code


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(400):
                part.write(b" " * (1 << 20))
    begun = time.monotonic()
    assert refusal(path) == "import.unpacks_too_large"
    assert time.monotonic() - begun < 5


def test_a_bomb_that_lies_about_its_size_dies_in_its_own_process(tmp_path):
    path = tmp_path / "liar.xlsx"
    rows = '<row r="1">' + text_cell("A1", "x" * (600 << 20)) + "</row>"
    write_workbook(path, sheet_of(rows))
    body = bytearray(path.read_bytes())
    for place in find_all(body, b"PK\x01\x02"):
        name_length = struct.unpack_from("<H", body, place + 28)[0]
        if b"sheet1.xml" in body[place + 46 : place + 46 + name_length]:
            struct.pack_into("<I", body, place + 24, 1_000)
    path.write_bytes(body)
    assert refusal(path, memory_mb=512).startswith("import.")


def find_all(body: bytes, mark: bytes) -> list[int]:
    places, at = [], body.find(mark)
    while at >= 0:
        places.append(at)
        at = body.find(mark, at + 1)
    return places


def test_an_external_entity_is_never_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    sheet = sheet_of(table_of(PEOPLE)).replace(
        '<?xml version="1.0"?>',
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>',
    )
    assert refusal(write_workbook(tmp_path / "xxe.xlsx", sheet)) == "import.unsafe"


def test_a_far_cell_costs_little_and_loses_nothing(tmp_path):
    far = '<row r="1048576">' + text_cell("XFD1048576", "far") + "</row>"
    path = write_workbook(tmp_path / "far.xlsx", sheet_of(table_of(PEOPLE) + far))
    look = look_at(path)
    assert (look.chosen.columns, look.chosen.rows) == (("name", "city"), 3)
    assert rows_of(path)[:2] == [(2, ["Ana", "Cluj"]), (3, ["Νίκος", "Αθήνα"])]


def test_a_dimension_that_lies_hides_no_row(tmp_path):
    path = write_workbook(tmp_path / "lie.xlsx", sheet_of(table_of(PEOPLE), '<dimension ref="A1:A1"/>'))
    assert (look_at(path).chosen.columns, look_at(path).chosen.rows) == (("name", "city"), 2)


def test_a_million_blank_rows_are_skipped(tmp_path):
    blanks = "".join(f'<row r="{number}"><c r="A{number}" s="0"/></row>' for number in range(4, 1_048_576))
    last = '<row r="1048576">' + text_cell("B1048576", " ") + "</row>"
    path = write_workbook(tmp_path / "blank.xlsx", sheet_of(table_of(PEOPLE) + blanks + last))
    assert look_at(path).chosen.rows == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 500),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 500),
        ("page.xls", b"<html><table><tr><td>1</td></tr></table></html>"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 2_000),
        ("nothing.ods", b"PK\x05\x06" + b"\0" * 18),
    ],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path) == "import.corrupt"


def test_a_truncated_workbook_is_refused(tmp_path):
    whole = write_workbook(tmp_path / "whole.xlsx", sheet_of(table_of(PEOPLE))).read_bytes()
    path = tmp_path / "half.xlsx"
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal(path) == "import.corrupt"


def test_an_unknown_extension_and_an_empty_file_say_so(tmp_path):
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert refusal(tmp_path / "letter.docx") == "import.unknown_kind"
    assert refusal(tmp_path / "empty.csv") == "import.empty"


def test_limits_on_size_rows_and_columns_are_kept(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 500)
    assert refusal(path, rows=200) == "import.too_many_rows"
    assert refusal(path, columns=1) == "import.too_many_columns"
    assert refusal(path, upload_mb=0) == "import.too_large"


def test_cells_keep_their_types(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["text", "number", "whole", "truth", "day", "moment", "zero"])
    sheet.append(["0721", 0.1 + 0.2, 15.0, True, dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 9, 30), 0])
    book.save(tmp_path / "types.xlsx")
    [(number, cells)] = rows_of(tmp_path / "types.xlsx")
    assert (number, cells[:4]) == (2, ["0721", 0.3, 15, True])
    assert cells[4:] == [dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 9, 30), 0]


def test_control_characters_are_removed_and_blanks_are_empty(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_bytes(b"name,note,more\nA\x01na,\x00 ,x\n , ,\n")
    assert rows_of(path) == [(2, ["Ana", None, "x"])]


def test_a_hidden_sheet_is_marked_and_not_chosen(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["secret"])
    book.active.append(["x"])
    book.active.sheet_state = "hidden"
    for cells in PEOPLE:
        sheet = book["People"] if "People" in book.sheetnames else book.create_sheet("People")
        sheet.append(cells)
    book.active = 1
    book.save(tmp_path / "hidden.xlsx")
    look = look_at(tmp_path / "hidden.xlsx")
    assert [sheet.hidden for sheet in look.sheets] == [True, False]
    assert look.chosen.name == "People"


def test_a_chosen_header_row_moves_the_columns(tmp_path):
    path = tmp_path / "title.csv"
    path.write_text("Sales 2026,,\n\nname,city,amount\nAna,Cluj,3\n")
    sheet = look_at(path).chosen
    assert (sheet.title_above, sheet.suggested_row, sheet.rows) == (True, 3, 2)
    chosen = look_at_file(path, path.name, Limits(), Reading("csv", header_row=3)).chosen
    assert (chosen.header_row, chosen.columns, chosen.rows) == (3, ("name", "city", "amount"), 1)


@pytest.mark.parametrize(
    ("encoding", "shown", "text"),
    [
        ("utf-8", "utf-8", "όνομα;πόλη\nΝίκος;Αθήνα\n"),
        ("utf-8-sig", "utf-8-sig", "όνομα;πόλη\nΝίκος;Αθήνα\n"),
        ("utf-16", "utf-16", "όνομα;πόλη\nΝίκος;Αθήνα\n"),
        ("utf-16-le", "utf-16-le", "name;city\nAna;Cluj\n"),
        ("cp1253", "windows-1253", "Όνομα;Πόλη\nΆρης Παπαδόπουλος;Αθήνα\n"),
        ("iso8859-7", "iso-8859-7", "Όνομα;Πόλη\nΆρης Παπαδόπουλος;Άγιος Νικόλαος\n"),
        ("cp1255", "windows-1255", "שם;עיר\nדוד כהן;תל אביב\n"),
        ("iso8859-8", "windows-1255", "שם;עיר\nדוד כהן;תל אביב\n"),
        ("cp1250", "windows-1250", "nume;oraş\nŞtefan Măţău;Iaşi\n"),
    ],
)
def test_old_encodings_are_recognised(tmp_path, encoding, shown, text):
    path = tmp_path / "old.csv"
    path.write_bytes(text.encode(encoding))
    look = look_at(path)
    assert (look.encoding, look.delimiter) == (shown, ";")
    assert list(look.chosen.columns) == text.split("\n")[0].split(";")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_beside_quoted_others(tmp_path, delimiter):
    path = tmp_path / "quoted.csv"
    other = "," if delimiter != "," else ";"
    lines = [["name", "note"], ["Ana", f'"a{other}b{other}c{other}""d"""'], ["Bo", "plain"]]
    path.write_text("\n".join(delimiter.join(line) for line in lines))
    assert look_at(path).delimiter == delimiter
    assert rows_of(path)[0] == (2, ["Ana", f'a{other}b{other}c{other}"d"'])


def test_a_cell_longer_than_the_csv_modules_limit_is_read(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("name,note\nAna," + "x" * 200_000 + "\n")
    assert len(rows_of(path)[0][1][1]) == 200_000


def test_closing_the_rows_early_ends_the_reading_process(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("a,b\n" + "1,2\n" * 50_000)
    rows = read_rows(path, reading_of(look_at(path)), Limits())
    assert next(rows)[0] == (2, ["1", "2"])
    rows.close()


def test_a_reader_that_hangs_is_stopped(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("a,b\n" + "1,2\n" * 5_000)
    assert refusal(path, seconds=0) in {"import.too_slow", "import.corrupt"}


def test_a_reading_process_that_cannot_start_is_not_the_files_fault(tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    path.write_text("a,b\n1,2\n")
    monkeypatch.setattr("crm.imports.reader.ROOT", tmp_path)  # our modules are not there
    with pytest.raises(UnavailableError) as refused:
        look_at(path)
    assert refused.value.status == 503
