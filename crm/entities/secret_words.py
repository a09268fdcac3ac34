"""Secrets that stand in documents: sealed before they are kept, and never shown again.

A kind's walk says where they are (`walker.secret`). What is kept is `{sealed: [document, token]}`, the form of every
sealed value in JSON, so that a rotation of keys finds it. The same secret of the same document keeps its token: sending
it again changes nothing.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from crm import secrets
from crm.entities.declared_names import DeclaredNames
from crm.entities.kinds import walk_document
from crm.entities.model import Document
from crm.entities.schema_parts import WORD, WORDS, closed
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import Spot, Walker
from crm.errors import UnavailableError

SEALED, OWNER = "sealed", "document"
PLACE = f"journal {OWNER}"  # as the journal's sealed values are, which the rotation knows
SECRET: Shape = {"anyOf": [WORD, {**closed(sealed=WORDS), "required": ["sealed"]}]}


def seal_secrets(documents: Iterable[Document], before: Iterable[Document]) -> list[Document]:
    """Return documents without a secret that could be read; `before` are those that are kept already."""
    documents = list(documents)
    if not any(_has_secret(document.body) for document in documents):
        return documents
    known = {(document.kind, document.name): document for document in before}
    return [sealed(document, known.get((document.kind, document.name))) for document in documents]


def sealed(document: Document, before: Document | None) -> Document:
    """Return one document without a secret that could be read."""
    plain = {path: value for path, value in _secrets(document) if isinstance(value, str) and value.strip()}
    if not plain:
        return document
    tokens = (
        {open_secret(value): value for _path, value in _secrets(before) if can_open(value)} if before else {}
    )
    body = copy.deepcopy(dict(document.body))
    for path, value in plain.items():
        place = body
        for key in path[:-1]:
            place = place[key]
        token = json.dumps(value)
        place[path[-1]] = tokens.get(value) or {SEALED: [OWNER, secrets.seal(token, PLACE)]}
    return replace(document, body=body)


def is_secret(value: Any) -> bool:
    """Return whether a value has the shape of a secret, sealed or not yet."""
    if isinstance(value, str):
        return bool(value.strip())
    token = value.get(SEALED) if isinstance(value, Mapping) and set(value) == {SEALED} else None
    return isinstance(token, list) and len(token) == 2 and token[0] == OWNER and isinstance(token[1], str)


def can_open(value: Any) -> bool:
    """Return whether a secret was sealed here, so that it can be used."""
    try:
        return isinstance(value, str) or (is_secret(value) and bool(open_secret(value)))
    except UnavailableError:
        return False


def open_secret(value: Any) -> str:
    """Return the secret itself.

    Errors: UnavailableError when it was sealed elsewhere.
    """
    return value if isinstance(value, str) else json.loads(secrets.unseal(value[SEALED][1], PLACE))


class _Finder(Walker):
    def __init__(self) -> None:
        super().__init__(DeclaredNames(()), lambda mention: mention.name)
        self.found: list[tuple[tuple, Any]] = []

    def secret(self, value: Any, spot: Spot) -> Any:
        self.found.append((spot.path, value))
        return value


def _secrets(document: Document) -> list[tuple[tuple, Any]]:
    finder = _Finder()
    walk_document(document, finder)
    return finder.found


def _has_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "secret" in value or any(_has_secret(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_secret(inner) for inner in value)
