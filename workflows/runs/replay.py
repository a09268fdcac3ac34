"""The past once more, with a rule on: records as they were, each change made again, each occasion of the clock.

A part of the records is replayed in one transaction that is taken back. What the rule does stays for the rest of its
part, so that a later change finds the record as it would have been.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.conditions import compile_sql
from crm.database import CrmSession
from crm.messages import render
from crm.permissions.rows import scope_of
from crm.records.bulk import RecordEdit, put_back_row, take_away_row, update_stored
from crm.records.draft import RecordDraft
from crm.records.journal import CREATED, DELETED, change, read_changes
from crm.records.values import values_of
from workflows.organisation import zone_of
from workflows.rules.model import Rule
from workflows.rules.reach import reach_of
from workflows.rules.schedule import Due, period_of
from workflows.runs.late import late_day
from workflows.runs.moments import Moment, actor_of, stored_names, typed_values
from workflows.runs.plan import guard, is_fired
from workflows.runs.ticking import occasion_of, on_its_day
from workflows.runs.trial import Stage, StageWorkshop, Start, Trial
from workflows.triggers import TRIGGERS, DateTrigger

Values = dict[str, Any]
Judged = Callable[[int, dt.datetime, RecordDraft | None], str | None]
"""Says why a record was passed over at a moment: its id, the moment, and how it was then."""


@dataclass(frozen=True)
class Refusal:
    """A record that was looked at and did not fire the rule, and why."""

    record_id: int
    at: dt.datetime
    condition: str


class Replay:
    """One part of a rehearsal of the past: some records, all their changes and the occasions between."""

    def __init__(self, workshop: StageWorkshop, rule: Rule, first_false: Judged, is_told: bool) -> None:
        self.workshop, self.rule, self.first_false = workshop, rule, first_false
        self.session: CrmSession = workshop.stage.session
        self.stage: Stage = workshop.stage
        self.entity = self.session.workspace.schema.entities[rule.entity]
        self.kind = TRIGGERS[rule.trigger.kind]
        self.trial = Trial(workshop, rule)
        self.refused: list[Refusal] = []
        self.is_told = is_told  # of each occasion of the clock, why a record was passed over
        self.now: dict[int, Values | None] = {}  # as the record would be; None while it is not there
        self.stored: dict[int, Values | None] = {}  # as its row is
        self.made: dict[int, dt.datetime] = {}  # when each record was created
        self.pending: list[Start] = []
        self.seen: set[str] = set()
        self.names = stored_names(self.entity)
        self.is_alone = rule.condition is not None and self._reaches_out()

    def _reaches_out(self) -> bool:
        ways = reach_of(self.rule.condition, self.entity, self.session.workspace.schema).ways
        return set(ways) != {self.entity.name}

    # Setting the stage

    def go_back(self, ids: Sequence[int], first: int) -> list[dict[str, Any]]:
        """Let records be as they were before a change; return their changes since, in order."""
        asked = sa.select(change).where(change.c.record_id.in_(ids), change.c.id >= first)
        rows = read_changes(self.session, self.entity, asked.order_by(change.c.id))
        cls = self.session.workspace.models[self.entity.name]
        for record in self.session.scalars(sa.select(cls).where(cls.id.in_(ids))):
            self.stored[record.id] = values_of(self.session, record, self.names)
            self.made[record.id] = record.created_at
        for record_id in ids:
            values = self.stored.setdefault(record_id, None)
            self.now[record_id] = None if values is None else dict(values)
        for row in reversed(rows):
            self._take_back(row)
        self._put_back_deleted()
        return rows

    def _take_back(self, row: Mapping[str, Any]) -> None:
        before = {name: pair[0] for name, pair in typed_values(self.entity, row).items()}
        if row["kind"] == CREATED:
            self.now[row["record_id"]] = None
        else:
            self.now[row["record_id"]] = {**(self.now[row["record_id"]] or {}), **before}

    def _put_back_deleted(self) -> None:
        """Write the rows of records that were deleted since."""
        for record_id, values in self.now.items():
            if values is not None:
                self._put_back(record_id, values)

    def _put_back(self, record_id: int, values: Values) -> None:
        """Write the row of a record that is gone; where that cannot be, its runs find it gone."""
        if self.stored[record_id] is not None:
            return
        kept = {name: values.get(name) for name in self.names}
        try:
            with self.session.begin_nested():
                put_back_row(self.session, self.entity, record_id, kept)
        except sa.exc.SQLAlchemyError:
            return
        self.stored[record_id] = dict(values)

    # Playing

    def play(self, moments: Iterable[Mapping[str, Any] | Due]) -> None:
        """Go through changes and occasions of the clock, in the order of time."""
        for moment in moments:
            at = moment.moment if isinstance(moment, Due) else moment["at"]
            self._wake(at)
            self.stage.now = at
            if isinstance(moment, Due):
                self._come_due(moment)
            else:
                self._change(moment)
        self._perform()
        self.trial.wake()

    def _wake(self, until: dt.datetime) -> None:
        if any(moment <= until for moment, _run in self.trial.sleeping):
            self._perform()
            self._read_again(self.trial.wake(until))

    def _change(self, row: Mapping[str, Any]) -> None:
        record_id = row["record_id"]
        if any(start.record_id == record_id for start in self.pending):
            self._perform()
        before = self.now[record_id]
        after = {name: pair[1] for name, pair in typed_values(self.entity, row).items()}
        changed = {
            name: (before or {}).get(name) for name in after if (before or {}).get(name) != after[name]
        }
        moment = self._moment(row, before, after, changed)
        self.now[record_id] = None if row["kind"] == DELETED else {**(before or {}), **after}
        is_event = bool(changed) or row["kind"] != "updated"
        if row["kind"] == DELETED:
            self._erase(record_id)
        elif row["kind"] == CREATED:
            self._put_back(record_id, self.now[record_id] or {})
        if is_event and row["kind"] in self.kind.events:
            self._judge(row, moment)

    def _moment(self, row: Mapping, before: Values | None, after: Values, changed: Values) -> Moment:
        record_id, session = row["record_id"], self.session
        system = {"created_at": self.made.setdefault(record_id, row["at"]), "updated_at": row["at"]}
        kept = {**(before or {}), **after} if row["kind"] != DELETED else dict(before or {})
        draft = RecordDraft(session, self.entity, {**system, **kept}, record_id)
        former = (
            None
            if row["kind"] == CREATED
            else RecordDraft(session, self.entity, {**system, **(before or {})}, record_id)
        )
        return Moment(self.entity, record_id, changed, tuple(row["cause"]), actor_of(row), draft, former)

    def _judge(self, row: Mapping, moment: Moment) -> None:
        key = self._key(row, moment)
        reason = None
        if key is None:
            reason = self.first_false(row["record_id"], row["at"], moment.after) or "—"
        elif key in self.seen:
            reason = "—"
        elif (held := guard(self.session, self.rule, moment)) is not None:
            reason = render(held, self.workshop.organisation.language)
        if reason is not None:
            self.refused.append(Refusal(row["record_id"], row["at"], reason))
            return
        self.seen.add(key)
        why = {
            "event": row["kind"],
            "by": moment.actor,
            "changed": dict.fromkeys(moment.changed, (None, None)),
        }
        cause = tuple(moment.cause) or (moment.actor,)
        self._start(Start(row["record_id"], row["at"], why, cause))

    def _key(self, row: Mapping, moment: Moment) -> str | None:
        """Return what makes the firing by a change the same one; None when it does not fire."""
        if isinstance(self.kind, DateTrigger):
            day = late_day(self.session, self.workshop, self.rule, moment, row["at"])
            due = day and Due(row["at"], day, "")
            zone = zone_of(self.rule, self.workshop)
            return f"{occasion_of(self.rule, due, zone)}:{moment.record_id}" if due else None
        if not is_fired(self.session, self.rule, moment, self.workshop):
            return None
        if self.rule.at_most_once_per:
            period = period_of(self.rule.at_most_once_per, row["at"], zone_of(self.rule, self.workshop))
            return f"{period}:{row['record_id']}"
        return f"change:{row['id']}"

    def _come_due(self, due: Due) -> None:
        self._perform()
        self._write([record_id for record_id, values in self.now.items() if values is not None])
        zone = zone_of(self.rule, self.workshop)
        cls = self.session.workspace.models[self.entity.name]
        there = [record_id for record_id, values in self.now.items() if values is not None]
        asked = sa.select(cls.id).where(cls.id.in_(there)).order_by(cls.id)
        if self.rule.condition is not None:
            scope = replace(scope_of(self.session), time_zone=zone)
            asked = asked.where(compile_sql(self.rule.condition, self.rule.entity, scope))
        if isinstance(self.kind, DateTrigger):
            asked = asked.where(on_its_day(cls, self.rule, due.day))
        busy = {execution.row["record_id"] for _moment, execution in self.trial.sleeping}
        found = list(self.session.scalars(asked))
        for record_id in found:
            key = f"{occasion_of(self.rule, due, zone)}:{record_id}"
            if key not in self.seen and record_id not in busy:
                self.seen.add(key)
                why = {
                    "schedule": self.rule.trigger.kind,
                    "period": due.period,
                    "by": "schedule",
                    "changed": {},
                }
                self._start(Start(record_id, due.moment, why, ("schedule",)))
        if self.is_told:
            self._tell_passed_over(there, set(found), due)
        self._perform()

    def _tell_passed_over(self, there: Sequence[int], found: set[int], due: Due) -> None:
        for record_id in there:
            if record_id not in found:
                draft = RecordDraft(self.session, self.entity, self.now[record_id] or {}, record_id)
                reason = self.first_false(record_id, due.moment, draft) or "—"
                self.refused.append(Refusal(record_id, due.moment, reason))

    # The runs

    def _start(self, start: Start) -> None:
        self.pending.append(start)
        if self.is_alone:
            self._perform()

    def _perform(self) -> None:
        """Perform what has fired, with the rows as the records are at this moment."""
        starts, self.pending = self.pending, []
        if not starts:
            return
        ids = [start.record_id for start in starts]
        self._write(ids)
        self.trial.begin(starts)
        self._read_again(ids)

    def _write(self, ids: Iterable[int]) -> None:
        """Bring the rows of records to what they would hold."""
        edits = []
        for record_id in ids:
            values, stored = self.now[record_id], self.stored[record_id]
            if values is None or stored is None:
                continue
            after = {name: values.get(name) for name in self.names if values.get(name) != stored.get(name)}
            if after:
                edits.append(RecordEdit(record_id, stored, after))
                self.stored[record_id] = {**stored, **after}
        if edits:
            update_stored(self.session, self.entity, edits)
            self.session.expire_all()

    def _erase(self, record_id: int) -> None:
        """Let the row of a deleted record go, so that the rule finds it gone."""
        if self.stored[record_id] is None:
            return
        try:
            with self.session.begin_nested():
                take_away_row(self.session, self.entity, record_id)
        except sa.exc.SQLAlchemyError:
            return
        self.stored[record_id] = None
        self.session.expunge_all()

    def _read_again(self, ids: Iterable[int]) -> None:
        """Take in what the rule has written."""
        cls = self.session.workspace.models[self.entity.name]
        ids = set(ids) & set(self.now)
        self.session.expire_all()
        found = {record.id: record for record in self.session.scalars(sa.select(cls).where(cls.id.in_(ids)))}
        for record_id in ids:
            record = found.get(record_id)
            values = values_of(self.session, record, self.names) if record is not None else None
            self.stored[record_id] = values
            if values is not None:
                self.now[record_id] = dict(values)
            elif record_id in self.now:
                self.now[record_id] = None


def merged(rows: Sequence[Mapping], dues: Sequence[Due]) -> Iterator[Mapping | Due]:
    """Yield changes and occasions in the order of time; a change of the same moment comes first."""
    waiting = list(dues)
    for row in rows:
        while waiting and waiting[0].moment < row["at"]:
            yield waiting.pop(0)
        yield row
    yield from waiting
