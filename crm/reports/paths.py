"""Paths to fields in the documents of reports."""

from __future__ import annotations

from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.fields import type_of
from crm.records.values import field_of


def check_path(reader: BodyReader, name: Any, entity: Entity, schema: Schema, path: tuple) -> Any:
    """Return the field a path ends at, or None with a problem."""
    for step in str(name).split(".")[:-1]:
        if not reader.known(step, entity.fields, path, "field"):
            return None
        target = entity.fields[step].options.get("to")
        if target not in schema.entities or type_of(entity.fields[step]).links != "record":
            reader.refuse("report.not_a_reference", path, name=step)
            return None
        entity = schema.entities[target]
    last = str(name).split(".")[-1]
    known = [*entity.fields, *SYSTEM_FIELDS]
    if not reader.known(last, known, path, "field"):
        return None
    field = field_of(entity, last)
    if field.encrypted:
        reader.refuse("schema.encrypted_not_here", path, name=last)
    return field
