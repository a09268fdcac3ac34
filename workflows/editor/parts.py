"""What stands behind a word as parts of a form: which control each has, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.entities.declared_names import DeclaredNames
from crm.entities.model import Document, Entity, Mark, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import ANYTHING, TEXT, WORD
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import ENTITY
from crm.fields import FIELD_TYPES
from workflows.actions.flow import STEPS
from workflows.editor import names
from workflows.editor.names import Asked
from workflows.paths import fields_of
from workflows.rules.place import Place
from workflows.rules.words import word_label

NAMES = (names.FIELD, names.WAY, names.CHILDREN, ENTITY)
LONGEST_WAY = 2  # references a path that is offered may go through
MISSING: Any = object()
"""In place of a value: the key is not there."""

Options = tuple[tuple[str, str], ...]
"""What can be chosen: what is written, and what people read."""


@dataclass(frozen=True)
class Part:
    """One part of a form.

    Shape:  `control` is group, ways, steps, conditions, values, value, recipients, texts, long, choose, several, flag,
            number, span, time, scalar, yaml or word. `path` leads to it behind the word. A group and ways have `parts`.
            `entity` is the one whose names apply in conditions and values, `field` that of a value.
    """

    path: tuple
    control: str
    label: str = ""
    options: Options = ()
    parts: tuple[Part, ...] = ()
    entity: str = ""
    field: str = ""
    takes_addresses: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a rule is written against: the schema as it would be, its documents, the rule's entity, the reader."""

    schema: Schema
    entity: Entity
    language: str
    declarations: DeclaredNames
    users: Options = ()

    def of(self, entity: Entity) -> Surroundings:
        """Return the same for another entity."""
        return replace(self, entity=entity)


def parts_of(member: Any, body: Any, around: Surroundings) -> Part:
    """Return what stands behind the word of a trigger or an action, as one part."""
    shape = member.shape or ANYTHING
    asked = names.ask(member, shape, body, around.entity.name, around.declarations)
    return _Maker(member, body, around, asked).part(shape, (), body)


def plain_parts(shapes: Mapping[str, Shape], labels: Mapping[str, str], language: str) -> tuple[Part, ...]:
    """Return parts in which nothing is named, each under its key."""
    maker = _Maker(None, {}, None, {})  # type: ignore[arg-type] - nothing is looked up
    found = [maker.part(shape, (key,), None) for key, shape in shapes.items()]
    return tuple(
        replace(
            part,
            label=word_label(labels, part.path[-1], language),
            options=tuple((value, word_label(labels, value, language)) for value, _label in part.options),
        )
        for part in found
    )


@dataclass(frozen=True)
class _Maker:
    member: Any
    body: Any
    around: Surroundings
    asked: Mapping[tuple, Asked]

    def part(self, shape: Shape, path: tuple, value: Any) -> Part:
        label = self._label(path[-1]) if path and isinstance(path[-1], str) else ""
        return replace(self._part(shape, path, value), path=path, label=label)

    def _label(self, key: str) -> str:
        return word_label(self.member.labels, key, self.around.language) if self.member else key

    def _part(self, shape: Shape, path: tuple, value: Any) -> Part:
        asked = self.asked.get(path)
        if shape == STEPS:
            return Part(path, "steps")
        if asked and asked.kind == names.CONDITIONS:
            return Part(path, "conditions", entity=asked.entity)
        if (*path, "") in self.asked:
            return Part(path, "values", entity=self.asked[*path, ""].entity)
        if asked and asked.kind == names.RECIPIENT:
            return self._recipients(path)
        if shape == TEXT:
            return Part(path, "texts")
        if asked and asked.kind == names.VALUE:
            return Part(path, "value", entity=asked.entity, field=asked.field)
        return self._by_shape(shape, path, value, asked or self.asked.get((*path, 0)))

    def _by_shape(self, shape: Shape, path: tuple, value: Any, asked: Asked | None) -> Part:
        if _is_list_of_words(shape) and asked:
            return Part(path, "several", options=self._options(path, asked, many=True))
        if shape.get("type") == "string" and asked and asked.kind != names.TEXT:
            return Part(path, "choose", options=self._options(path, asked))
        if asked and asked.kind == names.TEXT:
            return Part(path, "long")
        if "enum" in shape:
            words = tuple(str(word) for word in shape["enum"] if isinstance(word, str))
            return Part(path, "choose", options=tuple((word, self._label(word)) for word in words))
        if "anyOf" in shape:
            return self._ways(shape, path, value)
        if "properties" in shape:
            known = value if isinstance(value, Mapping) else {}
            inner = shape["properties"].items()
            return Part(
                path, "group", parts=tuple(self.part(one, (*path, key), known.get(key)) for key, one in inner)
            )
        return Part(path, _control_of(shape, value))

    def _ways(self, shape: Shape, path: tuple, value: Any) -> Part:
        """Return a place that can be filled in several ways, each a part with the same path."""
        parts = []
        for way in shape["anyOf"]:
            known = (
                value if way.get("type") == ("object" if isinstance(value, Mapping) else "string") else None
            )
            part = replace(self._by_shape(way, path, known, self.asked.get(path)), path=path)
            inner = [each.label for each in part.parts]
            parts.append(replace(part, label=", ".join(inner) if inner else self._label("way")))
        return Part(path, "ways", parts=tuple(parts))

    # What there is to choose from

    def _options(self, path: tuple, asked: Asked, many: bool = False) -> Options:
        found = tuple(self._all_options(asked))
        if asked.kind not in NAMES or not found:
            return found
        fitting = tuple(one for one in found if self._fits(path, [one[0]] if many else one[0]))
        return fitting or found

    def _all_options(self, asked: Asked) -> Iterator[tuple[str, str]]:
        schema, language = self.around.schema, self.around.language
        entity = schema.entities.get(asked.entity)
        if asked.kind == names.FIELD and entity:
            is_written = asked.how in ("update", "create")
            for field in entity.fields.values():
                if not is_written or FIELD_TYPES[field.type].writable:
                    yield field.name, field.label.get(language)
        elif asked.kind == names.WAY and entity:
            yield from ways_from(entity, schema, language)
        elif asked.kind == names.CHILDREN and entity:
            yield from ((name, inverse.label.get(language)) for name, inverse in entity.inverses.items())
            for field in entity.fields.values():
                if FIELD_TYPES[field.type].links == "record":
                    yield field.name, field.label.get(language)
        elif asked.kind == ENTITY:
            yield from ((name, each.label.get(language)) for name, each in schema.entities.items())
        elif asked.kind == "user":
            yield from self.around.users
        else:
            for name, part in schema.parts.get(asked.kind, {}).items():
                label = getattr(part, "label", None)
                yield name, label.get(language) if label else name

    def _recipients(self, path: tuple) -> Part:
        """Return who can be told something: roles, fields that lead to somebody, users."""
        around = self.around
        roles = around.schema.parts.get("role", {})
        found = [(f"role:{name}", role.label.get(around.language)) for name, role in roles.items()]
        ways = ways_from(around.entity, around.schema, around.language)
        found += [(f"way:{way}", label) for way, label in ways if self._fits(path, way)]
        found += [(f"user:{name}", label) for name, label in around.users]
        takes_addresses = self._fits(path, "somebody@example.com")
        return Part(path, "recipients", options=tuple(found), takes_addresses=takes_addresses)

    def _fits(self, path: tuple, value: Any) -> bool:
        """Return whether the member's own check has nothing against a value at a place."""
        body = with_value(self.body, path, value)
        document = Document("rule", "", {"rule": body}, marks={(): Mark(1, 1), path: Mark(2, 1)})
        reader = BodyReader(document)
        self.member.check(body, Place(reader, self.around.schema, self.around.entity))
        return not any(problem.line == 2 for problem in reader.problems) if path else not reader.problems


def with_value(body: Any, path: tuple, value: Any) -> Any:
    """Return a body with something else at a place, made where there is nothing."""
    if not path:
        return value
    known = dict(body) if isinstance(body, Mapping) else {}
    return {**known, path[0]: with_value(known.get(path[0]), path[1:], value)}


def ways_from(
    entity: Entity, schema: Schema, language: str, way: tuple[str, ...] = (), said: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the paths from an entity to fields, its own first, with what they are called."""
    for field in entity.fields.values():
        yield ".".join((*way, field.name)), f"{said}{field.label.get(language)}"
    for field in entity.fields.values() if len(way) < LONGEST_WAY else ():
        links = FIELD_TYPES[field.type].links
        label = f"{said}{field.label.get(language)}: "
        target = schema.entities.get(str(field.options.get("to"))) if links == "record" else None
        if target is not None and target is not entity:
            yield from ways_from(target, schema, language, (*way, field.name), label)
        elif links == "user":
            yield from (
                (".".join((*way, field.name, one.name)), f"{label}{one.label.get(language)}")
                for one in fields_of(None).values()
            )


def _is_list_of_words(shape: Shape) -> bool:
    ways: Iterable[Shape] = shape.get("anyOf", [shape])
    return any(way.get("type") == "array" and way.get("items") == WORD for way in ways)


def _control_of(shape: Shape, value: Any) -> str:
    if "format" in shape:
        return shape["format"]
    if not shape:
        return "yaml" if isinstance(value, list | Mapping) else "scalar"
    return {"boolean": "flag", "integer": "number", "number": "number", "string": "word"}.get(
        shape.get("type", ""), "yaml"
    )
