"""An unknown number calls: which record it may become is declared, and never the first that comes to hand."""

from __future__ import annotations

import html
import re

import pytest

from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import publish_changed

UNKNOWN = "/pop?phone=%2B302109999999"


def offers_of(page: str) -> list[str]:
    """Return where the page of an unknown caller leads."""
    return [html.unescape(found) for found in re.findall(r'href="(/\w+/add\?\w+=[^"]*)"', page)]


def test_a_caller_becomes_a_record_of_the_declared_entity(client) -> None:
    admin = client("admin")
    assert offers_of(admin.get(UNKNOWN).text) == ["/customer/add?phone=%2B302109999999"]
    assert "2109999999" in admin.get("/customer/add?phone=%2B302109999999").text.replace(" ", "")
    assert offers_of(client("viewer").get(UNKNOWN).text) == []


def test_the_declaration_is_made_in_the_editor(client) -> None:
    admin = client("admin")
    page = admin.get("/admin/schema/contact/general").text
    seen = re.search(r'name="_seen" value="([^"]*)"', page)[1]
    kept = {"_seen": seen, "label.en": "Contact", "plural.en": "Contacts", "new_caller": "phone"}
    assert admin.submit("/admin/schema/contact/general", kept).status_code == 302
    assert "new_caller: phone" in html.unescape(admin.get("/admin/schema/documents/entity/contact").text)


def test_the_page_without_a_number_says_so_and_offers_nothing(client) -> None:
    for address in ("/pop", "/pop?phone=%20"):
        page = client("admin").get(address).text
        assert "No phone number" in page and "Nobody" not in page and offers_of(page) == []


@pytest.mark.parametrize("language", ["en", "el", "ro", "he"])
def test_the_editor_speaks_the_readers_language(client, language: str) -> None:
    admin = client("admin")
    admin.get(f"/lang/{language}")
    page = admin.get("/admin/schema/customer/general").text
    assert 'name="new_caller"' in page
    assert ("Field for unknown callers" in page) == (language == "en")


class TestNoneDeclared:
    """Where no entity says so."""

    @pytest.fixture
    def workspace(self, engine):
        """The shipped schemas without the declaration."""
        publish_changed(engine, lambda entities: entities["customer"].pop("new_caller"))
        return get_workspace(engine)

    def test_the_person_chooses_among_all_that_have_a_phone(self, client) -> None:
        offers = offers_of(client("admin").get(UNKNOWN).text)
        assert {offer.split("/")[1] for offer in offers} >= {"customer", "contact"}
