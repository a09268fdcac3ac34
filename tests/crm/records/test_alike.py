"""Records that look the same: one fold in Python and both databases, within rights, on every way to save."""

import random
from dataclasses import replace

import sqlalchemy as sa

from crm.fields.base import Field
from crm.fields.likeness import like_forms
from crm.records.alike import asked_of, find_alike, kept_of, save_and_look
from crm.records.rekey import rekey
from crm.records.service import create_record, update_record
from crm.revisions.indexes import known_indexes, wanted_indexes
from crm.revisions.words import words_index
from crm.texts import Text
from tests.factories import make_complaint, make_customer, make_deal, user_id


def entity(session, name):
    """Return an entity of the session's revision."""
    return session.workspace.schema.entities[name]


def looks(session, name, values):
    """Return what looks the same as a new record."""
    return find_alike(session, entity(session, name), None, values, values)


SAME = {
    "Λιμάνι ΑΕ": (
        "ΛΙΜΑΝΙ ΑΕ",
        "«Λιμάνι»  Α.Ε.",
        "  λιμανι αε",
        "Λιμάνι\u200f ΑΕ",
        "Limani AE",
        "λιμάνι, α.ε.",
    ),
    "Χρήστος Παπαδόπουλος": ("Christos Papadopoulos", "Xristos Papadopulos", "Xrhstos Papadopoulos"),
    "Târgu-Mureș Tex": ("TIRGU MURES TEX", "Tîrgu Mureş  Tex", "Targu Mures Tex"),
    "כהן דוד": ("Cohen David", "כֹּהֵן  דָּוִד", "Kohen Dawid"),
    "Coca-Cola S.R.L.": ("coca cola srl", "COCA‑COLA  S. R. L."),
    "Levi Rachel": ("לוי רחל",),
}
OTHER = (
    ("Coca-Cola", "Coca Kola Plus"),
    ("Maria", "Mario"),
    ("Cohen David", "Cohan Dovid"),
    ("דנה", "Dan"),
    ("C++", "C"),
)


def test_what_a_person_holds_for_the_same_is_found_in_either_database(session):
    wrong = []
    for name, others in SAME.items():
        there = make_customer(session, name=name, city="Πειραιάς").id
        for other in others:
            found = looks(session, "customer", {"name": other, "city": "ΠΕΙΡΑΙΑΣ"}).ids
            wrong += [(name, other, found)] if found != (there,) else []
    assert wrong == []
    assert not looks(session, "customer", {"name": "Λιμάνι ΑΕ", "city": "Πάτρα"})
    assert not looks(session, "customer", {"name": "Λιμάνι ΑΕ"})


def test_what_is_another_one_is_not_held_for_the_same(session):
    for name, other in OTHER:
        make_customer(session, name=name, city="Volos")
        assert not looks(session, "customer", {"name": other, "city": "Volos"}), (name, other)


def test_numbers_codes_and_addresses_are_compared_as_they_are():
    email, code = Field("email", "email", Text("Mail")), Field("code", "text", Text("Code"), unique=True)
    named = Field("name", "text", Text("Name"))
    for field, one, other, are_same in (
        (email, "john.smith@x.com", "john-smith@x.com", False),
        (email, "John@X.com", "john@x.com", True),
        (code, "AB-12", "AB 12", False),
        (code, "Α1", "A1", False),  # a Greek letter
        (named, "AB-12", "AB 12", True),
    ):
        found = kept_of([field], {field.name: one}) & asked_of([field], {field.name: other}, True)
        assert bool(found) is are_same, (one, other)


def test_where_duplicates_are_refused_a_like_sound_is_not_enough(session):
    make_customer(session, name="כהן דוד", city="Volos")
    customer = entity(session, "customer")
    strict = replace(customer, refuses_same=True)
    assert looks(session, "customer", {"name": "Cohen David", "city": "Volos"})
    assert not find_alike(session, strict, None, {"name": "Cohen David", "city": "Volos"}, ("name",))
    assert find_alike(session, strict, None, {"name": "כהן, דוד", "city": "volos"}, ("name",))


def test_records_whose_keys_are_being_written_anew_are_found_too(session):
    there = make_customer(session, name="Limani", city="Volos").id
    customer, table = entity(session, "customer"), session.workspace.models.table("customer")
    session.connection().execute(sa.update(table).values(search_key=None))
    assert not looks(session, "customer", {"name": "Λιμάνι", "city": "Volos"})
    session.workspace.settled.clear()  # as in a process that has just started
    row = {"entity_uid": customer.uid, "revision": 0, "after": 0, "outdated": False}
    session.connection().execute(sa.insert(rekey).values(row))
    assert looks(session, "customer", {"name": "Λιμάνι", "city": "Volos"}).ids == (there,)


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


def test_groups_are_found_by_the_index_of_words_and_else_by_one_of_their_own(session):
    connection = session.connection()
    wanted = set(wanted_indexes(connection, session.workspace.models))
    assert (
        "words_customer" in {name.rsplit("__")[0] for name in wanted} and "like_customer_name" not in wanted
    )
    assert wanted <= set(known_indexes(connection))
    customer = entity(session, "customer")
    unsearched = {name: replace(field, search=False) for name, field in customer.fields.items()}
    assert list(words_index(replace(customer, fields=unsearched)))  # for the names that are compared
    assert not list(words_index(replace(customer, fields=unsearched, same_if=())))


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
        alike = bool({*like_forms(name)} & {*like_forms(there.name)})
        assert (row[2] == there.id) == alike, name
