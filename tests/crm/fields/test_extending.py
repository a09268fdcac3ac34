"""A field type is one file and one line; the recipe for it does what it says."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from config import ROOT
from crm.entities.json_schema import json_schemas
from crm.entities.load import documents_from_json, load_document
from crm.fields import FIELD_TYPES
from crm.messages import MESSAGES, add_messages
from crm.records.export import export_columns, export_rows
from crm.records.listing import ListQuery, list_records
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.crm.imports.bench import Workshop, csv_of, shop_in
from tests.crm.records.rotating import open_system
from tests.crm.web.form_reader import form_of

PAGE = (ROOT / "docs" / "extending" / "field_type.md").read_text()
CODE, YAML = (re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1] for language in ("python", "yaml"))


@pytest.fixture
def duration() -> Iterator[str]:
    """The type of the recipe, in the registry for one test."""
    module = ModuleType("crm.fields.duration")
    sys.modules[module.__name__] = module  # typing looks there for what annotations name
    exec(compile(CODE, "docs/extending/field_type.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    new = module.DurationType()
    FIELD_TYPES[new.name] = new
    add_messages(new.sentences)
    yield new.name
    del FIELD_TYPES[new.name], sys.modules[module.__name__]
    for code in new.sentences:
        del MESSAGES[code]


@pytest.fixture
def browser(duration, engine, settings) -> Browser:
    """The administrator's browser, in a house with the entity of the recipe."""
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    report, problems = load_document(YAML, "entities/visit_report.yaml")
    assert not problems
    publish_schema(engine, documents_from_json([*bodies, dict(report.body)]), "recipe")
    app = build_app(get_workspace(engine), settings, engine)
    app.test_client_class = Browser
    found = app.test_client()
    found.sign_in("admin")
    return found


def call(browser: Browser, method: str, path: str, body: Any = None) -> Any:
    return browser.open(path, method=method, json=body, headers={"X-CSRFToken": browser.token("/profile/")})


def test_the_recipe_gives_a_type_that_every_surface_knows(browser, engine, tmp_path):
    made = call(browser, "POST", "/api/v1/visit_report/", {"subject": "A visit", "took": "1:30"})
    assert (made.status_code, made.json["result"]["took"]) == (201, 90)
    number = made.json["id"]
    for page in ("/visit_report/list/", f"/visit_report/show/{number}"):
        assert ">1:30<" in browser.get(page).text, page
    page = browser.get(f"/visit_report/edit/{number}").text
    start = page.index('id="record-form"')
    form = form_of(page[start : page.index("</form>", start)])
    assert form["took"] == "1:30"
    form["took"] = "2:05"
    assert browser.post(f"/visit_report/edit/{number}", data=form).status_code == 302
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["visit_report"]
        names = export_columns(session, entity)
        rows = list(export_rows(session, entity, ListQuery(), names))
        for least, count in ((125, 1), (126, 0)):
            query = ListQuery([{"field": "took", "at_least": least}])
            assert list_records(session, entity, query).total == count
    assert rows == [[number, "A visit", "2:05"]]
    workshop = Workshop(shop_in(engine, tmp_path / "files"), lambda *_who: open_system(engine))
    told = [f"{name}={name}" for name in names]
    batch = workshop.run(csv_of([names, *rows]), "visit_report", mode="update", keys=["id"], told=told)
    assert batch["unchanged"] == 1


@pytest.mark.parametrize(("sent", "said"), [("soon", "is no duration. Write it like 1:30."), ("0:04", "5")])
def test_what_does_not_fit_is_refused_in_its_own_words(browser, sent, said):
    answer = call(browser, "POST", "/api/v1/visit_report/", {"subject": "A visit", "took": sent})
    assert answer.status_code == 422
    assert said in answer.text


def test_the_editor_offers_it_and_its_schema_knows_it(browser):
    page = browser.get("/admin/schema/visit_report/add").text
    assert "Duration" in page and "Hours and minutes: 1:30." in page
    assert '"duration"' in json.dumps(json_schemas()["entity"])
