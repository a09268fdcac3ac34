"""Checks of new records: those that cannot be met are not asked row by row, all the others are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm.imports.model import Column, Matching
from crm.imports.plan import Planner
from crm.records.prepare import Judge
from tests.crm.imports.bench import counts, csv_of
from tests.factories import make_customer

BORN = "2000-01-02"


@pytest.mark.parametrize(
    ("header", "row", "outcome"),
    [
        (["name", "born_on"], ["Ana", BORN], {"failed": 1}),
        (["name", "born_on"], ["Ana", ""], {"created": 1}),
        (["name", "born_on", "kind"], ["Ana", BORN, "person"], {"created": 1}),
        (["name", "born_on", "kind"], ["Ana", BORN, "company"], {"failed": 1}),
        (["name", "kind"], ["Ana", "company"], {"created": 1}),
    ],
)
def test_a_check_is_judged_with_the_defaults_of_what_the_file_does_not_say(workshop, header, row, outcome):
    assert counts(workshop.run(csv_of([header, row]), "customer")) == outcome


def test_records_are_judged_one_by_one_only_where_a_check_can_be_met(session):
    customer = session.workspace.schema.entities["customer"]
    judge = Judge(session, customer)
    assert not judge.may_complain({"born_on": None})
    assert not judge.may_complain({"kind": "person"})
    assert judge.may_complain({"kind": "company"})
    assert judge.may_complain({})


def test_an_import_by_other_keys_makes_no_duplicate_where_the_entity_refuses_them(session):
    make_customer(session, name="Λιμάνι ΑΕ", city="Πειραιάς")
    other = make_customer(session, name="Other", city="Cluj").id
    entity = replace(session.workspace.schema.entities["customer"], refuses_same=True)
    columns = (Column(0, "id", "id"), Column(1, "Name", "name"), Column(2, "City", "city"))
    rows = [
        (2, [None, "ΛΙΜΑΝΙ ΑΕ", "πειραιασ"]), (3, [None, "New", "Arad"]), (4, [None, "NEW", "arad"]),
        (5, [other, "Λιμάνι ΑΕ", "Πειραιάς"]), (6, [other, "Other", "Cluj"]),
    ]  # fmt: skip
    planned = Planner(session, entity, Matching(columns, "upsert", ("id",))).plan(rows)
    assert [row[1] for row in planned] == ["error", "create", "error", "error", "error"]
    told = " ".join(str(row[5]) for row in planned)
    assert "import.looks_same" in told and "import.key_twice" in told
    warned = Planner(session, replace(entity, refuses_same=False), Matching(columns[1:], "create", ()))
    assert [row[1] for row in warned.plan(rows[:1])] == ["create"]
