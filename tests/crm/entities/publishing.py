"""Publishes one revision after the other until somebody kills it: `python -m tests.crm.entities.publishing URL`."""

from __future__ import annotations

import copy
import sys

from app import wire
from crm.database import build_engine
from crm.entities.load import documents_from_json
from crm.entities.publish import publish_schema
from crm.entities.workspace import load_workspace


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
