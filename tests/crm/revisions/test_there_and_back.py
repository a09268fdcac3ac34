"""Random edits published one after the other, and as many rollbacks: documents and records are what they were.

`KOINE_CASES=20` takes so many seeds and 30 edits each.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from app import wire
from crm.database import build_engine, open_session
from crm.entities.load import documents_from_json
from crm.entities.yaml import write_yaml
from crm.fields import FIELD_TYPES
from crm.own_tables.upgrade import upgrade
from crm.permissions.model import SYSTEM
from crm.records.service import create_record, delete_record, update_record
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import Workspace, load_workspace
from tests.crm.revisions.random_edits import START, edited

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("KOINE_CASES", "0"))
SEEDS = range(CASES or 2)
EDITS = 30 if CASES else 8
SAMPLES: dict[str, Any] = {
    "text": lambda random: f"Text {random.randrange(10**9)}",
    "long_text": lambda random: f"Ένα κείμενο {random.randrange(10**9)}",
    "integer": lambda random: random.randrange(1000),
    "money": lambda random: str(Decimal(random.randrange(10**6)) / 100),
    "boolean": lambda random: random.random() < 0.5,
    "date": lambda random: (dt.date(2026, 1, 1) + dt.timedelta(random.randrange(900))).isoformat(),
    "tags": lambda random: f"a{random.randrange(9)}, b",
}
Dump = dict[str, dict[int, dict[str, Any]]]
"""Table, record, column: value, of what can be seen."""


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[sa.Engine]:
    wire()
    engine = build_engine(empty_database_url)
    upgrade(engine)
    publish_schema(engine, documents_from_json(START), "start")
    yield engine
    engine.dispose()


def live(engine: sa.Engine) -> Workspace:
    return load_workspace(engine)


def texts(workspace: Workspace) -> list[str]:
    """Return the documents as they would be exported."""
    return [write_yaml(dict(document.body)) for document in workspace.schema.documents]


def dump(engine: sa.Engine, workspace: Workspace) -> Dump:
    """Return every record of every table, as far as the revision shows it."""
    found: Dump = {}
    with engine.connect() as connection:
        for name, entity in workspace.schema.entities.items():
            table = workspace.models.table(name)
            stored = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
            columns = [table.c.id, table.c.created_at, *(table.c[field.column] for field in stored)]
            rows = connection.execute(sa.select(*columns)).all()
            found[entity.table] = {row[0]: dict(row._mapping) for row in rows}
    return found


def sample(random: Random, connection: sa.Connection, workspace: Workspace, field: Any) -> Any:
    if field.type == "choice":
        return random.choice(list(field.options["choices"]))
    if field.type == "reference":
        ids = connection.scalars(sa.select(workspace.models.table(field.options["to"]).c.id)).all()
        return random.choice(ids) if ids else None
    return SAMPLES[field.type](random)


class Keeper:
    """Writes records, and knows what every revision that has been must show when it returns."""

    def __init__(self, engine: sa.Engine, random: Random) -> None:
        self.engine, self.random = engine, random
        self.dumps: list[Dump] = []

    def write(self) -> None:
        """Create records, change some that are there, and delete one now and then."""
        workspace = live(self.engine)
        with open_session(self.engine, workspace, SYSTEM) as session:
            connection = session.connection()
            for entity in workspace.schema.entities.values():
                values = {
                    field.name: sample(self.random, connection, workspace, field)
                    for field in entity.fields.values()
                }
                create_record(session, entity, values)
                ids = list(connection.scalars(sa.select(workspace.models.table(entity.name).c.id)))
                self._change(session, entity, self.random.choice(ids))
                if self.random.random() < 0.2 and len(ids) > 2:
                    self._delete(session, entity, self.random.choice(ids))
        workspace.models.dispose()

    def _change(self, session: Any, entity: Any, record_id: int) -> None:
        """Change one field that no revision since knew under another type, so that it is plain what must be seen."""
        steady = [field for field in entity.fields.values() if self._is_steady(entity, field)]
        if not steady:
            return
        field = self.random.choice(steady)
        value = sample(self.random, session.connection(), session.workspace, field)
        if value is None:
            return
        record = update_record(session, entity, record_id, {field.name: value})
        stored = getattr(record, FIELD_TYPES[field.type].attribute(field))
        for kept in self.dumps:
            row = kept.get(entity.table, {}).get(record_id, {})
            if field.column in row:
                row[field.column] = stored

    def _is_steady(self, entity: Any, field: Any) -> bool:
        columns = self.columns.get(field.uid, set())
        return len(columns) == 1 and FIELD_TYPES[field.type].writable and field.type in SAMPLES

    def _delete(self, session: Any, entity: Any, record_id: int) -> None:
        """Delete a record; what points to it is emptied, in every revision that saw it."""
        delete_record(session, entity, record_id)
        for kept in self.dumps:
            kept.get(entity.table, {}).pop(record_id, None)
            for table, rows in kept.items():
                for row in rows.values():
                    for column in row:
                        if self.targets.get((table, column)) == entity.table and row[column] == record_id:
                            row[column] = None

    def keep(self) -> None:
        """Remember what is seen now."""
        workspace = live(self.engine)
        self.dumps.append(dump(self.engine, workspace))
        workspace.models.dispose()

    def learn(self) -> None:
        """Note which columns each field has had, and where references point."""
        workspace = live(self.engine)
        if not hasattr(self, "columns"):
            self.columns: dict[str, set[str]] = {}
            self.targets: dict[tuple[str, str], str] = {}
        for entity in workspace.schema.entities.values():
            for field in entity.fields.values():
                self.columns.setdefault(field.uid, set()).add(field.column)
                if field.type == "reference":
                    target = workspace.schema.entities[field.options["to"]]
                    self.targets[entity.table, field.column] = target.table
        workspace.models.dispose()

    def compare(self, number: int) -> None:
        """Require that what is seen now holds everything that was seen at that step."""
        workspace = live(self.engine)
        seen = dump(self.engine, workspace)
        for table, rows in self.dumps[number].items():
            for record_id, row in rows.items():
                assert seen[table][record_id] == row, (number, table, record_id)
        workspace.models.dispose()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_edits_and_as_many_rollbacks_end_where_they_began(engine: sa.Engine, seed: int) -> None:
    random = Random(seed)
    keeper = Keeper(engine, random)
    keeper.learn()
    steps: list[tuple[int, list[str]]] = []
    bodies = START
    for _ in range(EDITS):
        keeper.write()
        keeper.keep()
        workspace = live(engine)
        steps.append((workspace.number, texts(workspace)))
        bodies = edited(random, bodies)
        number = publish_schema(engine, documents_from_json(bodies), "edit")
        assert number == steps[-1][0] + 1
        keeper.learn()
    keeper.write()
    for place in reversed(range(EDITS)):
        rollback_schema(engine, steps[place][0])
        assert texts(live(engine)) == steps[place][1]
        keeper.compare(place)
