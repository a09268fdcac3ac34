"""What an editor of conditions has to choose from: fields, operators, children, segments of one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute

from crm.conditions.language.resolve import SLICE, segment_entities
from crm.conditions.operators import FLAGS, OPERATORS, operators_of_kind
from crm.conditions.tree.kinds import SYSTEM_FIELDS, is_computed
from crm.conditions.tree.model import NUMBER, REFERENCE, TEXT
from crm.entities.model import Entity, Inverse, Schema
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.texts import translate

RECORD = "*"  # in place of a field: the record itself, which may belong to a segment
MAX_STEPS = 6  # names in one path

Titles = Callable[[str, Iterable[int]], Mapping[int, str]]


def all_fields(entity: Entity) -> Mapping[str, Field]:
    """Return every field, as those see them who configure."""
    return entity.fields


def no_titles(_entity: str, _ids: Iterable[int]) -> Mapping[int, str]:
    """Return nothing: without a database nobody knows what a record is called."""
    return {}


@dataclass(frozen=True)
class Editor:
    """An editor of the condition lines of one entity, under a name of its own within some form.

    Shape:  `schema` may be one that is not published. `readable(entity)` gives the fields that may be chosen, by
            name; none at all for an entity that is closed. `titles(entity, ids)` tells what records are called, of
            the entity "" users. `rules`: the lines may ask about a change. `url` answers what changes while one
            edits; without it the editor works by buttons alone. `label` is read as the group's name.
    """

    schema: Schema
    entity: Entity
    language: str = "en"
    name: str = "if"
    label: str = ""
    rules: bool = False
    url: str = ""
    readable: Callable[[Entity], Mapping[str, Field]] = attribute(default=all_fields)
    titles: Titles = attribute(default=no_titles)

    def target(self, field: Field | None) -> Entity | None:
        """Return the entity a reference field leads to; None for other fields, and where nothing is open."""
        if field is None or type_of(field).links != "record":
            return None
        found = self.schema.entities.get(str(field.options.get("to")))
        return found if found is not None and self.readable(found) else None


@dataclass(frozen=True)
class Meant:
    """What a path leads to.

    Shape:  `entity` is the one whose `field` it is; without a field, `name` is one that every record has, or `RECORD`.
            `is_own`: the path is one name long.
    """

    kind: str
    entity: Entity
    name: str
    field: Field | None = None
    is_own: bool = True

    @property
    def choices(self) -> Mapping:
        """Return the choices of the field; empty when it has none."""
        return all_choices(self.field) if self.field is not None else {}


def find_meant(editor: Editor, entity: Entity, path: tuple[str, ...]) -> Meant | None:
    """Return what a path leads to; None when it leads nowhere, or where the reader may not look."""
    if path == (RECORD,):
        return Meant(RECORD, entity, RECORD)
    if not 0 < len(path) <= MAX_STEPS:
        return None
    for name in path[:-1]:
        target = editor.target(editor.readable(entity).get(name))
        if target is None:
            return None
        entity = target
    fields, last = editor.readable(entity), path[-1]
    if last in fields:
        return Meant(kind_of(fields[last]), entity, last, fields[last], len(path) == 1)
    if last in SYSTEM_FIELDS and last not in entity.fields and fields:
        return Meant(SYSTEM_FIELDS[last][0], entity, last, None, len(path) == 1)
    return None


def trim_path(editor: Editor, entity: Entity, path: Iterable[str]) -> tuple[str, ...]:
    """Return the valid start of a path: steps behind a newly chosen field are cut off."""
    found: tuple[str, ...] = ()
    for name in path:
        if not name or find_meant(editor, entity, (*found, name)) is None:
            break
        found = (*found, name)
    return found


# --- Operators -----------------------------------------------------------------------------------------

SHOWN_AS = {name: (name, flag.opposite) for name, flag in FLAGS.items()}
"""Operators that take true or false are two in an editor, without a value."""

OPPOSITES = {flag.opposite: flag for flag in FLAGS.values()}


def operators_of(editor: Editor, meant: Meant) -> list[str]:
    """Return the operators one can choose for what a path leads to, as an editor shows them."""
    known = [
        name for name in _known(meant) if not OPERATORS[name].asks_change or _sees_changes(editor, meant)
    ]
    if "in_segment" in known and not segments_of(editor, _segmented(editor, meant)):
        known.remove("in_segment")
    return [shown for name in known for shown in SHOWN_AS.get(name, (name,))]


def _known(meant: Meant) -> tuple[str, ...]:
    if meant.kind == RECORD:
        return ("in_segment",)
    if meant.field is not None and meant.field.encrypted:
        return operators_of_kind(meant.kind, is_encrypted=True)
    known = operators_of_kind(meant.kind)
    in_words = tuple(name for name in known if OPERATORS[name].control == "text")
    others = tuple(name for name in known if name not in in_words)
    if meant.choices:
        return others
    return (*in_words, *others) if meant.kind == TEXT else known  # of words one asks for a part most often


def _sees_changes(editor: Editor, meant: Meant) -> bool:
    """Return whether a change of this can be asked about: only rules see those, of stored fields of the record."""
    return editor.rules and meant.is_own and not (meant.field is not None and is_computed(meant.field))


def label_of_operator(operator: str, kind: str, language: str) -> str:
    """Return what an operator is called beside a kind of value."""
    if operator in OPPOSITES:
        labels = OPPOSITES[operator].opposite_labels
        return translate(labels.get(kind) or labels[""], language)
    return translate(OPERATORS[operator].label(kind) if operator in OPERATORS else operator, language)


# --- Segments and children -----------------------------------------------------------------------------


def _segmented(editor: Editor, meant: Meant) -> str:
    """Return the entity whose segments fit what a path leads to."""
    if meant.kind == RECORD:
        return meant.entity.name
    return str(meant.field.options.get("to")) if meant.kind == REFERENCE and meant.field is not None else ""


def segments_of(editor: Editor, entity: str) -> list[tuple[str, str]]:
    """Return the segments of an entity: name and label."""
    built = editor.schema.parts.get("segment", {})
    labels = {name: getattr(built.get(name), "label", None) for name in segment_entities(editor.schema)}
    return [
        (name, labels[name].get(editor.language) if labels[name] is not None else name)
        for name, of in segment_entities(editor.schema).items()
        if of == entity
    ]


def segments_beside(editor: Editor, meant: Meant) -> list[tuple[str, str]]:
    """Return the segments that fit what a path leads to."""
    return segments_of(editor, _segmented(editor, meant))


def children_of(editor: Editor, entity: Entity) -> Iterator[tuple[str, Inverse]]:
    """Yield the children one can ask about: the record's own, and those of a record it refers to."""
    yield from _own_children(editor, entity, "")
    for name, field in editor.readable(entity).items():
        target = editor.target(field)
        if target is not None:
            yield from _own_children(editor, target, f"{name}.")


def _own_children(editor: Editor, entity: Entity, before: str) -> Iterator[tuple[str, Inverse]]:
    for name, inverse in entity.inverses.items():
        child = editor.schema.entities.get(inverse.entity)
        if child is not None and inverse.field in editor.readable(child):
            yield before + name, inverse


def find_children(editor: Editor, entity: Entity, text: str) -> Inverse | None:
    """Return the children a path names, a dated slice of them included (`orders_last_90_days`); None for none."""
    *way, last = text.split(".")
    if len(way) >= MAX_STEPS:
        return None
    for name in way:
        target = editor.target(editor.readable(entity).get(name))
        if target is None:
            return None
        entity = target
    match = SLICE.match(last)
    inverse = entity.inverses.get(last) or (entity.inverses.get(match["name"]) if match else None)
    child = editor.schema.entities.get(inverse.entity) if inverse is not None else None
    return inverse if child is not None and inverse.field in editor.readable(child) else None


def numbers_of(editor: Editor, entity: Entity) -> Iterator[tuple[str, str]]:
    """Yield the fields of children that can be added up, path and label, those one reference away included."""
    for name, field in editor.readable(entity).items():
        if kind_of(field) == NUMBER:
            yield name, field.label.get(editor.language)
        target = editor.target(field)
        for inner in editor.readable(target).values() if target is not None else ():
            if kind_of(inner) == NUMBER:
                label = f"{field.label.get(editor.language)} › {inner.label.get(editor.language)}"
                yield f"{name}.{inner.name}", label
