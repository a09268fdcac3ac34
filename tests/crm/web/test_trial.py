"""What is published can be served: names that pages need are refused, and so is what cannot be built."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

import app as _wired  # noqa: F401 - who says which names are taken is joined there
from config import ROOT
from crm.entities.identity import Identities, assign_identities
from crm.entities.load import check_schema, documents_from_json, load_documents
from crm.entities.model import Document
from crm.errors import SchemaError
from crm.revisions.models import Models
from crm.revisions.publish import diff_schema, publish_schema
from crm.revisions.workspace import Workspace, get_workspace
from crm.web.trial import app_without_entities, try_app

SHIPPED = load_documents(ROOT / "schemas")[0]
WORD = re.compile(r"[a-z][a-z0-9_]*")


def entity(name: str) -> Document:
    return documents_from_json([{"entity": name, "fields": {"name": {"type": "text"}}}])[0]


def served(documents: Iterable[Document]) -> Flask:
    """Return the app of documents that have passed the check."""
    documents = list(documents)
    identities = assign_identities(documents, Identities())
    schema, problems = check_schema(documents, 1, identities)
    assert problems == []
    return try_app(Workspace(schema, Models(schema), identities))


def reaches(app: Flask, rule: Rule) -> bool:
    """Return whether an address leads to the page it is meant for."""
    path = re.sub(r"<[^>]*>", "7", rule.rule)
    methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}  # these two the first page of an address answers
    try:
        match = app.url_map.bind("localhost").match
        return all(match(path, method=method)[0] == rule.endpoint for method in methods)
    except HTTPException:
        return False


def words_of_the_house() -> list[str]:
    """Return every word that might clash: parts of addresses, views, tables, folders of templates, words of SQL."""
    app = app_without_entities()
    parts = {part for rule in app.url_map.iter_rules() for part in rule.rule.split("/")}
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in app.blueprints}
    views = {re.sub(r"_(view|api)$", "", name) for name in snake} | snake
    folders = {path.name for path in (ROOT / "crm" / "web" / "templates").iterdir()}
    others = {"order", "group", "select", "table", "class", "self", "user_ref", "user", "everyone", "record"}
    return sorted(word for word in parts | views | folders | others if WORD.fullmatch(word))


def test_an_entity_whose_name_passes_the_check_has_pages_of_its_own():
    passed = [name for name in words_of_the_house() if not check_schema([*SHIPPED, entity(name)], 1)[1]]
    assert "order" in passed and "menu" not in passed
    app = served([*SHIPPED, *map(entity, passed)])
    own = [rule for rule in app.url_map.iter_rules() if rule.rule.split("/")[1] in passed]
    assert {rule.rule.split("/")[1] for rule in own} == set(passed)
    for rule in app.url_map.iter_rules():
        if "any(" not in rule.rule:
            assert reaches(app, rule), rule.rule


@pytest.mark.parametrize(
    "name", ["menu", "report", "segment", "groups", "search", "static", "draft", "security"]
)
def test_a_name_that_pages_need_is_refused_with_its_place(name):
    problems = check_schema([*SHIPPED, entity(name)], 1)[1]
    assert [(problem.code, problem.file) for problem in problems] == [
        ("schema.reserved_name", f"entities/{name}.yaml")
    ]


def test_what_cannot_be_built_is_shown_before_and_does_not_go_live(engine):
    before = get_workspace(engine)
    alike = [*before.schema.documents, entity("room_1"), entity("room1")]  # their views have one name
    shown = diff_schema(engine, alike)["problems"]
    assert [problem.code for problem in shown] == ["schema.cannot_be_built"]
    with pytest.raises(SchemaError) as caught:
        publish_schema(engine, alike, "Rooms")
    assert [problem.code for problem in caught.value.problems] == ["schema.cannot_be_built"]
    assert get_workspace(engine).number == before.number
    assert not sa.inspect(engine).has_table("room1")
