"""Nobody learns a stored value by retyping its field: counts are told only to who may read what is counted."""

from __future__ import annotations

import copy

import pytest

from crm.entities.load import documents_from_json
from crm.revisions.publish import diff_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_customer

GUESS = {"type": "choice", "choices": {"guess": {"label": "Guess"}}}


def retyped(engine, entity: str, field: str, change: dict) -> list:
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    body = next(one for one in bodies if next(iter(one)) == "entity" and one["entity"] == entity)
    body["fields"][field] = {"label": body["fields"][field].get("label", field), **change}
    return documents_from_json(bodies)


def told(found: dict) -> dict:
    return {key: found[key] for key in ("rows", "touched", "conversions")}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", GUESS),
        ("city", {"type": "integer"}),
        ("name", {"type": "text", "required": True, "max_length": 3}),
        ("name", {"type": "text", "required": True, "pattern": "Other.*"}),
    ],
)
def test_a_configurator_without_data_sees_the_same_whatever_is_stored(engine, session, field, change):
    documents = retyped(engine, "customer", field, change)
    empty = diff_schema(engine, documents, "configurator")
    make_customer(session, name="Secret", city="1234567")
    make_customer(session, name="Secret", city="Secret")
    session.commit()
    full = diff_schema(engine, documents, "configurator")
    assert told(full) == told(empty)
    assert "Secret" not in str(full) and "1234567" not in str(full)
    assert "schema.note_counts_hidden" in [note.code for note in full["notes"]]
    assert told(diff_schema(engine, documents)) != told(empty)  # the machine's owner sees it


def test_who_may_read_all_is_told_the_counts(engine, session):
    documents = retyped(engine, "customer", "name", GUESS)
    make_customer(session, name="Secret")
    session.commit()
    found = diff_schema(engine, documents, "admin")
    assert found["conversions"] and "schema.note_counts_hidden" not in [note.code for note in found["notes"]]
