"""Segment documents: every problem found, then built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions
from crm.entities.build import as_lines, label_of
from crm.entities.kinds import Kind
from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import CONDITIONS, WORD
from crm.entities.walk import NAMED, SHOWN, Spot, Walker, to_be
from crm.errors import Problem
from crm.fields import type_of
from crm.segments.model import Segment

KEYS = ("segment", "entity", "label", "kept_in", "if")


def check_segment(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a segment document."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), KEYS, ("entity",))
    reader.name(document.body["segment"], ("segment",))
    reader.text(body, "label", ())
    if reader.known(body.get("entity"), schema.entities, ("entity",), "entity"):
        entity = schema.entities[body["entity"]]
        reader.add(parse_conditions(list(as_lines(body.get("if"))), entity, schema)[1], ("if",))
        _check_kept(body, reader, entity)
    return reader.problems


def _check_kept(body: Mapping[str, Any], reader: BodyReader, entity: Entity) -> None:
    """Note a segment that is neither kept nor asked for, or both, and a field that cannot keep it."""
    if ("kept_in" in body) == ("if" in body):
        reader.refuse("segment.kept_or_asked", ("kept_in",) if "kept_in" in body else ())
    elif "kept_in" in body and reader.known(body["kept_in"], entity.fields, ("kept_in",), "field"):
        field = entity.fields[body["kept_in"]]
        if type_of(field).control != "tags" or field.encrypted:
            reader.refuse("segment.kept_in_tags", ("kept_in",), name=field.name)


def build_segment(document: Document, _schema: Schema) -> Segment:
    """Return the segment of a document that has no problems."""
    body, kept_in = document.body, document.body.get("kept_in", "")
    lines = ({"field": kept_in, "is": document.name},) if kept_in else as_lines(body["if"])
    return Segment(document.name, body["entity"], label_of(body, "label", document.name), lines, kept_in)


def walk_segment(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a segment."""
    spot = Spot().of(body.get("entity"))
    steps = {
        "entity": to_be(NAMED, walker.entity),
        "kept_in": to_be(SHOWN, walker.field),
        "if": to_be(SHOWN, walker.lines),
    }
    return walker.inside(body, spot, steps)


KIND = Kind(
    "segment",
    "segments",
    check_segment,
    build_segment,
    KEYS,
    walk_segment,
    {"entity": WORD, "kept_in": WORD, "if": CONDITIONS},
)
