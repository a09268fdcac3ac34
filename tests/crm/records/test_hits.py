"""What a person who types finds first, and what tells two of one name apart."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("words", ["%", "_", "\\", "'", "\x00", " ", "a" * 500, "\u202e", "'; drop table x"])
def test_odd_words_find_nothing_and_break_nothing(session, words: str) -> None:
    make_customer(session, name="Plain")
    assert isinstance(titles(session, words), list)
