"""Role documents: every problem found, then built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions
from crm.entities.build import as_lines, label_of
from crm.entities.kinds import Kind
from crm.entities.model import Document, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import CONDITIONS, FLAG, WORDS, closed, list_of, named
from crm.entities.walk import ASKED, NAMED, Spot, Walker, to_be
from crm.errors import Problem
from crm.permissions.model import DEEDS, EntityRights, Role
from crm.permissions.reads import ComputedReads

KEYS = ("role", "label", "entities", "reports", "admin")
ENTITY_KEYS = ("can", "records", "hidden", "read_only")


def check_role(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a role document."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), KEYS)
    reader.name(document.body["role"], ("role",))
    reader.text(body, "label", ())
    reader.flag(body, "admin", ())
    reader.words(body, "reports", ())
    for name, rights in reader.mapping(body, "entities", ()).items():
        path = ("entities", name)
        if reader.known(name, schema.entities, path, "entity"):
            _check_rights(reader, rights, schema, path)
    return reader.problems


def _check_rights(reader: BodyReader, rights: object, schema: Schema, path: tuple) -> None:
    entity = schema.entities[path[-1]]
    rights = reader.keys(rights, path, ENTITY_KEYS, ("can",))
    for index, deed in enumerate(reader.words(rights, "can", path)):
        reader.known(deed, DEEDS, (*path, "can", index), "deed")
    for key in ("hidden", "read_only"):
        for index, field in enumerate(reader.words(rights, key, path)):
            reader.known(field, entity.fields, (*path, key, index), "field")
    if "records" not in rights:
        return
    lines = as_lines(rights["records"])
    if not lines:  # an empty list would read as "no condition", that is, everything
        reader.refuse("schema.empty_records", (*path, "records"), entity=entity.name)
        return
    reader.add(parse_conditions(list(lines), entity, schema)[1], (*path, "records"))


def build_role(document: Document, schema: Schema) -> Role:
    """Return the role of a document that has no problems."""
    body = document.body
    entities = {name: _build_rights(rights) for name, rights in (body.get("entities") or {}).items()}
    return Role(
        document.name,
        label_of(body, "label", document.name),
        entities,
        tuple(body.get("reports") or ()),
        bool(body.get("admin")),
        ComputedReads(schema),
    )


def _build_rights(rights: Mapping) -> EntityRights:
    return EntityRights(
        frozenset(rights["can"]),
        as_lines(rights.get("records")),
        frozenset(rights.get("hidden") or ()),
        frozenset(rights.get("read_only") or ()),
    )


def walk_role(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a role."""
    names = to_be(NAMED, walker.each(walker.field))

    def rights(value: Any, spot: Spot) -> Any:
        steps = {"records": to_be(ASKED, walker.lines), "hidden": names, "read_only": names}
        return walker.inside(value, spot.of(spot.path[-1]), steps)

    def entities(value: Any, spot: Spot) -> Any:
        return walker.keyed(value, spot, to_be(NAMED, walker.entity), rights)

    reports = to_be(NAMED, walker.each(walker.part("report")))
    return walker.inside(body, Spot(), {"entities": entities, "reports": reports})


RIGHTS = closed(can=list_of({"enum": list(DEEDS)}), records=CONDITIONS, hidden=WORDS, read_only=WORDS)
PARTS = {"entities": named({**RIGHTS, "required": ["can"]}), "reports": WORDS, "admin": FLAG}
KIND = Kind("role", "roles", check_role, build_role, KEYS, walk_role, PARTS)
