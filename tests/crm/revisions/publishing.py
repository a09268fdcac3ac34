"""Publishing in tests; `python -m tests.crm.revisions.publishing URL` publishes one revision after the other."""

from __future__ import annotations

import copy
import datetime as dt
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace

import sqlalchemy as sa

from app import wire
from crm.database import build_engine
from crm.drafts import edits
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_uses
from crm.revisions.workspace import get_workspace, load_workspace

COLUMNS = (
    "name",
    "status",
    "kind",
    "country",
    "language",
    "street",
    "created_at",
    "updated_at",
    "row_version",
)


def bodies(engine: sa.Engine) -> list[dict]:
    """Return the live documents as data that may be changed."""
    return [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]


def rename_field(documents: Iterable[Document], entity: str, old: str, new: str) -> list[Document]:
    """Return the documents with a field renamed and every use of it, as the field's form does it."""
    return [
        replace(
            document,
            body=edits.rename_field(document.body, old, new, document.body["fields"][old].get("was", old)),
        )
        if (document.kind, document.name) == ("entity", entity)
        else document
        for document in rename_uses(documents, entity, old, new)
    ]


def publish_changed(engine: sa.Engine, change: Callable[[dict], object]) -> int:
    """Publish the live documents after a change of the entities, which it is given by name."""
    found = bodies(engine)
    change({body.get("entity"): body for body in found if next(iter(body)) == "entity"})
    return publish_schema(engine, documents_from_json(found), "test")


def fill_customers(engine: sa.Engine, count: int) -> None:
    """Put customers into the table, the shortest way; the street of each is its number."""
    numbers = sa.select(sa.literal(1).label("i")).cte(recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.i + 1).where(numbers.c.i < count))
    number, moment = sa.cast(numbers.c.i, sa.Text), sa.literal(dt.datetime(2026, 1, 1))
    words = map(sa.literal, ("lead", "company", "GR", "en"))
    rows = sa.select(sa.literal("Company ") + number, *words, number, moment, moment, sa.literal(1))
    table = get_workspace(engine).models.table("customer")
    with engine.begin() as connection:
        connection.execute(sa.insert(table).from_select(COLUMNS, rows))


def publish_one(url: str, name: str) -> int:
    """Add a field to one entity, take one from another, and publish."""
    engine = build_engine(url)
    bodies = [copy.deepcopy(dict(document.body)) for document in load_workspace(engine).schema.documents]
    for body in bodies:
        if next(iter(body)) == "entity" and body["entity"] in ("deal", "product"):
            body["fields"] = {key: kept for key, kept in body["fields"].items() if key[:6] != "added_"}
            body["fields"][f"added_{name}"] = {"type": "text", "index": True}
    return publish_schema(engine, documents_from_json(bodies), name)


def main(url: str) -> None:
    """Publish for ever."""
    wire()
    number = 0
    while True:
        number = publish_one(url, f"{number}")
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
