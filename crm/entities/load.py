"""Files and stored revisions to documents, and documents to a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from crm.entities.build import build_entity, with_inverses
from crm.entities.check import check_entity, check_together
from crm.entities.circles import find_circles, without_circles
from crm.entities.identity import Identities
from crm.entities.kinds import KINDS, folder_of, kind_names
from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import nearest
from crm.entities.taken_names import taken_names
from crm.entities.yaml import read_yaml
from crm.errors import Problem

MAX_FILES = 2_000


def load_documents(folder: Path) -> tuple[list[Document], list[Problem]]:
    """Read every YAML file under a schemas folder.

    Shape:  documents in the order of their kinds, then names; problems carry file (relative) and line.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml"))
    if not files or len(files) > MAX_FILES:
        code = "schema.no_files" if not files else "schema.too_many_files"
        return [], [Problem(code, {"folder": folder.name, "limit": MAX_FILES}, file=folder.name, line=1)]
    documents, problems = [], []
    for path in files:
        file = path.relative_to(folder).as_posix()
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            problems.append(Problem("schema.not_utf8", file=file, line=1))
            continue
        document, found = load_document(text, file)
        problems += found
        documents += [document] if document else []
    return _in_order(documents), problems


def load_document(text: str, file: str) -> tuple[Document | None, list[Problem]]:
    """Read the text of one document; a wrong one is None with its problems."""
    body, parsed = read_yaml(text)
    problems = [problem.at(file=file) for problem in parsed.problems]
    if body is None:
        return None, problems or [Problem("schema.empty_file", file=file, line=1, column=1)]
    if not isinstance(body, dict) or not body:
        return None, [*problems, Problem("schema.not_a_document", file=file, line=1, column=1)]
    kind = next(iter(body))
    document = Document(kind, str(body[kind]), body, file, parsed.marks)
    if kind not in kind_names():
        near = nearest(kind, kind_names())
        code = "schema.unknown_kind_near" if near else "schema.unknown_kind"
        problem = Problem(code, {"name": kind, "near": near})
        return None, [*problems, problem.at(**document.place_of_key(kind))]
    return document, problems + _misplaced(document)


def _misplaced(document: Document) -> list[Problem]:
    """Return a problem where a file is not named after what it holds; texts from the web have no folder."""
    if "/" not in document.file:
        return []
    expected = f"{folder_of(document.kind)}/{document.name}"
    if document.file.rsplit(".", 1)[0].endswith(expected):
        return []
    problem = Problem("schema.file_name", {"expected": f"{expected}.yaml"})
    return [problem.at(**document.place(document.kind))]


def _in_order(documents: Iterable[Document]) -> list[Document]:
    order = {kind: place for place, kind in enumerate(kind_names())}
    return sorted(documents, key=lambda document: (order[document.kind], document.name))


def documents_from_json(stored: Iterable[Mapping]) -> list[Document]:
    """Return documents from a stored revision: a list of bodies."""
    found = []
    for body in stored:
        kind = next(iter(body))
        found.append(Document(kind, str(body[kind]), body, f"{folder_of(kind)}/{body[kind]}.yaml"))
    return _in_order(found)


def build_schema(
    documents: Iterable[Document], number: int, identities: Identities | None = None
) -> tuple[Schema, list[Problem]]:
    """Build everything that can be built from documents, and return every problem of the rest.

    Shape:  a document with problems is left out of the schema; a schema without problems is complete.
    """
    documents = _in_order(documents)
    schema, problems = _build(documents, number, identities or Identities())
    circles = find_circles(documents)
    return schema, without_circles(problems) + circles if circles else problems


def check_schema(
    documents: Iterable[Document], number: int, identities: Identities | None = None
) -> tuple[Schema, list[Problem]]:
    """Build documents that are to go live: as `build_schema`, and with the names that pages of the app need."""
    documents = list(documents)
    schema, problems = build_schema(documents, number, identities)
    return schema, [*problems, *taken_names(documents)]


def _build(documents: list[Document], number: int, identities: Identities) -> tuple[Schema, list[Problem]]:
    problems = _repeated(documents)
    entities: dict[str, Entity] = {}
    for document in documents:
        if document.kind == "entity":
            found = check_entity(document)
            problems += found
            if not found:
                entities[document.name] = build_entity(document, identities)
    names = {document.name for document in documents if document.kind == "entity"}
    entities = with_inverses(entities)
    schema = Schema(number, entities, {kind: {} for kind in KINDS}, tuple(documents))
    for document in documents:
        if document.name in entities and document.kind == "entity":
            problems += check_together(document, schema, names)
    if problems and len(entities) < len(names):
        return schema, problems  # the rest would only repeat that an entity is missing
    return _with_parts(schema, problems)


def _with_parts(schema: Schema, problems: list[Problem]) -> tuple[Schema, list[Problem]]:
    """Build the documents of every other kind, kind by kind, each seeing the kinds before it."""
    for kind in KINDS.values():
        built = {}
        own = [document for document in schema.documents if document.kind == kind.name]
        known = {document.name: None for document in own}
        ground = replace(schema, parts={**schema.parts, kind.name: known})
        for document in own:
            found = kind.check(document, ground)
            problems = problems + found
            if not found:
                built[document.name] = kind.build(document, ground)
        schema = replace(schema, parts={**schema.parts, kind.name: built})
    return schema, problems


def _repeated(documents: Iterable[Document]) -> list[Problem]:
    seen: dict[tuple[str, str], Document] = {}
    problems = []
    for document in documents:
        key = (document.kind, document.name)
        if key in seen:
            params = {"kind": document.kind, "name": document.name, "other": seen[key].file}
            place = document.place(document.kind)
            problems.append(Problem("schema.declared_twice", params).at(**place))
        seen[key] = document
    return problems
