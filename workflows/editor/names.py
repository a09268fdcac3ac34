"""What may stand at each place behind a trigger's or an action's word: asked of its own walk over the names in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.entities.declared_names import DeclaredNames
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import ENTITY, Spot, Step, Walker

FIELD, WAY, CHILDREN, CONDITIONS = "field", "way", "children", "conditions"
TEXT, VALUE, RECIPIENT = "text", "value", "recipient"
ROUNDS = 3  # as many probes as a shape has ways to be filled
COMPUTED = ("=", "{")


@dataclass(frozen=True)
class Asked:
    """What stands at one place.

    Shape:  `kind` is one of the words above, or the kind of a document (role, template, …). `entity` is the one whose
            names apply, `field` that of a value, `how` what becomes of it (`crm.entities.walk`).
    """

    kind: str
    entity: str = ""
    field: str = ""
    how: str = ""


class Asking(Walker):
    """A walk that looks nothing up and notes what each place is for."""

    def __init__(self, declarations: DeclaredNames) -> None:
        super().__init__(declarations, lambda mention: mention.name)
        self.found: dict[tuple, Asked] = {}

    def _note(self, kind: str, spot: Spot, field: str = "", entity: str | None = None) -> None:
        self.found[spot.path] = Asked(kind, spot.entity if entity is None else entity, field, spot.how)

    def part(self, kind: str) -> Step:
        """Note the name of a document, of a user, or somebody who is told something."""

        def named(value: Any, spot: Spot) -> Any:
            self._note(kind, spot)
            return value

        return named

    def entity(self, value: Any, spot: Spot) -> Any:
        """Note the name of an entity."""
        self._note(ENTITY, spot)
        return value

    def field(self, value: Any, spot: Spot) -> Any:
        """Note the name of a field."""
        self._note(FIELD, spot)
        return value

    def way(self, value: Any, spot: Spot) -> Any:
        """Note a path."""
        self._note(WAY, spot)
        return value

    def over(self, value: Any, spot: Spot) -> Any:
        """Note the name of children."""
        self._note(CHILDREN, spot)
        return value

    def value(self, value: Any, spot: Spot) -> Any:
        """Note a value of no known field."""
        self._note(VALUE, spot)
        return value

    def formula(self, text: Any, spot: Spot) -> Any:
        """Note a formula."""
        self._note(VALUE, spot)
        return text

    def text(self, value: Any, spot: Spot) -> Any:
        """Note a text with names in braces."""
        self._note(TEXT, spot)
        return value

    def choice(self, value: Any, spot: Spot, entity: str, field: str) -> Any:
        """Note a value of a field."""
        self._note(VALUE, spot, field if isinstance(field, str) else "", entity)
        return value

    def lines(self, value: Any, spot: Spot) -> Any:
        """Note condition lines."""
        self._note(CONDITIONS, spot)
        return value


def ask(member: Any, shape: Shape, body: Any, entity: str, declarations: DeclaredNames) -> dict[tuple, Asked]:
    """Return what stands at each place behind a word, by path; as far as it depends on the body, for this one.

    Shape:  `member` is a trigger or an action. Below a map of fields and values, the place of the key "" is a field.
    """
    found: dict[tuple, Asked] = {}
    for number in range(ROUNDS):
        walker = Asking(declarations)
        member.walk(probe(shape, body, number), Spot().of(entity), walker)
        found.update(walker.found)
    return found


def probe(shape: Shape, body: Any, number: int) -> Any:
    """Return a body that has something everywhere the shape allows it; what names something stays as it is."""
    if "anyOf" in shape:
        ways = shape["anyOf"]
        return probe(ways[min(number, len(ways) - 1)], body, number)
    if "properties" in shape:
        known = body if isinstance(body, Mapping) else {}
        return {key: probe(inner, known.get(key), number) for key, inner in shape["properties"].items()}
    if shape.get("type") == "array":
        return [probe(shape.get("items", {}), body[0] if isinstance(body, list) and body else None, number)]
    if not shape and number == 1:
        return {**(body if isinstance(body, Mapping) else {}), "": ""}
    is_name = isinstance(body, str) and not body.startswith(COMPUTED)
    return body if is_name else ""
