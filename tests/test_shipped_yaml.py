"""Everything under `schemas/` loads, checks clean, speaks four languages and is written as STYLE.md asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app import wire
from crm.entities.check import ENTITY_KEYS
from crm.entities.json_schema import json_schemas
from crm.entities.kinds import KINDS
from crm.entities.load import build_schema, load_documents
from crm.entities.model import Document, Schema
from crm.entities.yaml import write_yaml
from crm.errors import Problem
from crm.messages import render
from crm.texts import LANGUAGES, Text
from crm.web.assets import icon_place

wire()

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
FILES = sorted(SCHEMAS.rglob("*.yaml"))
FILE_IDS = [file.relative_to(SCHEMAS).as_posix() for file in FILES]
TEXT_KEYS = frozenset({"label", "plural", "help", "message", "text", "section", "subject", "body"})
"""Keys whose value a person reads."""

LOOSE_WORDS = re.compile(
    r"(?:^\s*|[,:]\s+|[{\[])(on|off|yes|no|Yes|No|On|Off|YES|NO)\s*(?:[:,}\]]|$)", re.MULTILINE
)
OLD_ROMANIAN = re.compile(r"[ŞşŢţ]")


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    found, problems = load_documents(SCHEMAS)
    assert sentences(problems) == []
    return found


@pytest.fixture(scope="module")
def shipped(documents: list[Document]) -> Schema:
    schema, problems = build_schema(documents, 1)
    assert sentences(problems) == []
    return schema


def sentences(problems: list[Problem]) -> list[str]:
    return [f"{problem.file}:{problem.line}: {render(problem, 'en')}" for problem in problems]


def texts(body: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every text for people in a document, with its place."""
    pairs = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in pairs:
        is_field = path.endswith((".fields", ".timeline", ".activity", ".values"))
        if key in TEXT_KEYS and not is_field and not isinstance(value, list):
            yield f"{path}.{key}", value
        else:
            yield from texts(value, f"{path}.{key}")


def test_every_shipped_document_checks_clean(shipped: Schema, documents: list[Document]) -> None:
    built = len(shipped.entities) + sum(len(parts) for parts in shipped.parts.values())
    assert built == len(documents) == len(FILES)


def test_every_kind_of_document_is_shipped_at_least_once(documents: list[Document]) -> None:
    assert {document.kind for document in documents} >= {"entity", *KINDS}


@pytest.mark.parametrize("file", FILES, ids=FILE_IDS)
def test_every_text_has_all_four_languages(file: Path, documents: list[Document]) -> None:
    document = next(found for found in documents if found.file == file.relative_to(SCHEMAS).as_posix())
    incomplete = [
        place
        for place, text in texts(document.body)
        if not isinstance(text, dict)
        or tuple(text) != LANGUAGES
        or not all(Text(text).get(each).strip() for each in LANGUAGES)
    ]
    assert incomplete == []


@pytest.mark.parametrize("file", FILES, ids=FILE_IDS)
def test_keys_stand_in_the_documented_order(file: Path, documents: list[Document]) -> None:
    document = next(found for found in documents if found.file == file.relative_to(SCHEMAS).as_posix())
    order = ENTITY_KEYS if document.kind == "entity" else KINDS[document.kind].keys
    assert list(document.body) == [key for key in order if key in document.body]


@pytest.mark.parametrize("file", FILES, ids=FILE_IDS)
def test_a_file_stands_as_export_writes_it(file: Path, documents: list[Document]) -> None:
    document = next(found for found in documents if found.file == file.relative_to(SCHEMAS).as_posix())
    assert file.read_text("utf-8") == write_yaml(document.body)


@pytest.mark.parametrize("file", FILES, ids=FILE_IDS)
def test_the_text_is_one_that_an_admin_can_read(file: Path) -> None:
    text = file.read_text("utf-8")
    assert "\t" not in text and "#" not in text
    assert LOOSE_WORDS.findall(text) == []
    assert OLD_ROMANIAN.findall(text) == []


@pytest.mark.parametrize("file", FILES, ids=FILE_IDS)
def test_an_editor_with_the_json_schema_finds_nothing_wrong(file: Path, documents: list[Document]) -> None:
    document = next(found for found in documents if found.file == file.relative_to(SCHEMAS).as_posix())
    validator = Draft202012Validator(json_schemas()[document.kind])
    assert [error.message for error in validator.iter_errors(document.body)] == []


def test_every_icon_is_one_of_tablers(shipped: Schema) -> None:
    unknown = icon_place("folder")
    assert [entity.icon for entity in shipped.entities.values() if icon_place(entity.icon) == unknown] == []


def test_every_field_stands_in_the_form_once(shipped: Schema) -> None:
    for entity in shipped.entities.values():
        placed = [name for section in entity.form for name in section.fields]
        assert sorted(placed) == sorted(entity.fields), entity.name


def test_labels_of_an_entity_are_told_apart_in_every_language(shipped: Schema) -> None:
    for entity in shipped.entities.values():
        for language in LANGUAGES:
            labels = [field.label.get(language) for field in entity.fields.values()]
            assert len(labels) == len(set(labels)), (entity.name, language)


def test_every_entity_can_be_reached_by_some_role(shipped: Schema) -> None:
    opened = {name for role in shipped.parts["role"].values() for name in role.entities}
    assert opened == set(shipped.entities)


def test_every_template_is_sent_by_a_rule(documents: list[Document]) -> None:
    rules = str([document.body["then"] for document in documents if document.kind == "rule"])
    templates = [document.name for document in documents if document.kind == "template"]
    assert [name for name in templates if f"'template': '{name}'" not in rules] == []
