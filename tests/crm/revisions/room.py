"""A house whose documents a test changes: an entity, a role that may not see all of it, one publish per change."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.records.journal import list_changes
from crm.records.service import update_record
from crm.records.timeline import history_of
from crm.revisions.former_names import FormerNames, read_former_names
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_document
from crm.revisions.workspace import get_workspace
from tests.conftest import find_actor
from tests.crm.revisions.publishing import rename_field
from tests.factories import make_record

ITEM = {
    "entity": "item",
    "label": "Item",
    "fields": {
        "name": {"type": "text", "label": "Name"},
        "note": {"type": "text", "label": "Note"},
        "secret": {"type": "text", "label": "Secret"},
        "kind": {"type": "choice", "label": "Kind", "choices": {"a": {"label": "A"}, "b": {"label": "B"}}},
    },
}
CLERK = {"role": "sales", "label": "Sales", "entities": {"item": {"can": ["read"], "hidden": ["secret"]}}}


class Room:
    """A house whose documents the test changes, one publish each."""

    def __init__(self, engine: sa.Engine, session_as: Callable) -> None:
        self.engine, self.session_as = engine, session_as
        live = [dict(found.body) for found in get_workspace(engine).schema.documents]
        self.publish([body for body in live if body.get("role") != "sales"] + [ITEM, CLERK])

    def bodies(self) -> list[dict]:
        return [copy.deepcopy(dict(found.body)) for found in get_workspace(self.engine).schema.documents]

    def publish(self, bodies: list[dict]) -> int:
        return publish_schema(self.engine, documents_from_json(bodies), "test")

    def edit(self, change: Callable[[dict], None], entity: str = "item") -> None:
        """Publish the documents after a change of the fields of one entity, and without its secret in the role."""
        bodies = self.bodies()
        change(next(body for body in bodies if body.get("entity") == entity)["fields"])
        self.publish(bodies)

    def rename(self, old: str, new: str) -> None:
        """Publish a rename of a field, every use of it included."""
        bodies = [
            dict(found.body) for found in rename_field(documents_from_json(self.bodies()), "item", old, new)
        ]
        next(body for body in bodies if body.get("entity") == "item")["fields"][new]["was"] = old
        self.publish(bodies)

    def rename_entity(self, old: str, new: str) -> None:
        publish_schema(
            self.engine, rename_document(documents_from_json(self.bodies()), "entity", old, new), "test"
        )

    def session(self, who: Any = None) -> Any:
        """Open a session of the live revision."""
        workspace = get_workspace(self.engine)
        session = self.session_as(find_actor(self.engine, workspace, who)) if who else self.session_as()
        session.workspace = workspace
        return session

    def made(self, entity: str = "item", **values: str) -> int:
        with self.session() as session:
            record = make_record(session, entity, **values).id
            session.commit()
        return record

    def change(self, record: int, entity: str = "item", **values: str | None) -> None:
        with self.session() as session:
            update_record(session, session.workspace.schema.entities[entity], record, values)
            session.commit()

    def history(self, record: int, entity: str = "item", who: str = "admin") -> list[tuple]:
        """Return every change somebody sees in the history, newest first, as (label, before, after)."""
        with self.session(who) as session:
            found = history_of(session, session.workspace.schema.entities[entity], record)
        return [line for moment in found for line in moment.changes]

    def former(self) -> FormerNames:
        with self.engine.connect() as connection:
            return read_former_names(connection)

    def raw(self, record: int, entity: str = "item") -> list[dict]:
        with self.session() as session:
            rows = list_changes(session, session.workspace.schema.entities[entity], record)
        return [row["values"] for row in rows]
