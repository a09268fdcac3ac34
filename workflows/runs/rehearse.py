"""Trying a rule: the real engine on real records, in a transaction that is taken back.

Nothing leaves: mail and notifications are rows of the same transaction, and bells ring after a commit only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate, parse_conditions, say
from crm.database import CrmSession, about_to_write, row_of
from crm.errors import CrmError, NotFoundError, RuleError
from crm.permissions.rows import scope_of
from crm.records.journal import change
from crm.revisions.former_names import read_former_names
from workflows.actions.base import Outcome
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule, Step
from workflows.rules.schedule import duration
from workflows.runs import store
from workflows.runs.edges import edge_holds
from workflows.runs.errors import as_json, problems_of, sentences
from workflows.runs.execute import EndedError, Execution
from workflows.runs.moments import History, Moment
from workflows.runs.plan import is_fired
from workflows.runs.ticking import on_its_day
from workflows.triggers import TRIGGERS, DateTrigger

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_RECORDS = 500
AT_ONCE = 25  # records per transaction, so that a rehearsal on SQLite lets others write in between


def read_period(text: object) -> dt.timedelta:
    """Return how far back to look, from "30d", "12h" or "2 weeks".

    Errors: RuleError when it cannot be read.
    """
    words = str(text)
    if words[-1:] in UNITS and words[:-1].isdigit():
        words = f"{words[:-1]} {UNITS[words[-1]]}"
    found = duration(words)
    if found is None:
        raise RuleError("rule.bad_duration", value=words[:40])
    return found


@dataclass
class Rehearsal:
    """What a rule would do.

    Shape:  `firings` hold record, at and effects; `refused` record and the condition that did not hold.
    """

    rule: str
    considered: int = 0
    firings: list[dict[str, Any]] = attribute(default_factory=list)
    refused: list[dict[str, Any]] = attribute(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `rule try` and of the REST API."""
        return {
            "rule": self.rule,
            "considered": self.considered,
            "firings": self.firings,
            "refused": self.refused,
        }


@dataclass(frozen=True)
class Occasion:
    """A record at a moment at which the rule may fire; `moment` is None for a record as it is now."""

    record_id: int
    at: dt.datetime
    moment: Moment | None = None


class RehearsedExecution(Execution):
    """A run whose steps share one session and wait for nothing."""

    session: CrmSession
    is_trial = True

    @contextmanager
    def transaction(self) -> Iterator[CrmSession]:
        """Give every step the rehearsal's session, as the rule."""
        session = self.session
        before = session.actor, session.cause
        session.actor, session.cause = self.actor, self.cause
        try:
            yield session
            session.flush()
        finally:
            session.actor, session.cause = before

    def sleep(self, step: Step, outcome: Outcome) -> str:
        """Go on at once, to show what would follow if the record stayed as it is."""
        self._perform(step, is_woken=True)
        return self._step(step)


def try_rule(
    workshop: RuleWorkshop, name: str, record_id: int | None = None, since: dt.timedelta | None = None
) -> Rehearsal:
    """Return what a rule would do: for one record, for the records as they are, or for what happened lately.

    Errors: NotFoundError when there is no such rule.
    """
    rule = workshop.workspace().schema.parts.get("rule", {}).get(name)
    if rule is None:
        raise NotFoundError("rule.not_found", name=name)
    found = Rehearsal(name)
    for occasions in _in_batches(_occasions(workshop, rule, record_id, since)):
        with _taken_back(workshop) as session:
            for occasion in occasions:
                _try_one(session, workshop, rule, occasion, found)
    return found


@contextmanager
def _taken_back(workshop: RuleWorkshop) -> Iterator[CrmSession]:
    with about_to_write(), workshop.session() as session:  # what is taken back was written before
        yield session
        session.rollback()


def _in_batches(occasions: Sequence[Occasion]) -> Iterator[Sequence[Occasion]]:
    for start in range(0, len(occasions), AT_ONCE):
        yield occasions[start : start + AT_ONCE]


def _occasions(
    workshop: RuleWorkshop, rule: Rule, record_id: int | None, since: dt.timedelta | None
) -> list[Occasion]:
    if since is not None and rule.is_wide:
        raise RuleError("rule.try_only_now", rule=rule.label)
    if since is not None and not TRIGGERS[rule.trigger.kind].has_no_change:
        return _lately(workshop, rule, record_id, since)
    now = workshop.clock()
    with workshop.reading() as session:
        cls = session.workspace.models[rule.entity]
        asked = sa.select(cls.id).order_by(cls.id.desc()).limit(MOST_RECORDS)
        if record_id is not None:
            asked = asked.where(cls.id == record_id)
        kind = TRIGGERS[rule.trigger.kind]
        if isinstance(kind, DateTrigger) and record_id is None:
            day = kind.last_due(rule.trigger.body, now, zone_of(rule, workshop)).day
            asked = asked.where(on_its_day(cls, rule, day))
        if rule.edge is not rule.condition and rule.edge is not None and record_id is None:
            holds = edge_holds(session, workshop, rule)
            asked = asked.where(~holds if rule.edge_falls else holds)
        return [Occasion(found, now) for found in session.scalars(asked)]


def _lately(workshop: RuleWorkshop, rule: Rule, record_id: int | None, since: dt.timedelta) -> list[Occasion]:
    """Return the changes of the last days that the rule's trigger listens to, each as it was."""
    asked = sa.select(change.c.id, change.c.record_id, change.c.at).where(
        change.c.at >= workshop.clock() - since,
        change.c.kind.in_(TRIGGERS[rule.trigger.kind].events),
    )
    if record_id is not None:
        asked = asked.where(change.c.record_id == record_id)
    with workshop.reading() as session:
        entity = session.workspace.schema.entities[rule.entity]
        asked = asked.where(read_former_names(session.connection()).about(change, entity))
        rows = [
            row_of(row) for row in session.execute(asked.order_by(change.c.id.desc()).limit(MOST_RECORDS))
        ]
        if not rows:
            return []
        first = min(row["id"] for row in rows)
        history = History(session, {(rule.entity, row["record_id"]) for row in rows}, first)
        moments = [(row, history.moment(entity, row["record_id"], row["id"])) for row in reversed(rows)]
        return [Occasion(row["record_id"], row["at"], moment) for row, moment in moments if moment]


def _try_one(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, occasion: Occasion, found: Rehearsal
) -> None:
    found.considered += 1
    record = session.get(session.workspace.models[rule.entity], occasion.record_id)
    if occasion.moment is not None:
        moment = occasion.moment.seen_from(session)
        if not is_fired(session, rule, moment, workshop):
            found.refused.append(
                {"record": occasion.record_id, "at": occasion.at.isoformat(),
                 "condition": _first_false(session, workshop, rule, moment.after)}
            )  # fmt: skip
            return
    elif record is None:
        return
    else:
        reason = _first_false(session, workshop, rule, record)
        if reason is not None:
            found.refused.append({"record": occasion.record_id, "condition": reason})
            return
    effects, problems = _perform(session, workshop, rule, occasion)
    firing = {"record": occasion.record_id, "at": occasion.at.isoformat(), "effects": effects}
    if problems:
        firing["problems"] = problems
    found.firings.append(firing)


def _first_false(session: CrmSession, workshop: RuleWorkshop, rule: Rule, record: Any) -> str | None:
    """Return the first line of `if` that does not hold, as a sentence; None when all do."""
    entity = session.workspace.schema.entities[rule.entity]
    scope = replace(scope_of(session), time_zone=zone_of(rule, workshop))
    for line in rule.lines:
        node, _problems = parse_conditions([line], entity, session.workspace.schema)
        if not evaluate(node, record, scope):
            return say(node, entity, session.workspace.schema, workshop.organisation.language)
    return None


def _perform(
    session: CrmSession, workshop: RuleWorkshop, rule: Rule, occasion: Occasion
) -> tuple[list[dict[str, Any]], list[str]]:
    """Perform the run inside a savepoint and return its effects, then take it back."""
    language = workshop.organisation.language
    with session.begin_nested() as savepoint:
        row = _run_row(session, workshop, rule, occasion)
        execution = RehearsedExecution(workshop, row, rule)
        execution.session = session
        problems: list[str] = []
        try:
            execution.perform()
        except EndedError as end:
            problems = [end.code]
        except CrmError as error:
            problems = sentences(as_json(problems_of(error)), language)
        effects = [_effect(step["effect"]) for step in store.list_steps(session, row["id"])]
        savepoint.rollback()
    return effects, problems


def _effect(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name != "goes_on"}


def _run_row(session: CrmSession, workshop: RuleWorkshop, rule: Rule, occasion: Occasion) -> dict[str, Any]:
    now = workshop.clock()
    row = {
        "rule": rule.name,
        "trigger_key": f"try:{occasion.record_id}:{now.isoformat()}",
        "revision": session.workspace.number,
        "entity": rule.entity,
        "record_id": occasion.record_id,
        "state": store.CLAIMED,
        "due_at": now,
        "attempts": 1,
        "tries": 1,
        "why": {"event": "deleted" if rule.trigger.kind == "record_deleted" else "try", "changed": {}},
        "cause": ["try"],
        "created_at": now,
    }
    key = session.execute(sa.insert(store.run).values(row)).inserted_primary_key
    return {**row, "id": key[0]}
