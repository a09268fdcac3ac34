"""Rules to start from: documents like any other, offered where they fit the schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from crm import demo
from crm.entities.load import load_document
from crm.entities.model import Document, Schema
from workflows.rules.build import build_rule
from workflows.rules.check import check_rule
from workflows.rules.model import Rule

FOLDER = Path(demo.__file__).parent / "starters"


@cache
def _documents() -> tuple[Document, ...]:
    """Return the documents that are shipped, in the order of their files."""
    texts = ((path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yaml")))
    found = [load_document(text, f"{name}.yaml")[0] for name, text in texts]
    return tuple(document for document in found if document is not None)


def list_starters(schema: Schema) -> list[tuple[Mapping[str, Any], Rule]]:
    """Return the rules that fit a schema, as documents and built."""
    fitting = (one for one in _documents() if not check_rule(one, schema))
    return [(one.body, build_rule(one, schema)) for one in fitting]
