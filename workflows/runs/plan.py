"""From an event to runs: which rules it fires, each once, and which the loop guard holds back."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm import events
from crm.conditions import Scope, evaluate
from crm.database import CrmSession
from crm.entities.model import Schema
from crm.errors import Problem
from crm.permissions.rows import scope_of
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.schedule import Due, period_of
from workflows.runs import store
from workflows.runs.budget import RUNS, held_back, root_of_chain, spend
from workflows.runs.edges import Edges
from workflows.runs.errors import as_json
from workflows.runs.late import late_day
from workflows.runs.moments import History, Moment, Origin, actor_of
from workflows.runs.pauses import hold_paused
from workflows.runs.telling import tell_admins
from workflows.runs.ticking import occasion_of
from workflows.runs.versions import rows_today
from workflows.triggers import TRIGGERS, DateTrigger, EventTrigger

logger = logging.getLogger(__name__)

BATCH = 200
MAX_ATTEMPTS = 5
NO_VALUES = (None, None)  # before and after: why a rule ran tells the fields, the journal has the values
EDGE = "edge"  # in place of an event's kind: other records brought it about
MAX_DEPTH = 5
"""How many rules may follow from one another; the next one is refused and said so."""


@dataclass(frozen=True)
class Firing:
    """A rule that an event fires: to run, or held back with an error by the loop guard.

    Shape:  `state` is the one its run begins in.
    """

    rule: Rule
    key: str
    state: str = store.WAITING
    error: Problem | None = None


def plan_events(workshop: RuleWorkshop) -> int:
    """Turn events that wait into runs; return how many were looked at.

    Shape:  a batch is one transaction: its runs and its events' end are written together, or not at all. A batch that
            breaks is halved until the bad event is alone, so that it holds up nobody.
    """
    with workshop.reading() as session:
        if not store.has_due(session, events.event, workshop.clock()):
            return 0
    pinned = replace(workshop, fixed=workshop.workspace())  # one look for the live revision per claim
    with pinned.session() as session:
        rows = store.claim(session, events.event, workshop.clock(), workshop.lease_end(), BATCH)
    if rows:
        _plan_or_halve(pinned, rows)
    return len(rows)


def _plan_or_halve(workshop: RuleWorkshop, rows: Sequence[Mapping]) -> None:
    if len(rows) == 1:
        _plan_alone(workshop, rows[0])
        return
    try:
        _plan(workshop, rows)
    except Exception:  # whatever it is, it is one event's; the others must go on
        logger.exception("A batch of %s events broke; trying its halves", len(rows))
        _plan_or_halve(workshop, rows[: len(rows) // 2])
        _plan_or_halve(workshop, rows[len(rows) // 2 :])


def _plan_alone(workshop: RuleWorkshop, row: Mapping) -> None:
    try:
        _plan(workshop, [row])
    except Exception:  # it stays claimed, so its lease brings it back, a few times
        logger.exception("Event %s could not be looked at", row["id"])
        if row["attempts"] >= MAX_ATTEMPTS:
            with workshop.session() as session:
                store.fail_event(session, row, workshop.clock())


def _plan(workshop: RuleWorkshop, rows: Sequence[Mapping]) -> None:
    with workshop.session() as session:
        schema = session.workspace.schema
        rows = rows_today(session, rows)
        edges = Edges(session, workshop, rows)
        wanted = [row for row in rows if row["change_id"] and rules_for(schema, row["entity"], row["kind"])]
        first = min((row["change_id"] for row in wanted), default=0)
        history = History(session, {(row["entity"], row["record_id"]) for row in wanted}, first)
        planned = []
        for row in wanted:
            moment = history.moment(schema.entities[row["entity"]], row["record_id"], row["change_id"])
            if moment:
                planned += _runs_of(session, workshop, row, moment, edges)
        planned += _runs_of_edges(session, workshop, edges)
        store.insert_new(session, store.run, hold_paused(session, planned))
        if not store.finish_events(session, rows, workshop.clock()):
            session.rollback()  # somebody else holds one of them: their plan counts, ours does not


def rules_for(schema: Schema, entity: str, kind: str) -> list[Rule]:
    """Return the enabled rules an event of this kind may fire, in the order in which they run."""
    rules: Sequence[Rule] = list(schema.parts.get("rule", {}).values())
    found = [
        rule
        for rule in rules
        if rule.enabled and rule.entity == entity and kind in TRIGGERS[rule.trigger.kind].events
    ]
    return sorted(found, key=lambda rule: (-rule.priority, rule.name))


def _runs_of(
    session: CrmSession, workshop: RuleWorkshop, row: Mapping, moment: Moment, edges: Edges
) -> Iterator[dict[str, Any]]:
    for firing in fired_by(session, workshop, row, moment, edges):
        yield _planned(session, workshop, firing, row, moment)


def _runs_of_edges(session: CrmSession, workshop: RuleWorkshop, edges: Edges) -> Iterator[dict[str, Any]]:
    """Yield the runs of edges that changes of other records brought, each with that change as its cause."""
    rules = session.workspace.schema.parts["rule"]
    for name, record_id, change in edges.rest():
        rule, event = rules[name], change["event"]
        origin = Origin(
            session.workspace.schema.entities[rule.entity],
            record_id,
            {},
            tuple(change["cause"]),
            actor_of(change),
        )
        row = {**event, "kind": EDGE, "entity": rule.entity, "record_id": record_id}
        firing = _firing(session, rule, row, origin, key_of(rule, row, workshop))
        yield _planned(session, workshop, firing, row, origin)


def _planned(
    session: CrmSession, workshop: RuleWorkshop, firing: Firing, row: Mapping, origin: Origin
) -> dict[str, Any]:
    """Return the row of a run; one that would be too much for its cause, or goes in circles, is held back and told."""
    root = root_of_chain(session, origin.cause, row["id"])
    about = (origin.entity.name, origin.record_id)
    spreads = bool(_rules_in(origin)) or row["kind"] == EDGE
    if firing.state == store.WAITING and spreads and not spend(session, root, RUNS):
        error = held_back(firing.rule, RUNS)
        firing = Firing(firing.rule, event_key(row), store.STOPPED, error)
        key = f"{error.code}:{firing.rule.name}:{workshop.clock():%Y-%m-%d}"
        tell_admins(session, workshop, error, about, key)
    elif firing.state == store.STOPPED:
        circle = zlib.crc32(f"{origin.entity.name} {firing.rule.name} {_names(_rules_in(origin))}".encode())
        tell_admins(session, workshop, firing.error, about, f"circle:{session.workspace.number}:{circle}")
    return {**run_row(session, workshop, firing, row, origin), "root": root}


def fired_by(
    session: CrmSession, workshop: RuleWorkshop, row: Mapping, moment: Moment, edges: Edges
) -> Iterator[Firing]:
    """Yield the rules an event fires, the ones held back by the loop guard included."""
    waiting = rules_for(session.workspace.schema, row["entity"], row["kind"])
    while waiting:
        rule = waiting.pop(0)
        try:
            key = _key_if_fired(session, workshop, rule, moment, Event(row, edges))
        except sa.exc.SQLAlchemyError:
            raise
        except Exception:  # a rule that cannot be judged must not stop the others
            logger.exception("Rule %s could not be judged for event %s", rule.name, row["id"])
            yield Firing(rule, event_key(row), store.FAILED, Problem("rule.crashed", {"rule": rule.name}))
            continue
        if key is None:
            continue
        firing = _firing(session, rule, row, moment, key)
        yield firing
        if firing.error is None and rule.stop_after:
            for later in waiting:
                edges.take(later, row["record_id"], row["change_id"])
            return


@dataclass(frozen=True)
class Event:
    """One event, and the edges of its batch."""

    row: Mapping[str, Any]
    edges: Edges

    def brings_edge(self, rule: Rule) -> bool:
        """Return whether its change brought the record over a rule's edge."""
        return self.edges.take(rule, self.row["record_id"], self.row["change_id"])


def _key_if_fired(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, moment: Moment, event: Event
) -> str | None:
    """Return what makes the firing of a rule by a change the same one; None when it is not fired."""
    if isinstance(TRIGGERS[rule.trigger.kind], DateTrigger):
        day = late_day(session, workshop, rule, moment, event.row["created_at"])
        due = day and Due(event.row["created_at"], day, "")
        return f"{occasion_of(rule, due, zone_of(rule, workshop))}:{moment.record_id}" if due else None
    fires = event.brings_edge(rule) if rule.is_wide else is_fired(session, rule, moment, workshop)
    return key_of(rule, event.row, workshop) if fires else None


def _firing(session: CrmSession, rule: Rule, row: Mapping, origin: Origin, key: str) -> Firing:
    """Return the firing of a rule, held back where the loop guard says so."""
    error = guard(session, rule, origin)
    if error is None:
        return Firing(rule, key)
    state = store.SKIPPED if _is_own_doing(rule, origin) else store.STOPPED
    return Firing(rule, event_key(row), state, error)


def key_of(rule: Rule, row: Mapping, workshop: RuleWorkshop) -> str:
    """Return what makes a firing the same one: the event, or the record's day, week, month or year."""
    if rule.at_most_once_per:
        period = period_of(rule.at_most_once_per, row["created_at"], zone_of(rule, workshop))
        return f"{period}:{row['record_id']}"
    return event_key(row)


def event_key(row: Mapping) -> str:
    """Return what makes a firing by an event the same one; one event may bring several records over an edge."""
    return f"edge:{row['id']}:{row['record_id']}" if row["kind"] == EDGE else f"event:{row['id']}"


def is_fired(session: CrmSession, rule: Rule, moment: Moment, workshop: RuleWorkshop) -> bool:
    """Return whether a change fires a rule: its trigger is met and its conditions held at that moment."""
    kind = TRIGGERS[rule.trigger.kind]
    if not isinstance(kind, EventTrigger) or not kind.is_met(rule.trigger.body, moment.changed, moment.after):
        return False
    scope = replace(scope_of(session), time_zone=zone_of(rule, workshop), before=moment.changed)
    if rule.condition is None:
        return True
    if not evaluate(rule.condition, moment.after, scope):
        return False
    return not kind.is_edge or not _held_before(rule, moment, scope)


def _held_before(rule: Rule, moment: Moment, scope: Scope) -> bool:
    return moment.before is not None and evaluate(rule.condition, moment.before, replace(scope, before=None))


def guard(session: CrmSession, rule: Rule, moment: Origin) -> Problem | None:
    """Return why the loop guard holds a rule back: it is in the chain already, or the chain is too long."""
    links = _rules_in(moment)
    own = [int(link.rpartition("#")[2]) for link in links if link.startswith(f"rule:{rule.name}#")]
    if own:
        records = store.records_of_runs(session, own)
        if (moment.entity.name, moment.record_id) in records.values():
            return Problem("rule.again_in_chain", {"rule": rule.label, "chain": " → ".join(_names(links))})
    if len(links) >= MAX_DEPTH:
        return Problem(
            "rule.too_deep", {"rule": rule.label, "limit": MAX_DEPTH, "chain": " → ".join(_names(links))}
        )
    return None


def _is_own_doing(rule: Rule, moment: Origin) -> bool:
    """Return whether the rule itself made the change, so that it was held back for no other rule's sake."""
    links = _rules_in(moment)
    return bool(links) and links[-1].startswith(f"rule:{rule.name}#") and len(links) < MAX_DEPTH


def _rules_in(moment: Origin) -> list[str]:
    return [link for link in moment.cause if link.startswith("rule:")]


def _names(links: Sequence[str]) -> list[str]:
    return [link.removeprefix("rule:").rpartition("#")[0] for link in links]


def run_row(
    session: CrmSession, workshop: RuleWorkshop, firing: Firing, row: Mapping, moment: Origin
) -> dict[str, Any]:
    """Return the row of the run that a firing becomes."""
    now = workshop.clock()
    why = {"event": row["kind"], "by": moment.actor, "changed": dict.fromkeys(moment.changed, NO_VALUES)}
    held = firing.error is not None
    return {
        "rule": firing.rule.name,
        "trigger_key": firing.key,
        "revision": session.workspace.number,
        "entity": row["entity"],
        "record_id": row["record_id"],
        "event_id": row["id"],
        "state": firing.state,
        "due_at": now,
        "attempts": 0,
        "tries": 0,
        "why": why,
        "cause": list(moment.cause or (moment.actor,)),
        "error": as_json([firing.error]) if held else None,
        "created_at": now,
        "ended_at": now if held else None,
        "lane": row["lane"],
    }
