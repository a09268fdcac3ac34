"""A revision ready for use: its schema and its mapped classes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

from crm.database import CrmSession, only_reading
from crm.entities.build import with_retired
from crm.entities.identity import Identities, identities_from_json
from crm.entities.load import build_schema, documents_from_json
from crm.entities.model import Schema
from crm.errors import SchemaError
from crm.revisions import store
from crm.revisions.models import Models

COMPILED_STATEMENTS = 500


@dataclass(frozen=True)
class Workspace:
    """One revision, loaded.

    Shape:  `compiled` caches this revision's compiled statements, so that they go when it goes;
            `trees` keeps condition trees that were parsed once; `settled` are the uids of entities whose search
            keys were seen to be whole and indexed, which lasts as long as the revision.
    """

    schema: Schema
    models: Models
    identities: Identities
    compiled: LRUCache = attribute(default_factory=lambda: LRUCache(COMPILED_STATEMENTS))
    trees: dict[tuple, Any] = attribute(default_factory=dict)
    settled: set[str] = attribute(default_factory=set)

    @property
    def number(self) -> int:
        """Return the revision's number."""
        return self.schema.number

    def bind(self, engine: sa.Engine) -> sa.Engine:
        """Return the engine with this revision's own statement cache, on the shared pool."""
        return engine.execution_options(compiled_cache=self.compiled)


def load_workspace(engine: sa.Engine, number: int | None = None) -> Workspace:
    """Load one revision, the live one by default.

    Errors: as of `load_schema`.
    """
    schema, identities = load_schema(engine, number)
    return Workspace(schema, Models(schema), identities)


def load_schema(engine: sa.Engine, number: int | None = None) -> tuple[Schema, Identities]:
    """Load what one revision declares, the live one by default, without mapping its tables.

    Errors: SchemaError when there is none, or when a stored revision no longer builds.
    """
    with engine.connect() as connection:
        number = store.live_number(connection) if number is None else number
        found = store.find_revision(connection, number)
    if found is None:
        raise SchemaError("schema.nothing_published", number=number)
    identities = identities_from_json(found["identities"])
    schema, problems = build_schema(documents_from_json(found["documents"]), number, identities)
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))
    entities = {name: with_retired(entity, identities) for name, entity in schema.entities.items()}
    return replace(schema, entities=entities), identities


_loaded: dict[str, Workspace] = {}
_mapped: dict[str, Models] = {}  # what this process published last
_lock = threading.Lock()


def get_workspace(engine: sa.Engine) -> Workspace:
    """Return the live revision's workspace; loaded once per process and revision."""
    with engine.connect() as connection:
        number = store.live_number(connection)
    key = _address(engine)
    with _lock:
        if key not in _loaded or _loaded[key].number != number:
            _loaded[key] = _load_like(engine, number, [_loaded[key].models] if key in _loaded else [])
        return _loaded[key]


def keep_models(engine: sa.Engine, models: Models) -> None:
    """Keep the classes a publish mapped for the workspace of its revision, which needs the same."""
    _mapped[_address(engine)] = models


def _load_like(engine: sa.Engine, number: int, known: list[Models]) -> Workspace:
    """Load a revision; classes that were mapped for the same entities serve again, for mapping takes longest."""
    schema, identities = load_schema(engine, number)
    known = [*known, *filter(None, [_mapped.pop(_address(engine), None)])]
    same = next((models for models in known if models.schema.entities == schema.entities), None)
    return Workspace(schema, same or Models(schema), identities)


def _address(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def live_workspace(session: CrmSession) -> Workspace:
    """Return the live revision, also while the session still speaks an older one."""
    if store.live_number(session.connection()) == session.workspace.number:
        return session.workspace
    with only_reading():
        return get_workspace(session.get_bind())
