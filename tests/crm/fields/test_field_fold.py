"""Folding, and finding Greek by Latin letters and the other way round."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.fields.fold import fold
from crm.fields.words import address_keys, asked_by, code_keys, is_found, like_words, search_keys
from tests.shared_data import locale_cases

SEARCH = locale_cases("search")
PAIRS = [
    pair
    for group, pairs in SEARCH.items()
    if group != "rule"
    for pair in pairs
    if pair["match"] != "optional"
]


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair["level"] in ("fold", "final") and pair["match"]]
)
def test_pairs_that_differ_in_case_and_accents_fold_alike(pair: dict) -> None:
    assert fold(pair["query"]) == fold(pair["stored"])


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("+30 210 123", code_keys("302101234567 2101234567")),
        ("1234567", code_keys("302101234567 2101234567")),
        ("123 4567", code_keys("302101234567 2101234567")),
        ("GR16 0110 1050", code_keys("GR1601101050000010547023795")),
        ("EL094259216", code_keys("094259216")),
        ("42", code_keys("DEAL-2026-00042")),
        ("00042", code_keys("DEAL-2026-00042")),
        ("papadopoulos", address_keys("gpapadopoulos@example.com")),
        ("@example", address_keys("info@example.com")),
        ("xample.com", address_keys("info@example.com")),
        ("shop example", address_keys("www.shop-example.gr/cafe")),
    ],
)
def test_parts_of_numbers_and_addresses_find_them(query: str, key: str) -> None:
    assert is_found(query, key)


def test_numbers_do_not_find_what_only_shares_their_digits() -> None:
    assert not is_found("210 765 4321", code_keys("302101234567 2101234567"))
    assert not is_found("43", code_keys("DEAL-2026-00042"))


def test_what_separates_words_makes_no_difference_to_who_is_the_same() -> None:
    assert like_words("Coca-Cola S.R.L.") == like_words("COCA COLA  srl")
    assert like_words("Α. Ε. Λιμάνι") == like_words(["«Λιμάνι»", "ΑΕ"][1] + " Λιμανι")
    assert like_words("Coca Cola") != like_words("Coca Kola")


@pytest.mark.parametrize(
    "empty", ["", " ", "'", "״", "\u200f", "\n", "\ud800", "!?…—", "\x00\x1b", "☃", "'" * 10_000]
)
def test_a_query_of_nothing_asks_for_nothing(empty: str) -> None:
    assert asked_by(empty) == ()


@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(text=st.text("αβγουεύάήώχξψςσΑΒΓ abcxyzwq chph8'\"-", max_size=20))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert not asked_by(text) or is_found(text, search_keys(text))


@settings(deadline=None)
@given(text=st.text("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ", min_size=3, max_size=12), cut=st.integers(3, 12))
def test_the_beginning_of_a_word_finds_it(text: str, cut: int) -> None:
    assert is_found(text[:cut], search_keys(text))


def test_folding_an_import_takes_seconds_not_minutes() -> None:
    names = [f"Παπαδόπουλος Γιώργος {number}" for number in range(10_000)]
    began = time.perf_counter()
    for name in names:
        search_keys(name)
    assert time.perf_counter() - began < 2
