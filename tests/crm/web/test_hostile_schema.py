"""Names and labels that mean to do harm: refused with a sentence, or shown as the text they are."""

from __future__ import annotations

import json
import re
import time

import pytest

from crm.entities.load import build_schema, load_document
from crm.errors import FieldError, SchemaError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.messages import render
from crm.texts import Text
from tests.crm.web.house import House
from tests.crm.web.serving.test_web_host import wait_for

IMAGE = "<img src=x onerror=alert(1)>"
BAD_NAMES = (
    "x'; drop table ab_user; --",
    '"; select pg_sleep(5); --',
    IMAGE,
    "nаme",  # noqa: RUF001 - the second letter is Cyrillic
    "a" * 300,
    "",
    "Name",
    "__init__",
    "a b",
    "name\u202e",
    "id",
    "metadata",
    "registry",
    "row_version",
)
ODD_NAMES = (
    "select", "order", "user", "group", "table", "class", "query", "data", "errors", "meta", "validate", "process",
    "populate_obj", "from", "null", "items", "keys", "get", "fields", "json", "search", "page", "csrf",
)  # fmt: skip
LABELS = f"""
    entity: firm
    label: {{en: "{IMAGE}firm", he: "{IMAGE}חברה"}}
    plural: {{en: "{IMAGE}firms", he: "{IMAGE}חברות"}}
    menu: trade
    icon: "{IMAGE}"
    fields:
      name: {{type: text, required: true, label: "{IMAGE}name", help: "{IMAGE}help"}}
      boss: {{type: user, label: "{IMAGE}boss"}}
      kind:
        type: choice
        label: "{IMAGE}kind"
        choices: {{one: {{label: "{IMAGE}one"}}, two: {{label: "{IMAGE}two"}}}}
      parent: {{type: reference, to: firm, inverse: {{name: parts, label: "{IMAGE}parts"}}, on_delete: clear}}
    form: [{{section: "{IMAGE}section", fields: [name, kind]}}]
    kanban: {{by: kind}}
    checks:
      - {{when: [{{field: name, is: refuse}}], message: "{IMAGE}message"}}
"""


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("place", ["entity", "field"])
def test_a_hostile_name_is_refused_with_a_sentence(place: str, name: str) -> None:
    body = {"entity": "book", "fields": {"title": {"type": "text"}}}
    if place == "entity" and name not in ("id", "metadata", "registry", "row_version"):
        body["entity"] = name
    else:
        body["fields"][name] = {"type": "text"}
    document, problems = load_document(json.dumps(body), "book.yaml")
    problems = problems + build_schema([document] if document else [], 1)[1]
    assert problems and all(render(problem, "en") for problem in problems)


def test_a_hostile_name_leaves_the_database_as_it_was(house_on_each: House) -> None:
    with pytest.raises(SchemaError):
        house_on_each.publish(
            entities_firm='entity: firm\nfields:\n  "x\'; drop table ab_user; --": {type: text}'
        )
    assert house_on_each.user_id("admin")


def test_reserved_words_and_names_of_python_make_working_fields(house_on_each: House) -> None:
    fields = "\n".join(f"  {name}: {{type: text}}" for name in ODD_NAMES)
    columns = ", ".join(f'"{name}"' for name in ODD_NAMES)
    number = house_on_each.publish(
        entities_firm=f"entity: firm\nfields:\n  name: {{type: text}}\n{fields}\nlist: {{columns: [{columns}]}}"
    )
    browser = house_on_each.browser()
    wait_for(lambda: browser.get("/health").headers["X-Revision"] == str(number))
    browser.sign_in("admin")
    assert browser.get("/firm/list/").status_code == 200
    assert browser.get("/firm/add").status_code == 200
    answer = browser.send("/firm/add", name="A", **{name: f"value of {name}" for name in ODD_NAMES})
    assert answer.status_code == 302
    page = browser.get("/firm/show/1").text
    assert [name for name in ODD_NAMES if f"value of {name}" not in page] == []
    assert browser.get("/firm/edit/1").status_code == 200
    assert browser.get("/api/v1/firm/1").status_code in (200, 401)


@pytest.mark.parametrize("name", ["select", "order", "group", "table", "class", "cast"])
def test_reserved_words_make_working_entities(house_on_each: House, name: str) -> None:
    text = (
        f"entity: {name}\nfields:\n  name: {{type: text, search: true, index: true}}\nlist: {{sort: [name]}}"
    )
    number = house_on_each.publish(**{f"entities_{name}": text})
    browser = house_on_each.browser()
    wait_for(lambda: browser.get("/health").headers["X-Revision"] == str(number))
    browser.sign_in("admin")
    assert browser.send(f"/{name}/add", name="A").status_code == 302
    assert browser.get(f"/{name}/list/?q=a").status_code == 200


def test_labels_never_become_elements(house: House) -> None:
    number = house.publish(entities_firm=LABELS)
    browser = house.browser()
    wait_for(lambda: browser.get("/health").headers["X-Revision"] == str(number))
    browser.sign_in("admin")
    browser.send("/firm/add", name=IMAGE, kind="one")
    seen, waiting = (
        set(),
        ["/", "/firm/list/", "/firm/add", "/firm/show/1", "/firm/edit/1", "/firm/board/", "/visit/add"],
    )
    bad, said = [], 0
    while waiting and len(seen) < 60:
        path = waiting.pop(0)
        seen.add(path)
        answer = browser.get(path, follow_redirects=True)
        if answer.mimetype != "text/html":
            continue
        said += "&lt;img src=x" in answer.text
        bad += [path] if re.search(r"<img[^>]+onerror", answer.text) else []
        links = re.findall(r'href="(/[^"#]*)"', answer.text)
        waiting += [
            link for link in dict.fromkeys(links)
            if link not in (*seen, *waiting) and not link.startswith(("/logout", "/static", "/lang"))
        ]  # fmt: skip
    assert bad == []
    assert said > 5, "the labels were on the pages"


def test_a_pattern_that_never_ends_elsewhere_ends_here() -> None:
    body = {"type": "text", "pattern": "(a+)+$"}
    assert FIELD_TYPES["text"].check_options("x", body) == []
    field = Field("x", "text", Text("x"), options=FIELD_TYPES["text"].build_options(body))
    started = time.monotonic()
    with pytest.raises(FieldError):
        FIELD_TYPES["text"].clean(field, "a" * 250 + "!", Situation())
    assert time.monotonic() - started < 2


def test_five_thousand_fields_are_refused_quickly() -> None:
    text = "entity: book\nfields:\n" + "".join(f"  f{n}: {{type: text}}\n" for n in range(5_000))
    started = time.process_time()
    document, _problems = load_document(text, "book.yaml")
    problems = build_schema([document], 1)[1]
    assert [problem.code for problem in problems] == ["schema.field_count"]
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "fields",
    [
        {"a": "b + 1", "b": "a + 1"},
        {"a": "a + 1"},
        {"a": "b", "b": "c", "c": "a"},
    ],
)
def test_formulas_in_a_circle_are_refused(fields: dict[str, str]) -> None:
    lines = "".join(
        f"  {name}: {{type: formula, of: integer, formula: {text}}}\n" for name, text in fields.items()
    )
    document, _problems = load_document(
        f"entity: book\nfields:\n  name: {{type: text}}\n{lines}", "book.yaml"
    )
    problems = build_schema([document], 1)[1]
    assert any("refers to itself" in render(problem, "en") for problem in problems)


def test_references_may_go_in_a_circle(house_on_each: House) -> None:
    house_on_each.publish(
        entities_one="entity: one\nfields:\n  name: {type: text}\n  two: {type: reference, to: two, on_delete: clear}",
        entities_two="entity: two\nfields:\n  name: {type: text}\n  one: {type: reference, to: one, on_delete: clear}",
    )
