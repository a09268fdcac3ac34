"""The kinds of documents there are: how each is checked and built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.entities.entity_walk import walk_entity
from crm.entities.model import Document, Schema
from crm.entities.walk import Walker
from crm.errors import Problem


@dataclass(frozen=True)
class Kind:
    """One kind of document.

    Shape:  `name` is the first key of the document, `folder` where such files live under `schemas/`.
            `check` returns every problem of a document, against a schema whose entities are built;
            `build` returns the frozen model of a document that has passed. `keys` are its top-level keys,
            in the documented order; `parts` are JSON Schemas of what stands under them, `definitions` those that
            refer to themselves. `walk` goes to every name in a body and returns the body with the names that
            the walker's visitor gives.
    """

    name: str
    folder: str
    check: Callable[[Document, Schema], list[Problem]]
    build: Callable[[Document, Schema], Any]
    keys: tuple[str, ...] = ()
    walk: Callable[[Mapping[str, Any], Walker], Mapping[str, Any]] = lambda body, _walker: body
    parts: Mapping[str, Any] = attribute(default_factory=dict)
    definitions: Callable[[], Mapping[str, Any]] = dict


KINDS: dict[str, Kind] = {}
"""Every kind but entity, in the order in which they are built; filled once by `app.py` and the packages' `kinds`."""


def register_kind(kind: Kind) -> None:
    """Make a kind of document known; called once per kind when the process starts."""
    KINDS[kind.name] = kind


def folder_of(kind: str) -> str:
    """Return the folder under `schemas/` that holds documents of a kind."""
    return "entities" if kind == "entity" else KINDS[kind].folder


def kind_names() -> tuple[str, ...]:
    """Return every kind's name, entity first."""
    return ("entity", *KINDS)


def walk_document(document: Document, walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a document; return its body with the names that the walker's visitor gives."""
    if document.kind == "entity":
        return walk_entity(document.body, walker)
    return KINDS[document.kind].walk(document.body, walker) if document.kind in KINDS else document.body
