"""Texts, mail and web addresses, phones, tags, points, postal addresses."""

from __future__ import annotations

import time
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.fields.words import is_found
from tests.crm.fields.samples import field_of
from tests.shared_data import locale_cases

PHONES = locale_cases("phones")["cases"]


def clean(type_name: str, value: Any, situation: Situation | None = None, **body: Any) -> Any:
    """Return what a field of the type makes of a value; the code of the refusal when it refuses."""
    try:
        return FIELD_TYPES[type_name].clean(field_of(type_name, **body), value, situation or Situation())
    except FieldError as error:
        return error.code


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Maria  ", "Maria"),
        ("Άννα\u0301", "Άννά"),
        ("Α\u0301ννα", "Άννα"),
        ("two\nlines\there", "two lines here"),
        ("nul\0 bell\x07 del\x7f", "nul bell del"),
        ("\ufeffmark", "mark"),
        ("\u202eevil\u202c", "evil"),
        ("\u200fשלום\u200f", "שלום"),
        ("a\u200fb", "a\u200fb"),
        ("half \ud800 pair", "half  pair"),
        (12345, "12345"),
        (12345.0, "12345"),
        (0.1, "0.1"),
        (True, "text.not_a_text"),
        ({"x": 1}, "text.not_a_text"),
        (b"bytes", "text.not_a_text"),
        ("x" * 255, "x" * 255),
        ("x" * 256, "text.too_long"),
    ],
)
def test_text_is_one_visible_line(value: Any, expected: str) -> None:
    assert clean("text", value) == expected


def test_long_text_keeps_its_lines() -> None:
    assert clean("long_text", " first\r\nsecond\rthird\u2028fourth\n\n") == "first\nsecond\nthird\nfourth"
    assert clean("long_text", "x" * 100_000) == "x" * 100_000
    assert clean("long_text", "x" * 11, max_length=10) == "text.too_long"


def test_pattern_must_fit_the_whole_text() -> None:
    assert clean("text", "AB-12", pattern="[A-Z]{2}-[0-9]{2}") == "AB-12"
    assert clean("text", "AB-123", pattern="[A-Z]{2}-[0-9]{2}") == "text.no_match"
    assert clean("text", "Ωμέγα", pattern=r"\p{Greek}+") == "Ωμέγα"


def test_pattern_takes_linear_time() -> None:
    began = time.perf_counter()
    assert clean("text", "a" * 250 + "!", pattern="(a+)+(a|aa)+(a*)*$") == "text.no_match"
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("pattern", ["(", "a{99999}", r"(?=x)y", r"(a)\1", "x" * 600, 5, "\ud800"])
def test_pattern_that_cannot_be_matched_is_named(pattern: Any) -> None:
    problems = FIELD_TYPES["text"].check_options("code", {"pattern": pattern})
    assert [problem.code for problem in problems] == ["field.bad_pattern"]


@pytest.mark.parametrize("length", [0, -1, 4_001, 1.5, "9", True])
def test_wrong_length_is_named(length: Any) -> None:
    problems = FIELD_TYPES["text"].check_options("code", {"max_length": length})
    assert [problem.code for problem in problems] == ["field.expected_whole_number"]


def test_what_is_indexed_must_be_short() -> None:
    check = FIELD_TYPES["long_text"].check_options
    assert [problem.code for problem in check("code", {"unique": True})] == ["field.too_long_to_index"]
    assert check("code", {"unique": True, "max_length": 600}) == []
    assert FIELD_TYPES["text"].check_options("code", {"unique": True, "index": True}) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Maria.P@Example.GR", "Maria.P@example.gr"),
        (" maria@example.com ", "maria@example.com"),
        ("mailto:maria@example.com?subject=x", "maria@example.com"),
        ("\u200emaria@example.com\u200f", "maria@example.com"),
        ("μαρία@παράδειγμα.ελ", "μαρία@παράδειγμα.ελ"),
        ("maria@xn--hxajbheg2az3al.xn--qxam", "maria@παράδειγμα.ελ"),
        ("maria", "email.not_an_address"),
        ("maria@example", "email.not_an_address"),
        ("maria@localhost", "email.not_an_address"),
        ("maria@shop.test", "email.not_an_address"),
        ("a..b@example.com", "email.not_an_address"),
        (".a@example.com", "email.not_an_address"),
        ("a@-example.com", "email.not_an_address"),
        ("a@exa_mple.com", "email.not_an_address"),
        ("a b@example.com", "email.not_an_address"),
        ("a@example.com, b@example.com", "email.not_an_address"),
        ("x" * 65 + "@example.com", "email.not_an_address"),
        ("Maria <maria@example.com>", "email.not_an_address"),
    ],
)
def test_mail_addresses(value: str, expected: str) -> None:
    assert clean("email", value) == expected


@settings(deadline=None)
@given(
    local=st.text("abcXYZ019._+-'", min_size=1, max_size=10),
    domain=st.lists(st.text("abcX09-", min_size=1, max_size=8), min_size=1, max_size=4),
    end=st.sampled_from(["com", "gr", "test", "local", "a1", "xn--p1ai", "COM"]),
)
def test_the_short_way_judges_mail_as_the_validator_does(local: str, domain: list[str], end: str) -> None:
    text = f"{local}@{'.'.join([*domain, end])}"
    try:
        expected = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        expected = "email.not_an_address"
    assert clean("email", text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("example.gr", "https://example.gr"),
        ("www.Example.gr/Path?q=1#top", "https://www.example.gr/Path?q=1#top"),
        ("HTTP://EXAMPLE.GR/", "http://example.gr"),
        ("//example.gr/a", "https://example.gr/a"),
        ("example.gr:8080/x", "https://example.gr:8080/x"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("παράδειγμα.ελ", "https://παράδειγμα.ελ"),
        ("javascript:alert(1)", "url.not_an_address"),
        ("JaVaScRiPt://example.gr/%0aalert(1)", "url.not_an_address"),
        ("data:text/html,x", "url.not_an_address"),
        ("ftp://example.gr", "url.not_an_address"),
        ("https://user:secret@example.gr", "url.not_an_address"),
        ("https://exa mple.gr", "url.not_an_address"),
        ('https://example.gr/"onclick', "url.not_an_address"),
        ("https://", "url.not_an_address"),
        ("example", "url.not_an_address"),
        ("https://999.1.1.1", "url.not_an_address"),
        ("https://example.gr:99999", "url.not_an_address"),
        ("https://example.gr\\@evil.gr", "url.not_an_address"),
    ],
)
def test_web_addresses(value: str, expected: str) -> None:
    assert clean("url", value) == expected


@pytest.mark.parametrize("case", PHONES, ids=lambda case: case["possible_note"] or case["value"])
def test_phones_of_our_countries(case: dict) -> None:
    expected = case["e164"] if case["valid"] else "phone.not_a_number"
    assert clean("phone", case["value"], region=case["region"]) == expected


@pytest.mark.parametrize(
    "case",
    [case for case in PHONES if case["valid"]],
    ids=lambda case: case["possible_note"] or case["value"],
)
def test_phones_are_read_as_they_are_shown_and_found_as_they_are_typed(case: dict) -> None:
    field, phone = field_of("phone", region=case["region"]), FIELD_TYPES["phone"]
    shown = phone.display(field, case["e164"], Situation())
    assert not shown.startswith("+")
    assert clean("phone", shown, region=case["region"]) == case["e164"]
    found = phone.search_key(field, case["e164"])
    for typed in (case["value"], case["e164"], shown):
        assert is_found(typed, found), typed


def test_phone_is_of_the_country_beside_it() -> None:
    beside = {"country": "RO"}
    assert clean("phone", "0712 034 567", Situation(values=beside), region_field="country") == "+40712034567"
    assert clean("phone", "0712 034 567", region_field="country") == "phone.not_a_number"
    assert (
        clean("phone", "210 1234567", Situation(values={"country": "EL"}), region_field="country")
        == "+302101234567"
    )
    romania = Situation(values={"country": "Ρουμανία"})
    assert clean("phone", "0712 034 567", romania, region_field="country") == "+40712034567"
    assert clean("phone", 2101234567.0) == "+302101234567"


def test_phone_is_shown_in_national_form_at_home_only() -> None:
    field = field_of("phone", region="RO")
    display = FIELD_TYPES["phone"].display
    assert display(field, "+40712034567", Situation()) == "0712 034 567"
    assert display(field, "+302101234567", Situation()) == "+30 21 0123 4567"


@pytest.mark.parametrize(
    "query", ["0712034567", "0712 034 567", "+40712034567", "0040 712", "034567", "712-034-567", "(0712) 034"]
)
def test_phone_is_found_however_it_is_dialled(query: str) -> None:
    key = FIELD_TYPES["phone"].search_key(field_of("phone"), "+40712034567")
    assert is_found(query, key)


@pytest.mark.parametrize("region", ["gr", "Greece", "XX", 30, True])
def test_wrong_region_is_named(region: Any) -> None:
    problems = FIELD_TYPES["phone"].check_options("phone", {"region": region})
    assert [problem.code for problem in problems] == ["field.unknown_word"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("vip, Αθήνα;  new  customer ", ("vip", "Αθήνα", "new customer")),
        (["vip", "VIP", "víp"], ("vip",)),
        ("#vip | north\nsouth", ("vip", "north", "south")),
        (["a,b", "c"], ("a", "b", "c")),
        (" , ;", None),
        ("x" * 61, "tags.too_long"),
        ([f"tag {n}" for n in range(51)], "tags.too_many"),
        ([{"a": 1}], "text.not_a_text"),
    ],
)
def test_tags(value: Any, expected: Any) -> None:
    assert clean("tags", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("37.98381, 23.727539", "37.983810,23.727539"),
        ("37.98381 23.727539", "37.983810,23.727539"),
        ("33.86882S, 151.20929E", "-33.868820,151.209290"),
        ("geo:37.98,23.72", "37.980000,23.720000"),
        ([37.98, 23.72], "37.980000,23.720000"),
        ({"lat": 37.98, "lon": 23.72}, "37.980000,23.720000"),
        ("-0.0000001, 0", "0.000000,0.000000"),
        ("37,98 23,72", "location.not_a_point"),
        ("91, 0", "location.not_a_point"),
        ("0, 181", "location.not_a_point"),
        ({"lat": 1, "x": 2}, "location.not_a_point"),
        ([1, True], "location.not_a_point"),
        ("Athens", "location.not_a_point"),
    ],
)
def test_points_on_the_map(value: Any, expected: str) -> None:
    assert clean("location", value) == expected


def test_postal_address_has_no_empty_lines() -> None:
    text = "  Ερμού 1,\r\n\r\n 105 63  Αθήνα \n,\nΕλλάδα"
    assert clean("address", text) == "Ερμού 1\n105 63 Αθήνα\nΕλλάδα"
    shown = FIELD_TYPES["address"].display(field_of("address"), clean("address", text), Situation())
    assert shown == "Ερμού 1, 105 63 Αθήνα, Ελλάδα"
    assert clean("address", "line\n" * 11) == "address.too_long"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("yes", True), ("NO", False), ("ναι", True), ("Όχι", False), ("ΟΧΙ", False), ("Da", True), ("nu", False),
        ("כן", True), ("לא", False), ("1", True), ("0", False), (1, True), (0.0, False), (True, True), ("true", True),
        ("maybe", "boolean.not_yes_or_no"), (2, "boolean.not_yes_or_no"), ([], "text.not_a_text"),
    ],
)  # fmt: skip
def test_yes_and_no_in_four_languages(value: Any, expected: Any) -> None:
    assert clean("boolean", value) is expected or clean("boolean", value) == expected != bool(expected)
