"""The buttons of rules, as `crm.records.buttons` wants them."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from config import current_settings
from crm.database import CrmSession, released_engine
from crm.entities.model import Entity
from crm.errors import NotFoundError, Problem
from crm.fields import FIELD_TYPES
from crm.messages import render
from crm.records.buttons import Button, Outcome, Press, Pressed
from crm.records.timeline import Cursor, TimelineEntry
from crm.records.values import known_user_names, situation_of
from workflows.effects import effect_lines
from workflows.given import GIVEN
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.rules.model import Rule
from workflows.runs import press as pressing
from workflows.runs import store
from workflows.runs.turn import perform_now
from workflows.runs.versions import is_open, step_today
from workflows.runs.work import called_with
from workflows.triggers.button import label_of

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0  # so long a page waits for a worker that was quicker
PAUSE_SECONDS = 0.05
SOURCE = "~press"  # of timelines
SAID = {
    store.DONE: "rule.pressed_done",
    store.FAILED: "rule.pressed_failed",
    store.STOPPED: "rule.pressed_stopped",
    store.SKIPPED: "rule.pressed_stopped",
}


class RuleButtons:
    """What rules with the trigger `button` let people press."""

    def shown(self, session: CrmSession, entity: Entity, record_id: int | None) -> list[Button]:
        """Return the buttons the actor may press on a record now; on a selection for None."""
        found = []
        for rule in pressing.buttons_of(session, entity):
            if not pressing.may_press(session, rule, entity):
                continue
            if record_id is not None:
                _seen, allowed, holding = pressing.pressable(
                    session, workshop_of(session), rule, entity, [record_id]
                )
                if record_id not in allowed & holding:
                    continue
            found.append(pressing.as_button(rule))
        return found

    def find(self, session: CrmSession, entity: Entity, name: str) -> Button | None:
        """Return a button the entity has, whether or not it may be pressed."""
        rule = self._rule(session, entity, name)
        return pressing.as_button(rule) if rule else None

    def press(self, session: CrmSession, entity: Entity, ids: Sequence[int], press: Press) -> Pressed:
        """Start what a button does, for each record once; committed by the caller."""
        rule = self._rule(session, entity, press.name)
        if rule is None:
            raise NotFoundError("record.no_such_button", name=press.name[:60])
        return pressing.press(session, workshop_of(session), rule, ids, press)

    def finish(self, session: CrmSession, entity: Entity, pressed: Pressed) -> Outcome:
        """After the commit, do at once what was started for one record; return what came of it."""
        [number] = pressed.runs.values()
        workshop = RuleWorkshop(
            released_engine(session),
            organisation_of(current_settings()),
            clock=session.clock,
            fixed=session.workspace,
        )
        try:
            perform_now(workshop, number)
        except sa.exc.SQLAlchemyError:  # the press is kept, and a worker does what it started
            logger.warning("Run %s could not be performed at once", number, exc_info=True)
        row = _ended(workshop, number)
        message = render(
            Problem(SAID.get(row["state"], "rule.pressed_started"), {"button": pressed.label}),
            session.actor.language,
        )
        is_well = SAID.get(row["state"]) in (None, SAID[store.DONE])
        return Outcome(row["state"], message, _lines(session, entity, row), is_well)

    @staticmethod
    def _rule(session: CrmSession, entity: Entity, name: str) -> Rule | None:
        return next((rule for rule in pressing.buttons_of(session, entity) if rule.name == name), None)


def workshop_of(session: CrmSession) -> RuleWorkshop:
    """Return a workshop that speaks the session's revision; only what it knows of the organisation is asked."""
    return RuleWorkshop(
        session.get_bind(), organisation_of(current_settings()), clock=session.clock, fixed=session.workspace
    )


def _ended(workshop: RuleWorkshop, number: int) -> Mapping[str, Any]:
    """Return a run, having given a worker that was quicker a moment to end it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        with workshop.reading() as session:
            row = store.find_run(session, number)
        assert row is not None, number
        if row["state"] != store.CLAIMED or time.monotonic() > end:
            return row
        time.sleep(PAUSE_SECONDS)


def _lines(session: CrmSession, entity: Entity, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a run did, for those who may read and do all that its rule did."""
    if not is_open(session, row):
        return []
    effects = (step_today(session, entity, row, step) for step in store.list_steps(session, row["id"]))
    return [line for effect in effects for line in effect_lines(session, entity, effect)]


def presses_of(
    session: CrmSession, entity: Entity, record_id: int, before: Cursor | None
) -> list[TimelineEntry]:
    """Return who pressed which button on a record, newest first; what they typed for those who may know it."""
    found = pressing.presses_on(session, entity, record_id, before, SOURCE)
    if not found:
        return []
    callers = {row["id"]: called_with(row).get("caller_id") for _rule, row in found}
    names = known_user_names(session, callers.values())
    language = session.actor.language
    return [
        TimelineEntry(
            row["created_at"],
            "button",
            label_of(rule.trigger.body).get(language),
            _typed_words(session, rule, row),
            who=names.get(callers[row["id"]], ""),
            source=SOURCE,
            number=row["id"],
        )
        for rule, row in found
    ]


def _typed_words(session: CrmSession, rule: Rule, row: Mapping[str, Any]) -> str:
    given, fields = row["why"].get(GIVEN), (rule.given.fields if rule.given else None) or {}
    if not given or not is_open(session, row):
        return ""
    situation, language = situation_of(session), session.actor.language
    found = []
    for name, field in fields.items():
        if name in given:
            kind = FIELD_TYPES[field.type]
            value = kind.display(field, kind.from_json(field, given[name]), situation)
            found.append(f"{field.label.get(language)}: {value}")
    return " · ".join(found)
