"""Nothing a file holds is left out, joined or changed in silence: rows say why, notes count and name them."""

from __future__ import annotations

import pytest

from crm.errors import ImportRowError
from crm.imports import service, work
from crm.kept_problems import decode_problems
from tests.crm.imports.bench import counts, csv_of

ROWS = [["name", "city", "notes"], *([f"N{number}", "Cluj", f"note {number}"] for number in range(1000))]


def codes_of(workshop, batch) -> dict[int, list[str]]:
    """Return the codes of the refused rows by row."""
    return {
        row.number: [problem.code for problem in decode_problems(row.problems)]
        for row in workshop.rows(batch["id"])
        if row.action == "error"
    }


def noted(batch) -> dict[str, dict]:
    return dict(batch["notes"])


def test_a_stray_quotation_mark_spoils_its_own_row_only(workshop):
    table = [list(row) for row in ROWS]
    table[500][1] = '"Cluj'
    batch = workshop.check(csv_of(table), "customer")
    assert counts(batch) == {"created": 999, "failed": 1}
    assert codes_of(workshop, batch) == {501: ["import.stray_quote"]}


def test_a_cell_that_swallows_rows_must_be_confirmed_before_anything_is_written(workshop, session):
    table = [list(row) for row in ROWS]
    table[500][2], table[700][2] = '"note', 'note"'
    batch = workshop.check(csv_of(table), "customer")
    assert codes_of(workshop, batch) == {501: ["import.long_cell"]}
    assert noted(batch)["import.long_cells"] == {"count": 1, "rows": "501"}
    with pytest.raises(ImportRowError) as refused:
        workshop.deed(batch["id"], service.begin_apply)
    assert refused.value.code == "import.say_long_cells"
    workshop.deed(batch["id"], service.accept_long_cells)
    assert work.check_batch(workshop.shop, batch["id"])
    assert counts(workshop.apply(batch["id"])) == {"created": 800}


def test_a_note_of_a_few_lines_is_nothing_to_ask_about(workshop):
    content = b'name;city;notes\nAna;Cluj;"first, second\nthird; fourth\n\nfifth"\n'
    batch = workshop.run(content, "customer")
    assert (batch["state"], counts(batch)) == ("done", {"created": 1})


def test_rows_with_too_many_or_too_few_cells_are_refused(workshop):
    content = b"name;city;notes\nAna;Cluj\nBo;Cluj;x;y\nCo;Cluj;x;\nDi;;\n"
    batch = workshop.check(content, "customer")
    assert counts(batch) == {"created": 2, "failed": 2}
    assert codes_of(workshop, batch) == {2: ["import.too_few_cells"], 3: ["import.too_many_cells"]}


def test_characters_that_no_field_keeps_are_counted_and_named_by_row(workshop):
    content = "name;city\nA\x00na;Cluj\nBo\u200e;  Cluj\nCo;Cluj\nD\x01i;Cluj \n".encode()
    notes = noted(workshop.check(content, "customer"))
    assert notes["import.characters_dropped"] == {"header": "name", "count": 3, "rows": "2, 3, 5"}
    assert notes["import.blanks_dropped"] == {"header": "city", "count": 2, "rows": "3, 5"}


def test_a_guessed_encoding_names_the_rows_that_depend_on_it(workshop):
    batch = workshop.check("name;city\nAna;Cluj\nΆρης;Αθήνα\n".encode("cp1253"), "customer")
    assert noted(batch)["import.encoding_guessed"] == {
        "encoding": "windows-1253", "count": 1, "rows": "3",
    }  # fmt: skip
    assert noted(workshop.check("name\nΆρης\n".encode(), "customer")) == {}


def test_a_damaged_letter_in_utf_8_spoils_its_row_and_not_the_file(workshop):
    content = "name;city\nΆρης;Αθήνα\nΝίκος;Πάτρα\n".encode() + b"Ana;Clu\xff\n"
    batch = workshop.check(content, "customer")
    assert counts(batch) == {"created": 2, "failed": 1}
    assert codes_of(workshop, batch) == {4: ["import.broken_letters"]}


def test_columns_that_are_not_imported_are_named(workshop):
    batch = workshop.check(b"name;colour of hat\nAna;red\n", "customer")
    assert noted(batch) == {"import.columns_left_out": {"headers": "colour of hat"}}


def test_a_closed_quotation_mark_followed_by_blanks_does_no_harm(workshop):
    assert counts(workshop.check(b'name;city\n"Ana" ;"Cluj"  \n', "customer")) == {"created": 1}
