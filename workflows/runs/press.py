"""Pressing buttons: who may, on which records, and the runs that follow, each once per click."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm import events, queue
from crm.conditions import compile_sql
from crm.database import CrmSession, row_of
from crm.entities.model import Entity
from crm.errors import FieldError, NotAllowedError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions.rows import row_criteria, scope_of
from crm.records.buttons import MOST_AT_ONCE, Button, Press, Pressed
from crm.records.prepare import is_empty
from crm.records.timeline import LIMIT, Cursor
from crm.records.values import situation_of
from workflows.given import GIVEN, MAX_TEXT
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.schedule import period_of
from workflows.runs import store
from workflows.triggers.button import Button as Trigger
from workflows.triggers.button import label_of, roles_of

CLICK = "click"  # of a run's `why`: the key of its press
AT_ONCE = 500  # ids of one statement


def buttons_of(session: CrmSession, entity: Entity) -> Iterator[Rule]:
    """Yield the enabled rules that have a button on an entity, in their order."""
    rules = session.workspace.schema.parts.get("rule", {}).values()
    mine = [rule for rule in rules if rule.entity == entity.name and rule.trigger.kind == Trigger.name]
    yield from sorted((rule for rule in mine if rule.enabled), key=lambda rule: (-rule.priority, rule.name))


def as_button(rule: Rule) -> Button:
    """Return the button of a rule as pages draw it."""
    return Button(rule.name, label_of(rule.trigger.body), rule.given.fields if rule.given else {})


def may_press(session: CrmSession, rule: Rule, entity: Entity) -> bool:
    """Return whether the actor may press a button at all: by the roles it names, else by the right to update."""
    if session.actor.sees_everything:
        return True
    roles = roles_of(rule.trigger.body)
    if roles:
        return any(role.name in roles for role in session.actor.roles)
    return "update" in session.actor.rights(entity.name).can


def pressable(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, entity: Entity, ids: Sequence[int]
) -> tuple[set[int], set[int], set[int]]:
    """Return which records the actor can see, may press the button on, and for which its conditions hold."""
    cls = session.workspace.models[entity.name]
    deeds = ("read",) if roles_of(rule.trigger.body) else ("read", "update")
    seen, allowed, holding = set(), set(), set()
    for start in range(0, len(ids), AT_ONCE):
        asked = sa.select(cls.id).where(cls.id.in_(ids[start : start + AT_ONCE]))
        rights = [row_criteria(session, entity, deed) for deed in deeds]
        with session.as_system():
            readable = asked if rights[0] is None else asked.where(rights[0])
            seen |= set(session.scalars(readable))
            open_ones = [criteria for criteria in rights if criteria is not None]
            allowed |= set(session.scalars(asked.where(*open_ones)))
            if rule.condition is not None:
                scope = replace(scope_of(session), time_zone=zone_of(rule, workshop))
                asked = asked.where(compile_sql(rule.condition, entity.name, scope))
            holding |= set(session.scalars(asked))
    return seen, allowed, holding


def press(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, ids: Sequence[int], pressed: Press
) -> Pressed:
    """Write a run for every record the button may be pressed on; the caller commits.

    Shape:  the same key starts nothing again: its runs are answered once more.
    Errors: NotAllowedError, RecordError.
    """
    entity, label = session.workspace.schema.entities[rule.entity], label_of(rule.trigger.body)
    if not may_press(session, rule, entity):
        raise NotAllowedError("rule.may_not_press", button=label)
    if len(ids) > MOST_AT_ONCE:
        raise RecordError("record.too_many", limit=MOST_AT_ONCE)
    given = clean_inputs(session, rule, pressed.inputs)
    token = (pressed.key or secrets.token_urlsafe(12))[:60]
    known = _runs_of(session, rule, [_key(token, number) for number in ids])
    runs = {number: run.id for number, run in known.items()}
    left = [number for number in ids if number not in runs]
    seen, allowed, holding = pressable(session, workshop, rule, entity, left)
    refused = {
        number: _refusal(number, entity, label, seen, allowed)
        for number in left
        if number not in allowed & holding
    }
    rows = [
        {
            **_row(session, rule, number, given, token),
            "trigger_key": _run_key(session, workshop, rule, token, number),
        }
        for number in left
        if number not in refused
    ]
    if rule.at_most_once_per and rows:
        done = _runs_of(session, rule, [row["trigger_key"] for row in rows])
        again = {number for number, run in done.items() if run.why.get(CLICK) == token}
        runs |= {number: done[number].id for number in again}
        refused |= dict.fromkeys(done.keys() - again, Problem("rule.pressed_already", {"button": label}))
        rows = [row for row in rows if row["record_id"] not in done]
    if rows:
        lane = events.SINGLE if len(ids) == 1 else events.CROWD
        store.insert_new(session, store.run, [{**row, "lane": lane} for row in rows])
        session.when_committed(events.BELL, lambda: queue.ring(events.BELL))
        made = _runs_of(session, rule, [row["trigger_key"] for row in rows])
        runs |= {number: run.id for number, run in made.items()}
    return Pressed(label, runs, refused)


def _refusal(number: int, entity: Entity, label: Any, seen: set[int], allowed: set[int]) -> Problem:
    """Return why a button cannot be pressed on a record; one out of reach answers like one that is not there."""
    if number not in seen:
        return Problem("record.not_found", {"entity": entity.label, "id": number})
    if number not in allowed:
        return Problem("permissions.may_not_update", {"entity": entity.plural})
    return Problem("rule.button_not_now", {"button": label})


def _key(token: str, number: int) -> str:
    return f"press:{token}:{number}"


def _run_key(session: CrmSession, workshop: RuleWorkshop, rule: Rule, token: str, number: int) -> str:
    """Return what makes a press the same one: the click, or the record's day, week, month or year."""
    if rule.at_most_once_per is None:
        return _key(token, number)
    return f"{period_of(rule.at_most_once_per, session.clock(), zone_of(rule, workshop))}:{number}"


def _runs_of(session: CrmSession, rule: Rule, keys: Sequence[str]) -> dict[int, sa.Row]:
    """Return the runs that presses have started already, by record."""
    found: dict[int, sa.Row] = {}
    columns = (store.run.c.record_id, store.run.c.id, store.run.c.why)
    for start in range(0, len(keys), AT_ONCE):
        mine = store.run.c.trigger_key.in_(keys[start : start + AT_ONCE])
        rows = session.connection().execute(sa.select(*columns).where(store.run.c.rule == rule.name, mine))
        found |= {row.record_id: row for row in rows}
    return found


def _row(
    session: CrmSession, rule: Rule, number: int, given: Mapping[str, Any], click: str
) -> dict[str, Any]:
    now, actor = session.clock(), session.actor
    by = f"{actor.kind}:{actor.user_id or actor.name}"
    return {
        "rule": rule.name,
        "revision": session.workspace.number,
        "entity": rule.entity,
        "record_id": number,
        "state": store.WAITING,
        "due_at": now,
        "attempts": 0,
        "tries": 0,
        "why": {"event": Trigger.name, "by": by, "changed": {}, GIVEN: dict(given), CLICK: click},
        "cause": [*session.cause, by],
        "created_at": now,
    }


def clean_inputs(session: CrmSession, rule: Rule, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed as JSON keeps it, by input.

    Errors: RecordError with every input that is missing or does not fit.
    """
    fields: Mapping[str, Field] = (rule.given.fields if rule.given else None) or {}
    problems = [
        Problem("record.unknown_field", {"name": name[:60]}, name) for name in sent if name not in fields
    ]
    found: dict[str, Any] = {}
    situation = situation_of(session)
    for name, field in fields.items():
        kind = FIELD_TYPES[field.type]
        try:
            value = kind.clean(field, sent.get(name), situation) if sent.get(name) is not None else None
        except FieldError as error:
            problems.append(Problem(error.code, error.params, name))
            continue
        if is_empty(value):
            problems += [Problem("record.required", {"label": field.label}, name)] if field.required else []
        elif isinstance(value, str) and len(value) > MAX_TEXT:
            problems.append(Problem("rule.text_too_long", {"limit": MAX_TEXT}, name))
        else:
            found[name] = kind.to_json(field, value)
    if problems:
        raise RecordError("record.has_problems", problems, count=len(problems))
    return found


def presses_on(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None, source: str
) -> list[tuple[Rule, dict[str, Any]]]:
    """Return the presses on a record with their rules, the newest first; `source` is that of the timeline."""
    rules = {rule.name: rule for rule in buttons_of(session, entity)}
    if not rules:
        return []
    run = store.run
    asked = sa.select(run).where(
        run.c.entity == entity.name, run.c.record_id == record_id, run.c.rule.in_(rules)
    )
    if before is not None:
        asked = asked.where(before.is_before(source, run.c.created_at, run.c.id))
    newest = asked.order_by(run.c.created_at.desc(), run.c.id.desc()).limit(LIMIT + 1)
    return [(rules[row.rule], dict(row_of(row))) for row in session.connection().execute(newest)]
