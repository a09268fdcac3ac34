"""Searching in the database what people type: every pair we were given, and those that grew from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm.fields.words import is_found, search_keys
from crm.permissions.model import SYSTEM
from crm.records import finding
from crm.records.bulk import insert_rows
from crm.records.finding import found_by
from tests.shared_data import locale_cases

pytestmark = pytest.mark.both_databases("each has an index of words of its own")

TABLE = Path(__file__).with_name("search_pairs.txt")


def pairs() -> Iterator[tuple[str, str, bool]]:
    """Yield what is typed, what is stored, and whether the first finds the second."""
    for line in TABLE.read_text().splitlines():
        if line[:2] in ("+ ", "- "):
            typed, stored = line[2:].split(" | ")
            yield typed, stored, line[0] == "+"
    for name, given in locale_cases("search").items():
        for pair in given if name != "rule" else ():
            if pair["match"] != "optional":
                yield pair["query"], pair["stored"], pair["match"]


def test_the_table_is_large_and_has_misses_in_every_part():
    parts = TABLE.read_text().split("\n## ")[1:]
    assert sum(part.count("\n+ ") + part.count("\n- ") for part in parts) >= 300
    assert all(part.count("\n+ ") and part.count("\n- ") for part in parts)


def test_every_pair_is_found_or_not_as_expected(session):
    customer = session.workspace.schema.entities["customer"]
    known = list(pairs())
    names = list(dict.fromkeys(stored for _typed, stored, _is_hit in known))
    ids = dict(zip(names, insert_rows(session, customer, [{"name": name} for name in names]), strict=True))
    cls = session.workspace.models["customer"]
    asked = (
        sa.select(sa.literal(number)).where(cls.id == ids[stored], found_by(session, customer, typed))
        for number, (typed, stored, _is_hit) in enumerate(known)
    )
    found = set(session.scalars(sa.union_all(*asked)))  # one visit, not four hundred
    wrong = [known[number][:2] for number in range(len(known)) if (number in found) is not known[number][2]]
    assert wrong == []


def test_python_finds_what_the_databases_find():
    assert [pair for pair in pairs() if is_found(pair[0], search_keys(pair[1])) is not pair[2]] == []


def test_the_same_is_found_while_the_index_is_being_built(session, monkeypatch):
    assert session.actor == SYSTEM or session.actor.sees_everything
    customer = session.workspace.schema.entities["customer"]
    record = insert_rows(session, customer, [{"name": "Ιωάννου, Γιώργος"}])[0]
    monkeypatch.setattr(finding, "has_words", lambda *_: False)
    cls = session.workspace.models["customer"]
    for typed, is_hit in (("giorgos ioann", True), ("γιωργος", True), ("ωργος", False), ("נ", False)):
        found = session.scalars(sa.select(cls.id).where(found_by(session, customer, typed))).all()
        assert (record in found) is is_hit, typed
