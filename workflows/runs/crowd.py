"""Runs of one rule on many records, step by step for all of them: few statements, the same promises as for one.

Whatever is out of the ordinary (a save that must be judged after the others, a database that refuses, an action that
does one thing at a time) is left to `execute.execute_run`, which does the run by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.errors import ConflictError, CrmError, Problem, UnavailableError
from crm.permissions.model import Actor
from crm.records.many import ApartError
from workflows.actions import ACTIONS
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule, Step
from workflows.runs import store
from workflows.runs.budget import BudgetError, root_of
from workflows.runs.errors import as_json, problems_of
from workflows.runs.pauses import note_failure
from workflows.runs.work import TooSlowError, Work, called_with
from workflows.triggers import TRIGGERS

logger = logging.getLogger(__name__)

MOST_SECONDS = 5.0  # of one step of a crowd; a rule that takes longer goes one by one, in its own lane
LEFT_ALONE = (ApartError, BudgetError, ConflictError, UnavailableError)
"""What is settled by doing the run by itself: it may be nobody's mistake, or must be told to somebody."""

Runs = Sequence[Mapping[str, Any]]


def can_go_together(rule: Rule) -> bool:
    """Return whether every step of a rule can be done for many records at once."""
    return all(ACTIONS[step.action].is_set_based and not step.branches for step in rule.steps)


@dataclass(frozen=True)
class Crowd:
    """Claimed runs of one rule, each on another record, none of them begun."""

    workshop: RuleWorkshop
    rule: Rule

    def perform(self, rows: Runs) -> Runs:
        """Do the steps for all; return the runs that must be done by themselves, marked if they have begun.

        Errors: TooSlowError when a step takes too long; what was not committed is taken back.
        """
        alone: list[Mapping[str, Any]] = []
        for step in self.rule.steps:
            try:
                rows, apart = self._perform_step(step, rows)
            except TooSlowError:
                raise
            except (ApartError, CrmError, sa.exc.SQLAlchemyError) as error:
                logger.info("Runs of rule %s go one by one: %s", self.rule.name, type(error).__name__)
                rows, apart = [], rows
            except Exception:  # each run says by itself what is wrong with it
                logger.exception("Runs of rule %s go one by one", self.rule.name)
                rows, apart = [], rows
            alone += [{**row, "has_begun": step is not self.rule.steps[0]} for row in apart]
            if not rows:
                break
        return alone

    def _perform_step(self, step: Step, rows: Runs) -> tuple[Runs, Runs]:
        """Do one step for all runs that are still ours; return those that go on, and those to be done alone."""
        workshop, now, started = self.workshop, self.workshop.clock(), time.monotonic()
        zone = zone_of(self.rule, workshop)
        actor = Actor("rule", self.rule.name, language=workshop.organisation.language, time_zone=zone)
        with workshop.session(actor) as session:
            held = store.hold_runs(session, rows, workshop.lease_end())
            rows = [row for row in rows if row["id"] in held]
            works, apart = self._works(session, step, rows)
            works, over = self._judge_again(step, works)
            outcomes = ACTIONS[step.action].perform_all(step, [work for _row, work in works])
            done, failed = [], over
            for (row, _work), outcome in zip(works, outcomes, strict=True):
                if isinstance(outcome, LEFT_ALONE):
                    apart.append(row)
                elif isinstance(outcome, CrmError):
                    failed.append((row, store.FAILED, problems_of(outcome)))
                else:
                    done.append((row, {**outcome.effect, "goes_on": outcome.goes_on}))
            store.add_steps(session, step.path, done, now, time.monotonic() - started)
            if step is self.rule.steps[-1]:
                store.end_runs(session, [row["id"] for row, _effect in done], store.DONE, now)
            for row, state, problems in failed:
                store.end_run(session, row, state, now, as_json(problems))
                if state == store.FAILED:
                    note_failure(session, workshop, row["rule"], (row["entity"], row["record_id"]))
        return [row for row, _effect in done], apart

    def _works(self, session: CrmSession, step: Step, rows: Runs) -> tuple[list[tuple[Mapping, Work]], list]:
        """Return what each run's step has in its hands; runs whose record is gone go alone."""
        cls = session.workspace.models[self.rule.entity]
        asked = sa.select(cls).where(cls.id.in_([row["record_id"] for row in rows])).order_by(cls.id)
        if ACTIONS[step.action].writes_record:
            asked = asked.with_for_update()
        records = {record.id: record for record in session.scalars(asked)}
        organisation = replace(self.workshop.organisation, zone=session.actor.time_zone)
        shared: dict[Any, Any] = {"ids": list(records), "until": time.monotonic() + MOST_SECONDS}
        works, apart = [], []
        for row in rows:
            record = records.get(row["record_id"])
            if record is None:
                apart.append(row)
                continue
            cause = (*row["cause"], f"rule:{self.rule.name}#{row['id']}")
            key = f"{row['id']}:{step.path}"
            called = called_with(row)
            work = Work(
                session, self.rule, record, key, organisation, False, root_of(row), cause, shared, **called
            )
            works.append((row, work))
        return works, apart

    def _judge_again(self, step: Step, works: list) -> tuple[list, list]:
        """Leave out runs without a change, before their first step, whose conditions no longer hold at their turn."""
        rule, kind = self.rule, TRIGGERS[self.rule.trigger.kind]
        if step is not rule.steps[0] or rule.condition is None or not kind.has_no_change:
            return works, []
        problem = Problem("rule.no_longer_true", {"rule": rule.name})
        going, over = [], []
        for row, work in works:
            if work.holds(rule.condition):
                going.append((row, work))
            else:
                over.append((row, store.SKIPPED, [problem]))
        return going, over
