"""From what somebody sent to what may be stored: rights on fields, clean values, defaults, and every check.

Used by a form save, the API, a rule and an import alike, so that they judge by the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from crm.conditions import evaluate
from crm.conditions.tree.model import (
    And,
    Changed,
    ChangedFrom,
    ChangedTo,
    Children,
    FieldPath,
    InSegment,
    Node,
    Step,
    walk,
)
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import FieldError, Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.fields.choice import all_choices, allowed_moves
from crm.permissions.rows import parse_trusted, scope_of
from crm.records.draft import RecordDraft


def refused_fields(session: CrmSession, entity: Entity, names: Iterable[str], deed: str) -> list[Problem]:
    """Return a problem for every name that is no field, or that the actor may not set by this deed."""
    rights, problems = session.actor.rights(entity.name), []
    for name in names:
        field = entity.fields.get(name)
        if field is None or name in rights.hidden:
            problems.append(Problem("record.unknown_field", {"name": name}, name))
        elif (
            name in rights.closed.get(deed, ())
            or not FIELD_TYPES[field.type].writable
            or field.read_only
            and not session.actor.sees_everything
        ):
            problems.append(Problem("permissions.read_only_field", {}, name))
    return problems


def clean_values(
    entity: Entity, values: Mapping[str, Any], situation: Situation
) -> tuple[dict[str, Any], list[Problem]]:
    """Return typed values by field name, and a problem for each that does not fit its field.

    Shape:  a value of `situation.held` that nobody touched is not judged, unless a field it leans on is touched:
            then it is judged even when it was not sent.
    """
    clean: dict[str, Any] = {}
    problems: list[Problem] = []
    beside = replace(situation, values={**situation.values, **values})
    touched = {
        name for name, value in values.items() if not _is_untouched(entity.fields[name], value, beside)
    }
    for name, field in entity.fields.items():
        try:
            if name in touched:
                clean[name] = _clean_touched(field, values[name], beside)
            elif (name in values or name in situation.held) and touched & _leaning(field):
                clean[name] = _judged_again(field, beside)
            elif name in values:
                clean[name] = situation.held.get(name)
        except FieldError as error:
            problems.append(Problem(error.code, error.params, name))
    return {name: clean[name] for name in (*values, *clean) if name in clean}, problems


def _leaning(field: Field) -> frozenset[str]:
    return FIELD_TYPES[field.type].leans_on(field)


def _is_untouched(field: Field, value: Any, situation: Situation) -> bool:
    """Return whether a value was sent as the record has it."""
    if field.name not in situation.held:
        return False
    return FIELD_TYPES[field.type].is_shown_as(field, situation.held[field.name], value, situation)


def _judged_again(field: Field, situation: Situation) -> Any:
    held = situation.held.get(field.name)
    return None if is_empty(held) else FIELD_TYPES[field.type].again(field, held, situation)


def _clean_touched(field: Field, value: Any, situation: Situation) -> Any:
    """Return what was sent as a typed value; the value the record has, written in another way, is not judged."""
    field_type, held = FIELD_TYPES[field.type], situation.held.get(field.name)
    try:
        return field_type.clean(field, value, situation)
    except FieldError:
        if is_empty(held) or not field_type.limits:
            raise
        if field_type.clean(field_type.without_limits(field), value, situation) != held:
            raise
        return held


def judge(
    session: CrmSession,
    entity: Entity,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    record_id: int | None,
) -> list[Problem]:
    """Return every problem of a record as it would be stored, without asking the database for other records.

    Shape:  `before` and `after` are typed values by field name; `before` is None for a new record.
    """
    return Judge(session, entity).list_problems(before, after, record_id)


class Judge:
    """Judges records of one entity as they would be stored; one judge serves many records of one moment."""

    def __init__(self, session: CrmSession, entity: Entity) -> None:
        self.session, self.entity, self.scope = session, entity, scope_of(session)
        self.needed = [field for field in entity.fields.values() if is_needed(field)]
        self.watched = [
            field
            for field in entity.fields.values()
            if is_needed(field) or FIELD_TYPES[field.type].chooses_one
        ]
        self.retiring = [field for field in entity.fields.values() if field.options.get("retired")]
        self.checks = [
            (check, parse_trusted(session.workspace, entity, check.when)) for check in entity.checks
        ]

    def list_problems(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any], record_id: int | None
    ) -> list[Problem]:
        """Return every problem of a record, without asking the database for other records."""
        draft = RecordDraft(self.session, self.entity, after, record_id)
        problems = []
        for field in self.needed if before is None else self.watched:
            value = after.get(field.name)
            if not is_empty(value):
                problems += _judge_move(field, before, value) if before is not None else ()
            elif is_needed(field) and (field.required or self._holds(field.required_if, draft)):
                problems.append(Problem("record.required", {"label": field.label}, field.name))
        for field in self.retiring:
            problems += _judge_retired(field, before, after)
        problems += _judge_read_only(self.session, self.entity, before, after, record_id)
        problems += [
            Problem("record.check", {"message": check.message})
            for check, tree in self.checks
            if evaluate(tree, draft, self.scope)
        ]
        return problems

    def may_complain(self, settled: Mapping[str, Any]) -> bool:
        """Return whether a new record could break a check, or need a field only under a condition.

        Shape:  `settled` holds the values of the fields that are alike in all the records to come: a check of
                which one line fails for these alone is met by none of them.
        """
        draft = RecordDraft(self.session, self.entity, settled)
        steps = {(self.entity.name, name) for name in settled}
        return (
            any(field.required_if for field in self.needed)
            or bool(self.retiring)
            or not all(
                any(
                    reads_only(line, steps) and not evaluate(line, draft, self.scope)
                    for line in (tree.parts if isinstance(tree, And) else (tree,))
                )
                for _check, tree in self.checks
            )
        )

    def _holds(self, lines: tuple, draft: RecordDraft) -> bool:
        tree = parse_trusted(self.session.workspace, self.entity, lines)
        return bool(evaluate(tree, draft, self.scope))


def reads_only(node: Node, steps: Set[Step]) -> bool:
    """Return whether a tree reads nothing of a record but some of its own stored fields."""
    return all(
        len(part.steps) == 1 and part.steps[0] in steps and part.computed is None
        if isinstance(part, FieldPath)
        else not isinstance(part, Children | InSegment | Changed | ChangedTo | ChangedFrom)
        for part in walk(node)
    )


def is_needed(field: Field) -> bool:
    """Return whether a field must be filled, always or under a condition."""
    return FIELD_TYPES[field.type].writable and (field.required or bool(field.required_if))


def is_empty(value: Any) -> bool:
    """Return whether a typed value counts as empty: nothing, no character, no word."""
    return value is None or value == "" or value == ()


def _judge_move(field: Field, before: Mapping[str, Any] | None, value: Any) -> list[Problem]:
    """Refuse a choice that may not follow the one before it."""
    if not FIELD_TYPES[field.type].chooses_one or before is None or before.get(field.name) in (None, value):
        return []
    old = before[field.name]
    moves = allowed_moves(field, old)
    if value in moves:
        return []
    choices = field.options["choices"]
    known = all_choices(field)
    params = {"old": known[old].label if old in known else old, "new": choices[value].label}
    return [Problem("record.move_not_allowed", params, field.name)]


def _judge_retired(field: Field, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Problem]:
    """Refuse to choose what is no choice any more; a record that has it may keep it."""
    field_type = FIELD_TYPES[field.type]
    had = field_type.retired(field, (before or {}).get(field.name))
    new = [key for key in field_type.retired(field, after.get(field.name)) if key not in had]
    if not new:
        return []
    label = all_choices(field)[new[0]].label if new[0] in all_choices(field) else new[0]
    return [Problem("record.choice_retired", {"value": label, "label": field.label}, field.name)]


def _judge_read_only(
    session: CrmSession, entity: Entity, before: Mapping | None, after: Mapping, record_id: int | None
) -> list[Problem]:
    """Refuse changes of fields that the record's own state closes; rules and the system may pass."""
    if before is None or session.actor.sees_everything:
        return []
    old, scope, problems = RecordDraft(session, entity, before, record_id), scope_of(session), []
    for field in entity.fields.values():
        if field.read_only_if and before.get(field.name) != after.get(field.name):
            tree = parse_trusted(session.workspace, entity, field.read_only_if)
            if evaluate(tree, old, scope):
                problems.append(Problem("permissions.read_only_field", {}, field.name))
    return problems
