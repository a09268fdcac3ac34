"""What a person who types finds first, and what tells two of one name apart."""

from __future__ import annotations

import datetime as dt
import time

import pytest
import sqlalchemy as sa

from crm.records import listing, ranking
from crm.records.bulk import insert_rows
from crm.records.listing import ListQuery, list_records
from crm.records.search import LOOKUP_HITS, find_hits
from tests.factories import make_contact, make_customer

pytestmark = pytest.mark.both_databases("the search is SQL of its own on each")


def titles(session, words: str) -> list[str]:
    return [hit.title for hit in find_hits(session, session.workspace.schema.entities["customer"], words)]


def test_a_title_that_begins_with_the_words_is_found_among_many_others(session) -> None:
    make_customer(session, name="Λιμάνι")
    for number in range(LOOKUP_HITS + 5):
        make_customer(session, name=f"Aaa {number}", notes="κοντά στο λιμάνι", city="Λιμάνι")
    assert titles(session, "λιμανι")[0] == "Λιμάνι"
    assert len(titles(session, "λιμανι")) == LOOKUP_HITS


def test_the_best_fit_stands_first_in_any_script(session) -> None:
    for name in ("Kalimani", "Old Limani", "Λιμάνι", "Port"):
        make_customer(session, name=name, email="limani@example.com")
    assert titles(session, "limani") == ["Λιμάνι", "Old Limani", "Kalimani", "Port"]


def test_twins_are_told_apart_by_what_differs_and_else_by_their_number(session) -> None:
    same = {"name": "Twin", "city": "Volos", "phone": "+302101234567"}
    ids = [make_customer(session, **same).id, make_customer(session, **same).id]
    other = make_customer(session, **{**same, "city": "Patra"}).id
    make_customer(session, name="Twin alone", city="Volos")
    notes = {
        hit.id: hit.note for hit in find_hits(session, session.workspace.schema.entities["customer"], "twin")
    }
    assert len(set(notes.values())) == 4
    assert "Patra" in notes[other] and f"#{other}" not in notes[other]
    assert all(f"#{number}" in notes[number] for number in ids)


def test_a_note_holds_nothing_hidden_from_the_reader(session, session_as) -> None:
    customer = make_customer(session, name="Guarded", credit_limit="777", phone="+302101234567")
    make_contact(session, name="Guarded contact", customer=customer)
    session.commit()
    agent = session_as("viewer")
    hidden = agent.actor.rights("customer").hidden
    assert "phone" in hidden
    for hit in find_hits(agent, agent.workspace.schema.entities["customer"], "guarded"):
        assert "1234567" not in hit.note.replace(" ", "")


def test_whole_words_stand_before_longer_ones_and_the_title_before_other_fields(session) -> None:
    make_customer(session, name="Port", city="Ana")
    for name in ("Mara Anastasia", "Anastasia", "Mara Ana", "Ana"):
        make_customer(session, name=name)
    assert titles(session, "ana") == ["Ana", "Anastasia", "Mara Ana", "Mara Anastasia", "Port"]


def test_the_readers_own_stand_before_recent_ones_and_those_before_others(session, session_as) -> None:
    reader = session_as("admin")
    ids = {name: make_customer(session, name=name).id for name in ("Vela A", "Vela B", "Vela C", "Vela D")}
    table = session.workspace.models.table("customer")
    for name, days in (("Vela A", 90), ("Vela B", 1), ("Vela C", 90), ("Vela D", 1)):
        moment = session.clock() - dt.timedelta(days=days)
        owner = reader.actor.user_id if name == "Vela C" else None
        row = {"updated_at": moment, "owner_id": owner}
        session.connection().execute(sa.update(table).where(table.c.id == ids[name]).values(row))
    session.commit()
    hits = find_hits(reader, reader.workspace.schema.entities["customer"], "vela")
    assert [hit.title for hit in hits] == ["Vela C", "Vela B", "Vela D", "Vela A"]


def test_words_are_found_in_any_order_and_across_fields(session) -> None:
    make_customer(session, name="Ιωάννου, Γιώργος", city="Cluj-Napoca", phone="+302101234567")
    make_customer(session, name="Ιωάννου, Μαρία", city="Iași")
    for words in (
        "γιωργος ιωαννου",
        "giorgos cluj napoca",
        "ioannou 4567",
        "napoca ιωαν",
        "210 1234567 giorgos",
    ):
        assert titles(session, words) == ["Ιωάννου, Γιώργος"], words


def test_what_is_hidden_finds_nothing_and_what_is_not_is_found_in_every_spelling(session, session_as) -> None:
    make_customer(session, name="Παπαδόπουλος", phone="+302107654321")
    session.commit()
    agent = session_as("viewer")
    customer = agent.workspace.schema.entities["customer"]
    assert "phone" in agent.actor.rights("customer").hidden
    assert [hit.title for hit in find_hits(agent, customer, "papadopoulos")] == ["Παπαδόπουλος"]
    for words in ("7654321", "papadopoulos 765", "+30 210 765 4321"):
        assert find_hits(agent, customer, words) == [], words


def test_pages_of_more_hits_than_are_counted_repeat_none_and_end(session, monkeypatch) -> None:
    for module, name, few in (
        (ranking, "BLOCK", 4), (ranking, "WINDOW", 6), (ranking, "FEW_RECORDS", 0),
        (listing, "HITS_LIMIT", 10), (listing, "RANKED", 30),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, few)
    customer = session.workspace.schema.entities["customer"]
    plain = {"kind": "company", "status": "active", "country": "GR", "language": "en"}
    names = [f"{('Vela', 'Old Vela', 'Velan')[number % 3]} {number}" for number in range(40)]
    insert_rows(session, customer, [{**plain, "name": name} for name in names])
    seen = []
    for number in range(12):
        page = list_records(session, customer, ListQuery(search="vela", page=number, page_size=3))
        seen += [row["id"] for row in page.rows]
        assert page.has_next is (number < 9), number
    assert len(seen) == len(set(seen)) == 30


ODD = (
    "%", "_", "\\", "'", "\x00", " ", "a" * 10_000, "א" * 10_000, "\u202e", "'; drop table x", "\ud800", "a\udfffb",
    "\x01\x1b\x7f", "!?…—\"''", '"', "' OR '1'='1", "a & | ! <-> :* (", 'a" OR "b', "NEAR(a b)", "a*", "^a", "~a",
    "\u202eכהן\u202c smith \u2067אב\u2069", "😀", "a " * 5_000, "α β " * 2_500, "1 " * 5_000, "́" * 10_000,
)  # fmt: skip


def test_odd_words_break_nothing_and_are_answered_at_once(session) -> None:
    make_customer(session, name="Plain")
    customer = session.workspace.schema.entities["customer"]
    began = time.perf_counter()
    for words in ODD:
        assert isinstance(titles(session, words), list)
        list_records(session, customer, ListQuery(search=words))
    assert time.perf_counter() - began < len(ODD)  # seconds; it takes a hundredth of that
    assert titles(session, "a\x00pl") == titles(session, "\ud800") == []
    assert titles(session, "\u202eplain\u202c") == ["Plain"]
