"""The documents as files: written canonically, read back the same, and enough to start a twin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app import wire
from config import ROOT
from crm.database import build_engine
from crm.entities.load import documents_from_json, load_document
from crm.entities.yaml import read_yaml, write_yaml
from crm.revisions.publish import diff_schema, publish_schema
from crm.revisions.workspace import load_workspace
from tests.crm.revisions.random_edits import START, edited

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("KOINE_CASES", "200"))
LETTERS = "aÄάșשal 0123456789-:#'\"{}[]&*!|>%@`,?=~<\n\t\\\x85\u2028\u2029\r\ufeffe+._"


def random_text(random: Random) -> str:
    words = (
        "on",
        "no",
        "12:30",
        "0721",
        "null",
        "true",
        "1e3",
        "<<",
        "=",
        "1_000",
        "-",
        "",
        " x ",
        "1.50",
        "2026-01-01",
    )
    if random.random() < 0.3:
        return random.choice(words)
    return "".join(random.choice(LETTERS) for _ in range(random.randrange(140)))


def random_value(random: Random, depth: int = 0) -> Any:
    kind = random.randrange(8 if depth < 5 else 6)
    if kind == 6:
        return [random_value(random, depth + 1) for _ in range(random.randrange(4))]
    if kind == 7:
        return {random_text(random): random_value(random, depth + 1) for _ in range(random.randrange(4))}
    number = random.choice(
        [0.1, 1e-9, 1e20, -2.5, 123456789012345678.5, random.random() * 10 ** random.randrange(-8, 18)]
    )
    return [
        random_text(random),
        random.randrange(-(10**17), 10**17),
        number,
        True,
        None,
        random_text(random),
    ][kind]


def same_kind(one: Any, other: Any) -> bool:
    """Return whether two values are equal and of the same kinds throughout."""
    return one == other and repr(one) == repr(other)


def test_whatever_a_document_holds_is_read_back_the_same() -> None:
    for seed in range(CASES):
        body = {
            "entity": "x",
            "value": random_value(Random(seed)),
            "more": random_value(Random(seed + 10**6)),
        }
        text = write_yaml(body)
        found, reading = read_yaml(text)
        assert reading.problems == [], (seed, text)
        assert same_kind(found, body), (seed, text)
        assert write_yaml(found) == text


def test_a_value_that_stands_twice_is_written_out_twice() -> None:
    shared = {"en": "Same"}
    assert read_yaml(write_yaml({"a": shared, "b": shared}))[0] == {"a": shared, "b": shared}


def test_random_schemas_written_and_read_again_differ_in_nothing() -> None:
    wire()
    random, bodies = Random(3), START
    for _ in range(25):
        bodies = edited(random, bodies)
        for document in documents_from_json(bodies):
            found, problems = load_document(write_yaml(dict(document.body)), document.file)
            assert problems == [] and same_kind(found.body, document.body)


def run(url: str, folder: Path, *words: str) -> dict:
    done = run_any(url, folder, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_any(url: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "FLASK_APP": "app", "CRM_INSTANCE": str(folder), "CRM_DATABASE_URL": url}
    command = [sys.executable, "-m", "flask", "crm", *words, "--json"]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def changed_url(database_url: str) -> str:
    """A database whose schema is not the shipped one any more."""
    engine, random = build_engine(database_url), Random(5)
    bodies = [dict(document.body) for document in load_workspace(engine).schema.documents]
    bodies.append({"entity": "garage", "fields": {"name": {"type": "text", "label": {"he": "מוסך"}}}})
    garage = bodies[-1]
    publish_schema(engine, documents_from_json(bodies), "new")
    garage["fields"]["size"] = {"type": "decimal", "at_most": random.random()}
    publish_schema(engine, documents_from_json(bodies), "more")
    engine.dispose()
    return database_url


def test_an_exported_crm_starts_as_a_twin(changed_url: str, empty_database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / "entities").mkdir(parents=True)
    (folder / "entities" / "gone.yaml").write_text("entity: gone\nfields:\n  name: {type: text}\n")
    assert run(changed_url, tmp_path, "schema", "export", str(folder))["left"] == [
        str(folder / "entities/gone.yaml")
    ]
    run(changed_url, tmp_path, "schema", "export", str(folder), "--prune")
    before = load_workspace(build_engine(changed_url))
    assert run(changed_url, tmp_path, "schema", "publish", str(folder))["revision"] == before.number
    run(empty_database_url, tmp_path / "twin", "init", "--from", str(folder))
    twin = load_workspace(build_engine(empty_database_url))
    assert [document.body for document in twin.schema.documents] == [
        document.body for document in before.schema.documents
    ]
    for url in (changed_url, empty_database_url):
        found = diff_schema(build_engine(url), list(before.schema.documents))
        assert [found[key] for key in ("added", "changed", "removed", "sql", "problems")] == [
            [],
            [],
            [],
            [],
            [],
        ]
        build_engine(url).dispose()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_folder_that_lacks_what_people_use_is_not_published_by_mistake(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files" / "entities"
    folder.mkdir(parents=True)
    (folder / "room.yaml").write_text("entity: room\nfields:\n  name: {type: text}\n")
    before = load_workspace(build_engine(database_url)).number
    refused = run_any(database_url, tmp_path, "schema", "publish", str(folder.parent))
    assert refused.returncode == 1
    told = json.loads(refused.stdout)
    assert told["error"]["code"] == "schema.needs_yes" and "Deals" in str(told["problems"])
    assert load_workspace(build_engine(database_url)).number == before
    assert run(database_url, tmp_path, "schema", "publish", str(folder.parent), "--yes")["revision"] > before
