"""Every type of field on every surface, in four languages: what is shown is read back. A new type is covered."""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.fields import FIELD_TYPES, type_of
from crm.fields.base import Situation
from crm.records.export import export_columns, export_header, export_rows
from crm.records.journal import list_changes
from crm.records.listing import ListQuery
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.texts import LANGUAGES
from tests.browsing import Browser
from tests.conftest import find_actor
from tests.crm.fields.samples import BODIES, VALUES, field_of
from tests.crm.imports.bench import Workshop, csv_of, shop_in
from tests.crm.records.rotating import open_system
from tests.crm.web.form_reader import form_of
from tests.factories import make_product

pytestmark = pytest.mark.slow

APART = ("file", "image")  # they are uploaded first: test_files.py
OWN = {
    "reference": {"to": "product"},
    "references": {"to": "product"},
    "formula": {"of": "money", "formula": "f_money * 2", "currency": "EUR"},
    "summary": {"of": "count", "over": "parts"},
}
BESIDE = {
    "country": {"type": "choice", "choices": ["GR", "RO", "IL"]},
    "currency": {"type": "choice", "choices": ["EUR", "RON", "ILS"]},
    "phone_there": {"type": "phone", "region_field": "country"},
    "tax_there": {"type": "tax_id", "country_field": "country"},
    "price_there": {"type": "money", "currency_field": "currency"},
}
THERE = {
    "country": "RO",
    "currency": "RON",
    "phone_there": "0712 034 567",
    "tax_there": "RO 18547290",
    "price_there": "1234.5",
}
COMPUTED = ("sequence", "formula", "summary")
NAMES = [name for name in FIELD_TYPES if name not in APART]


@pytest.fixture
def house(engine: sa.Engine, begin_at: Any, request: pytest.FixtureRequest) -> Callable[[str], Browser]:
    """A function that opens the administrator's browser, in a language, in a house with an entity of every type."""
    products = begin_at(__name__, lambda: begin(engine))
    app = request.getfixturevalue("app")  # of what is live now

    def open_one(language: str = "en") -> Browser:
        browser = app.test_client()
        browser.sign_in("admin")
        browser.get(f"/lang/{language}")
        browser.products = products
        return browser

    return open_one


def begin(engine: sa.Engine) -> list[int]:
    """Publish an entity of every type beside the shipped ones, and return the ids of two products."""
    with open_system(engine) as session:
        products = [make_product(session, name=f"Λάδι {n}").id for n in range(2)]
        session.commit()
    fields = {f"f_{name}": {"type": name, **OWN.get(name, BODIES.get(name, {}))} for name in NAMES}
    fields["f_text"]["search"] = True
    sample = {
        "entity": "sample",
        "label": "Sample",
        "plural": "Samples",
        "title": "{f_text}",
        "fields": {**fields, **copy.deepcopy(BESIDE)},
        "list": {"columns": ["f_text"]},
    }
    part = {
        "entity": "sample_part",
        "label": "Part",
        "plural": "Parts",
        "fields": {
            "name": {"type": "text"},
            "sample": {"type": "reference", "to": "sample", "inverse": {"name": "parts"}},
        },
    }
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    publish_schema(engine, documents_from_json([*bodies, sample, part]), "types")
    return products


def sent_values(browser: Browser) -> dict[str, Any]:
    """Return a record with every field filled, as REST takes it."""
    found = {
        f"f_{name}": FIELD_TYPES[name].to_json(field_of(name), VALUES[name][0])
        for name in NAMES
        if name not in COMPUTED
    }
    return {**found, "f_reference": browser.products[0], "f_references": browser.products[::-1], **THERE}


def call(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = browser.open(path, method=method, json=body, headers={"X-CSRFToken": browser.token("/profile/")})
    assert answer.status_code in (200, 201), answer.text
    return answer.json


def made(browser: Browser) -> tuple[int, dict[str, Any]]:
    """Create the record; return its number and what REST answers of it."""
    answer = call(browser, "POST", "/api/v1/sample/", sent_values(browser))
    return answer["id"], answer["result"]


def test_rest_takes_back_what_it_answers(house):
    browser = house()
    number, result = made(browser)
    again = {name: value for name, value in result.items() if name not in [f"f_{one}" for one in COMPUTED]}
    kept = {name: value for name, value in again.items() if name[:2] == "f_" or name in BESIDE}
    assert call(browser, "PUT", f"/api/v1/sample/{number}", kept)["result"]["row_version"] == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_saved_as_it_is_changes_nothing(house, engine, language):
    number, _result = made(house())
    browser = house(language)
    page = browser.get(f"/sample/edit/{number}").text
    form = form_of(
        page[page.index('id="record-form"') : page.index("</form>", page.index('id="record-form"'))]
    )
    answer = browser.post(f"/sample/edit/{number}", data=form)
    assert answer.status_code == 302, re.findall(r'field-error"[^>]*><bdi>([^<]*)', answer.text)
    with open_system(engine) as session:
        changes = list_changes(session, session.workspace.schema.entities["sample"], number)
    assert [found["kind"] for found in changes] == ["created"], changes[0]["values"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_record_shows_every_value_in_the_readers_words(house, engine, language):
    number, _result = made(house())
    shown = " ".join(
        html.unescape(re.sub(r"<[^>]*>", " ", house(language).get(f"/sample/show/{number}").text)).split()
    )
    entity = get_workspace(engine).schema.entities["sample"]
    for name in NAMES:
        if name in ("reference", "references", "user", "sequence", "summary", "formula", "choices", "tags"):
            continue  # by titles, and word by word: tests of their own
        field = entity.fields[f"f_{name}"]
        value = VALUES[name][0]
        words = " ".join(type_of(field).display(field, value, Situation(language=language)).split())
        assert words in shown, name
    assert "Λάδι 0" in shown and "Λάδι 1" in shown
    assert "0712 034 567" in shown and "18547290" in shown
    assert ("RON" in shown or "lei" in shown) and not re.search(
        r"€\s?1[.,]234[.,]50|1[.,]234[.,]50\s?€", shown
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_export_is_imported_again_without_a_change(house, engine, tmp_path, language):
    number, _result = made(house())
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["sample"]
        actor = find_actor(engine, session.workspace, "admin")
        session.actor = type(actor)(**{**actor.__dict__, "language": language})
        importable = [name for name in entity.fields if type_of(entity.fields[name]).writable]
        names = export_columns(session, entity, ["id", *importable])
        header = export_header(session, entity, names)
        rows = [
            ["" if cell is None else cell for cell in row]
            for row in export_rows(session, entity, ListQuery(), names)
        ]
    table = [[f"h{place}" for place in range(len(header))], *rows]
    told = [f"h{place}={name}" for place, name in enumerate(names)]
    content = csv_of([[f'"{str(cell).replace(chr(34), chr(34) * 2)}"' for cell in row] for row in table])
    workshop = Workshop(shop_in(engine, tmp_path / "files"), lambda *_who: speaking(engine, language))
    batch = workshop.run(content, "sample", mode="update", keys=["id"], told=told)
    problems = [
        (row.action, row.content, row.problems)
        for row in workshop.rows(batch["id"])
        if row.action != "unchanged"
    ]
    assert (batch["unchanged"], problems) == (1, []), batch


def speaking(engine: sa.Engine, language: str) -> Any:
    """Return a session of the system that speaks a language."""
    session = open_system(engine)
    session.actor = type(session.actor)(**{**session.actor.__dict__, "language": language})
    return session


@pytest.mark.parametrize(
    "name",
    [name for name in NAMES if name not in (*COMPUTED, "user") and FIELD_TYPES[name].kind != "none"],
)
def test_a_list_finds_the_record_by_what_its_form_holds(house, name):
    browser = house()
    number, result = made(browser)
    operator = {"text": 2, "many": 0}.get(FIELD_TYPES[name].kind, 0)
    operator = 0 if name == "choice" else operator
    value = VALUES[name][0]
    typed = FIELD_TYPES[name].form_text(field_of(name), value, Situation())
    typed = {
        "reference": str(browser.products[0]),
        "references": str(browser.products[0]),
        "boolean": "true",
    }.get(name, typed)
    typed = typed.split(",")[0] if FIELD_TYPES[name].kind == "many" else typed
    page = browser.get("/sample/list/", query_string={f"_flt_{operator}_f_{name}": typed})
    assert page.status_code == 200 and f"/sample/show/{number}" in page.text, (operator, typed)
