"""The live schema as an actor may see it, and the conditions an actor asks about in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import NOTHING, ConditionProblem, Node, parse_conditions, segments_of
from crm.conditions.language.segments import segment_tree
from crm.database import CrmSession
from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.messages import render
from crm.permissions.model import Actor
from crm.permissions.reads import deep_fields_of
from crm.permissions.rows import row_criteria
from crm.permissions.service import readable_fields

MOST_CHOICES = 12  # that a refusal names


@dataclass(frozen=True)
class Narrowed:
    """Records that a condition asks about and that an actor sees in part only."""

    entity: Entity
    seen: int
    all: int


def readable_schema(session: CrmSession) -> Schema:
    """Return the live schema without what is hidden from the actor: that is unknown there, like what never was.

    Whatever an actor asks is read against it, so that neither an answer nor a refusal tells of what is hidden.
    """
    schema, actor = session.workspace.schema, session.actor
    if actor.sees_everything:
        return schema
    remembered = session.info.setdefault("readable_schema", {})
    key = (actor, session.workspace.number)
    if key not in remembered:
        remembered[key] = replace(schema, entities=dict(_readable_entities(schema, actor)))
    return remembered[key]


def _readable_entities(schema: Schema, actor: Actor) -> Iterator[tuple[str, Entity]]:
    for name, entity in schema.entities.items():
        if "read" in actor.rights(name).can:
            inverses = {
                key: inverse
                for key, inverse in entity.inverses.items()
                if "read" in actor.rights(inverse.entity).can
                and inverse.field not in actor.rights(inverse.entity).hidden
            }
            yield name, replace(entity, fields=readable_fields(actor, entity), inverses=inverses)


def conditions_for(session: CrmSession, entity: Entity, lines: Any) -> tuple[Node, list[Problem]]:
    """Return the tree of condition lines that an actor asks about, and every problem; with one, nobody meets it.

    Shape:  what is hidden is unknown; a segment that asks about it cannot be evaluated for the actor. A problem's
            `field` is what its line asks about.
    """
    schema = readable_schema(session)
    tree, problems = parse_conditions(lines, schema.entities.get(entity.name, entity), schema)
    if not problems:
        problems = list(closed_segments(session, tree))
    if not problems and not is_open(session.actor, tree, session.workspace.schema):
        problems = [Problem("permissions.closed_condition", {}, asked_of(lines, ()))]
    if not problems:
        return tree, []
    return NOTHING, [found.at(field=found.field or asked_of(lines, _place_of(found))) for found in problems]


def told_in_labels(session: CrmSession, entity: Entity, problem: Problem) -> str:
    """Return a problem of a condition as pages say it: fields, choices and entities by label and not by key."""
    language = session.actor.language
    place, field = _asked(readable_schema(session), entity, problem.field or "")
    params, labels = dict(problem.params), {name: one.label for name, one in place.fields.items()}
    kind = problem.code.removeprefix("conditions.").removesuffix("_near")
    if kind == "unknown_choice" and field is not None:
        labels = {key: choice.label for key, choice in all_choices(field).items()}
        shown = [label.get(language) for label in labels.values()]
        params |= {"field": field.label, "known": ", ".join(shown[:MOST_CHOICES])}
    elif kind == "unknown_field":
        params["entity"] = place.label
    elif field is not None and (kind == "record.bad_argument" or params.get("name") == field.name):
        params["name"] = field.label
    if params.get("near") in labels:
        params["near"] = labels[params["near"]]
    told = render(replace(problem, params=params), language)
    label = field.label.get(language) if field is not None else ""
    return told if label in told else f"{label}: {told}"


def _asked(schema: Schema, entity: Entity, path: str) -> tuple[Entity, Field | None]:
    """Return the entity at the end of a path and the field there, as far as the path leads."""
    place, field = schema.entities.get(entity.name, entity), None
    for name in path.split("."):
        if field is not None:
            place = schema.entities.get(str(field.options.get("to")), place)
        field = place.fields.get(name)
    return place, field


def closed_segments(session: CrmSession, tree: Node) -> Iterator[Problem]:
    """Yield a problem for every segment a tree names that asks about what the actor may not see."""
    schema = session.workspace.schema
    for name in sorted(segments_of(tree)):
        if not is_open(session.actor, segment_tree(name, schema), schema):
            label = getattr(schema.parts["segment"].get(name), "label", name)
            yield Problem("segment.closed", {"segment": label}, "in_segment")


def is_open(actor: Actor, tree: Node, schema: Schema) -> bool:
    """Return whether an actor may see everything a tree reads, at whatever depth."""
    return actor.sees_everything or all(
        "read" in actor.rights(entity).can and field not in actor.rights(entity).hidden
        for entity, field in deep_fields_of(tree, schema)
    )


def asked_of(lines: Any, path: tuple) -> str | None:
    """Return the field that the line at a path asks about, as it was written; None where it names none.

    >>> asked_of([{"any": [{"field": "stage", "is": "x"}]}], (0, "any", 0))
    'stage'
    """
    found = lines
    for step in path or ((0,) if isinstance(lines, list) and lines else ()):
        is_there = step in found if isinstance(found, Mapping) else isinstance(found, list | tuple)
        found = found[step] if is_there else None
    named = found.get("field") if isinstance(found, Mapping) else None
    return str(named)[:60] if named is not None else None


def _place_of(problem: Problem) -> tuple:
    return problem.path if isinstance(problem, ConditionProblem) else ()


def narrowed_by_rights(session: CrmSession, entity: Entity, tree: Node) -> list[Narrowed]:
    """Return the records a question is about of which the actor sees a part: those counted, and those asked about.

    A question that looks at other records is judged by the ones the actor sees, so its answer is another one.
    """
    schema, actor = session.workspace.schema, session.actor
    if actor.sees_everything:
        return []
    names = {entity.name, *(name for name, _field in deep_fields_of(tree, schema))}
    found = []
    for name in (name for name in schema.entities if name in names):
        if row_criteria(session, schema.entities[name], "read") is not None:
            seen = _count(session, name)
            with session.as_system():
                every = _count(session, name)
            found += [Narrowed(schema.entities[name], seen, every)] if seen < every else []
    return found


def told_narrowed(narrowed: Iterable[Narrowed]) -> list[Problem]:
    """Return what a reader is to know about an answer that rests on a part of the records."""
    return [
        Problem("permissions.narrowed", {"entity": found.entity.plural, "seen": found.seen, "all": found.all})
        for found in narrowed
    ]


def rests_on(narrowed: list[Narrowed], language: str) -> dict[str, Any]:
    """Return on how much of the records an answer rests, for programs and in sentences."""
    return {
        "notes": [render(note, language) for note in told_narrowed(narrowed)],
        "narrowed": [{"entity": one.entity.name, "seen": one.seen, "all": one.all} for one in narrowed],
    }


def _count(session: CrmSession, name: str) -> int:
    return session.scalar(sa.select(sa.func.count(session.workspace.models[name].id))) or 0
