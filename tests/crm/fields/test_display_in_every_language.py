"""Every type shows its values in the reader's language; a new type is covered by its samples."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crm.fields import FIELD_TYPES, kind_of
from crm.fields.base import Situation
from crm.texts import LANGUAGES
from tests.crm.fields.samples import STAGES, every_value, field_of

LATIN = re.compile(r"[A-Za-z]{2,}")
LETTERS = re.compile(r"[^\W\d_]{2,}")
NUMBER = re.compile(r"\d[\d.,]*")
OTHERS = [language for language in LANGUAGES if language != "en"]
ALIKE = {stage["label"]["en"] for stage in STAGES.values() if stage["label"]["en"] == stage["label"]["ro"]}
SWAPPED = str.maketrans(".,", ",.")
WORDY = {"boolean", "choice", "choices", "date", "datetime"}

each_value = pytest.mark.parametrize(("name", "value"), tuple(every_value()))


def shown(name: str, value: Any, language: str) -> str:
    """Return a value as a reader of the language sees it."""
    return FIELD_TYPES[name].display(field_of(name), value, Situation(language=language))


def own_words(name: str, value: Any) -> set[str]:
    """Return the words that stand in the value itself: what somebody typed stays as it was typed."""
    field_type, field = FIELD_TYPES[name], field_of(name)
    return set(LETTERS.findall(field_type.form_text(field, value, Situation())))


def said(name: str, value: Any, language: str) -> set[str]:
    """Return the words that the type adds in a language."""
    return set(LETTERS.findall(shown(name, value, language))) - own_words(name, value)


@each_value
def test_no_english_word_is_left_in_another_language(name: str, value: Any) -> None:
    english = said(name, value, "en")
    assert {language: said(name, value, language) & english - ALIKE for language in OTHERS} == {
        language: set() for language in OTHERS
    }


@pytest.mark.parametrize("language", ["el", "he"])
@each_value
def test_greek_and_hebrew_readers_see_their_own_letters(name: str, value: Any, language: str) -> None:
    assert {word for word in said(name, value, language) if LATIN.search(word)} == set()


@each_value
def test_what_has_words_in_english_has_words_in_every_language(name: str, value: Any) -> None:
    has_words = bool(said(name, value, "en"))
    assert has_words or name not in WORDY
    assert all(said(name, value, language) for language in OTHERS) or not has_words


@each_value
def test_numbers_have_the_separators_of_the_language(name: str, value: Any) -> None:
    if kind_of(field_of(name)) != "number":
        return
    english = NUMBER.findall(shown(name, value, "en"))
    assert NUMBER.findall(shown(name, value, "he")) == english
    for language in ("el", "ro"):
        assert NUMBER.findall(shown(name, value, language)) == [part.translate(SWAPPED) for part in english]


@each_value
def test_a_reader_of_an_unknown_language_sees_english(name: str, value: Any) -> None:
    assert shown(name, value, "xx") == shown(name, value, "en")
