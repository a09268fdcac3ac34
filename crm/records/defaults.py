"""What a new record holds where nothing was given: fixed values, and formulas over what was given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from crm.conditions import Node, evaluate
from crm.conditions.tree.moments import day_of, day_start
from crm.database import CrmSession
from crm.entities.default_formulas import default_trees, reads_own_fields
from crm.entities.model import Entity
from crm.errors import FieldError, Problem
from crm.fields import FIELD_TYPES, kind_of
from crm.fields.base import Field, Situation
from crm.permissions.rows import scope_of, visible_trees
from crm.permissions.service import reads_hidden
from crm.records.draft import RecordDraft

MOMENT_ZONE = ZoneInfo("UTC")  # formulas give moments as the database stores them


class Defaults:
    """The defaults of one entity for one actor; made once for many records.

    Shape:  `leaning` are the fields whose default depends on what else the record holds.
    """

    def __init__(self, session: CrmSession, entity: Entity) -> None:
        self.session, self.entity = session, entity
        self.trees = default_trees(entity, session.workspace.schema)
        self.leaning = reads_own_fields(self.trees)
        self.plain = [
            field
            for field in entity.fields.values()
            if field.default is not None and field.name not in self.trees
        ]

    def values(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """Return the defaults of fields that were not given, and what is wrong with those that do not fit.

        Shape:  `given` are typed values by field name.
        """
        found = {field.name: _fixed(self.session, field) for field in self.plain if field.name not in given}
        problems = []
        for name, tree in self.trees.items():
            if name in given:
                continue
            try:
                found[name] = self._computed(self.entity.fields[name], tree, {**found, **given})
            except FieldError as error:
                found[name] = None
                problems.append(Problem(error.code, error.params, name))
        return found, problems

    def _computed(self, field: Field, tree: Node, values: Mapping[str, Any]) -> Any:
        """Return what a formula gives; nothing where it would show its reader something hidden.

        Errors: FieldError when the field cannot hold it.
        """
        session, actor = self.session, self.session.actor
        is_shown = field.name not in actor.rights(self.entity.name).hidden
        if is_shown and reads_hidden(actor, tree, session.workspace.schema):
            return None
        scope = scope_of(session)
        scope = replace(scope, visible=visible_trees(session)) if is_shown else scope
        value = evaluate(tree, RecordDraft(session, self.entity, values), scope)
        return _fitted(field, value, scope.time_zone)


def default_values(
    session: CrmSession, entity: Entity, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the defaults of fields that were not given, for one new record, and what is wrong with them."""
    return Defaults(session, entity).values(given)


def _fixed(session: CrmSession, field: Field) -> Any:
    """Return a default that is a word: `me`, `today`, or a value of the field's type."""
    word, actor, field_type = field.default, session.actor, FIELD_TYPES[field.type]
    meant = field_type.meant_by(word, session.clock(), actor.time_zone, actor.user_id)
    if meant is not None or word == "me" and field_type.points:
        return meant
    return field_type.clean(field, word, Situation("en", actor.time_zone, "rule"))


def _fitted(field: Field, value: Any, zone: ZoneInfo) -> Any:
    """Return what a formula gave as a value of its field.

    Errors: FieldError.
    """
    field_type = FIELD_TYPES[field.type]
    if field_type.points and value is not None:
        value = getattr(value, "id", value)
    elif kind_of(field) == "date" and isinstance(value, dt.datetime):
        value = day_of(value, zone)
    elif kind_of(field) == "datetime" and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = day_start(value, zone)
    if value is None or value == "":
        return None
    if kind_of(field) == "number":  # rounded to its places; a text that is too long is refused, not cut
        value = field_type.fit(field, value)
    return field_type.clean(field, value, Situation("en", MOMENT_ZONE, "rule"))
