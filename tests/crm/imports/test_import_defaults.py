"""Defaults of imported records are computed from what their row gives."""

from __future__ import annotations

import copy

import pytest
import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.kept_problems import decode_problems
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.crm.imports.bench import counts, csv_of
from tests.factories import make_customer

PARCEL = {
    "entity": "parcel",
    "fields": {
        "name": {"type": "text"},
        "receiver": {"type": "reference", "to": "customer"},
        "address_line": {"type": "text", "default": "= receiver.name"},
        "mark": {"type": "text", "max_length": 5, "default": "= name"},
    },
}


@pytest.fixture(autouse=True)
def _parcels(engine) -> None:
    """The shipped documents and parcels, published before anybody opens a session."""
    documents = [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]
    publish_schema(engine, documents_from_json([*documents, PARCEL]), "test")


def test_each_row_has_the_defaults_of_what_it_gives(workshop, session, engine):
    make_customer(session, name="Acme")
    make_customer(session, name="Borg")
    session.commit()
    table = [
        ["name", "receiver", "address_line"],
        ["One", "Acme", ""],
        ["Two", "Borg", ""],
        ["Three", "Borg", "Elsewhere"],
        ["Four", "", ""],
        ["Far too long", "Acme", ""],
    ]
    batch = workshop.run(csv_of(table), "parcel")
    cls = get_workspace(engine).models["parcel"]
    with engine.connect() as connection:
        found = connection.execute(sa.select(cls.name, cls.address_line, cls.mark).order_by(cls.id)).all()
    assert [tuple(row) for row in found] == [
        ("One", "Acme", "One"),
        ("Two", "Borg", "Two"),
        ("Three", "Elsewhere", "Three"),
        ("Four", None, "Four"),
    ]
    assert counts(batch) == {"created": 4, "failed": 1}
    (refused,) = [row for row in workshop.rows(batch["id"]) if row.action == "error"]
    assert [problem.field for problem in decode_problems(refused.problems)] == ["mark"]
