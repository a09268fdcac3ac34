"""National numbers and IBANs: every case we were given, and what the library lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.fields.words import is_found
from crm.messages import render
from tests.crm.fields.samples import field_of
from tests.shared_data import locale_cases, needs_shared_data

GROUPS = locale_cases("identifiers")
KINDS = {
    "gr_afm_vat": "gr.vat",
    "gr_amka": "gr.amka",
    "ro_cui": "ro.cui",
    "ro_cf": "ro.cf",
    "ro_cnp": "ro.cnp",
    "ro_onrc": "ro.onrc",
    "il_id": "il.id",
    "il_company": "il.company",
}
CASES = [(KINDS[group], case) for group in KINDS for case in GROUPS[group]["cases"] if case["value"]]


def clean(value: Any, situation: Situation | None = None, type_name: str = "tax_id", **body: Any) -> Any:
    """Return the normal form of a number; the refusal when it is refused."""
    try:
        return FIELD_TYPES[type_name].clean(field_of(type_name, **body), value, situation or Situation())
    except FieldError as error:
        return error


@needs_shared_data
def test_every_group_of_cases_is_tested() -> None:
    assert set(GROUPS) == {*KINDS, "iban"}


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind}:{case['value']}" for kind, case in CASES])
def test_every_case_is_judged_as_expected(kind: str, case: dict) -> None:
    found = clean(case["value"], kind=kind)
    if case["app_expected"].startswith("accept"):
        assert found == case["normalised"]
    else:
        assert isinstance(found, FieldError)
        assert case["value"].strip() in render(found, "en")


@pytest.mark.parametrize(
    ("kind", "case"), [pair for pair in CASES if pair[1]["app_expected"].startswith("accept")]
)
def test_every_number_is_found_as_it_was_typed(kind: str, case: dict) -> None:
    key = FIELD_TYPES["tax_id"].search_key(field_of("tax_id", kind=kind), case["normalised"])
    assert is_found(case["value"], key)


@pytest.mark.parametrize("kind", KINDS.values())
def test_no_number_is_no_mistake(kind: str) -> None:
    assert clean("", kind=kind) is None


@pytest.mark.parametrize("case", [case for case in GROUPS["iban"]["cases"] if case["valid"]])
def test_every_iban_is_found_as_it_was_typed(case: dict) -> None:
    key = FIELD_TYPES["iban"].search_key(field_of("iban"), case["normalised"])
    assert is_found(case["value"], key)


@pytest.mark.parametrize("case", GROUPS["iban"]["cases"], ids=lambda case: case["value"])
def test_every_iban_is_judged_as_expected(case: dict) -> None:
    found = clean(case["value"], type_name="iban")
    assert found == case["normalised"] if case["valid"] else isinstance(found, FieldError)


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ("0942592160", "gr.vat", "tax_id.wrong_length"),
        ("094259217", "gr.vat", "tax_id.wrong_check_digit"),
        ("09425921X", "gr.vat", "tax_id.wrong_form"),
        ("000000000", "gr.vat", "tax_id.impossible"),
        ("EL000000000", "eu.vat", "tax_id.impossible"),
        ("416179157", "il.company", "tax_id.impossible"),
        ("XX123", "eu.vat", "tax_id.impossible"),
    ],
)
def test_a_refusal_says_what_is_wrong(value: str, kind: str, code: str) -> None:
    assert clean(value, kind=kind).code == code


@pytest.mark.parametrize(
    "value",
    [
        94259216,
        94259216.0,
        "ΑΦΜ 094259216",
        "Α.Φ.Μ.: 094259216",
        "ΕΛ 094259216",
        "GR094259216",
        "\u200e094259216",
    ],
)
def test_a_number_is_read_as_people_and_spreadsheets_write_it(value: Any) -> None:
    assert clean(value, kind="gr.vat") == "094259216"


@pytest.mark.parametrize(
    ("country", "value", "expected"),
    [
        ("GR", "EL094259216", "094259216"),
        ("EL", "094259216", "094259216"),
        ("RO", "RO 18547290", "18547290"),
        ("RO", "CUI: 18547290", "18547290"),
        ("Romania", "RO18547290", "18547290"),
        ("RO", "1630615123457", "1630615123457"),
        ("IL", "516179157", "516179157"),
        ("IL", "39337423", "039337423"),
        ("DE", "DE136695976", "136695976"),
        ("US", "12-3456789", "123456789"),
        ("ZZ", "ab 12.34/5", "AB12345"),
        (None, "094259216", "094259216"),
    ],
)
def test_the_country_beside_it_says_what_number_is_meant(
    country: str | None, value: str, expected: str
) -> None:
    assert clean(value, Situation(values={"country": country}), country_field="country") == expected


@pytest.mark.parametrize(
    ("country", "value", "code"),
    [
        ("GR", "18547291", "tax_id.wrong_check_digit"),
        ("RO", "094259216", "tax_id.wrong_form"),
        ("IL", "000000000", "tax_id.wrong_form"),
        ("DE", "DE136695977", "tax_id.wrong_check_digit"),
        ("ZZ", "!", "tax_id.wrong_form"),
        ("../x", "094259216!", "tax_id.wrong_form"),
    ],
)
def test_a_number_of_another_country_is_refused(country: str, value: str, code: str) -> None:
    assert clean(value, Situation(values={"country": country}), country_field="country").code == code


def test_the_refusal_speaks_of_the_number_that_was_meant() -> None:
    refused = clean("12345", Situation(values={"country": "IL"}), country_field="country")
    assert "Israeli company number" in render(refused, "en")


@pytest.mark.parametrize("body", [{"kind": "gr.afm"}, {"kind": 5}, {"country_field": "no name"}])
def test_wrong_keys_are_named(body: dict) -> None:
    assert len(FIELD_TYPES["tax_id"].check_options("tax", body)) == 1


def test_kind_and_country_exclude_each_other() -> None:
    problems = FIELD_TYPES["tax_id"].check_options("tax", {"kind": "gr.vat", "country_field": "country"})
    assert [problem.code for problem in problems] == ["field.one_of_two"]


def test_iban_is_shown_in_groups_of_four() -> None:
    shown = FIELD_TYPES["iban"].display(field_of("iban"), "GR1601101050000010547023795", Situation())
    assert shown == "GR16 0110 1050 0000 1054 7023 795"
    assert clean("IBAN: " + shown, type_name="iban") == "GR1601101050000010547023795"
    assert clean("GR16", type_name="iban").code in ("iban.wrong_form", "iban.wrong_check_digits")
