"""The quick reading of phone numbers says what the library says, or nothing."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.fields.phone_numbers import as_e164, ask_library, dialled_forms, plan_of, read_plain

REGIONS = ("GR", "RO", "IL", "CY", "BG", "DE", "FR", "NL", "GB", "US", "IT", "ES", "PL", "TR", "HU")
DIGITS = st.text("0123456789", min_size=3, max_size=14)


def library_says(text: str, region: str) -> str | None:
    """Return what the library makes of a number."""
    return ask_library.__wrapped__(text, region)


@pytest.mark.parametrize("region", ["GR", "RO", "IL"])
def test_our_countries_are_read_quickly(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert read_plain(national, region) == phonenumbers.format_number(
        example, phonenumbers.PhoneNumberFormat.E164
    )


@pytest.mark.parametrize(
    "style", [phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
)
def test_examples_of_every_country_are_read_as_the_library_reads_them(style: int) -> None:
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                text = phonenumbers.format_number(example, style)
                assert as_e164(text, region) == library_says(text, region), (region, text)


@settings(max_examples=600, deadline=None)
@given(
    digits=DIGITS,
    region=st.sampled_from(REGIONS),
    start=st.sampled_from(["", "0", "+", "+30", "+40", "+972", "69", "21", "07", "05"]),
)
def test_any_digits_are_read_as_the_library_reads_them(digits: str, region: str, start: str) -> None:
    assert as_e164(start + digits, region) == library_says(start + digits, region)


@pytest.mark.parametrize("text", ["+04312000", "+0302101234567", "+0040712034567"])
def test_no_calling_code_begins_with_a_zero(text: str) -> None:
    assert as_e164(text, "GR") == library_says(text, "GR")


@pytest.mark.parametrize("text", ["015130435042", "012 30 210 1234567", "00302101234567", "050-234-5678"])
def test_what_is_dialled_before_a_number_abroad_is_no_part_of_one_at_home(text: str) -> None:
    assert as_e164(text, "IL") == library_says(text, "IL")


@settings(max_examples=300, deadline=None)
@given(text=st.text("0123456789 ()-.+", min_size=5, max_size=16), region=st.sampled_from(("GR", "RO", "IL")))
def test_any_signs_are_read_as_the_library_reads_them(text: str, region: str) -> None:
    assert as_e164(text, region) == library_says(text, region)


@pytest.mark.parametrize("region", REGIONS)
def test_dialled_forms_are_those_of_the_library(region: str) -> None:
    example = phonenumbers.example_number(region)
    stored = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = "".join(letter for letter in national if letter.isdigit())
    assert dialled_forms(stored) == f"{stored[1:]} {digits}"


def test_countries_with_rules_of_their_own_are_left_to_the_library() -> None:
    assert plan_of("IT") is None
    assert plan_of("US") is None
    assert plan_of("GR") is not None
