"""Checks of new records: those that cannot be met are not asked row by row, all the others are."""

from __future__ import annotations

import pytest

from crm.records.prepare import Judge
from tests.crm.imports.bench import counts, csv_of

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
