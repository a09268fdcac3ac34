"""Choices: found by key and label, their moves; references and users."""

from __future__ import annotations

from typing import Any

import pytest

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.fields.choice import allowed_moves
from crm.fields.reference import ChildrenName
from crm.texts import Text
from tests.crm.fields.samples import STAGES, field_of


def clean(type_name: str, value: Any, language: str = "en", **body: Any) -> Any:
    """Return what a field of the type makes of a value; the code of the refusal when it refuses."""
    try:
        return FIELD_TYPES[type_name].clean(field_of(type_name, **body), value, Situation(language=language))
    except FieldError as error:
        return error.code


def codes(type_name: str, body: dict) -> list[str]:
    """Return the codes of the problems in a field's keys."""
    return [problem.code for problem in FIELD_TYPES[type_name].check_options("stage", body)]


@pytest.mark.parametrize(
    "text", ["won", "Won", " WON ", "Κερδισμένη", "κερδισμενη", "CASTIGATA", "Câştigată", "נסגרה בהצלחה"]
)
@pytest.mark.parametrize("language", ["en", "el", "he"])
def test_choice_is_found_by_key_and_by_any_label(text: str, language: str) -> None:
    assert clean("choice", text, language) == "won"


@pytest.mark.parametrize("value", ["", None, "  "])
def test_no_choice(value: Any) -> None:
    assert clean("choice", value) is None


@pytest.mark.parametrize(
    ("value", "code"), [("wo", "choice.unknown"), (True, "text.not_a_text"), (1, "choice.unknown")]
)
def test_anything_else_is_refused(value: Any, code: str) -> None:
    assert clean("choice", value) == code


def test_label_of_the_readers_language_wins_and_a_label_of_two_choices_is_refused() -> None:
    choices = {
        "a": {"label": {"en": "Note", "ro": "Factura"}},
        "b": {"label": {"en": "Bill", "ro": "Note"}},
        "c": {"label": "Same"},
        "d": {"label": "Same"},
    }
    assert clean("choice", "note", "en", choices=choices) == "a"
    assert clean("choice", "note", "ro", choices=choices) == "b"
    assert clean("choice", "note", "he", choices=choices) == "a"
    assert clean("choice", "same", choices=choices) == "choice.unknown"
    assert clean("choice", "c", choices=choices) == "c"


def test_choices_may_be_a_plain_list() -> None:
    assert clean("choice", "two_years", choices=["month", "two_years"]) == "two_years"
    assert (
        FIELD_TYPES["choice"].display(field_of("choice", choices=["two_years"]), "two_years", Situation())
        == "Two years"
    )


def test_choice_is_shown_by_its_label_even_when_it_is_gone() -> None:
    display, field = FIELD_TYPES["choice"].display, field_of("choice")
    assert display(field, "won", Situation(language="el")) == "Κερδισμένη"
    assert display(field, "gone", Situation(language="el")) == "gone"
    assert FIELD_TYPES["choices"].display(field_of("choices"), ("gone", "won"), Situation()) == "gone, Won"


def test_moves_are_those_declared_and_staying() -> None:
    field = field_of("choice", choices=STAGES, next={"prospect": ["won"], "lost": []})
    assert allowed_moves(field, "prospect") == ("prospect", "won")
    assert allowed_moves(field, "lost") == ("lost",)
    assert allowed_moves(field, "won") == ("prospect", "won", "lost")
    assert allowed_moves(field, None) == ("prospect", "won", "lost")
    assert allowed_moves(field_of("choice", choices=STAGES), "lost") == ("prospect", "won", "lost")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["lost", "won", "lost"], ("won", "lost")),
        ("won, Χαμένη", ("won", "lost")),
        ("won;lost", ("won", "lost")),
        ("|won|lost|", ("won", "lost")),
        ([], None),
        (["won", "x"], "choice.unknown"),
        ([["won"]], "text.not_a_text"),
        ({"won": 1}, "text.not_a_text"),
    ],
)
def test_several_choices_stand_in_the_fields_own_order(value: Any, expected: Any) -> None:
    assert clean("choices", value) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "field.no_choices"),
        ({"choices": {}}, "field.no_choices"),
        ({"choices": "won"}, "field.no_choices"),
        ({"choices": {1: {"label": "One"}}}, "field.bad_choice_key"),
        ({"choices": {True: None}}, "field.bad_choice_key"),
        ({"choices": ["a|b"]}, "field.bad_choice_key"),
        ({"choices": ["x" * 61]}, "field.bad_choice_key"),
        ({"choices": ["a", "a"]}, "field.choice_twice"),
        ({"choices": {"a": 5}}, "field.bad_choice"),
        ({"choices": {"a": {"label": {"xx": "A"}}}}, "field.bad_choice"),
        ({"choices": {"a": {"label": "A", "colour": "red"}}}, "field.bad_choice"),
        ({"choices": {"a": {"label": "A", "color": "crimson"}}}, "field.unknown_word"),
        ({"choices": ["a"], "next": ["a"]}, "field.bad_moves"),
        ({"choices": ["a"], "next": {"a": {"b": 1}}}, "field.bad_moves"),
        ({"choices": ["a", "b"], "next": {"a": ["c"]}}, "field.unknown_word"),
        ({"choices": ["a", "b"], "next": {"c": ["a"]}}, "field.unknown_word"),
        ({"choices": ["a"], "default": "b"}, "field.bad_default"),
    ],
)
def test_wrong_choices_are_named(body: dict, code: str) -> None:
    assert codes("choice", body) == [code]


def test_the_nearest_color_is_named() -> None:
    [problem] = FIELD_TYPES["choice"].check_options(
        "stage", {"choices": {"a": {"label": "A", "color": "grean"}}}
    )
    assert problem.params["near"] == "green"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5), ("5", 5), (5.0, 5), (None, None), ("", None), (0, "reference.not_a_record"), (-1,
        "reference.not_a_record"),
        (True, "reference.not_a_record"), (5.5, "reference.not_a_record"), ("5a", "reference.not_a_record"),
        ({"id": 5}, "reference.not_a_record"), ([5], "reference.not_a_record"), (2**63, "reference.not_a_record"),
        ("٥", "reference.not_a_record"), ("9" * 30, "reference.not_a_record"),
    ],
)  # fmt: skip
def test_a_reference_is_the_number_of_a_record(value: Any, expected: Any) -> None:
    assert clean("reference", value) == expected


def test_a_user_number_fits_its_column() -> None:
    assert clean("user", 2**31 - 1) == 2**31 - 1
    assert clean("user", 2**31) == "reference.not_a_record"


def test_several_references_are_numbers_each_once() -> None:
    assert clean("references", [3, "7", 3.0]) == ("3", "7")
    assert clean("references", "3, 7;9") == ("3", "7", "9")
    assert clean("references", 3) == ("3",)
    assert clean("references", [True]) == "reference.not_a_record"
    assert clean("references", list(range(1, 1_002))) == "reference.too_many"


def test_reference_options_have_defaults() -> None:
    options = field_of("reference", to="company", inverse={"name": "deals", "label": {"en": "Deals"}}).options
    assert options["on_delete"] == "refuse"
    assert options["inverse"] == ChildrenName("deals", Text({"en": "Deals"}))
    assert field_of("reference", to="company").options["inverse"] is None


def test_references_have_a_column_of_their_own_name_or_of_the_id() -> None:
    attributes = {
        name: FIELD_TYPES[name].attribute(field_of(name, "boss"))
        for name in ("reference", "user", "references", "text")
    }
    assert attributes == {"reference": "boss_id", "user": "boss_id", "references": "boss", "text": "boss"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "field.no_target"),
        ({"to": 5}, "field.expected_name"),
        ({"to": "company", "on_delete": "restrict"}, "field.unknown_word"),
        ({"to": "company", "on_delete": "clear", "required": True}, "field.clears_required"),
        ({"to": "company", "inverse": "deals"}, "field.bad_inverse"),
        ({"to": "company", "inverse": {"name": "my deals"}}, "field.expected_name"),
        ({"to": "company", "only": "active"}, "field.expected_lines"),
        ({"to": "company", "default": 5}, "field.bad_default"),
    ],
)
def test_wrong_references_are_named(body: dict, code: str) -> None:
    assert codes("reference", body) == [code]


def test_only_me_may_be_the_default_user() -> None:
    assert codes("user", {"default": "me"}) == []
    assert codes("user", {"default": 1}) == ["field.bad_default"]
    assert codes("user", {"only_role": "no such"}) == ["field.expected_name"]
