"""What a request brings as JSON: an object, the number of a revision, documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import request

from crm.entities.kinds import KINDS
from crm.entities.load import documents_from_json, load_document
from crm.entities.model import Document
from crm.errors import Problem, SchemaError
from crm.revisions.workspace import Workspace

MOST_DOCUMENTS = 2_000
DOCUMENTS = {
    "type": "array",
    "items": {"anyOf": [{"type": "object"}, {"type": "string"}]},
    "description": "each an object, or the YAML text of one",
}
KEYS = {
    "type": "array",
    "items": {"type": "object", "properties": {"kind": {"type": "string"}, "name": {"type": "string"}}},
    "description": "documents that go",
}
WANTED = {
    "documents": {
        **DOCUMENTS,
        "description": "laid over what is live; each an object, or the YAML text of one",
    },
    "remove": KEYS,
    "replace": {
        "type": "boolean",
        "description": "true: the documents are the whole set, and `base` is needed",
    },
    "base": {"type": "integer", "description": "the revision the documents were made from"},
}
"""What check, diff and publish take."""


def sent_object(wanted: str) -> dict[str, Any]:
    """Return the JSON object of the request; `wanted` is the code that says what should have been sent.

    Errors: SchemaError when it is none.
    """
    try:
        body = orjson.loads(request.get_data() or b"null")
    except orjson.JSONDecodeError as error:
        raise SchemaError("web.not_json") from error
    if not isinstance(body, dict):
        raise SchemaError(wanted)
    return body


def sent_number(body: Mapping[str, Any]) -> int:
    """Return the number of a revision that was sent.

    Errors: SchemaError when there is none.
    """
    number = body.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        raise SchemaError("schema.no_number")
    return number


def sent_documents(body: Mapping[str, Any]) -> tuple[list[Document], list[Problem]]:
    """Return the documents of a request's body: each a JSON object, or the YAML text of one.

    Errors: SchemaError when they are no list.
    """
    if not isinstance(body.get("documents"), list):
        raise SchemaError("schema.no_documents")
    if len(body["documents"]) > MOST_DOCUMENTS:
        raise SchemaError("schema.too_many_documents", limit=MOST_DOCUMENTS)
    documents: list[Document] = []
    problems: list[Problem] = []
    for place, given in enumerate(body["documents"]):
        if isinstance(given, str):
            document, found = load_document(given, f"document {place + 1}")
            problems += found
            documents += [document] if document else []
        elif isinstance(given, dict) and given:
            try:
                documents += documents_from_json([_kind_first(given)])
            except KeyError:
                problems.append(Problem("schema.not_a_document", file=f"document {place + 1}", line=1))
        else:
            problems.append(Problem("schema.not_a_document", file=f"document {place + 1}", line=1))
    return documents, problems


def sent_set(live: Workspace, body: Mapping[str, Any]) -> tuple[list[Document], list[Problem]]:
    """Return the whole set of documents that a request wants: what it brings, laid over the live revision.

    Shape:  `remove` names documents that go; with `replace` the documents are the whole set, made from revision `base`.
    Errors: SchemaError when it cannot be told what is wanted.
    """
    if body.get("replace") not in (None, False, True):
        raise SchemaError("schema.replace_is_true_or_false")
    documents, problems = sent_documents(body if body.get("replace") else {"documents": [], **body})
    removed = sent_keys(body)
    if body.get("replace"):
        if removed:
            raise SchemaError("schema.replace_or_remove")
        if sent_base(body) is None:
            raise SchemaError("schema.replace_needs_base")
        return documents, problems
    if not removed and "documents" not in body:
        raise SchemaError("schema.no_documents")
    known = {(found.kind, found.name): found for found in live.schema.documents}
    gone = {(found.kind, found.name) for found in documents} | set(removed)
    gone |= {(found.kind, str(found.body["was"])) for found in documents if "was" in found.body}
    problems += [
        Problem("schema.nothing_to_remove", {"kind": kind, "name": name})
        for kind, name in removed
        if (kind, name) not in known
    ]
    return [found for key, found in known.items() if key not in gone] + documents, problems


def sent_base(body: Mapping[str, Any]) -> int | None:
    """Return the revision that a request was made from, if it names one.

    Errors: SchemaError when it is no number.
    """
    base = body.get("base")
    if base is not None and (not isinstance(base, int) or isinstance(base, bool)):
        raise SchemaError("schema.base_is_a_number")
    return base


def sent_keys(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the documents to remove.

    Errors: SchemaError when they are not named as we name them.
    """
    found = body.get("remove") or []
    if not isinstance(found, list):
        raise SchemaError("schema.remove_needs_names")
    keys = [(key.get("kind"), key.get("name")) for key in found if isinstance(key, dict)]
    if len(keys) != len(found) or not all(isinstance(word, str) for key in keys for word in key):
        raise SchemaError("schema.remove_needs_names")
    return keys


def _kind_first(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose first key says what it is; to many programs the keys of an object have no order."""
    kind = next((name for name in KINDS if name in body), "entity")
    return {kind: body[kind], **body} if kind in body else body
