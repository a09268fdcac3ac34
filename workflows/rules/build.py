"""Checked documents to rules and templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions
from crm.entities.build import as_lines
from crm.entities.model import Document, Entity, Schema
from crm.texts import Text
from workflows.actions import ACTIONS
from workflows.rules.model import Branch, Rule, Step, Template, Trigger
from workflows.rules.reach import reach_of
from workflows.triggers import TRIGGERS


def build_rule(document: Document, schema: Schema) -> Rule:
    """Return the rule of a document that has no problems."""
    body = document.body
    entity = schema.entities[body["entity"]]
    trigger, condition = build_trigger(body["when"]), _condition(body.get("if"), entity, schema)
    kind = TRIGGERS[trigger.kind]
    edge = condition if kind.is_edge else kind.edge_of(trigger.body, entity)
    return Rule(
        name=document.name,
        label=Text(body.get("label") or document.name.replace("_", " ").capitalize()),
        entity=entity.name,
        trigger=trigger,
        condition=condition,
        steps=build_steps(body["then"], entity, schema),
        enabled=body.get("enabled", True),
        lines=as_lines(body.get("if")),
        time_zone=body.get("time_zone", ""),
        if_missed=body.get("if_missed", "once"),
        at_most_once_per=body.get("at_most_once_per"),
        priority=body.get("priority", 0),
        stop_after=body.get("stop_after", False),
        body=body,
        reach=reach_of(edge, entity, schema) if edge is not None else None,
        given=kind.given(trigger.body),
        edge=edge,
        edge_falls=kind.edge_falls,
    )


def build_trigger(when: Any) -> Trigger:
    """Return the trigger of a `when`."""
    if isinstance(when, str):
        return Trigger(when)
    kind, body = next(iter(when.items()))
    if kind == "changed" and isinstance(body, str):
        return Trigger(kind, [body])
    return Trigger(kind, body)


def _condition(lines: Any, entity: Entity, schema: Schema) -> Any:
    found = as_lines(lines)
    return parse_conditions(list(found), entity, schema)[0] if found else None


def build_steps(steps: list, entity: Entity, schema: Schema, above: str = "") -> tuple[Step, ...]:
    """Return the steps of a list, their places numbered from `above`."""
    return tuple(_step(step, entity, schema, f"{above}{number}") for number, step in enumerate(steps))


def _step(step: Any, entity: Entity, schema: Schema, path: str) -> Step:
    name, body = next(iter(step.items())) if isinstance(step, Mapping) else (step, None)
    action = ACTIONS[name]
    branches = tuple(
        Branch(
            _condition(branch.get("if"), entity, schema),
            build_steps(branch.get("then") or branch["else"], entity, schema, f"{path}.{number}."),
        )
        for number, branch in enumerate(body if action.has_branches else ())
    )
    branches += tuple(
        Branch(None, build_steps(body.get(key) or [], entity, schema, f"{path}.{number}."))
        for number, key in enumerate(action.branch_keys)
    )
    return Step(name, body, path, action.condition_of(body, entity, schema), branches)


def build_template(document: Document, _schema: Schema) -> Template:
    """Return the message template of a document that has no problems."""
    body = document.body
    label = Text(body["label"]) if body.get("label") else None
    return Template(document.name, Text(body["subject"]), Text(body["body"]), label, body.get("entity"))
