"""The JSON Schema and our own reader agree: what one refuses for its keys, the other does too."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app import wire
from crm.entities.json_schema import json_schemas
from crm.entities.kinds import kind_names
from crm.entities.load import build_schema, documents_from_json, load_documents
from crm.entities.model import Document
from crm.entities.yaml import read_yaml
from crm.web.schema.skeletons import SKELETONS

wire()
DOCUMENTS = load_documents(Path("schemas"))[0]
VALIDATORS = {kind: Draft202012Validator(schema) for kind, schema in json_schemas().items()}
UNKNOWN = "zzz_unknown"
NAMES_OF_FIELDS = ("values", "counting")
"""Under these keys of a rule stand names of the CRM, which no schema of the language can know."""


def maps_in(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every map in a document."""
    if isinstance(value, dict):
        yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from maps_in(inner, (*path, key))


def changed(body: dict, path: tuple, key: str, value: object) -> dict:
    """Return a body with one more key in the map at a path."""
    body = copy.deepcopy(body)
    place = body
    for step in path:
        place = place[step]
    place[key] = value
    return body


def is_refused(body: dict) -> bool:
    """Return whether our own reader refuses a document among all the shipped ones."""
    key = (next(iter(body)), body[next(iter(body))])
    others = [document for document in DOCUMENTS if (document.kind, document.name) != key]
    return bool(build_schema([*others, *documents_from_json([body])], 1)[1])


@pytest.mark.parametrize("kind", kind_names())
def test_a_schema_is_a_schema(kind):
    Draft202012Validator.check_schema(json_schemas()[kind])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.file)
def test_an_unknown_key_anywhere_is_refused_by_the_schema(document: Document):
    missed = [
        path
        for path in maps_in(dict(document.body))
        if VALIDATORS[document.kind].is_valid(changed(document.body, path, UNKNOWN, 1))
        and not set(path) & set(NAMES_OF_FIELDS)
    ]
    assert missed == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.file)
def test_an_unknown_key_anywhere_is_refused_by_our_reader(document: Document):
    names = document.body.get("fields", ())
    places = {
        tuple("*" if step in names or isinstance(step, int) else step for step in path): path
        for path in maps_in(dict(document.body))
    }
    taken = [path for path in places.values() if not is_refused(changed(document.body, path, UNKNOWN, 1))]
    assert taken == []


@pytest.mark.parametrize("kind", SKELETONS)
def test_what_the_web_begins_with_is_valid(kind):
    assert [error.message for error in VALIDATORS[kind].iter_errors(read_yaml(SKELETONS[kind])[0])] == []


def test_the_columns_of_a_section_are_known_to_the_schema_as_to_our_reader():
    document = next(found for found in DOCUMENTS if found.kind == "entity" and found.body.get("form"))
    for columns, is_right in ((1, True), (2, True), (3, False), ("1", False)):
        body = changed(document.body, ("form", 0), "columns", columns)
        assert VALIDATORS["entity"].is_valid(body) == is_right == (not is_refused(body)), columns


@pytest.mark.parametrize("days", [{}, {"to": "created_at"}, {"from": "created_at"}])
def test_a_calendar_needs_to_know_when_records_begin(days):
    document = next(found for found in DOCUMENTS if found.kind == "entity")
    body = changed(document.body, (), "calendar", days)
    assert VALIDATORS["entity"].is_valid(body) == ("from" in days) == (not is_refused(body))
