"""A role may not give what its giver lacks: what new documents would open beyond what was open before.

Whoever publishes is judged by his rights as they are live. Free are rights on what did not exist before, whatever a
role gave already, and what the publisher may do himself. Widening counts also when it comes about by a segment or a
formula that a role's conditions go by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from crm.conditions import parse_conditions, segments_of
from crm.conditions.model import FieldPath, Node, walk
from crm.conditions.segments import segment_tree
from crm.entities.load import build_schema
from crm.entities.model import Entity, Schema
from crm.entities.publish import Proposal
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.messages.permissions import DEED_LABELS
from crm.permissions import store
from crm.permissions.model import DEEDS, WRITING, Actor, EntityRights, Role
from crm.permissions.reads import deep_fields_of
from crm.permissions.service import actor_of_user
from crm.texts import Text

EMPTY = EntityRights(frozenset())


def judge_publisher(connection: sa.Connection, proposal: Proposal, user_name: str) -> list[Problem]:
    """Return what a publisher may not give; nothing for the machine's owner, who publishes without a name."""
    if not user_name or not proposal.base:
        return []
    before, _problems = build_schema(proposal.old_documents, proposal.base, proposal.before)
    user_id = store.find_login_id(connection, user_name)
    nobody = Actor("user", user_name)
    actor = nobody if user_id is None else actor_of_user(connection, user_id, before)
    return excess_of(actor, before, proposal.schema)


def excess_of(actor: Actor, before: Schema, after: Schema) -> list[Problem]:
    """Return a problem for everything the roles of a new schema give beyond the old one's and the actor's own."""
    if actor.sees_everything:
        return []
    ledger = Ledger(actor, before, after)
    return [problem for role in after.parts.get("role", {}).values() for problem in ledger.excess(role)]


def exceeds(actor: Actor, role: Role, schema: Schema) -> bool:
    """Return whether a role opens anything that is closed to the actor; then he may not look through its eyes."""
    if actor.sees_everything:
        return False
    bare = Schema(schema.number, schema.entities, {**schema.parts, "role": {}})
    return bool(list(Ledger(actor, bare, schema).excess(role)))


@dataclass(frozen=True)
class Ledger:
    """What was open, and to whom, beside what shall be."""

    actor: Actor
    before: Schema
    after: Schema

    def excess(self, role: Role) -> Iterator[Problem]:
        """Yield what one role would give too much."""
        old = self.before.parts.get("role", {}).get(role.name)
        for name, rights in role.entities.items():
            was = self._former(self.after.entities[name])
            if was is not None and rights.can:
                given = old.entities.get(was.name, EMPTY) if old else EMPTY
                yield from self._of_entity(role, (self.after.entities[name], was), rights, given)
        for report in role.reports:
            if report not in (old.reports if old else ()) and not self._may_give_report(report):
                yield Problem("grants.report", {"role": role.label, "name": report}, **_place(role))

    def _of_entity(
        self, role: Role, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> Iterator[Problem]:
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        params: dict[str, object] = {"role": role.label, "entity": entity.plural}
        for deed in (deed for deed in DEEDS if deed in rights.can):
            words = {**params, "deed": Text(DEED_LABELS[deed])}
            if deed not in given.can and deed not in own.can:
                yield Problem("grants.deed", words, **_place(role))
            elif not self._rows_within(deed, entities, rights, given):
                yield Problem("grants.records", words, **_place(role))
        if "read" in given.can or "read" in own.can:
            yield from self._of_fields(role, entities, rights, given)
        for step in sorted(self._secrets(entities, rights, given)):
            yield Problem("grants.condition", {**params, "field": ".".join(step)}, **_place(role))

    def _of_fields(
        self, role: Role, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> Iterator[Problem]:
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        former = {field.uid: name for name, field in was.fields.items()}
        for name, field in entity.fields.items():
            old = former.get(field.uid)
            if old is None or not FIELD_TYPES[field.type].stored:  # new, or as open as what it reads
                continue
            params: dict[str, object] = {"role": role.label, "entity": entity.plural, "field": field.label}
            if shows(rights, name) and not (
                shows(given, old) or ("read" in own.can and old not in own.hidden)
            ):
                yield Problem("grants.field", params, **_place(role))
            elif any(
                not writes(given, old, deed) and (deed not in own.can or old in own.closed[deed])
                for deed in WRITING
                if writes(rights, name, deed)
            ):
                yield Problem("grants.write", params, **_place(role))

    def _rows_within(
        self, deed: str, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> bool:
        """Return whether the records a role opens are among those that were open; lines that were added only narrow."""
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        wanted = {self._print(line, entity, self.after) for line in rights.records}
        ways = [given.records] if deed in given.can else []
        if deed in own.can:
            ways += own.rows[deed] if own.rows[deed] is not None else ((),)
        return any({self._print(line, was, self.before) for line in way} <= wanted for way in ways)

    def _secrets(
        self, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> set[tuple[str, str]]:
        """Return hidden fields by which new conditions choose: who counts the records would learn of them."""
        entity, was = entities
        if "read" not in self.actor.declared_rights(was.name).can:
            return set()  # who does not see the records counts none
        known = {self._print(line, was, self.before) for line in given.records}
        found: set[tuple[str, str]] = set()
        for line in rights.records:
            if self._print(line, entity, self.after) not in known:
                tree, _problems = parse_conditions([line], entity, self.after)
                found |= {step for step in deep_fields_of(tree, self.after) if self._is_hidden(*step)}
        return found

    def _is_hidden(self, entity: str, field: str) -> bool:
        was = self._former(self.after.entities[entity])
        found = self.after.entities[entity].fields.get(field)
        if was is None or found is None:
            return False
        old = next((name for name, known in was.fields.items() if known.uid == found.uid), None)
        own = self.actor.rights(was.name)
        return old is not None and ("read" not in own.can or old in own.hidden)

    def _print(self, line: object, entity: Entity, schema: Schema) -> str:
        """Return what a line means, formulas and segments unfolded, with fields by the names they had."""
        tree, _problems = parse_conditions([line], entity, schema)
        text = "".join(map(repr, unfolded(tree, schema)))
        if schema is self.after:
            for new, old in self._renamed().items():
                text = text.replace(repr(new), repr(old))
        return text

    def _renamed(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        found = {}
        for entity in self.after.entities.values():
            was = self._former(entity)
            former: Mapping[str, Field] = {field.uid: field for field in was.fields.values()} if was else {}
            for name, field in entity.fields.items():
                old = former.get(field.uid)
                if was is not None and old is not None and (was.name, old.name) != (entity.name, name):
                    found[entity.name, name] = (was.name, old.name)
        return found

    def _former(self, entity: Entity) -> Entity | None:
        return next((found for found in self.before.entities.values() if found.uid == entity.uid), None)

    def _may_give_report(self, name: str) -> bool:
        is_new = name != "all" and name not in self.before.parts.get("report", {})
        return is_new or self.actor.may_see_report(name)


def shows(rights: EntityRights, field: str) -> bool:
    """Return whether a role opens a field to the eye."""
    return "read" in rights.can and field not in rights.hidden


def writes(rights: EntityRights, field: str, deed: str) -> bool:
    """Return whether a role opens a field to the hand."""
    return deed in rights.can and field not in rights.closed


def unfolded(tree: Node, schema: Schema) -> list[Node]:
    """Return a tree and those of the segments it asks about, however deep."""
    found, waiting, seen = [], [tree], set()
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [part.computed for part in walk(node) if isinstance(part, FieldPath) and part.computed]
        fresh = sorted(segments_of(node) - seen)
        seen |= set(fresh)
        waiting += [segment_tree(name, schema) for name in fresh]
    return found


def _place(role: Role) -> dict[str, object]:
    return {"file": f"roles/{role.name}.yaml", "line": 1}
