"""A small world for the tests of conditions: regions, customers, orders; on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.conditions import Scope, compile_sql, evaluate, install, parse_conditions, parse_formula
from crm.conditions.tree.model import Node, is_condition
from crm.entities.load import build_schema, load_document
from crm.entities.model import Entity, Schema
from crm.revisions.models import Models

ATHENS = ZoneInfo("Europe/Athens")
NOON = dt.datetime(2026, 3, 30, 9, 30)  # the day after the clocks went forward, 12:30 in Athens
USERS = (1, 2)
ENTITIES = (
    """
entity: region
label: Region
fields:
  name: {type: text}
  rank: {type: integer}
  manager: {type: user}
""",
    """
entity: customer
label: Customer
fields:
  name: {type: text}
  segment: {type: choice, choices: {small: Small, medium: Medium, large: Large}}
  region: {type: reference, to: region, inverse: {name: customers, label: Customers}}
  parent: {type: reference, to: customer, inverse: {name: daughters, label: Daughters}}
  owner: {type: user}
  revenue: {type: money, currency: EUR}
  weight: {type: decimal, places: 4}
  staff: {type: integer}
  is_partner: {type: boolean}
  born_on: {type: date}
  seen_at: {type: datetime}
  needs: {type: choices, choices: {price: Price, quality: Quality, speed: Speed}}
  labels: {type: tags}
  notes: {type: long_text}
  secret: {type: text, encrypted: true}
  salary: {type: money, currency: EUR, encrypted: true}
  joined_on: {type: date, encrypted: true}
  per_head: {type: formula, of: money, formula: revenue / staff}
  loud: {type: formula, of: text, formula: upper(name)}
  rich: {type: formula, of: boolean, formula: revenue > 1000}
  order_count: {type: summary, of: count, over: orders}
  order_total: {type: summary, of: sum, over: orders.total}
  mean_total: {type: summary, of: avg, over: orders.total}
""",
    """
entity: order
label: Order
fields:
  number: {type: text}
  customer: {type: reference, to: customer, inverse: {name: orders, label: Orders}}
  state: {type: choice, choices: {open: Open, paid: Paid, lost: Lost}}
  total: {type: money, currency: EUR}
  pieces: {type: integer}
  bought_on: {type: date}
  paid_at: {type: datetime}
  line: {type: formula, of: money, formula: total * pieces}
""",
)


@dataclass(frozen=True)
class Segment:
    """What `crm.segments` puts into a schema."""

    name: str
    entity: str
    lines: tuple


OLD = {"field": "born_on", "older_than": "1 year"}
SEGMENTS = (
    Segment("large", "customer", ({"field": "segment", "is": "large"},)),
    Segment(
        "large_or_old",
        "customer",
        ({"any": [{"in_segment": "large"}, {"field": "born_on", "older_than": "1 year"}]},),
    ),
)


def build_world() -> Schema:
    """Return the schema of the world."""
    documents, problems = [], []
    for number, text in enumerate(ENTITIES):
        document, found = load_document(text, f"{number}.yaml")
        documents.append(document)
        problems += found
    schema, found = build_schema(documents, 1)
    assert problems + found == []
    return replace(schema, parts={**schema.parts, "segment": {segment.name: segment for segment in SEGMENTS}})


@dataclass
class World:
    """The schema, its classes and a database with tables."""

    schema: Schema
    models: Models
    engine: sa.Engine

    @classmethod
    def open(cls, url: str, schema: Schema) -> World:
        """Return the world with its tables in a new database."""
        engine = sa.create_engine(url)
        install(engine)
        models = Models(schema)
        models.registry.metadata.create_all(engine)
        with engine.begin() as connection:
            users = models.registry.metadata.tables["ab_user"]
            connection.execute(
                sa.insert(users), [{"id": number, "username": f"u{number}"} for number in USERS]
            )
        return cls(schema, models, engine)

    def scope(self, **changes: Any) -> Scope:
        """Return the scope of user 1, whose team is users 1 and 2; user 3 was deleted."""
        usual = {"user_id": 1, "team_user_ids": (1, 2), "now": NOON, "time_zone": ATHENS}
        usual["is_user"] = USERS.__contains__
        return Scope(
            **{
                "schema": self.schema,
                "models": self.models,
                "dialect": self.engine.dialect.name,
                **usual,
                **changes,
            }
        )

    def add(self, session: Session, entity: str, **values: Any) -> Any:
        """Store one record and return it."""
        base = {"created_at": NOON, "updated_at": NOON, "row_version": 1}
        record = self.models[entity]()
        for name, value in {**base, **values}.items():
            setattr(record, name, value)
        session.add(record)
        session.flush()
        return record

    def both(
        self, session: Session, node: Node, entity: str, scope: Scope | None = None
    ) -> Mapping[int, Any]:
        """Return what a tree gives for every record, by id, having seen that SQL and Python agree."""
        scope = scope or self.scope()
        cls = self.models[entity]
        compiled = compile_sql(node, entity, scope)
        python = {record.id: evaluate(node, record, scope) for record in session.scalars(sa.select(cls))}
        if is_condition(node):
            found = set(session.scalars(sa.select(cls.id).where(compiled)))
            sql: Mapping[int, Any] = {key: key in found for key in python}
        else:
            sql = {row[0]: row[1] for row in session.execute(sa.select(cls.id, compiled.label("found")))}
        assert sql == python
        return python


def entity_of(schema: Schema, name: str) -> Entity:
    """Return an entity."""
    return schema.entities[name]


def tree(schema: Schema, entity: str, *lines: Any) -> Node:
    """Return the tree of lines without problems."""
    node, problems = parse_conditions(list(lines), schema.entities[entity], schema)
    assert [(problem.code, problem.params) for problem in problems] == []
    return node


def formula(schema: Schema, entity: str, text: str) -> Node:
    """Return the tree of a formula without problems."""
    node, problems = parse_formula(text, schema.entities[entity], schema)
    assert [(problem.code, problem.params) for problem in problems] == []
    return node


def money(text: str) -> Decimal:
    """Return an amount."""
    return Decimal(text)
