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

MOST_DOCUMENTS = 2_000
DOCUMENTS = {
    "type": "array",
    "items": {"anyOf": [{"type": "object"}, {"type": "string"}]},
    "description": "each an object, or the YAML text of one",
}


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
    documents: list[Document] = []
    problems: list[Problem] = []
    for place, given in enumerate(body["documents"][:MOST_DOCUMENTS]):
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


def _kind_first(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body whose first key says what it is; to many programs the keys of an object have no order."""
    kind = next((name for name in KINDS if name in body), "entity")
    return {kind: body[kind], **body} if kind in body else body
