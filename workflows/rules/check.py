"""Every problem of a rule and of a message template, with its line and the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crm.conditions import has_changes, parse_conditions
from crm.entities.build import as_lines
from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.errors import Problem
from workflows.actions import ACTIONS
from workflows.given import with_given
from workflows.placeholders import MAX_TEXT, check_text
from workflows.rules.place import Place
from workflows.rules.reach import reach_of
from workflows.triggers import TRIGGERS, TriggerKind

KEYS = (
    "rule", "label", "entity", "enabled", "when", "time_zone", "if_missed", "at_most_once_per", "priority",
    "stop_after", "if", "then",
)  # fmt: skip
TEMPLATE_KEYS = ("template", "label", "entity", "subject", "body")
MISSED = ("once", "skip")
PERIODS = ("day", "week", "month", "year")
MAX_STEPS = 50  # of one rule, those inside its branches included
MAX_DEPTH = 4  # of branches in branches
MAX_PRIORITY = 1_000


def check_rule(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a rule."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), KEYS, ("entity", "when", "then"))
    reader.name(document.name, ("rule",))
    reader.text(body, "label", ())
    reader.flag(body, "enabled", (), True)
    reader.flag(body, "stop_after", ())
    place = Place(reader, schema, entity=None)  # type: ignore[arg-type] - known two lines below
    _check_words(body, place)
    if "entity" in body and place.at("entity").known(body["entity"], schema.entities, "entity"):
        _check_flow(body, place, schema.entities[body["entity"]])
    return reader.problems


def _check_words(body: Mapping, place: Place) -> None:
    if body.get("if_missed", "once") not in MISSED:
        place.at("if_missed").refuse("rule.bad_if_missed", value=str(body["if_missed"])[:40])
    if body.get("at_most_once_per", "day") not in PERIODS:
        place.at("at_most_once_per").refuse("rule.bad_period", value=str(body["at_most_once_per"])[:40])
    priority = body.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
        place.at("priority").refuse("rule.bad_priority", limit=MAX_PRIORITY)
    if "time_zone" in body:
        _check_zone(body["time_zone"], place.at("time_zone"))


def _check_zone(name: Any, place: Place) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        place.refuse("rule.bad_time_zone", value=str(name)[:60])


def _check_flow(body: Mapping, place: Place, entity: Entity) -> None:
    place = replace(place, entity=entity)
    kind = _check_trigger(body.get("when"), place.at("when"))
    if kind:
        place = replace(place, is_gone=kind.events == {"deleted"}, has_no_change=kind.has_no_change)
    if "if" in body:
        place.at("if").conditions(body["if"])
    if kind and kind.is_edge:
        _check_edge(body.get("if"), place)
    below = replace(place.at("then"), entity=_entity_in_steps(kind, body.get("when"), place))
    if check_steps(body.get("then"), below) > MAX_STEPS:
        place.at("then").refuse("rule.too_many_steps", limit=MAX_STEPS)


def _entity_in_steps(kind: TriggerKind | None, when: Any, place: Place) -> Entity:
    """Return the entity as steps may name it: with what the trigger brings, unless something is wrong with that."""
    if kind is None or place.reader.problems:
        return place.entity
    return with_given(place.entity, kind.given(_word_and_body(when)[1]))


def _check_edge(lines: Any, place: Place) -> None:
    """Note a missing condition, and one about a change where no change of the record need bring the edge."""
    if not lines:
        place.at("when").refuse("rule.becomes_true_needs_conditions")
        return
    node, problems = parse_conditions(list(as_lines(lines)), place.entity, place.schema)
    if not problems and has_changes(node) and reach_of(node, place.entity, place.schema).is_wide:
        place.at("if").refuse("rule.edge_cannot_ask_changes")


def _check_trigger(when: Any, place: Place) -> TriggerKind | None:
    name, body = _word_and_body(when)
    if name is None:
        if when is not None:
            place.refuse("rule.bad_trigger")
        return None
    below = place.at(name) if isinstance(when, Mapping) else place
    if not below.known(name, TRIGGERS, "trigger"):
        return None
    kind = TRIGGERS[name]
    if not kind.is_available:
        place.refuse("rule.trigger_not_available", name=name)
    elif kind.stands_alone and body is not None:
        place.refuse("rule.trigger_takes_nothing", name=name)
    elif not kind.stands_alone and body is None:
        below.refuse("rule.trigger_needs_more", name=name)
    else:
        kind.check(body, below)
    return kind


def _word_and_body(value: Any) -> tuple[str | None, Any]:
    """Return the word of `word` or `{word: body}` and what stands behind it; (None, None) otherwise."""
    if isinstance(value, str):
        return value, None
    if isinstance(value, Mapping) and len(value) == 1:
        return next(iter(value.items()))
    return None, None


def check_steps(steps: Any, place: Place, depth: int = 0) -> int:
    """Note every problem of a list of steps; return how many there are, branches included."""
    if not isinstance(steps, list) or not steps:
        if steps is not None or depth:
            place.refuse("rule.steps_not_a_list")
        return 0
    if depth > MAX_DEPTH or len(steps) > MAX_STEPS:
        code, limit = (
            ("rule.too_deep_branches", MAX_DEPTH) if depth > MAX_DEPTH else ("rule.too_many_steps", MAX_STEPS)
        )
        place.refuse(code, limit=limit)
        return 0
    return sum(_check_step(step, place.at(index), depth) for index, step in enumerate(steps))


def _check_step(step: Any, place: Place, depth: int) -> int:
    name, body = _word_and_body(step)
    if name is None:
        place.refuse("rule.bad_step")
        return 1
    below = place.at(name) if isinstance(step, Mapping) else place
    if not below.known(name, ACTIONS, "action"):
        return 1
    action = ACTIONS[name]
    if action.writes_record and place.is_gone:
        below.refuse("rule.record_is_gone", name=name)
    action.check(body, below)
    count = 1 + (_check_branches(body, below, depth) if action.has_branches else 0)
    for key in action.branch_keys:
        if isinstance(body, Mapping) and key in body:
            count += check_steps(body[key], below.at(key), depth + 1)
    return count


def _check_branches(body: Any, place: Place, depth: int) -> int:
    if not isinstance(body, list) or not body:
        place.refuse("rule.bad_choose")
        return 0
    count = 0
    for index, branch in enumerate(body):
        below = place.at(index)
        is_else = isinstance(branch, Mapping) and "else" in branch
        found = below.keys(
            branch, ("else",) if is_else else ("if", "then"), () if is_else else ("if", "then")
        )
        if is_else and index < len(body) - 1:
            below.refuse("rule.else_is_last")
        if "if" in found:
            below.at("if").conditions(found["if"])
        key = "else" if is_else else "then"
        if key in found:
            count += check_steps(found[key], below.at(key), depth + 1)
    return count


def check_template(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a message template; names in its texts only when it says its entity.

    Shape:  a template without `entity` serves several; the rules that send it check its names.
    """
    reader = BodyReader(document)
    body = reader.keys(document.body, (), TEMPLATE_KEYS, ("subject", "body"))
    reader.name(document.name, ("template",))
    reader.text(body, "label", ())
    place = Place(reader, schema, entity=None)  # type: ignore[arg-type] - not needed without an entity
    entity = None
    if body.get("entity") and place.at("entity").known(body["entity"], schema.entities, "entity"):
        entity = schema.entities[body["entity"]]
    for key in ("subject", "body"):
        text = reader.text(body, key, ())
        if text is not None and entity:
            place.at(key).add(check_text(text, entity, schema))
        elif text is not None and any(len(words) > MAX_TEXT for words in _languages(body[key])):
            place.at(key).refuse("rule.text_too_long", limit=MAX_TEXT)
    return reader.problems


def _languages(text: Any) -> list[str]:
    return [str(words) for words in text.values()] if isinstance(text, Mapping) else [str(text)]
