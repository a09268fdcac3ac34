"""A rule as one sentence of the reader's language: when, if, then, otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from crm.conditions import say as say_conditions
from crm.entities.model import Entity, Schema
from workflows.actions import ACTIONS
from workflows.rules.model import Rule, Step
from workflows.rules.words import say, word_label
from workflows.triggers import TRIGGERS


def trigger_words(rule: Rule, schema: Schema, language: str) -> str:
    """Return when a rule starts."""
    entity = schema.entities[rule.entity]
    return TRIGGERS[rule.trigger.kind].describe(rule.trigger.body, schema, entity, language)


def say_rule(rule: Rule, schema: Schema, language: str) -> str:
    """Return a whole rule as a sentence."""
    entity = schema.entities[rule.entity]
    when = trigger_words(rule, schema, language)
    actions = say_steps(rule.steps, schema, entity, language)
    if rule.condition is None:
        return say("rule.sentence_always", language, when=when, actions=actions)
    conditions = say_conditions(rule.condition, entity, schema, language)
    return say("rule.sentence", language, when=when, conditions=conditions, actions=actions)


def say_steps(steps: Sequence[Step], schema: Schema, entity: Entity, language: str) -> str:
    """Return what steps do, one after the other."""
    return "; ".join(_sentences(steps, schema, entity, language))


def _sentences(steps: Sequence[Step], schema: Schema, entity: Entity, language: str) -> Iterator[str]:
    for step in steps:
        action = ACTIONS[step.action]
        if action.branch_keys or not step.branches:
            yield action.describe(step, schema, entity, language)
        for branch, key in zip_longest(step.branches, action.branch_keys[: len(step.branches)]):
            actions = say_steps(branch.steps, schema, entity, language)
            if key is not None:
                label = word_label(action.labels, key, language)
                yield from (
                    [say("rule.sentence_branch", language, branch=label, actions=actions)] if actions else []
                )
            elif branch.condition is None:
                yield say("rule.sentence_otherwise", language, actions=actions)
            else:
                conditions = say_conditions(branch.condition, entity, schema, language)
                yield say("rule.sentence_if", language, conditions=conditions, actions=actions)
