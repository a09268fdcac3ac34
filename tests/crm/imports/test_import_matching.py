"""Which header means which field, in four languages."""

from __future__ import annotations

import pytest

from config import ROOT
from crm.entities.load import build_schema, load_documents
from crm.imports.matching import guess_columns, squeeze, usual_keys
from crm.imports.model import Sheet


@pytest.fixture(scope="module")
def entities():
    import app

    app.wire()
    documents, _ = load_documents(ROOT / "schemas")
    return build_schema(documents, 1)[0].entities


def guessed(entity, *headers: str) -> list[str | None]:
    sheet = Sheet("S", False, 1, 1, headers)
    return [column.field for column in guess_columns(sheet, entity)]


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (["Name", "E-mail", "City"], ["name", "email", "city"]),
        (["ΟΝΟΜΑ", "Πολη", "ΑΦΜ"], ["name", "city", "tax_id"]),
        (["Nume", "oraș", "Telefon"], ["name", "city", "phone"]),
        (["שם", "עיר", "טלפון"], ["name", "city", "phone"]),
        (["customer_name", "postalCode", "Creditlimit"], ["name", "postal_code", "credit_limit"]),
        (["Customer E-mail", "Web site", "VAT number"], ["email", "website", "tax_id"]),
        (["Name", "Name", "name"], ["name", None, None]),
        (["", "Colour of the door", "# Reason"], [None, None, None]),
    ],
)
def test_headers_are_guessed(entities, headers, fields):
    assert guessed(entities["customer"], *headers) == fields


def test_a_column_right_of_blank_ones_keeps_its_place(entities):
    sheet = Sheet("S", False, 4, 2, ("name", "city"), first_column=3)
    assert [column.index for column in guess_columns(sheet, entities["customer"])] == [3, 4]


def test_the_usual_key_is_a_unique_field(entities):
    sheet = Sheet("S", False, 1, 1, ("Churn", "customerID"))
    assert usual_keys(guess_columns(sheet, entities["subscriber"]), entities["subscriber"]) == (
        "customer_number",
    )


def test_squeezing_keeps_words_of_every_script():
    assert squeeze("  Ημ/νία-Γέννησης: ") == "ημνιαγεννησησ"
