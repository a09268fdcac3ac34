"""Segment documents: every problem found, then built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions
from crm.entities.build import as_lines, label_of
from crm.entities.kinds import Kind
from crm.entities.model import Document, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import CONDITIONS, WORD
from crm.entities.walk import NAMED, SHOWN, Spot, Walker, to_be
from crm.errors import Problem
from crm.segments.model import Segment

KEYS = ("segment", "entity", "label", "if")


def check_segment(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a segment document."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), KEYS, ("entity", "if"))
    reader.name(document.body["segment"], ("segment",))
    reader.text(body, "label", ())
    if reader.known(body.get("entity"), schema.entities, ("entity",), "entity"):
        lines = list(as_lines(body.get("if")))
        reader.add(parse_conditions(lines, schema.entities[body["entity"]], schema)[1], ("if",))
    return reader.problems


def build_segment(document: Document, _schema: Schema) -> Segment:
    """Return the segment of a document that has no problems."""
    body = document.body
    return Segment(
        document.name, body["entity"], label_of(body, "label", document.name), as_lines(body["if"])
    )


def walk_segment(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a segment."""
    spot = Spot().of(body.get("entity"))
    steps = {"entity": to_be(NAMED, walker.entity), "if": to_be(SHOWN, walker.lines)}
    return walker.inside(body, spot, steps)


KIND = Kind(
    "segment",
    "segments",
    check_segment,
    build_segment,
    KEYS,
    walk_segment,
    {"entity": WORD, "if": CONDITIONS},
)
