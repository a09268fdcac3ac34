"""Defaults that are computed: what their formulas read of the record that does not exist yet, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm.conditions import parse_formula
from crm.conditions.tree.model import Children, FieldPath, InSegment, Node, has_changes, parts_of
from crm.entities.model import Entity, Schema
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import FIELD_TYPES, kind_of, type_of
from crm.fields.base import Field

RECORDS = ""  # stands for what other records say about the one to come
EXACT_KINDS = ("number", "date", "datetime", "boolean", "reference", "user")
MOMENTS = {"date", "datetime"}


def default_formula(field: Field) -> str | None:
    """Return the formula of a default that is computed."""
    word = field.default
    return word[1:] if isinstance(word, str) and word.startswith("=") else None


def default_trees(entity: Entity, schema: Schema) -> dict[str, Node]:
    """Return the trees of the computed defaults by field, each behind those that it reads."""
    trees = {}
    for field in entity.fields.values():
        formula = default_formula(field)
        if formula is not None:
            trees[field.name] = parse_formula(formula, entity, schema)[0]
    found: dict[str, Node] = {}

    def take(name: str, above: tuple[str, ...]) -> None:
        if name in found or name in above:
            return
        for read in own_reads(trees[name]):
            if read in trees:
                take(read, (*above, name))
        found[name] = trees[name]

    for name in trees:
        take(name, ())
    return found


def own_reads(node: Node) -> Iterator[str]:
    """Yield the record's own fields that a tree reads, references on a way included.

    Shape:  `RECORDS` where it asks what other records say about this one: its children, its segments, its changes.
    """
    if isinstance(node, FieldPath):
        yield node.steps[0][1]
        if len(node.steps) == 1 and node.computed is not None:
            yield from own_reads(node.computed)
    elif isinstance(node, Children | InSegment):
        yield node.way[0][1] if node.way else RECORDS
    else:
        if has_changes(node):
            yield RECORDS
        for part in parts_of(node):
            yield from own_reads(part)


def check_default_formula(entity: Entity, field: Field, schema: Schema) -> list[Problem]:
    """Return why a computed default can never have a value that fits; nothing when it can."""
    formula = default_formula(field)
    if formula is None:
        return []
    tree, problems = parse_formula(formula, entity, schema)
    if problems:
        return problems
    if circle := _circle(entity, schema, field.name):
        return [Problem("schema.default_in_circle", {"circle": " → ".join(circle)}, field.name)]
    for name in own_reads(tree):
        if name == RECORDS:
            return [Problem("schema.default_asks_records", {"name": field.name}, field.name)]
        if _comes_later(entity, name):
            return [Problem("schema.default_comes_later", {"name": name}, field.name)]
    return _check_kind(field, tree, schema)


def _comes_later(entity: Entity, name: str) -> bool:
    """Return whether a field has no value before the record is saved: its number, who made it, a drawn number."""
    if name in SYSTEM_FIELDS:
        return True
    field_type = type_of(entity.fields[name])
    return field_type.stored and not field_type.writable


def _circle(entity: Entity, schema: Schema, first: str) -> tuple[str, ...]:
    """Return the fields by way of which a default reads itself, that one at both ends; () when it does not."""
    trees = {
        name: parse_formula(formula, entity, schema)[0]
        for name, other in entity.fields.items()
        if (formula := default_formula(other)) is not None
    }
    waiting, seen = [(first,)], set()
    while waiting:
        way = waiting.pop()
        for name in own_reads(trees[way[-1]]):
            if name == first:
                return (*way, first)
            if name in trees and name not in seen:
                seen.add(name)
                waiting.append((*way, name))
    return ()


def _check_kind(field: Field, tree: Node, schema: Schema) -> list[Problem]:
    wanted, given = kind_of(field), tree.kind
    fits = given in ("empty", wanted) or {wanted, given} <= MOMENTS
    if wanted not in EXACT_KINDS:
        fits = given not in EXACT_KINDS
    if fits and FIELD_TYPES[field.type].links:
        fits = _leads_to(tree, schema) == (FIELD_TYPES[field.type].links, field.options.get("to"))
    return [] if fits else [Problem("schema.default_does_not_fit", {"name": field.name}, field.name)]


def _leads_to(tree: Node, schema: Schema) -> tuple[str, str | None] | None:
    """Return what a way through references ends at: a record of an entity, or a user."""
    if not isinstance(tree, FieldPath) or tree.computed is not None:
        return None
    entity, name = tree.steps[-1]
    field = schema.entities[entity].fields.get(name) if entity in schema.entities else None
    if field is None:
        return None
    return type_of(field).links, field.options.get("to")


def reads_own_fields(trees: Mapping[str, Node]) -> set[str]:
    """Return the computed defaults that depend on what else the record holds."""
    return {name for name, tree in trees.items() if any(True for _name in own_reads(tree))}
