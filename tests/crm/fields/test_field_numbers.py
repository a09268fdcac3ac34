"""Numbers as typed in four languages, as spreadsheets and programs send them, and as they are shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.fields.number_reading import read_number
from tests.crm.fields.samples import field_of
from tests.shared_data import locale_cases

FORMATS = locale_cases("formats")["by_locale"]


def clean(
    type_name: str, value: Any, language: str = "en", *, values: dict | None = None, **body: Any
) -> Any:
    """Return what a field of the type makes of a value; the code of the refusal when it refuses."""
    situation = Situation(language=language, values=values or {})
    try:
        return FIELD_TYPES[type_name].clean(field_of(type_name, **body), value, situation)
    except FieldError as error:
        return error.code


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("1.234,56", "el", "1234.56"),
        ("1.234,56", "ro", "1234.56"),
        ("1,234.56", "en", "1234.56"),
        ("1,234.56", "he", "1234.56"),
        ("1234.56", "el", "1234.56"),
        ("1234.56", "en", "1234.56"),
        ("1234,56", "el", "1234.56"),
        ("1.234", "el", "1234"),
        ("1.234", "en", "1.234"),
        ("1,234", "el", "1.234"),
        ("1,234", "en", "1234"),
        ("1234.567", "el", "1234.567"),
        ("0.125", "el", "0.125"),
        ("0,125", "ro", "0.125"),
        ("1.234.567", "en", "1234567"),
        ("1,234,567", "el", "1234567"),
        ("1.234,567", "en", "1234.567"),
        ("1 234,56", "ro", "1234.56"),
        ("1\u00a0234,56", "el", "1234.56"),
        ("1\u202f234.56", "en", "1234.56"),
        ("1'234.50", "en", "1234.50"),
        ("-5", "en", "-5"),
        ("−5,5", "el", "-5.5"),
        ("5-", "en", "-5"),
        ("(1,250.00)", "en", "-1250.00"),
        ("\u200f-1,234.5\u200e", "he", "-1234.5"),
        ("+5", "en", "5"),
        ("5,-", "el", "5"),
        (".5", "en", "0.5"),
        (",5", "el", "0.5"),
        ("5.", "en", "5"),
        ("007", "en", "7"),
    ],
)
def test_number_is_read_as_the_language_writes_it(text: str, language: str, number: str) -> None:
    assert read_number(text, language) == Decimal(number)


@pytest.mark.parametrize("language", ["en", "el", "ro", "he"])
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "abc", "12abc", "1.2.3", "1,2,3", "12,34,567", "1.23.456,7", "1,234,56", "1..2",
        "1,,2", "--5", "+-5",
        "1e5", "0x10", "1_000", "٣", "１２", "½", "1 2", "1 23 456", "(5", "5)", "€", "5%", "5 €",
        ".", ",", "-", "9" * 41,
    ],
)  # fmt: skip
def test_nonsense_is_no_number_in_any_language(text: str, language: str) -> None:
    assert read_number(text, language) is None


def test_a_comma_that_parts_no_thousands_is_refused_where_the_point_is_the_decimal_mark() -> None:
    assert read_number("1,23", "en") is None
    assert read_number("1234,5", "he") is None


@settings(deadline=None)
@given(number=st.decimals(-(10**12), 10**12, places=4), language=st.sampled_from(["en", "el", "ro", "he"]))
def test_every_number_is_read_back_from_form_and_json(number: Decimal, language: str) -> None:
    field, situation, decimal = field_of("decimal"), Situation(language=language), FIELD_TYPES["decimal"]
    assert decimal.clean(field, decimal.form_text(field, number, situation), situation) == number
    assert decimal.clean(field, decimal.to_json(field, number), situation) == number
    assert decimal.clean(field, decimal.display(field, number, situation), situation) == number


@settings(deadline=None)
@given(
    text=st.text("0123456789.,- €()'\u00a0\u200f", max_size=14),
    language=st.sampled_from(["en", "el", "ro", "he"]),
)
def test_reading_never_fails_and_never_invents_digits(text: str, language: str) -> None:
    number = read_number(text, language)
    if number is not None:
        digits = "".join(letter for letter in text if letter.isdigit())
        assert format(abs(number), "f").replace(".", "").strip("0") == digits.strip("0")


def test_three_places_in_json_cannot_be_taken_for_thousands() -> None:
    field = field_of("decimal", places=3)
    assert FIELD_TYPES["decimal"].to_json(field, Decimal("1.234")) == "1.2340"
    assert clean("decimal", "1.2340", "el", places=3) == Decimal("1.234")


def test_api_text_has_a_decimal_point_in_every_language() -> None:
    situation = Situation(language="el", source="api")
    assert FIELD_TYPES["decimal"].clean(field_of("decimal"), "1.234", situation) == Decimal("1.234")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, 12), (12.0, 12), (Decimal("12.00"), 12), ("12", 12), ("12.0", 12), ("1,234", 1234),
        (" 12 ", 12), ("-0", 0),
        (2**63 - 1, 2**63 - 1), (2**63, "number.too_big"), ("9223372036854775808", "number.too_big"),
        (12.5, "number.not_whole"), ("12.5", "number.not_whole"), (True, "number.not_a_number"),
        (float("nan"), "number.not_a_number"), (float("inf"), "number.not_a_number"), ([1], "number.not_a_number"),
    ],
)  # fmt: skip
def test_whole_numbers(value: Any, expected: Any) -> None:
    assert clean("integer", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, Decimal("0.10")),
        (19.989999999999998, Decimal("19.99")),
        (0.1 + 0.2, Decimal("0.30")),
        (1.005, "number.too_many_places"),
        ("1.005", "number.too_many_places"),
        ("1.500", Decimal("1.50")),
        (Decimal("1E+3"), Decimal("1000.00")),
        ("1e3", "number.not_a_number"),
        (True, "number.not_a_number"),
        (10**16, "number.too_big"),
        ("99999999999999999.99", "number.too_big"),
        (Decimal("sNaN"), "number.not_a_number"),
    ],
)
def test_amounts_are_exact_or_refused_never_rounded(value: Any, expected: Any) -> None:
    assert clean("money", value) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("€1,234.56", "en", "1234.56"),
        ("1.234,56 €", "el", "1234.56"),
        ("1.234,56\u00a0€", "el", "1234.56"),
        ("1 234,56 ευρώ", "el", "1234.56"),
        ("EUR 12", "en", "12"),
        ("12 EUR", "ro", "12"),
        ("-€5", "en", "-5"),
        ("€ -5", "en", "-5"),
        ("€(5.00)", "en", "-5"),
        ("\u200f1,234.50 \u200f€", "he", "1234.50"),
        ("50 Euro.", "ro", "50"),
        ("5 lei", "ro", "money.other_currency"),
        ("$5", "en", "money.other_currency"),
        ("5 apples", "en", "number.not_a_number"),
        ("€5€", "en", "number.not_a_number"),
        ("€", "en", "number.not_a_number"),
        ("5 € 6", "en", "number.not_a_number"),
    ],
)
def test_amount_may_carry_its_own_currency(text: str, language: str, expected: str) -> None:
    found = clean("money", text, language, currency="EUR")
    assert found == (expected if "." in expected and expected[0].isalpha() else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "currency"), [("5 lei", "RON"), ("5 RON", "RON"), ("₪5", "ILS"), ('5 ש"ח', "ILS"), ("$5", "USD")]
)
def test_signs_and_words_of_our_countries(text: str, currency: str) -> None:
    assert clean("money", text, currency=currency) == Decimal(5)


def test_currency_of_another_field_decides() -> None:
    keys = {"currency_field": "paid_in"}
    assert clean("money", "5 lei", values={"paid_in": "RON"}, **keys) == Decimal(5)
    assert clean("money", "5 lei", values={"paid_in": "EUR"}, **keys) == "money.other_currency"
    shown = FIELD_TYPES["money"].display(
        field_of("money", **keys), Decimal(5), Situation(values={"paid_in": "GBP"})
    )
    assert shown == "£5.00"


def test_percent_sign_may_stand_or_not() -> None:
    assert [clean("percent", text, "ro") for text in ("12,5 %", "12,5%", "12,5", "%12,5", 12.5)] == [
        Decimal("12.5")
    ] * 5


def test_limits_are_inclusive() -> None:
    limits = {"at_least": 0, "at_most": 100}
    assert [clean("percent", value, **limits) for value in (0, 100)] == [0, 100]
    assert clean("percent", -0.01, **limits) == "number.too_small"
    assert clean("percent", "100.01", **limits) == "number.too_large"
    assert clean("integer", 0, at_least=1) == "number.too_small"


def test_rating_is_one_to_five() -> None:
    assert [clean("rating", value) for value in (1, "5", 0, 6, 2.5)] == [
        1, 5, "rating.out_of_range", "rating.out_of_range", "number.not_whole",
    ]  # fmt: skip


@pytest.mark.parametrize("language", FORMATS)
def test_numbers_are_shown_as_the_language_writes_them(language: str) -> None:
    expected, situation = FORMATS[language], Situation(language=language)
    currency = {"el": "EUR", "ro": "RON", "he": "ILS"}[language]

    def shown(type_name: str, value: str, **body: Any) -> str:
        return FIELD_TYPES[type_name].display(field_of(type_name, **body), Decimal(value), situation)

    assert shown("decimal", "-1234567.8910") == expected["decimal"]
    assert shown("percent", "25.60") == expected["percent"]
    assert shown("money", "1234.50", currency=currency).replace("\u00a0", " ") == expected[
        "currency"
    ].replace("\u00a0", " ")


def test_more_places_than_the_currency_has_are_shown() -> None:
    field = field_of("money", currency="EUR", places=4)
    assert FIELD_TYPES["money"].display(field, Decimal("0.1234"), Situation()) == "€0.1234"
    assert FIELD_TYPES["money"].display(field, Decimal("0.1200"), Situation()) == "€0.12"


def test_computed_numbers_are_rounded_half_away_from_zero() -> None:
    fit, field = FIELD_TYPES["money"].fit, field_of("money")
    assert [fit(field, Decimal(text)) for text in ("0.005", "-0.005", "1.004")] == [
        Decimal("0.01"), Decimal("-0.01"), Decimal("1.00"),
    ]  # fmt: skip
    assert fit(field, Decimal(10) ** 30) is None
    assert FIELD_TYPES["integer"].fit(field_of("integer"), Decimal("2.5")) == 3


@pytest.mark.parametrize(
    ("type_name", "body", "code"),
    [
        ("decimal", {"places": 12}, "field.expected_whole_number"),
        ("decimal", {"places": True}, "field.expected_whole_number"),
        ("decimal", {"at_least": "x"}, "field.expected_number"),
        ("decimal", {"at_least": 5, "at_most": 1}, "field.limits_cross"),
        ("money", {"currency": "EURO"}, "field.unknown_word"),
        ("money", {"currency": "EUR", "currency_field": "x"}, "field.one_of_two"),
        ("money", {"default": "abc"}, "field.bad_default"),
        ("money", {"at_least": 0, "default": -1}, "field.bad_default"),
        ("rating", {"default": 6}, "field.bad_default"),
    ],
)  # fmt: skip
def test_wrong_keys_are_named(type_name: str, body: dict, code: str) -> None:
    assert [problem.code for problem in FIELD_TYPES[type_name].check_options("amount", body)] == [code]
