"""When the conditions of a rule come to hold for a record, in whatever way that came about.

For rules whose conditions reach beyond the record's own values, a table says for which records they held when somebody
last looked. Every event about what such a rule reads makes its records looked at again; what the clock alone changes is
looked at at each tick. Those for which the conditions hold now and did not then have come over the edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession, metadata
from crm.events import QUIET
from crm.fields import FIELD_TYPES
from crm.permissions.rows import scope_of
from crm.records.journal import CREATED, change, read_changes
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.reach import FROM, Hop, Way
from workflows.runs.locks import hold_lock
from workflows.runs.store import insert_new

AT_ONCE = 500  # ids of one statement
MARKER = 0  # stands for the rule itself: its digest says for which conditions the rows are

truth = sa.Table(
    "crm_rule_truth",
    metadata,
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("record_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(64)),
)
"""The records for which the conditions of a rule held when it was last looked, and a marker (record 0) per rule."""

Change = Mapping[str, Any]
"""A row of the journal, with `event`: the row of the event that told of it."""


def wide_rules(session: CrmSession) -> list[Rule]:
    """Return the enabled rules that wait for an edge which need not come with a change of their own record."""
    rules: Iterable[Rule] = session.workspace.schema.parts.get("rule", {}).values()
    return [rule for rule in rules if rule.enabled and rule.is_wide]


def prepare(workshop: RuleWorkshop) -> None:
    """Note for every rule that is new, or asks something else now, where its conditions hold already."""
    with workshop.session() as session:
        rules = wide_rules(session)
        session.execute(sa.delete(truth).where(truth.c.rule.not_in([rule.name for rule in rules])))
    for rule in rules:
        with workshop.session() as session:
            is_new(session, workshop, rule)


def is_new(session: CrmSession, workshop: RuleWorkshop, rule: Rule) -> bool:
    """Return whether it was unknown where the conditions of a rule held; it is known afterwards.

    Shape:  holds the rule's lock until the transaction ends.
    """
    hold_lock(session, f"edge:{rule.name}")
    mine = truth.c.rule == rule.name
    if (
        session.scalar(sa.select(truth.c.digest).where(mine, truth.c.record_id == MARKER))
        == rule.reach.digest
    ):
        return False
    session.execute(sa.delete(truth).where(mine))
    marker = {"rule": rule.name, "record_id": MARKER, "digest": rule.reach.digest}
    session.execute(sa.insert(truth), [marker])
    cls = session.workspace.models[rule.entity]
    holding = sa.select(sa.literal(rule.name), cls.id).where(
        cls.id > MARKER, edge_holds(session, workshop, rule)
    )
    session.execute(sa.insert(truth).from_select(["rule", "record_id"], holding, include_defaults=False))
    return True


def edge_holds(session: CrmSession, workshop: RuleWorkshop, rule: Rule) -> Any:
    """Return the SQL condition of the records for which the edge's condition holds."""
    return _compiled(session, workshop, rule, rule.edge)


def _compiled(session: CrmSession, workshop: RuleWorkshop, rule: Rule, tree: Any) -> Any:
    return compile_sql(tree, rule.entity, replace(scope_of(session), time_zone=zone_of(rule, workshop)))


def by_time(session: CrmSession, workshop: RuleWorkshop, rule: Rule) -> list[int]:
    """Return the records that came over a rule's edge since anybody looked, for what needs no event."""
    if is_new(session, workshop, rule) or not rule.reach.is_clocked:
        return []
    cls = session.workspace.models[rule.entity]
    now = set(session.scalars(sa.select(cls.id).where(cls.id > MARKER, edge_holds(session, workshop, rule))))
    mine = (truth.c.rule == rule.name) & (truth.c.record_id > MARKER)
    before = set(session.scalars(sa.select(truth.c.record_id).where(mine)))
    return sorted(_met(session, workshop, rule, _note(session, rule, before, now)))


def _met(session: CrmSession, workshop: RuleWorkshop, rule: Rule, ids: set[int]) -> set[int]:
    """Return those over the edge that are still there and meet the rule's own conditions, where it has such beside."""
    if rule.edge is rule.condition:
        return ids
    cls, found = session.workspace.models[rule.entity], set()
    own = () if rule.condition is None else (_compiled(session, workshop, rule, rule.condition),)
    for part in _parts(ids):
        found |= set(session.scalars(sa.select(cls.id).where(cls.id.in_(part), *own)))
    return found


def _note(session: CrmSession, rule: Rule, before: set[int], now: set[int]) -> set[int]:
    """Write down where the edge's condition holds now; return where it did not before, or where it ended."""
    for ids in _parts(before - now):
        gone = (truth.c.rule == rule.name) & truth.c.record_id.in_(ids)
        session.execute(sa.delete(truth).where(gone))
    insert_new(session, truth, [{"rule": rule.name, "record_id": number} for number in sorted(now - before)])
    return before - now if rule.edge_falls else now - before


def _parts(ids: Iterable[int]) -> Iterator[Sequence[int]]:
    rows = sorted(ids)
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


class Edges:
    """The edges that a batch of events brought, each with the change that brought it.

    Shape:  `rows` are the events, by today's names.
    """

    def __init__(
        self, session: CrmSession, workshop: RuleWorkshop, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        self.session = session
        self.found: dict[str, dict[int, Change]] = {}
        rules = wide_rules(session)
        entities = {entity for rule in rules for entity in rule.reach.ways}
        changes = {entity: self._changes(entity, rows) for entity in entities}
        for rule in rules:
            touched = self._touched(rule, changes)
            if touched:
                self.found[rule.name] = self._risen(workshop, rule, touched)

    def take(self, rule: Rule, record_id: int, change_id: int) -> bool:
        """Return whether a change of the record itself brought it over the edge; it does so once."""
        mine = self.found.get(rule.name, {})
        return record_id in mine and mine[record_id]["id"] == change_id and bool(mine.pop(record_id))

    def rest(self) -> Iterator[tuple[str, int, Change]]:
        """Yield rule, record and change of the edges that came by way of other records."""
        for rule, mine in self.found.items():
            for record_id in sorted(mine):
                yield rule, record_id, mine[record_id]

    def _changes(self, entity: str, rows: Sequence[Mapping[str, Any]]) -> list[Change]:
        declared = self.session.workspace.schema.entities.get(entity)
        events = {row["change_id"]: row for row in rows if row["entity"] == entity and row["change_id"]}
        if declared is None or not events:
            return []
        asked = sa.select(change).where(change.c.id.in_(events)).order_by(change.c.id)
        return [{**row, "event": events[row["id"]]} for row in read_changes(self.session, declared, asked)]

    def _touched(self, rule: Rule, changes: Mapping[str, Sequence[Change]]) -> dict[int, Change]:
        """Return the rule's records that changes may have brought over its edge, each with the latest of these."""
        found: dict[int, Change] = {}
        for entity, ways in rule.reach.ways.items():
            for way in ways if changes[entity] else ():
                for number, row in self._back(way, changes[entity]).items():
                    if number not in found or found[number]["id"] < row["id"]:
                        found[number] = row
        return found

    def _back(self, way: Way, changes: Sequence[Change]) -> dict[int, Change]:
        """Return the records from which a way leads to changed ones."""
        found = {row["record_id"]: row for row in changes}
        for place, hop in reversed(list(enumerate(way))):
            parents = self._hop(hop, found)
            if place == len(way) - 1 and hop[0] == FROM:
                parents |= _pointed_at(hop, changes)
            found = parents
        return found

    def _hop(self, hop: Hop, found: Mapping[int, Change]) -> dict[int, Change]:
        """Return the records one hop back."""
        direction, entity, name = hop
        cls = self.session.workspace.models[entity]
        field = self.session.workspace.schema.entities[entity].fields[name]
        pointer = getattr(cls, FIELD_TYPES[field.type].attribute(field))
        before: dict[int, Change] = {}
        for ids in _parts(found):
            asked = sa.select(cls.id, pointer).where((cls.id if direction == FROM else pointer).in_(ids))
            for number, target in self.session.execute(asked):
                here, there = (number, target) if direction == FROM else (target, number)
                if there is not None:
                    before[there] = found[here]
        return before

    def _risen(self, workshop: RuleWorkshop, rule: Rule, touched: Mapping[int, Change]) -> dict[int, Change]:
        session, cls = self.session, self.session.workspace.models[rule.entity]
        fresh = is_new(session, workshop, rule)
        holds = edge_holds(session, workshop, rule)
        now, before = set(), set()
        for ids in _parts(touched):
            now |= set(session.scalars(sa.select(cls.id).where(cls.id.in_(ids), holds)))
            mine = (truth.c.rule == rule.name) & truth.c.record_id.in_(ids)
            before |= set(session.scalars(sa.select(truth.c.record_id).where(mine)))
        risen = (set() if rule.edge_falls else now) if fresh else _note(session, rule, before, now)
        risen = _met(session, workshop, rule, risen)
        told = {number: touched[number] for number in risen if touched[number]["event"]["kind"] != QUIET}
        if fresh:  # nobody knows how it was before these changes, but for records that were not there
            return {number: row for number, row in told.items() if _made(row, rule, number)}
        return told


def _made(row: Change, rule: Rule, number: int) -> bool:
    event = row["event"]
    return row["kind"] == CREATED and (event["entity"], event["record_id"]) == (rule.entity, number)


def _pointed_at(hop: Hop, changes: Sequence[Change]) -> dict[int, Change]:
    """Return the records that changed ones referred to before or after; a deleted one did until then."""
    return {
        target: row for row in changes for target in row["values"].get(hop[2], ()) if isinstance(target, int)
    }
