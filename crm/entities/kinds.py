"""The kinds of documents there are: how each is checked and built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crm.entities.model import Document, Schema
from crm.errors import Problem


@dataclass(frozen=True)
class Kind:
    """One kind of document.

    Shape:  `name` is the first key of the document, `folder` where such files live under `schemas/`.
            `check` returns every problem of a document, against a schema whose entities are built;
            `build` returns the frozen model of a document that has passed. `keys` are its top-level keys,
            in the documented order.
    """

    name: str
    folder: str
    check: Callable[[Document, Schema], list[Problem]]
    build: Callable[[Document, Schema], Any]
    keys: tuple[str, ...] = ()


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
