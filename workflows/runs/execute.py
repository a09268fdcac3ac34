"""Performing runs: each step in a transaction with its own row, so that a step done is done once."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.errors import ConflictError, CrmError, Problem, UnavailableError
from crm.permissions.model import Actor
from workflows.actions import ACTIONS
from workflows.actions.base import Outcome
from workflows.organisation import RuleWorkshop, zone_of
from workflows.rules.model import Rule, Step
from workflows.runs import store
from workflows.runs.budget import BudgetError, root_of
from workflows.runs.errors import as_json, problems_of
from workflows.runs.moments import find_gone
from workflows.runs.pauses import note_failure
from workflows.runs.telling import tell_admins
from workflows.runs.versions import find_rule
from workflows.runs.work import Work, called_with
from workflows.triggers import TRIGGERS

logger = logging.getLogger(__name__)

DELAYS_SECONDS = (5, 30, 120, 600)
"""How long a run waits after each failure that may heal by itself; after the last it is given up."""

ON, ENDED, ASLEEP = "on", "ended", "asleep"


class FencedError(Exception):
    """Another attempt has taken the run: this one must not write any more."""


class EndedError(Exception):
    """The run ends here for a reason that is nobody's mistake."""

    def __init__(self, state: str, code: str) -> None:
        super().__init__(code)
        self.state, self.code = state, code


def execute_run(workshop: RuleWorkshop, row: Mapping) -> bool:
    """Perform one claimed run as far as it goes; return whether it went well. What goes wrong in it stays in it."""
    try:
        if row["tries"] > len(DELAYS_SECONDS) + 1:
            raise EndedError(store.FAILED, "rule.gave_up")
        Execution(workshop, row, _rule_of(workshop, row)).perform()
        return True
    except FencedError:
        logger.warning("Run %s was taken over by another attempt", row["id"])
        return True
    except EndedError as end:
        _end(workshop, row, end.state, [Problem(end.code, {"rule": row["rule"]})])
        return True
    except (ConflictError, UnavailableError) as error:
        _retry(workshop, row, problems_of(error))
    except BudgetError as error:
        _hold_back(workshop, row, error)
    except CrmError as error:
        _end(workshop, row, store.FAILED, problems_of(error))
    except Exception:  # the outermost edge: a bug or a database that was away; logged, tried again, shown
        logger.exception("Run %s of rule %s broke", row["id"], row["rule"])
        _retry(workshop, row, [Problem("rule.crashed", {"rule": row["rule"]})])
    return False


def _rule_of(workshop: RuleWorkshop, row: Mapping) -> Rule:
    rule, problem = find_rule(workshop, row["rule"], row["revision"])
    if rule is None:
        raise EndedError(store.STOPPED, problem)
    return rule


def _end(workshop: RuleWorkshop, row: Mapping, state: str, problems: Sequence[Problem]) -> None:
    with workshop.session() as session:
        ended = store.end_run(session, row, state, workshop.clock(), as_json(problems))
        if ended and state == store.FAILED:
            note_failure(session, workshop, row["rule"], (row["entity"], row["record_id"]))


def _hold_back(workshop: RuleWorkshop, row: Mapping, error: BudgetError) -> None:
    """Stop a run that would go beyond its cause's budget, and tell the administrators, once per rule and day."""
    problem, now = error.as_problem(), workshop.clock()
    with workshop.session() as session:
        store.end_run(session, row, store.STOPPED, now, as_json([problem]))
        key = f"{problem.code}:{row['rule']}:{now:%Y-%m-%d}"
        tell_admins(session, workshop, problem, (row["entity"], row["record_id"]), key)


def _retry(workshop: RuleWorkshop, row: Mapping, problems: Sequence[Problem]) -> None:
    if row["tries"] > len(DELAYS_SECONDS):
        _end(workshop, row, store.FAILED, problems)
        return
    due_at = workshop.clock() + dt.timedelta(seconds=DELAYS_SECONDS[row["tries"] - 1])
    with workshop.session() as session:
        store.put_off_run(session, row, due_at, error=as_json(problems))


class Execution:
    """One attempt at one run.

    Shape:  the rehearsal is a subclass that gives every step the same session and takes it all back at the
            end.
    """

    is_trial = False

    def __init__(self, workshop: RuleWorkshop, row: Mapping, rule: Rule) -> None:
        self.workshop, self.row, self.rule = workshop, row, rule
        self.cause = (*row["cause"], f"rule:{rule.name}#{row['id']}")
        self.actor = Actor(
            "rule", rule.name, language=workshop.organisation.language, time_zone=zone_of(rule, workshop)
        )
        self.workspace = workshop.workspace()
        self.done: dict[str, Mapping] = {}

    @contextmanager
    def transaction(self) -> Iterator[CrmSession]:
        """Open the transaction of one step, and make sure that the run is still ours."""
        with self.workshop.session(self.actor, self.cause, self.workspace) as session:
            if not store.hold_run(session, self.row, self.workshop.lease_end()):
                raise FencedError
            yield session

    def perform(self) -> None:
        """Do the steps that are not done yet, and write how the run ended."""
        if self.row["attempts"] > 1 or self.row.get("has_begun"):
            with self.transaction() as session:
                self.done = {step["position"]: step for step in store.list_steps(session, self.row["id"])}
        verdict = self._walk(self.rule.steps)
        if verdict != ASLEEP and not self._has_ended_itself(verdict):
            with self.transaction() as session:
                state = store.DONE if verdict == ON else store.STOPPED
                store.end_run(session, self.row, state, self.workshop.clock())

    def _has_ended_itself(self, verdict: str) -> bool:
        """Whether the last step's transaction has ended the run too, which saves one."""
        last = self.rule.steps[-1].path
        return verdict == ON and self.done.get(last, {}).get("ended_run", False)

    def _judge_again(self, work: Work) -> None:
        """End a run without a change, before its first step, when its conditions no longer hold at its turn."""
        if self.done or self.rule.condition is None or not TRIGGERS[self.rule.trigger.kind].has_no_change:
            return
        if not work.holds(self.rule.condition):
            raise EndedError(store.SKIPPED, "rule.no_longer_true")

    def _walk(self, steps: Sequence[Step]) -> str:
        for step in steps:
            verdict = self._step(step)
            if verdict != ON:
                return verdict
        return ON

    def _step(self, step: Step) -> str:
        before = self.done.get(step.path)
        if before is None or before["state"] == store.WAITING:
            outcome = self._perform(step, is_woken=before is not None)
            if outcome.until:
                return self.sleep(step, outcome)
            effect = {**outcome.effect, "goes_on": outcome.goes_on}
        else:
            effect = before["effect"]
        if not effect.get("goes_on", True):
            return ENDED
        branch = effect.get("branch")
        return self._walk(step.branches[branch].steps) if step.branches and branch is not None else ON

    def sleep(self, step: Step, outcome: Outcome) -> str:
        """Leave the run; a worker finds it when it is due."""
        return ASLEEP

    def _perform(self, step: Step, is_woken: bool) -> Outcome:
        """Do one step and write its row, in one transaction."""
        started = time.monotonic()
        with self.transaction() as session:
            work = self._work(session, step)
            self._judge_again(work)
            action = ACTIONS[step.action]
            outcome = action.wake(step, work) if is_woken else action.perform(step, work)
            now = self.workshop.clock()
            state = store.WAITING if outcome.until else store.DONE
            effect = {**outcome.effect, "goes_on": outcome.goes_on}
            save = store.end_wait if is_woken else store.add_step
            values = {"state": state, "effect": effect, "revision": session.workspace.number, "at": now}
            values["ms"] = round((time.monotonic() - started) * 1_000)
            save(session, self.row["id"], step.path, values)
            row: dict[str, Any] = {"state": state, "effect": effect}
            if outcome.until:
                store.put_off_run(session, self.row, outcome.until, tries=0, error=None)
            elif step is self.rule.steps[-1] and outcome.goes_on and not step.branches:
                row["ended_run"] = store.end_run(session, self.row, store.DONE, now)
        self.done[step.path] = row
        return outcome

    def _work(self, session: CrmSession, step: Step) -> Work:
        entity = session.workspace.schema.entities.get(self.rule.entity)
        if entity is None:
            raise EndedError(store.STOPPED, "rule.record_gone")
        record = session.get(session.workspace.models[entity.name], self.row["record_id"])
        is_gone = record is None and self.row["why"].get("event") == "deleted"
        if is_gone:
            record = find_gone(session, entity, self.row["record_id"])
        if record is None:
            raise EndedError(store.STOPPED, "rule.record_gone")
        organisation = replace(self.workshop.organisation, zone=self.actor.time_zone)
        key = f"{self.row['id']}:{step.path}"
        work = Work(session, self.rule, record, key, organisation, is_gone, root_of(self.row), self.cause)
        return replace(work, **called_with(self.row), is_trial=self.is_trial)


def continue_run(session: CrmSession, run_id: int, now: dt.datetime) -> bool:
    """Let a failed run be taken up again where it stopped; return whether there was one."""
    failed = (store.run.c.id == run_id) & (store.run.c.state == store.FAILED)
    values = {"state": store.WAITING, "due_at": now, "tries": 0, "error": None, "ended_at": None}
    return session.execute(sa.update(store.run).where(failed).values(values)).rowcount == 1
