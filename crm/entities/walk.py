"""Walks to every place of a document where a name stands: once to find it there, or to write another."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.conditions.language.lines import AGGREGATES, GROUPS
from crm.conditions.language.resolve import SLICE
from crm.entities.declared_names import DeclaredNames
from crm.entities.formula_names import FormulaNames
from crm.fields import type_named

BRACES = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,6})\}")
ENTITY, FIELD, CHILDREN, CHOICE = "entity", "field", "children", "choice"
OF_EVERY_RECORD = (
    "of_every_record"  # the kind of `{title}`, `created_at`, … where they are no declared fields
)
CARRIED = "carried"  # read without regard to rights, and taken elsewhere; the default
ASKED = "asked"  # read without regard to rights; who works on the record learns only whether it holds
SHOWN = "shown"  # read with the rights of the person who looks
NAMED = "named"  # nothing is read: a layout, what a role says of a field
SENT = "sent"  # whom something is sent to, or given
NOT_OPERATORS = ("field", "where", "formula", *GROUPS, *AGGREGATES)


@dataclass(frozen=True)
class Mention:
    """One name at one place of a document.

    Shape:  `kind` is entity, field, children, choice, or the kind of another document (role, report, …). `entity`
            is where a field, children or choice belong; `field` is the field of a choice. `path` leads to the place.
            `spot` is where the walk stands: what becomes of what is mentioned.
    """

    kind: str
    name: str
    path: tuple
    entity: str = ""
    field: str = ""
    spot: Spot | None = None


@dataclass(frozen=True)
class Spot:
    """A place in a document, and the entity whose names apply there.

    Shape:  `how` says how the document uses a name: carried, asked, shown, named, sent, or the deed that writes it.
            `about` is the entity of the records concerned. `step` is the path of the rule's step, `whole` the path of
            the line or formula that the name is part of. With `in_text` a reference means the title of its record.
    """

    entity: str = ""
    path: tuple = ()
    how: str = CARRIED
    about: str = ""
    step: tuple = ()
    whole: tuple = ()
    in_text: bool = False

    def at(self, *path: object) -> Spot:
        """Return the place below this one."""
        return replace(self, path=(*self.path, *path))

    def of(self, entity: object) -> Spot:
        """Return the same place, where the names of another entity are meant."""
        return replace(self, entity=entity if isinstance(entity, str) else "")

    def to_be(self, how: str) -> Spot:
        """Return the same place, where something else becomes of what is mentioned."""
        return replace(self, how=how, about=self.about or self.entity)


Visit = Callable[[Mention], str]
Step = Callable[[Any, Spot], Any]


def to_be(how: str, step: Step) -> Step:
    """Return a step after which something else becomes of what is mentioned."""
    return lambda value, spot: step(value, spot.to_be(how))


class Walker:
    """Goes through parts of documents; `visit` is called with each name and returns the name to write.

    Shape:  every method returns its value with the names replaced. A value of the wrong shape is returned as it is,
            so that documents with problems can be walked too. `wholes` holds the rewritten lines and formulas by path.
    """

    def __init__(self, declarations: DeclaredNames, visit: Visit) -> None:
        self.declarations = declarations
        self.visit = visit
        self.wholes: dict[tuple, Any] = {}

    def inside(self, body: Any, spot: Spot, steps: Mapping[str, Step]) -> Any:
        """Walk into some keys of a map."""
        if not isinstance(body, Mapping):
            return body
        return {
            key: steps[key](value, spot.at(key)) if key in steps else value for key, value in body.items()
        }

    def each(self, step: Step) -> Step:
        """Return the step that walks into every part of a list, or into one value that stands for a list."""

        def over(values: Any, spot: Spot) -> Any:
            if not isinstance(values, list | tuple):
                return step(values, spot)
            return [step(value, spot.at(index)) for index, value in enumerate(values)]

        return over

    def keyed(self, body: Any, spot: Spot, name: Step, step: Step) -> Any:
        """Walk into a map whose keys are names themselves."""
        if not isinstance(body, Mapping):
            return body
        return {name(key, spot.at(key)): step(value, spot.at(key)) for key, value in body.items()}

    def part(self, kind: str) -> Step:
        """Return the step over the name of a document of another kind, or of an entity."""

        def named(value: Any, spot: Spot) -> Any:
            return self.visit(Mention(kind, value, spot.path, spot=spot)) if isinstance(value, str) else value

        return named

    def entity(self, value: Any, spot: Spot) -> Any:
        """Walk over the name of an entity."""
        return self.part(ENTITY)(value, spot)

    def secret(self, value: Any, spot: Spot) -> Any:
        """Walk over a secret, which is no name: `crm/entities/secret_words.py` finds it so."""
        return value

    def field(self, value: Any, spot: Spot) -> Any:
        """Walk over the name of a field; a sign before it stays."""
        if not isinstance(value, str):
            return value
        name = value.lstrip("-")
        kind = FIELD if self.declarations.field(spot.entity, name) is not None else OF_EVERY_RECORD
        if kind == OF_EVERY_RECORD and spot.entity not in self.declarations.entities:
            return value
        mention = Mention(kind, name, spot.path, spot.entity, spot=spot)
        return value[: len(value) - len(name)] + self.visit(mention)

    def way(self, value: Any, spot: Spot) -> Any:
        """Walk over a path such as `customer.segment`."""
        if not isinstance(value, str):
            return value
        found = []
        for name in value.split("."):
            found.append(self.field(name, spot))
            spot = spot.of(self.declarations.target(spot.entity, name))
        return ".".join(found)

    def end_of(self, value: Any, entity: str) -> tuple[str, str]:
        """Return the entity and the name of the field a path ends at."""
        *names, last = str(value).split(".")
        for name in names:
            entity = self.declarations.target(entity, name)
        return entity, last

    def children(self, value: Any, spot: Spot) -> tuple[Any, str]:
        """Walk over `orders`, `customer.orders` or `orders.total`; return it with the children's entity."""
        if not isinstance(value, str):
            return value, ""
        names, found = value.split("."), []
        while names and self.declarations.field(spot.entity, names[0]) is not None:
            found.append(self.field(names[0], spot))
            spot = spot.of(self.declarations.target(spot.entity, names.pop(0)))
        if not names:
            return ".".join(found), ""
        name, child = self._name_of_children(names.pop(0), spot)
        rest = [self.way(".".join(names), spot.of(child))] if names else []
        return ".".join([*found, name, *rest]), child

    def _name_of_children(self, name: str, spot: Spot) -> tuple[str, str]:
        cut = SLICE.match(name) if self.declarations.children(spot.entity, name) is None else None
        plain = cut["name"] if cut else name
        children = self.declarations.children(spot.entity, plain)
        if children is None:
            return name, ""
        mention = Mention(CHILDREN, plain, spot.path, spot.entity, spot=spot)
        return self.visit(mention) + name[len(plain) :], children.entity

    def over(self, value: Any, spot: Spot) -> Any:
        """Walk over the name of children."""
        return self.children(value, spot)[0]

    def formula(self, text: Any, spot: Spot) -> Any:
        """Walk over the names of a formula."""
        if not isinstance(text, str):
            return text
        inside = spot if spot.whole else replace(spot, whole=spot.path)
        written = FormulaNames(self.way, self.children, inside).written(text)
        if not spot.whole:
            self.wholes[spot.path] = written
        return written

    def value(self, value: Any, spot: Spot) -> Any:
        """Walk over a value that may be `= formula`."""
        if isinstance(value, str) and value.startswith("="):
            return "=" + self.formula(value[1:], spot)
        if isinstance(value, list | tuple):
            return self.each(self.value)(value, spot)
        return value

    def text(self, value: Any, spot: Spot) -> Any:
        """Walk over the names in braces of a text, in every language."""
        if isinstance(value, Mapping):
            return {language: self.text(words, spot.at(language)) for language, words in value.items()}
        if not isinstance(value, str):
            return value
        spot = replace(spot, in_text=True)
        return BRACES.sub(lambda found: "{" + self.way(found[1], spot) + "}", value)

    def choice(self, value: Any, spot: Spot, entity: str, field: str) -> Any:
        """Walk over a value of a field, which may be one of its choices."""
        body = self.declarations.field(entity, field) or {}
        if isinstance(value, list | tuple):
            return [self.choice(one, spot.at(index), entity, field) for index, one in enumerate(value)]
        if isinstance(value, str) and type_named(body.get("type")).has_choices and value[:1] != "=":
            return self.visit(Mention(CHOICE, value, spot.path, entity, field, spot))
        return self.value(value, spot)

    def lines(self, value: Any, spot: Spot) -> Any:
        """Walk over the lines of a condition."""
        return self.each(self._line)(value, spot)

    def _line(self, line: Any, spot: Spot) -> Any:
        if not isinstance(line, Mapping):
            return line
        spot = replace(spot, whole=spot.path)
        aggregate = next((key for key in AGGREGATES if key in line), None)
        child = self._silent(lambda: self.children(line[aggregate], spot)[1]) if aggregate else ""
        ends_at = self.end_of(line.get("field"), spot.entity)
        found = {}
        for key, value in line.items():
            below = spot.at(key)
            if key in AGGREGATES:
                found[key] = self.over(value, below)
            elif key == "where":
                found[key] = self.lines(value, below.of(child))
            elif key in GROUPS:
                found[key] = self.lines(value, below)
            else:
                found[key] = self._of_line(key, value, below, ends_at)
        self.wholes[spot.path] = found
        return found

    def _of_line(self, key: str, value: Any, spot: Spot, ends_at: tuple[str, str]) -> Any:
        if key == "field":
            return self.way(value, spot)
        if key == "formula":
            return self.formula(value, spot)
        if key == "in_segment":
            return self.part("segment")(value, spot)
        return self.choice(value, spot, *ends_at)

    def _silent(self, look: Callable[[], Any]) -> Any:
        """Return what a look finds, without telling anybody of the names on the way."""
        visit, self.visit = self.visit, lambda mention: mention.name
        try:
            return look()
        finally:
            self.visit = visit
