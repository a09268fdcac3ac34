"""Every sentence in every language, every page in Hebrew from right to left."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from gettext import c2py
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from config import ROOT
from crm.permissions.store import list_user_names
from crm.texts import LANGUAGES
from tests.factories import make_complaint, make_customer, make_deal
from tests.shared_data import locale_cases

PLACEHOLDER = re.compile(r"%\((\w+)\)")
MARKS = ("N_", "NP_:1c,2", "_l", "lazy_gettext", "lazy_pgettext:1c,2")
KEYWORDS = tuple(part for mark in MARKS for part in ("-k", mark))
GREETINGS = ("Good morning", "Good afternoon", "Good evening", "Welcome")  # Greek would need the vocative
TRANSLATED = [language for language in LANGUAGES if language != "en"]
PAGES = (
    "/", "/customer/list/", "/customer/add", "/deal/board/", "/import/", "/reports/", "/reports/deals_by_stage",
    "/notifications/", "/profile/", "/admin/rules/", "/admin/schema/", "/admin/schema/deal/",
    "/admin/schema/draft/", "/admin/schema/history/",
    "/admin/schema/history/1", "/admin/schema/documents/", "/admin/schema/documents/upload/",
    "/admin/schema/documents/entity/deal", "/admin/schema/deal/uses", "/admin/schema/deal/labels",
    "/admin/schema/deal/rights", "/admin/schema/deal/form", "/admin/schema/deal/fields/stage", "/customer/calendar/",
    "/admin/rules/escalate_old_complaint/",
    "/users/list/", "/users/add", "/roles/list/", "/search?q=x",
    "/admin/roles/", "/admin/roles/sales/", "/admin/roles/why?user=sales&entity=deal",
    "/pop?phone=1", "/no/such/page",
)  # fmt: skip


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every sentence of the code and the templates, as they are now."""
    path = tmp_path_factory.mktemp("texts") / "messages.pot"
    command = [str(Path(sys.executable).parent / "pybabel"), "-q", "extract", "-F", "translations/babel.cfg"]
    subprocess.run([*command, *KEYWORDS, "-o", str(path), "."], cwd=ROOT, check=True)
    with path.open("rb") as file:
        return read_po(file)


def catalogue(language: str) -> Catalog:
    """Return the catalogue of a language."""
    with (ROOT / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(sentences, language):
    known = catalogue(language)
    missing = [
        (message.context, message.id)
        for message in sentences
        if message.id and not _texts(known.get(message.id, message.context))
    ]
    assert missing == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_plural_forms_part_numbers_as_the_language_does(language):
    kinds = locale_cases("formats")["by_locale"][language]["plural"]
    form_of = c2py(catalogue(language).plural_expr)
    forms = {}
    for number, kind in kinds.items():
        kind = "other" if kind == "two" else kind  # Hebrew writes two like any other number
        forms.setdefault(kind, set()).add(form_of(int(number)))
    assert all(len(found) == 1 for found in forms.values())
    assert len(set.union(*forms.values())) == len(forms) == catalogue(language).num_plurals


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_placeholders(language):
    wrong = []
    for message in catalogue(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[1]
        wanted = set(PLACEHOLDER.findall(source))
        for text in _texts(message):
            found = set(PLACEHOLDER.findall(text))
            may_leave_out = message.pluralizable or (language == "el" and source.startswith(GREETINGS))
            if found != wanted and not (may_leave_out and found <= wanted):
                wrong.append((source, text))
    assert wrong == []


def _texts(message: Any) -> list[str]:
    """Return the texts of a message; none when one of its forms is missing."""
    if message is None:
        return []
    texts = [message.string] if isinstance(message.string, str) else list(message.string)
    return texts if all(texts) else []


class Shown(HTMLParser):
    """What people see of a page: its text and the attributes that are read out, without code and what they type in."""

    HIDDEN = frozenset({"code", "pre", "script", "style", "textarea"})
    READ = ("title", "aria-label", "placeholder", "data-confirm", "alt")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is read out, and where code begins."""
        self.depth += tag in self.HIDDEN
        self.words += [value for name, value in attrs if name in self.READ and value]

    def handle_endtag(self, tag: str) -> None:
        """Note where code ends."""
        self.depth -= tag in self.HIDDEN

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not self.depth:
            self.words.append(data)


def declared_keys(schema: Any) -> Iterator[str]:
    """Yield every internal name with an underscore: no word of a language looks like it."""
    names = [name for parts in schema.parts.values() for name in parts]
    for entity in schema.entities.values():
        names += [entity.name, *entity.fields]
        names += [key for field in entity.fields.values() for key in field.options.get("choices", {})]
    yield from {str(name) for name in names if "_" in str(name)}


def test_every_page_turns_round_in_hebrew_and_shows_no_internal_name(client, session):
    keys = re.compile(rf"\b({'|'.join(declared_keys(session.workspace.schema))})\b")
    users = "|".join(login for login, _name in list_user_names(session.connection(), "he"))
    logins = re.compile(
        rf"^\s*({users})(@|\s*$)|\(({users})\)$"
    )  # users of tests are called like their roles
    customer, deal, complaint = make_customer(session), make_deal(session), make_complaint(session)
    paths = [f"/customer/show/{customer.id}", f"/deal/edit/{deal.id}", f"/complaint/show/{complaint.id}"]
    session.commit()
    session.close()
    browser = client("admin")
    browser.get("/lang/he")
    for path in (*PAGES, *paths):
        answer = browser.get(path)
        assert answer.status_code in (200, 404), path
        assert '<html lang="he" dir="rtl"' in answer.text, path
        shown = [words for words in Shown(answer.text).words if keys.search(words)]
        assert [words for words in shown if not logins.search(words)] == [], path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_login_speaks_every_language_before_anybody_signed_in(client, language):
    browser = client()
    browser.get(f"/lang/{language}")
    assert (
        f'<html lang="{language}" dir="{"rtl" if language == "he" else "ltr"}"' in browser.get("/login/").text
    )
