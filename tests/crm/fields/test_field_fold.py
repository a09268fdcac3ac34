"""Folding, and finding Greek by Latin letters and the other way round."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.fields.fold import fold, query_keys, search_keys
from tests.shared_data import locale_cases

SEARCH = locale_cases("search")
PAIRS = [
    pair
    for group, pairs in SEARCH.items()
    if group != "rule"
    for pair in pairs
    if pair["match"] != "optional"
]


def is_found(query: str, stored: str) -> bool:
    """Return whether a query finds a stored text."""
    key = search_keys(stored)
    return any(part in key for part in query_keys(query))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['query']}~{pair['stored']}")
def test_every_pair_matches_or_not_as_expected(pair: dict) -> None:
    assert is_found(pair["query"], pair["stored"]) is pair["match"]


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair["level"] in ("fold", "final") and pair["match"]]
)
def test_pairs_that_differ_in_case_and_accents_fold_alike(pair: dict) -> None:
    assert fold(pair["query"]) == fold(pair["stored"])


@pytest.mark.parametrize(
    ("query", "stored"),
    [
        ("papadopulos", "Παπαδόπουλος"),
        ("papadop", "Παπαδόπουλος"),
        ("christos", "Χρήστος"),
        ("hristos", "Χρήστος"),
        ("evangelia", "Ευαγγελία"),
        ("vasilis", "Βασίλης"),
        ("basilis", "Βασίλης"),
        ("ekaterini", "Αικατερίνη"),
        ("irini", "Ειρήνη"),
        ("kwstas", "Κώστας"),
        ("8essaloniki", "Θεσσαλονίκη"),
        ("babis", "Μπάμπης"),
        ("Παπαδόπουλος", "Papadopoulos"),
        ("παπαδ", "Papadopoulos"),
        ("Χρήστος", "Xristos"),
        ("Χρήστος", "Christos"),
        ("Αλέξανδρος", "Alexandros"),
        ("giorgos papa", "Γιώργος Παπαδόπουλος"),
        ("μαρία@example", "maria@example.com"),
        ("O’Brien", "O'Brien"),
        ("obrien", "O'Brien"),
        ("Müller", "MULLER"),
        ("strasse", "Straße"),
        ("Łódź", "lodz"),
        ("+30 210 123", "302101234567 2101234567"),
        ("GR16 0110 1050", "gr1601101050000010547023795"),
    ],
)
def test_what_people_type_is_found(query: str, stored: str) -> None:
    assert is_found(query, stored)


@pytest.mark.parametrize(
    ("query", "stored"),
    [
        ("mai", "Romeo"),
        ("mail", "Meletis"),
        ("petros", "Πέτρα"),
        ("42", "2"),
        ("chi", "Honda"),
        ("nikos", "Νίκη"),
    ],
)
def test_what_people_do_not_mean_is_not_found(query: str, stored: str) -> None:
    assert not is_found(query, stored)


@pytest.mark.parametrize("empty", ["", " ", "'", "״", "\u200f", "\n"])
def test_a_query_of_nothing_has_no_keys(empty: str) -> None:
    assert query_keys(empty) == ()


@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(text=st.text("αβγουεύάήώχξψςσΑΒΓ abcxyzwq chph8'\"-", max_size=20))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert not query_keys(text) or is_found(text, text)


@settings(deadline=None)
@given(text=st.text("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", min_size=3, max_size=12), cut=st.integers(3, 12))
def test_the_beginning_of_a_word_finds_it(text: str, cut: int) -> None:
    assert is_found(text[:cut], text)


def test_folding_an_import_takes_seconds_not_minutes() -> None:
    names = [f"Παπαδόπουλος Γιώργος {number}" for number in range(10_000)]
    began = time.perf_counter()
    for name in names:
        search_keys(name)
    assert time.perf_counter() - began < 2
