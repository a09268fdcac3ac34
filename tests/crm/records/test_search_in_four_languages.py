"""Searching in the database what people type: every pair we were given, on both databases."""

from __future__ import annotations

from crm.records.listing import ListQuery, list_records
from tests.factories import make_customer
from tests.shared_data import locale_cases, needs_shared_data

PAIRS = [pair for name, pairs in locale_cases("search").items() if name != "rule" for pair in pairs]


@needs_shared_data
def test_every_pair_is_found_or_not_as_expected(session):
    ids = {
        text: make_customer(session, name=text).id for text in dict.fromkeys(pair["stored"] for pair in PAIRS)
    }
    session.flush()
    customer, wrong = session.workspace.schema.entities["customer"], []
    for pair in PAIRS:
        page = list_records(session, customer, ListQuery(search=pair["query"], page_size=100))
        is_found = ids[pair["stored"]] in {row["id"] for row in page.rows}
        if pair["match"] != "optional" and is_found is not pair["match"]:
            wrong.append((pair["query"], pair["stored"]))
    assert wrong == []
