"""Values a rule writes: literals, `= formulas`, and texts with placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crm.conditions import parse_formula
from crm.entities.model import Entity
from crm.entities.walk import Spot, Walker
from crm.errors import FieldError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.address import AddressType
from crm.fields.base import Field, Situation
from crm.fields.text import TextType
from workflows.given import given_of
from workflows.paths import PATH, find_path
from workflows.placeholders import check_text
from workflows.rules.place import Place

PLACEHOLDER = re.compile(r"\{([a-z][A-Za-z0-9_.-]*)\}")


def formula_of(value: Any, field: Field | None = None) -> str | None:
    """Return the formula of a computed value ("= today()"), None for a literal and for a text with placeholders.

    Shape:  for a field that holds no text, "{opened_at}" alone is the value at that path and not its words, which
            would have to be read again.

    >>> formula_of("= today()"), formula_of("{name}")
    ('today()', None)
    """
    if not isinstance(value, str):
        return None
    if value.startswith("="):
        return value[1:].strip()
    alone = PLACEHOLDER.fullmatch(value.strip()) if field and not takes_words(field) else None
    return alone[1] if alone else None


def needs_database(field: Field) -> bool:
    """Return whether only the database knows if a value fits: what points to something, and files."""
    return bool(FIELD_TYPES[field.type].points) or FIELD_TYPES[field.type].holds_files


def takes_words(field: Field) -> bool:
    """Return whether a field holds any text, so that a value can be written into it in words."""
    return isinstance(FIELD_TYPES[field.type], TextType | AddressType)


def check_values(body: object, place: Place, target: Entity) -> None:
    """Note every problem of a map of field names to values that will be written to `target`."""
    if not isinstance(body, Mapping) or not body:
        place.refuse("rule.values_not_a_map")
        return
    for name, value in body.items():
        if place.at(name).known(name, target.fields, "field_of_target"):
            check_value(value, place.at(name), target.fields[name])


def check_value(value: Any, place: Place, field: Field) -> None:
    """Note the problems of one value for one field; paths and names are those of the place's entity."""
    if not FIELD_TYPES[field.type].writable:
        place.refuse("rule.field_not_writable", name=field.name)
        return
    formula = formula_of(value, field)
    if formula is not None:
        place.add(_check_formula(formula, place, field))
        return
    if isinstance(value, str):
        problems = check_text(value, place.entity, place.schema)
        place.add(problems)
        if problems or "{" in value:
            return
    if value is not None and not needs_database(field):
        _check_literal(value, place, field)


def _check_formula(formula: str, place: Place, field: Field) -> list[Problem]:
    given = given_of(place.entity)
    if given is not None and given.owns(formula):
        return _check_given(formula, place, field)
    if PATH.match(formula) and formula not in ("true", "false"):
        found = find_path(formula, place.entity, place.schema)
        if isinstance(found, Problem):
            return [found]
        if FIELD_TYPES[field.type].links:
            return _check_pointer(formula, found.field, found.entity, field)
    return parse_formula(formula, place.entity, place.schema)[1]


def _check_given(path: str, place: Place, field: Field) -> list[Problem]:
    found = find_path(path, place.entity, place.schema)
    if isinstance(found, Problem):
        return [found]
    if needs_database(field):
        return [Problem("rule.pointer_does_not_fit", {"path": path, "name": field.name})]
    return []


def _check_pointer(formula: str, source: Field, entity: Entity | None, field: Field) -> list[Problem]:
    fits = source.type == field.type and source.options.get("to") == field.options.get("to")
    if source.name == "id":
        fits = (
            FIELD_TYPES[field.type].links == "record"
            and entity is not None
            and entity.name == field.options.get("to")
        )
    return [] if fits else [Problem("rule.pointer_does_not_fit", {"path": formula, "name": field.name})]


def _check_literal(value: Any, place: Place, field: Field) -> None:
    try:
        FIELD_TYPES[field.type].clean(field, value, Situation(source="rule"))
    except FieldError as error:
        place.add([error.as_problem()])


def one_deed(spot: Spot) -> Spot:
    """Return a place from which on one thing is done: what is read below goes where this one goes."""
    return replace(spot, step=spot.path)


def walk_value(walker: Walker, entity: str, name: Any) -> Callable[[Any, Spot], Any]:
    """Return the walk over a value that is written to a field: a formula, a choice, or a text."""

    def value(given: Any, spot: Spot) -> Any:
        if formula_of(given) is not None:
            return walker.value(given, spot)
        if isinstance(given, str) and "{" in given:
            return walker.text(given, spot)
        return walker.choice(given, spot, entity, name)

    return value


def walk_values(body: Any, spot: Spot, target: str, deed: str, walker: Walker) -> Any:
    """Walk over a map of fields of `target` that are written; the values are read where the spot is."""

    def written(name: Any, value: Any, at: Spot) -> tuple[Any, Any]:
        field = walker.field(name, at.of(target).to_be(deed))
        return field, walk_value(walker, target, name)(value, at)

    if not isinstance(body, Mapping):
        return body
    return dict(written(name, value, one_deed(spot.at(name))) for name, value in body.items())
