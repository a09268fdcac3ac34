"""Labels within sentences: in the form a document tells, after a colon where it tells none."""

from __future__ import annotations

import pytest
import yaml

from crm.drafts.keys import read_texts
from crm.entities.json_schema import json_schemas
from crm.texts import LANGUAGES, Text
from crm.web.skin import add_words, new_words
from tests.crm.entities.test_entity_check import GOOD, problems_of

FORMS = Text(
    {
        "en": "VAT rate",
        "el": {"one": "Πελάτης", "accusative": "πελάτη", "gender": "m"},
        "ro": {"one": "Client", "gender": "m"},
        "he": {"one": "לקוח", "gender": "m"},
    }
)
PLAIN = Text({"en": "Customer", "el": "Πελάτης", "ro": "Client", "he": "לקוח"})


def said(client, label: Text) -> list[tuple[str, str]]:
    """Return what adds a record and what a new one is called, in every language."""
    found = []
    for language in LANGUAGES:
        with client("admin").application.test_request_context(f"/?_l_={language}"):
            found.append((str(add_words(label)), str(new_words(label))))
    return found


def test_a_label_stands_in_the_form_it_tells(client) -> None:
    assert said(client, FORMS) == [
        ("Add VAT rate", "New VAT rate"), ("Προσθήκη πελάτη", "Νέος πελάτης"),
        ("Adaugă client", "Client nou"), ("הוספת לקוח", "לקוח חדש"),
    ]  # fmt: skip


def test_a_label_without_forms_stands_after_a_colon_where_the_language_needs_them(client) -> None:
    assert said(client, PLAIN) == [
        ("Add customer", "New customer"), ("Προσθήκη: Πελάτης", "Νέα εγγραφή: Πελάτης"),
        ("Adaugă client", "Înregistrare nouă: Client"), ("הוספת לקוח", "רשומה חדשה: לקוח"),
    ]  # fmt: skip


def test_a_page_says_it(client) -> None:
    admin = client("admin")
    admin.get("/lang/el")
    assert "Προσθήκη πελάτη" in admin.get("/customer/list/").text
    assert "Νέος πελάτης" in admin.get("/customer/add").text


def test_a_word_that_stays_keeps_its_forms_when_another_language_changes() -> None:
    before = {"en": "Customer", "el": {"one": "Πελάτης", "genitive": "πελάτη"}}
    assert read_texts({"en": "Client", "el": "Πελάτης"}, before) == {**before, "en": "Client"}
    assert read_texts({"en": "Customer", "el": "Αγοραστής"}, before) == {"en": "Customer", "el": "Αγοραστής"}
    assert read_texts({"en": "Customer", "el": "Πελάτης"}, before) == before


@pytest.mark.parametrize(
    ("forms", "codes"),
    [
        ("{one: Βιβλίο, genitive: βιβλίου, gender: n}", []),
        ("{genitive: βιβλίου}", ["schema.missing_key"]),
        ("{one: Βιβλίο, dative: βιβλίῳ}", ["schema.unknown_key_near"]),
        ("{one: Βιβλίο, gender: x}", ["schema.bad_gender"]),
        ("{one: [Βιβλίο]}", ["schema.expected_text"]),
    ],
)
def test_forms_are_checked(forms: str, codes: list[str]) -> None:
    text = GOOD.replace("entity: book\n", f"entity: book\nlabel: {{en: Book, el: {forms}}}\n", 1)
    assert [problem.code for problem in problems_of(text)] == codes


def test_the_json_schema_knows_the_forms() -> None:
    told = yaml.safe_dump(json_schemas())
    assert "accusative" in told and "genitive" in told and "gender" in told


def test_an_entity_whose_label_tells_its_forms_is_shaped_on_pages(client) -> None:
    admin = client("admin")
    for path in (
        "/admin/schema/",
        "/admin/schema/deal/",
        "/admin/schema/deal/labels",
        "/admin/schema/deal/general",
    ):
        answer = admin.get(path)
        assert answer.status_code == 200 and "{&#39;one&#39;" not in answer.text, path
