"""What people are told of jobs: the bell at the end, and what was not changed in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.bulk import store
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.kept_problems import decode_problem, told_note
from crm.messages import render
from crm.notifications import Notice, add_notification
from crm.texts import LANGUAGES

MOST_TOLD = 100  # records that are named with what was not changed
BELL_KEY = "job:"
ENDS = {"undo": "bulk.undo_ended"}
FEW = 200  # whoever asked for so few has seen the end, for it was done at once

Job = Mapping[str, Any]


def tell_end(session: CrmSession, job: Job) -> None:
    """Ring the bell of who asked, unless they waited for it."""
    if job["user_id"] is None or job["total"] <= FEW:
        return
    params = {"changed": job["changed"], "refused": job["refused"]}
    problem = Problem(ENDS.get(job["kind"], "bulk.ended"), params)
    text = {language: render(problem, language) for language in LANGUAGES}
    add_notification(session, Notice(job["user_id"], text, key=f"{BELL_KEY}{job['id']}"))


def facts_of(job: Job) -> dict[str, Any]:
    """Return what is known of a job without its records."""
    names = ("state", "total", "done", "changed", "refused", "kind", "entity", "undone_by")
    return {"job": job["id"], **{name: job[name] for name in names}, "undoes": job["origin_id"]}


def status_of(session: CrmSession, job: Job) -> dict[str, Any]:
    """Return a job as answers show it."""
    problem = told_note(job["problem"], session.actor.language) if job["problem"] else None
    return {**facts_of(job), "problem": problem, "problems": problems_in_words(session, job)}


def problems_in_words(session: CrmSession, job: Job) -> list[dict[str, Any]]:
    """Return the first records that were not changed, or not wholly, and why: one sentence for each reason."""
    found = store.list_problems(session.connection(), job["id"], MOST_TOLD)
    return [
        {"id": number, "field": field, "message": sentence}
        for number, reasons in found
        for field, sentence in _sentences(session, job, reasons)
    ]


def _sentences(session: CrmSession, job: Job, reasons: list[Any]) -> list[tuple[str | None, str]]:
    entity: Entity | None = session.workspace.schema.entities.get(job["entity"])
    hidden = session.actor.rights(job["entity"]).hidden if entity else frozenset()
    return [
        (
            None if field in hidden else field,
            render(decode_problem(code, params, field), session.actor.language),
        )
        for code, params, field in reasons
    ]
