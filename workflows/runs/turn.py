"""One claim of runs and what becomes of it: what can go together does, and rules that lag keep nobody waiting."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm.records.journal import DELETED
from workflows.organisation import RuleWorkshop
from workflows.runs import store
from workflows.runs.crowd import Crowd, can_go_together
from workflows.runs.execute import execute_run
from workflows.runs.pace import PACE, TURN_SECONDS, Pace
from workflows.runs.versions import find_rule
from workflows.runs.work import TooSlowError

logger = logging.getLogger(__name__)

BATCH = 200  # of one claim; between two claims a worker looks whether its turn is over
LAGGING_BATCH = 10  # of rules that give way
LEASE_SHARE = 0.5  # of a lease; what has not begun by then is given back

Row = Mapping[str, Any]


def execute_runs(workshop: RuleWorkshop, pace: Pace = PACE) -> int:
    """Perform runs that are due; return how many were taken."""
    with workshop.reading() as session:
        if not store.has_due(session, store.run, workshop.clock()):
            return 0
    pinned = replace(workshop, fixed=workshop.workspace())  # one look for the live revision per claim
    count = _take_others(pinned, pace)
    if pace.lagging and (not count or not pace.owed):
        count += _take_lagging(pinned, pace)
    return count


def perform_now(workshop: RuleWorkshop, run_id: int) -> None:
    """Perform one run for somebody who waits for it, unless a worker holds it or its turn has not come."""
    pinned = replace(workshop, fixed=workshop.workspace())
    with pinned.session() as session:
        rows = store.claim(
            session, store.run, pinned.clock(), pinned.lease_end(), 1, store.run.c.id == run_id
        )
    for row in rows:
        execute_run(pinned, row)


def _take_others(workshop: RuleWorkshop, pace: Pace) -> int:
    started = time.monotonic()
    with workshop.session() as session:
        passed = ~store.run.c.rule.in_(sorted(pace.lagging)) if pace.lagging else None
        rows = store.claim(session, store.run, workshop.clock(), workshop.lease_end(), BATCH, passed)
    Claim(workshop, pace, started + workshop.lease_seconds * LEASE_SHARE).perform(rows)
    pace.note_others(time.monotonic() - started)
    return len(rows)


def _take_lagging(workshop: RuleWorkshop, pace: Pace) -> int:
    started = time.monotonic()
    with workshop.session() as session:
        mine = store.run.c.rule.in_(sorted(pace.lagging))
        rows = store.claim(session, store.run, workshop.clock(), workshop.lease_end(), LAGGING_BATCH, mine)
    Claim(workshop, pace, started + TURN_SECONDS, is_patient=True).perform(rows)
    pace.note_lagging(time.monotonic() - started)
    return len(rows)


@dataclass(frozen=True)
class Claim:
    """Runs that this worker holds.

    Shape:  `ends` is when what has not begun is given back; a claim that `is_patient` is not given back because its
            rules lag.
    """

    workshop: RuleWorkshop
    pace: Pace
    ends: float
    is_patient: bool = False

    def perform(self, rows: Sequence[Row]) -> None:
        """Perform them in the order of each record; what keeps others waiting is given back."""
        left: list[Row] = []
        for alike in in_order(rows):
            for row in self._together(alike):
                if self._is_for_later(row):
                    left.append(row)
                else:
                    self._alone(row)
        if left:
            with self.workshop.session() as session:
                store.release_runs(session, left)

    def _is_for_later(self, row: Row) -> bool:
        lags = row["rule"] in self.pace.lagging and not self.is_patient
        return lags or time.monotonic() > self.ends

    def _alone(self, row: Row) -> None:
        started = time.monotonic()
        went_well = execute_run(self.workshop, row)
        self.pace.note_run(row["rule"], time.monotonic() - started, went_well)

    def _together(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Perform what can be done for all at once; return the runs that must be done by themselves."""
        name = rows[0]["rule"]
        fresh = [row for row in rows if row["attempts"] == 1 and row["why"].get("event") != DELETED]
        if len(fresh) < 2 or name in self.pace.single or name in self.pace.lagging:
            return rows
        rule, _problem = find_rule(self.workshop, name, rows[0]["revision"])
        if rule is None or rule.entity not in self.workshop.workspace().models or not can_go_together(rule):
            return rows
        try:
            alone = Crowd(self.workshop, rule).perform(fresh)
        except TooSlowError:
            logger.info("Runs of rule %s take too long to go together", name)
            self.pace.single.add(name)
            alone = fresh
        return sorted([*alone, *(row for row in rows if row not in fresh)], key=store.by_id)


def in_order(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield the runs of each rule together, no two on one record, so that those of a record keep their order."""
    waves: list[dict[tuple, list[Row]]] = []
    seen: Counter[tuple] = Counter()
    for row in sorted(rows, key=store.by_id):
        record = (row["entity"], row["record_id"])
        if seen[record] == len(waves):
            waves.append({})
        waves[seen[record]].setdefault((row["rule"], row["revision"], row["entity"]), []).append(row)
        seen[record] += 1
    for wave in waves:
        yield from wave.values()
