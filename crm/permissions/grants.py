"""Publishers may not give a role more rights than they have themselves.

The publisher's rights in the live revision decide. Always allowed are rights on what did not exist before, rights the
role gave already, and rights the publisher has. A role can also be widened by a change of a segment or formula that
its conditions use; that is judged in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import chain

import sqlalchemy as sa

from crm.conditions import parse_conditions
from crm.conditions.language.segments import segment_tree
from crm.conditions.tree.model import Children, FieldPath, InSegment, Node, Step
from crm.entities.identity import Identities, identities_from_json
from crm.entities.load import build_schema, documents_from_json
from crm.entities.model import Entity, Schema
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.messages.permissions import DEED_LABELS
from crm.permissions import store
from crm.permissions.flows import FlowJudge, judge_flows
from crm.permissions.model import DEEDS, WRITING, Actor, EntityRights, Role
from crm.permissions.service import actor_of_user, reads_every
from crm.revisions.proposal import Proposal
from crm.revisions.store import find_revision, live_number
from crm.texts import Text

EMPTY = EntityRights(frozenset())


def judge_publisher(connection: sa.Connection, proposal: Proposal, user_name: str) -> list[Problem]:
    """Return what a publisher may not give; nothing for the machine's owner, who publishes without a name."""
    if not user_name or not proposal.base:
        return []
    before, actor = publisher_of(connection, proposal, user_name)
    problems = excess_of(actor, before, proposal.schema)
    for then, uids in _returning(connection, proposal) if not actor.sees_everything else ():
        problems += excess_of(_actor(connection, user_name, then), then, proposal.schema, uids)
    return problems


def _returning(connection: sa.Connection, proposal: Proposal) -> Iterator[tuple[Schema, frozenset[str]]]:
    """Yield, for all that a rollback brings back with its data, the last revision that had it, and the uids."""
    waiting = _uids(proposal.after, proposal.before.taken) - _uids(proposal.before)
    for number in range(proposal.base - 1, 0, -1) if waiting else ():
        row = find_revision(connection, number)
        identities = identities_from_json(row["identities"]) if row else Identities()
        found = waiting & _uids(identities)
        if row and found:
            waiting -= found
            yield build_schema(documents_from_json(row["documents"]), number, identities)[0], frozenset(found)


def _uids(identities: Identities, taken: frozenset[str] | None = None) -> set[str]:
    """Return the uids of entities and fields; `taken` limits them to those whose table or column exists."""
    places = {entity.uid: entity.table for entity in identities.entities.values()}
    for entity in identities.entities.values():
        places |= {field.uid: f"{entity.table}.{field.column}" for field in entity.fields.values()}
    return {uid for uid, place in places.items() if taken is None or place in taken}


def tell_publisher(connection: sa.Connection, user_name: str, problem: Problem) -> Problem:
    """Return a problem without the stored values and records it names, when its publisher may not read them all."""
    named = {"values", "examples", "good", "bad"} & problem.params.keys()
    row = find_revision(connection, live_number(connection)) if user_name and named else None
    if row is None:
        return problem
    documents, identities = documents_from_json(row["documents"]), identities_from_json(row["identities"])
    live, _problems = build_schema(documents, row["number"], identities)
    actor = _actor(connection, user_name, live)
    if any(reads_every(actor, entity, str(problem.params["uid"])) for entity in live.entities.values()):
        return problem
    return replace(problem, params={**problem.params, **dict.fromkeys(named, "…")})


def publisher_of(connection: sa.Connection, proposal: Proposal, user_name: str) -> tuple[Schema, Actor]:
    """Return the schema a proposal starts from, and the publisher with their rights in it."""
    before, _problems = build_schema(proposal.old_documents, proposal.base, proposal.before)
    return before, _actor(connection, user_name, before)


def _actor(connection: sa.Connection, user_name: str, schema: Schema) -> Actor:
    user_id = store.find_login_id(connection, user_name)
    return Actor("user", user_name) if user_id is None else actor_of_user(connection, user_id, schema)


def excess_of(
    actor: Actor, before: Schema, after: Schema, only: frozenset[str] = frozenset()
) -> list[Problem]:
    """Return a problem for all that a new schema gives, reads or writes beyond the old one and the actor's rights.

    Shape:  with `only`, uids of entities and fields, nothing else is looked at.
    """
    if actor.sees_everything:
        return []
    ledger = Ledger(actor, before, after, only)
    given = [problem for role in after.parts.get("role", {}).values() for problem in ledger.excess(role)]
    return given + judge_flows(actor, before, after, only)


def exceeds(actor: Actor, role: Role, schema: Schema) -> bool:
    """Return whether a role opens anything that is closed to the actor, who then may not view as this role."""
    if actor.sees_everything:
        return False
    own = [found for found in schema.documents if (found.kind, found.name) == ("role", role.name)]
    others = tuple(found for found in schema.documents if found.kind != "role")
    bare = Schema(schema.number, schema.entities, {**schema.parts, "role": {}}, others)
    opened = Ledger(actor, bare, schema).excess(role)
    judge = FlowJudge(actor, bare, schema)
    chosen_by = (problem for document in own for problem in judge.problems_of(document, set()))
    return next(chain(opened, chosen_by), None) is not None


@dataclass(frozen=True)
class Ledger:
    """Compares what each role opened before with what it would open now."""

    actor: Actor
    before: Schema
    after: Schema
    only: frozenset[str] = frozenset()

    def excess(self, role: Role) -> Iterator[Problem]:
        """Yield what one role would give too much."""
        old = self.before.parts.get("role", {}).get(role.name)
        for name, rights in role.entities.items():
            was = self._former(self.after.entities[name])
            if was is not None and rights.can:
                given = old.entities.get(was.name, EMPTY) if old else EMPTY
                yield from self._of_entity(role, (self.after.entities[name], was), rights, given)
        for report in role.reports if not self.only else ():
            if report not in (old.reports if old else ()) and not self._may_give_report(report):
                yield Problem("grants.report", {"role": role.label, "name": report}, **_place(role))

    def _of_entity(
        self, role: Role, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> Iterator[Problem]:
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        params: dict[str, object] = {"role": role.label, "entity": entity.plural}
        is_asked = not self.only or entity.uid in self.only
        for deed in (deed for deed in DEEDS if deed in rights.can and is_asked):
            words = {**params, "deed": Text(DEED_LABELS[deed])}
            if deed not in given.can and deed not in own.can:
                yield Problem("grants.deed", words, **_place(role))
            elif not self._rows_within(deed, entities, rights, given):
                yield Problem("grants.records", words, **_place(role))
        if "read" in given.can or "read" in own.can:
            yield from self._of_fields(role, entities, rights, given)

    def _of_fields(
        self, role: Role, entities: tuple[Entity, Entity], rights: EntityRights, given: EntityRights
    ) -> Iterator[Problem]:
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        former = {field.uid: name for name, field in was.fields.items()}
        for name, field in entity.fields.items():
            old = former.get(field.uid)
            if self.only and not self.only & {field.uid, entity.uid}:
                continue
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
        """Return whether the records a role opens were open before; further condition lines only narrow them."""
        entity, was = entities
        own = self.actor.declared_rights(was.name)
        wanted = meanings(rights.records, entity, self.after)
        ways = [given.records] if deed in given.can else []
        if deed in own.can:
            ways += own.rows[deed] if own.rows[deed] is not None else ((),)
        return any(meanings(way, was, self.before) <= wanted for way in ways)

    def _former(self, entity: Entity) -> Entity | None:
        return next((found for found in self.before.entities.values() if found.uid == entity.uid), None)

    def _may_give_report(self, name: str) -> bool:
        is_new = name != "all" and name not in self.before.parts.get("report", {})
        return is_new or self.actor.may_see_report(name)


def shows(rights: EntityRights, field: str) -> bool:
    """Return whether a role may read a field."""
    return "read" in rights.can and field not in rights.hidden


def writes(rights: EntityRights, field: str, deed: str) -> bool:
    """Return whether a role may write a field."""
    return deed in rights.can and field not in rights.closed


def meanings(lines: Iterable[object], entity: Entity, schema: Schema) -> set[object]:
    """Return what each line means, with formulas and segments expanded and uids in place of names."""
    return {lasting(parse_conditions([line], entity, schema)[0], schema) for line in lines}


def lasting(part: object, schema: Schema, segments: tuple[str, ...] = ()) -> object:
    """Return a tree, or a part of one, as tuples with uids in place of names; `segments` are those being expanded."""

    def of(inner: object) -> object:
        return lasting(inner, schema, segments)

    def uids(step: Step) -> Step:
        entity = schema.entities[step[0]]
        return entity.uid, entity.fields[step[1]].uid if step[1] in entity.fields else step[1]

    if isinstance(part, FieldPath):
        return tuple(map(uids, part.steps)), of(part.computed)
    if isinstance(part, Children):
        way, child = tuple(map(uids, part.way)), uids((part.entity, part.field))
        return part.aggregate, way, child, of(part.value), of(part.where)
    if isinstance(part, InSegment):
        around = (*segments, part.segment)
        tree = None if part.segment in segments else segment_tree(part.segment, schema)
        return tuple(map(uids, part.way)), lasting(tree, schema, around)
    if isinstance(part, Node):
        return type(part).__name__, *(of(getattr(part, found.name)) for found in fields(part))
    return tuple(map(of, part)) if isinstance(part, tuple) else repr(part)


def _place(role: Role) -> dict[str, object]:
    return {"file": f"roles/{role.name}.yaml", "line": 1}
