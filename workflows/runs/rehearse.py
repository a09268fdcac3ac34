"""Trying a rule: the real engine on real records, in a transaction that is taken back.

Nothing leaves: mail and notifications are rows of the same transaction, and bells ring after a commit only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate, parse_conditions, say
from crm.database import CrmSession, about_to_write
from crm.errors import NotFoundError, RuleError
from crm.permissions.rows import scope_of
from crm.records.journal import change
from crm.revisions.former_names import read_former_names
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule
from workflows.rules.schedule import Due, duration
from workflows.runs.edges import edge_holds
from workflows.runs.replay import Replay, merged
from workflows.runs.ticking import clock_of, on_its_day
from workflows.runs.trial import Start, Trial, on_stage
from workflows.triggers import TRIGGERS, DateTrigger

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
MOST_RECORDS = 500  # of today that are looked at when nobody says which; what is left out is said
MOST_OCCASIONS = 1_000  # of the clock that are played; how many are left out is said
AT_ONCE = 100  # changed records per transaction, so that a rehearsal on SQLite lets others write in between
STILL_AT_ONCE = 2_000  # records without a change in the time that is played

Watch = Callable[[int, int], None]
"""Told how much is done, and of how much; may end the rehearsal by an exception."""


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


@dataclass(frozen=True)
class Asked:
    """What to rehearse: one record, the changes of a time or the last ones, or the records of today.

    Shape:  `language` is the reader's, for conditions in words; the organisation's when it is empty.
    """

    record_id: int | None = None
    since: dt.timedelta | None = None
    changes: int | None = None
    language: str = ""

    @property
    def is_past(self) -> bool:
        """Whether what happened is played again."""
        return self.since is not None or self.changes is not None


@dataclass
class Rehearsal:
    """What a rule would do.

    Shape:  `firings` hold record, at, effects and perhaps problems; `refused` record, at and the condition that did not
            hold. `considered` counts changes, or records at occasions of the clock; `left_out` what there was more.
    """

    rule: str
    considered: int = 0
    left_out: int = 0
    firings: list[dict[str, Any]] = attribute(default_factory=list)
    refused: list[dict[str, Any]] = attribute(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `rule try` and of the REST API."""
        return {
            "rule": self.rule,
            "considered": self.considered,
            "left_out": self.left_out,
            "firings": self.firings,
            "refused": self.refused,
        }

    def add(self, trial: Trial) -> None:
        """Take in what the runs of a part did."""
        for row, (effects, problems) in zip(trial.rows, trial.outcomes(), strict=True):
            firing = {"record": row["record_id"], "at": row["created_at"].isoformat(), "effects": effects}
            self.firings.append({**firing, **({"problems": problems} if problems else {})})


def nobody(_done: int, _total: int) -> None:
    """Watch nothing."""


def try_rule(
    workshop: RuleWorkshop,
    name: str,
    record_id: int | None = None,
    since: dt.timedelta | None = None,
    changes: int | None = None,
) -> Rehearsal:
    """Return what a rule would do: for one record, for the records as they are, or for what happened lately.

    Errors: as `rehearse`.
    """
    return rehearse(workshop, name, Asked(record_id, since, changes))


def rehearse(workshop: RuleWorkshop, name: str, asked: Asked, watch: Watch = nobody) -> Rehearsal:
    """Return what a rule of the workshop's revision would do.

    Errors: NotFoundError when there is no such rule; RuleError when it cannot be tried so.
    """
    workspace = workshop.workspace()
    rule = workspace.schema.parts.get("rule", {}).get(name)
    if rule is None:
        raise NotFoundError("rule.not_found", name=name)
    return _Trying(replace(workshop, fixed=workspace), rule, asked, watch).go()


@dataclass
class _Trying:
    workshop: RuleWorkshop
    rule: Rule
    asked: Asked
    watch: Watch
    found: Rehearsal = attribute(init=False)

    def __post_init__(self) -> None:
        self.found = Rehearsal(self.rule.name)
        self.kind = TRIGGERS[self.rule.trigger.kind]
        self.lines = list(self._parsed())

    def go(self) -> Rehearsal:
        is_called = self.kind.has_no_change and not self.kind.is_scheduled
        if self.asked.is_past and self.rule.is_wide:
            raise RuleError("rule.try_only_now", rule=self.rule.label)
        if not self.asked.is_past or is_called:
            self._today()
        elif self.kind.is_scheduled:
            self._occasions()
        else:
            self._changes()
        self.found.firings.sort(key=lambda one: one["at"])
        return self.found

    # As it is today

    def _today(self) -> None:
        with self.workshop.reading() as session:
            cls = session.workspace.models[self.rule.entity]
            asked = sa.select(cls.id).order_by(cls.id.desc())
            if self.asked.record_id is not None:
                asked = asked.where(cls.id == self.asked.record_id)
            elif isinstance(self.kind, DateTrigger):
                zone = zone_of(self.rule, self.workshop)
                day = self.kind.last_due(self.rule.trigger.body, self.workshop.clock(), zone).day
                asked = asked.where(on_its_day(cls, self.rule, day))
            elif self.rule.edge is not None and self.rule.edge is not self.rule.condition:
                holds = edge_holds(session, self.workshop, self.rule)
                asked = asked.where(~holds if self.rule.edge_falls else holds)
            total = session.scalar(sa.select(sa.func.count()).select_from(asked.subquery()))
            ids = list(session.scalars(asked.limit(MOST_RECORDS)))
        self.found.left_out = total - len(ids)
        for part in _parts(ids, AT_ONCE):
            with self._taken_back() as session:
                self._today_part(session, part)
            self.watch(self.found.considered, len(ids))

    def _today_part(self, session: CrmSession, ids: Sequence[int]) -> None:
        workshop, stage = on_stage(self.workshop, session)
        event = "deleted" if self.kind.events == {"deleted"} else "try"
        starts = []
        for record_id in ids:
            record = session.get(session.workspace.models[self.rule.entity], record_id)
            if record is None:
                continue
            self.found.considered += 1
            reason = self._first_false(session, record)
            if reason is None:
                starts.append(Start(record_id, stage.now, {"event": event, "changed": {}}))
            else:
                self.found.refused.append({"record": record_id, "condition": reason})
        for start in starts:
            with session.begin_nested() as savepoint:  # each as if it were the only one
                alone = Trial(workshop, self.rule)
                alone.begin([start])
                alone.wake()
                self.found.add(alone)
                savepoint.rollback()

    # The past

    def _changes(self) -> None:
        """Play the changes again that the rule's trigger listens to."""
        with self.workshop.reading() as session:
            mine = self._changes_of(session).where(change.c.kind.in_(self.kind.events))
            if self.asked.since is not None:
                mine = mine.where(change.c.at >= self.workshop.clock() - self.asked.since)
            rows = session.execute(mine.order_by(change.c.id.desc()).limit(self.asked.changes)).all()
        ids = list(dict.fromkeys(row.record_id for row in reversed(rows)))
        first = min((row.id for row in rows), default=0)
        for part in _parts(ids, AT_ONCE):
            self._play(part, first, ())
            self.watch(self.found.considered, len(rows))

    def _occasions(self) -> None:
        """Play the occasions of the clock again, with the records as they were."""
        since = self.asked.since or dt.timedelta(days=30)
        dues, self.found.left_out = self._dues(self.workshop.clock() - since)
        with self.workshop.reading() as session:
            cls = session.workspace.models[self.rule.entity]
            asked = sa.select(cls.id).order_by(cls.id)
            mine = self._changes_of(session).where(change.c.at >= self.workshop.clock() - since)
            if self.asked.record_id is not None:
                asked = asked.where(cls.id == self.asked.record_id)
            rows = session.execute(mine).all()
            changed = {row.record_id for row in rows}
            still = [number for number in session.scalars(asked) if number not in changed]
        first, total = min((row.id for row in rows), default=0), len(dues) * (len(changed) + len(still))
        for part in (*_parts(sorted(changed), AT_ONCE), *_parts(still, STILL_AT_ONCE)):
            self._play(part, first if part[0] in changed else None, dues)
            self.found.considered += len(dues) * len(part)
            self.watch(self.found.considered, total)

    def _dues(self, start: dt.datetime) -> tuple[list[Due], int]:
        """Return the occasions since a moment, the oldest first, and how many more there were."""
        clock, zone = clock_of(self.rule), zone_of(self.rule, self.workshop)
        found: list[Due] = []
        left, now = 0, self.workshop.clock()
        while (due := clock.last_due(self.rule.trigger.body, now, zone)).moment >= start:
            if len(found) < MOST_OCCASIONS:
                found.append(due)
            else:
                left += 1
            now = due.moment - dt.timedelta(seconds=1)
            if left > MOST_OCCASIONS * 50:
                break
        return found[::-1], left

    def _changes_of(self, session: CrmSession) -> sa.Select:
        entity = session.workspace.schema.entities[self.rule.entity]
        asked = sa.select(change.c.id, change.c.record_id).where(
            read_former_names(session.connection()).about(change, entity)
        )
        if self.asked.record_id is not None:
            asked = asked.where(change.c.record_id == self.asked.record_id)
        return asked

    def _play(self, ids: Sequence[int], first: int | None, dues: Sequence[Due]) -> None:
        with self._taken_back() as session:
            workshop, _stage = on_stage(self.workshop, session)
            is_told = self.asked.record_id is not None
            judge = lambda _id, _at, draft: self._first_false(session, draft) if draft else None  # noqa: E731
            replay = Replay(workshop, self.rule, judge, is_told)
            rows = replay.go_back(ids, first if first is not None else 2**62)
            replay.play(merged(rows, dues))
            self.found.add(replay.trial)
        if not self.kind.is_scheduled:
            self.found.considered += sum(row["kind"] in self.kind.events for row in rows)
        if is_told or not self.kind.is_scheduled:
            self.found.refused += [
                {"record": one.record_id, "at": one.at.isoformat(), "condition": one.condition}
                for one in replay.refused
            ]

    # What both need

    @contextmanager
    def _taken_back(self) -> Iterator[CrmSession]:
        with about_to_write(), self.workshop.session() as session:  # what is taken back was written before
            yield session
            session.rollback()

    def _first_false(self, session: CrmSession, record: Any) -> str | None:
        """Return the first line of `if` that does not hold, as a sentence; None when all do."""
        scope = replace(scope_of(session), time_zone=zone_of(self.rule, self.workshop))
        return next((said for node, said in self.lines if not evaluate(node, record, scope)), None)

    def _parsed(self) -> Iterator[tuple[Any, str]]:
        """Yield the lines of `if`, each with its sentence."""
        schema = self.workshop.workspace().schema
        language = self.asked.language or self.workshop.organisation.language
        entity = schema.entities[self.rule.entity]
        for line in self.rule.lines:
            node, _problems = parse_conditions([line], entity, schema)
            yield node, say(node, entity, schema, language)


def _parts(found: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]
