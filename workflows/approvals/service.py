"""What people do with approvals: see what waits for them, decide once, and say who decides while they are away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config import current_settings
from crm import events, queue
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, NotAllowedError, NotFoundError, Problem, RecordError
from crm.permissions.store import which_may_be_chosen
from crm.records.values import situation_of, titles_by_id, user_names
from crm.revisions.former_names import read_former_names
from crm.texts import Text
from workflows.approvals import store
from workflows.approvals.seats import FIRST, asked_now, open_seats, stand_ins_now, verdict_of
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.rules.model import Step
from workflows.runs.versions import find_rule
from workflows.runs.work import Work

LONGEST_REASON = 2_000
VERDICTS = {True: store.APPROVED, False: store.REFUSED}


@dataclass(frozen=True)
class Question:
    """An approval as somebody sees it who has a say in it.

    Shape:  `entity` is None when it is gone; `title` is "" for a record out of reach. `is_turn` is False for those
            who come later in an order; `instead_of` names those for whom one stands in.
    """

    id: int
    entity: Entity | None
    record_id: int
    title: str
    text: str
    rule: str
    since: dt.datetime
    is_turn: bool = True
    instead_of: tuple[str, ...] = ()


def list_questions(session: CrmSession) -> list[Question]:
    """Return what waits for the actor, oldest first."""
    me = session.actor.user_id
    rows = store.list_open_of(session, me) if me else []
    seats = store.list_seats(session, [row["id"] for row in rows])
    former, schema = read_former_names(session.connection()), session.workspace.schema
    found = []
    for row in rows:
        entity = former.entity_today(schema, row["entity"], row["revision"])
        mine = [one for one in seats[row["id"]] if me in (one["person_id"], one["stand_in_id"])]
        mine = [one for one in mine if one["verdict"] is None]
        now_open = {one["person_id"] for one in open_seats(seats[row["id"]], _way(session, row))}
        titles = titles_by_id(session, entity, [row["record_id"]], situation_of(session)) if entity else {}
        text = next((one["text"] for one in mine if one["person_id"] == me), mine[0]["stand_in_text"])
        others = [one["person_id"] for one in mine if one["person_id"] != me]
        rule = schema.parts.get("rule", {}).get(row["rule"])
        found.append(
            Question(
                row["id"],
                entity,
                row["record_id"],
                titles.get(row["record_id"], ""),
                Text(text or "").get(session.actor.language),
                rule.label.get(session.actor.language) if rule else row["rule"],
                row["created_at"],
                any(one["person_id"] in now_open for one in mine),
                tuple(user_names(session, others).values()),
            )
        )
    return found


def waiting_on(session: CrmSession, entity: Entity, record_id: int) -> list[Mapping[str, Any]]:
    """Return the approvals that wait about a record: the id, who may speak now, and whether the actor may."""
    rows = store.list_waiting_on(session, read_former_names(session.connection()), entity, record_id)
    seats, me = store.list_seats(session, [row["id"] for row in rows]), session.actor.user_id
    found = []
    for row in rows:
        now_open = open_seats(seats[row["id"]], _way(session, row))
        names = user_names(session, [one["person_id"] for one in now_open])
        mine = any(me in (one["person_id"], one["stand_in_id"]) for one in now_open)
        found.append(
            {"id": row["id"], "people": list(names.values()), "is_mine": mine, "since": row["created_at"]}
        )
    return found


def decide(session: CrmSession, approval_id: int, is_approved: bool, reason: str) -> Mapping[str, Any]:
    """Note what the actor says; the first word counts, and the run goes on when all is said. The caller commits.

    Errors: NotFoundError for what is not asked of the actor; NotAllowedError when it no longer is; ConflictError when
            it is decided, or not their turn; RecordError without a reason for a refusal.
    """
    reason = reason.strip()[:LONGEST_REASON]
    if not is_approved and not reason:
        raise RecordError("http.422", [Problem("approval.reason_needed", field="reason")])
    row = store.find_approval(session, approval_id)
    if row is None or not _is_asked(session, row):
        raise NotFoundError("approval.not_found")
    if not store.wake_run(session, row["run_id"], session.clock()):
        raise _too_late(session, row)
    if not store.hold_waiting(session, approval_id):
        raise _too_late(session, row)
    step, work = _at_work(session, row)
    return _speak(session, row, step, work, VERDICTS[is_approved], reason)


def _speak(
    session: CrmSession, row: Mapping, step: Step, work: Work, verdict: str, reason: str
) -> Mapping[str, Any]:
    me, way = session.actor.user_id, step.body.get("by", FIRST)
    with session.as_system():
        asked = asked_now(work, step.body["of"])
        stand_ins = stand_ins_now(work, asked)
    mine = {person.id for person in asked if me in (person.id, getattr(stand_ins.get(person.id), "id", None))}
    seats = store.list_seats(session, [row["id"]])[row["id"]]
    if not mine:
        raise NotAllowedError("approval.not_asked")
    current = [one["person_id"] for one in open_seats(seats, way) if one["person_id"] in mine]
    if not current:
        raise ConflictError("approval.not_your_turn")
    said = {"verdict": verdict, "decided_by": me, "reason": reason, "at": session.clock()}
    for person_id in current:
        store.change_seat(session, row["id"], person_id, **said)
    seats = [{**one, **said} if one["person_id"] in current else one for one in seats]
    left = {person.id for person in asked}
    state = verdict_of([one for one in seats if one["verdict"] or one["person_id"] in left], way)
    if state != store.WAITING:
        ended = {"state": state, "decided_by": me, "reason": reason, "decided_at": session.clock()}
        store.change_approval(session, row["id"], **ended)
    session.when_committed(events.BELL, lambda: queue.ring(events.BELL))
    return {"id": row["id"], "state": state}


def _way(session: CrmSession, row: Mapping) -> str:
    step = _step_of(session, row)
    return step.body.get("by", FIRST) if step else FIRST


def _is_asked(session: CrmSession, row: Mapping) -> bool:
    me = session.actor.user_id
    seats = store.list_seats(session, [row["id"]])[row["id"]]
    return me is not None and any(me in (one["person_id"], one["stand_in_id"]) for one in seats)


def _too_late(session: CrmSession, row: Mapping) -> ConflictError:
    now = store.find_approval(session, row["id"])
    if now["state"] == store.WAITING or not now["decided_by"]:
        return ConflictError("approval.no_longer_waits")
    names = user_names(session, [now["decided_by"]])
    return ConflictError("approval.decided", person=names.get(now["decided_by"], "—"))


def _step_of(session: CrmSession, row: Mapping) -> Step | None:
    rule, _problem = find_rule(workshop_of(session), row["rule"], row["revision"])
    return next((step for step in rule.every_step() if step.path == row["position"]), None) if rule else None


def _at_work(session: CrmSession, row: Mapping) -> tuple[Step, Work]:
    """Return the step that asks, and its record in hand.

    Errors: ConflictError when the rule was switched off or the record is gone.
    """
    workshop = workshop_of(session)
    rule, _problem = find_rule(workshop, row["rule"], row["revision"])
    step = _step_of(session, row)
    former = read_former_names(session.connection())
    entity = former.entity_today(session.workspace.schema, row["entity"], row["revision"])
    with session.as_system():
        record = session.get(session.workspace.models[entity.name], row["record_id"]) if entity else None
    if rule is None or step is None or record is None:
        raise ConflictError("approval.no_longer_waits")
    return step, Work(session, rule, record, row["key"], workshop.organisation)


def workshop_of(session: CrmSession) -> RuleWorkshop:
    """Return a workshop that speaks the session's revision, to be asked of rules and the organisation."""
    return RuleWorkshop(
        session.get_bind().engine,
        organisation_of(current_settings()),
        clock=session.clock,
        fixed=session.workspace,
    )


def save_away(session: CrmSession, days: tuple[dt.date | None, dt.date | None], stand_in: int | None) -> None:
    """Note that the actor is away and who decides for them; nothing at all for no days. The caller commits.

    Errors: RecordError.
    """
    me, (first, last) = session.actor.user_id, days
    if first is None and last is None:
        store.save_away(session, me, None)
    elif first is None or last is None or last < first:
        raise RecordError("http.422", [Problem("approval.bad_days", field="until")])
    elif (
        stand_in is None or stand_in == me or not which_may_be_chosen(session.connection(), [stand_in], None)
    ):
        raise RecordError("http.422", [Problem("approval.bad_stand_in", field="stand_in")])
    else:
        store.save_away(session, me, {"from_day": first, "until_day": last, "stand_in_id": stand_in})
    for row in store.list_open_of(session, me):  # who has a say is seen at once
        store.wake_run(session, row["run_id"], session.clock())
    session.when_committed(events.BELL, lambda: queue.ring(events.BELL))


def list_decided(session: CrmSession, limit: int) -> list[dict[str, Any]]:
    """Return what the actor decided lately, newest first, with the record's title and address where they may see it."""
    rows = store.list_decided_by(session, session.actor.user_id, limit)
    former, schema, found = read_former_names(session.connection()), session.workspace.schema, []
    for row in rows:
        entity = former.entity_today(schema, row["entity"], row["revision"])
        titles = titles_by_id(session, entity, [row["record_id"]], situation_of(session)) if entity else {}
        url = f"/{entity.name}/show/{row['record_id']}" if entity else ""
        found.append({**row, "title": titles.get(row["record_id"], ""), "url": url})
    return found
