"""Records that look the same: one fold in Python and both databases, within rights, on every way to save."""

import random

import pytest
import sqlalchemy as sa

from crm.fields.fold import fold
from crm.fields.likeness import alike, like_key
from crm.records.alike import find_alike, save_and_look
from crm.records.service import create_record, update_record
from crm.revisions.indexes import known_indexes, wanted_indexes
from tests.factories import make_complaint, make_customer, make_deal, user_id

LETTERS = "aAäÄßéÉ ĂăȘș αάΑΆςσΣΐϊ אבּךכ־ \u00a0\u200f\u200e\u2009–—−'\"`´’«»״׳ ﬁＡ１ 12-.&æŒ\u0301"


def entity(session, name):
    """Return an entity of the session's revision."""
    return session.workspace.schema.entities[name]


def looks(session, name, values):
    """Return what looks the same as a new record."""
    return find_alike(session, entity(session, name), None, values, values)


def test_the_databases_fold_as_python_does(session):
    rng = random.Random(7)
    texts = ["".join(rng.choices(LETTERS, k=rng.randint(1, 12))) for _ in range(400)]
    texts += ["«Λιμάνι»  ΑΕ", "ΛΙΜΑΝΙ ΑΕ", "O'Neil", "x" * 500]
    connection = session.connection()
    found = {text: connection.scalar(sa.select(alike(sa.literal(text, sa.Text())))) for text in texts}
    assert found == {text: like_key(text) for text in texts}


@pytest.mark.parametrize(
    "name",
    ["ΛΙΜΑΝΙ ΑΕ", "«Λιμάνι»  ΑΕ", "  λιμανι αε", "Λιμάνι\u200f ΑΕ"],
    ids=["case", "quotes", "blanks", "mark"],
)
def test_a_customer_written_in_another_way_looks_the_same(session, name):
    there = make_customer(session, name="Λιμάνι ΑΕ", city="Πειραιάς")
    assert looks(session, "customer", {"name": name, "city": "ΠΕΙΡΑΙΑΣ"}).ids == (there.id,)
    assert not looks(session, "customer", {"name": name, "city": "Πάτρα"})
    assert not looks(session, "customer", {"name": name})


def test_references_are_compared_by_record(session):
    deal = make_deal(session, name="Roof")
    assert looks(session, "deal", {"name": "ROOF", "customer": deal.customer_id}).ids == (deal.id,)
    assert not looks(session, "deal", {"name": "ROOF", "customer": make_customer(session).id})


def test_only_what_a_save_changes_is_asked_about(session):
    first = make_complaint(session, subject="Late")
    second = make_complaint(session, subject="LATE", customer=first.customer_id)
    complaints = entity(session, "complaint")

    def change(**values):
        write = lambda: update_record(session, complaints, second.id, values)  # noqa: E731
        return save_and_look(session, complaints, second.id, write)[1].ids

    assert change(description="More") == ()
    assert change(subject="late") == (first.id,)
    assert change(subject="Something else") == ()


def test_what_is_out_of_reach_is_counted_and_not_named(session, session_as):
    mine = make_customer(session, name="Acme", city="Cluj", owner=user_id(session, "sales"))
    make_customer(session, name="ACME", city="Cluj", owner=user_id(session, "manager"))
    mine_id = mine.id
    session.commit()
    found = looks(session_as("sales"), "customer", {"name": "acme", "city": "cluj"})
    assert (found.ids, found.others, [hit.title for hit in found.hits]) == ((mine_id,), 1, ["Acme"])


def test_each_group_without_another_index_gets_one(session):
    connection = session.connection()
    wanted = {
        name for name in wanted_indexes(connection, session.workspace.models) if name.startswith("like_")
    }
    assert "like_customer_name" in wanted and "like_deal_name" not in wanted
    assert wanted <= set(known_indexes(connection))


def test_an_import_finds_what_the_form_would_warn_of(session):
    """Whatever the two names, the import's rows mean the record exactly when the form says that it looks the same."""
    from crm.imports.model import Column, Matching
    from crm.imports.plan import Planner

    rng, campaigns = random.Random(3), entity(session, "campaign")
    there = create_record(session, campaigns, {"name": "Αγία Ελένη – 12", "starts_on": "2026-01-01"})
    variants = [
        "ΑΓΙΑ ΕΛΕΝΗ - 12",
        "«Αγία» Ελένη −  12",
        "Αγία Ελένη 12",
        "Αγια ελενη ‑ 12",
        "Agia Eleni - 12",
    ]
    variants += ["".join(c for c in there.name if rng.random() > 0.04) for _ in range(10)]
    for name in variants:
        matching = Matching((Column(0, "Name", "name"),), "upsert", ("name",))
        row = Planner(session, campaigns, matching).plan([(2, (name,))])[0]
        assert (row[2] == there.id) == (looks(session, "campaign", {"name": name}).ids == (there.id,)), name
        assert (row[2] == there.id) == (fold(name) == fold(there.name)), name
