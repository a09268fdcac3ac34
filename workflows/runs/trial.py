"""Runs of a rehearsal: the real engine in one session whose transaction is taken back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.database import CrmSession
from crm.errors import CrmError
from crm.permissions.model import SYSTEM, Actor
from crm.records.journal import open_values
from crm.revisions.workspace import Workspace
from workflows.actions.base import Outcome
from workflows.mail import outbox
from workflows.organisation import RuleWorkshop
from workflows.rules.model import Rule, Step
from workflows.runs import store
from workflows.runs.crowd import Crowd, can_go_together
from workflows.runs.errors import as_json, problems_of, sentences
from workflows.runs.execute import ASLEEP, EndedError, Execution
from workflows.runs.work import TooSlowError


@dataclass
class Stage:
    """The one session of a part of a rehearsal, and what time it is there."""

    session: CrmSession
    now: dt.datetime


@dataclass(frozen=True)
class StageWorkshop(RuleWorkshop):
    """A workshop whose every session is the rehearsal's, and whose clock stands at the moment that is rehearsed."""

    stage: Stage | None = None

    @contextmanager
    def session(
        self, actor: Actor = SYSTEM, cause: tuple[str, ...] = (), workspace: Workspace | None = None
    ) -> Iterator[CrmSession]:
        """Lend the rehearsal's session; what goes wrong in it is taken back to where it began."""
        session = self.stage.session
        before = session.actor, session.cause
        with session.begin_nested():
            session.actor, session.cause = actor, cause
            try:
                yield session
                session.flush()
            finally:
                session.actor, session.cause = before


def on_stage(workshop: RuleWorkshop, session: CrmSession) -> tuple[StageWorkshop, Stage]:
    """Return a workshop for a session, and its stage."""
    stage = Stage(session, workshop.clock())
    session.clock = lambda: stage.now
    made = StageWorkshop(
        workshop.engine,
        workshop.organisation,
        clock=lambda: stage.now,
        lease_seconds=workshop.lease_seconds,
        fixed=session.workspace,
        stage=stage,
    )
    return made, stage


@dataclass(frozen=True)
class Start:
    """A run that is to begin: its record, what made it begin, and the chain that led there."""

    record_id: int
    at: dt.datetime
    why: Mapping[str, Any]
    cause: tuple[str, ...] = ("try",)


class TrialExecution(Execution):
    """A run that leaves its waits to the rehearsal: `wakes_at` says until when it sleeps."""

    is_trial = True
    wakes_at: dt.datetime | None = None
    slept: frozenset[str] = frozenset()

    def sleep(self, step: Step, outcome: Outcome) -> str:
        """Sleep once per step; what sleeps again waits for somebody who is not there."""
        self.wakes_at = None if step.path in self.slept else outcome.until
        self.slept |= {step.path}
        return ASLEEP


@dataclass
class Trial:
    """All runs of one part of a rehearsal, in the order in which they began.

    Shape:  `sleeping` holds the moment at which each run that waits goes on.
    """

    workshop: StageWorkshop
    rule: Rule
    rows: list[dict[str, Any]] = attribute(default_factory=list)
    problems: dict[int, list[str]] = attribute(default_factory=dict)
    sleeping: list[tuple[dt.datetime, TrialExecution]] = attribute(default_factory=list)
    last_message: int = 0

    def __post_init__(self) -> None:
        """Remember which messages were there before."""
        self.last_message = outbox.last_number(self.session)

    @property
    def session(self) -> CrmSession:
        """The rehearsal's session."""
        return self.workshop.stage.session

    def begin(self, starts: Sequence[Start]) -> None:
        """Perform runs, each on another record; together where the engine would."""
        rows = self._write(starts)
        self.rows += rows
        alone: Sequence[Mapping[str, Any]] = rows
        if len(rows) > 1 and can_go_together(self.rule):
            try:
                alone = Crowd(self.workshop, self.rule).perform(rows)
            except TooSlowError:
                alone = rows
        for row in alone:
            self._go(TrialExecution(self.workshop, row, self.rule))

    def _write(self, starts: Sequence[Start]) -> list[dict[str, Any]]:
        fixed = {
            "rule": self.rule.name, "revision": self.session.workspace.number, "entity": self.rule.entity,
            "state": store.CLAIMED, "attempts": 1, "tries": 1,
        }  # fmt: skip
        rows = [
            {
                **fixed, "record_id": start.record_id, "why": dict(start.why), "cause": list(start.cause),
                "due_at": start.at, "created_at": start.at,
                "trigger_key": f"try:{len(self.rows) + number}:{start.record_id}:{start.at.isoformat()}",
            }
            for number, start in enumerate(starts)
        ]  # fmt: skip
        return [{**row, "id": key} for row, key in zip(rows, store.add_runs(self.session, rows), strict=True)]

    def _go(self, execution: TrialExecution) -> None:
        number = execution.row["id"]
        execution.wakes_at = None
        try:
            execution.perform()
        except EndedError as end:
            self.problems[number] = [end.code]
        except CrmError as error:
            self.problems[number] = self._told(as_json(problems_of(error)))
        if execution.wakes_at is not None:
            self.sleeping.append((execution.wakes_at, execution))

    def _told(self, stored: list | None) -> list[str]:
        return sentences(stored, self.workshop.organisation.language)

    def wake(self, until: dt.datetime | None = None) -> set[int]:
        """Go on with runs whose waits are over by a moment, or with all of them; return their records."""
        touched = set()
        while due := sorted(
            (one for one in self.sleeping if until is None or one[0] <= until), key=lambda one: one[0]
        ):
            moment, execution = due[0]
            self.sleeping.remove(due[0])
            self.workshop.stage.now = max(moment, self.workshop.stage.now)
            store.claim_again(self.session, execution.row["id"])
            execution.row = {**execution.row, "has_begun": True}
            self._go(execution)
            touched.add(execution.row["record_id"])
        return touched

    def outcomes(self) -> list[tuple[list[dict[str, Any]], list[str]]]:
        """Return what each run did and what is wrong with it, with the messages and calls it wrote."""
        ids = [row["id"] for row in self.rows]
        steps, errors = store.steps_of_runs(self.session, ids), store.errors_of_runs(self.session, ids)
        mails = self._mails()
        found = []
        for number in ids:
            effects = [
                _effect(step, mails.get(f"{number}:{step['position']}", [])) for step in steps.get(number, [])
            ]
            problems = self.problems.get(number) or self._told(errors.get(number))
            found.append((effects, problems))
        return found

    def _mails(self) -> dict[str, list[dict[str, str]]]:
        """Return the messages that were written on this stage, by the key of their step."""
        found: dict[str, list[dict[str, str]]] = defaultdict(list)
        for one in outbox.list_since(self.session, self.last_message):
            step = one["key"].rpartition(":")[0]
            found[step].append({key: value for key, value in one.items() if key != "key"})
        return found


def _effect(step: Mapping[str, Any], mails: list[dict[str, str]]) -> dict[str, Any]:
    effect = {name: value for name, value in open_values(step["effect"]).items() if name != "goes_on"}
    return {**effect, "messages": mails} if mails else effect
