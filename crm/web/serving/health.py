"""`GET /health`: whether the parts of the CRM work together, for load balancers and the people on call."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, jsonify, request

from crm.backlog import Waiting, look_at_backlog
from crm.database import only_reading, utcnow
from crm.errors import Problem, UnavailableError
from crm.events import oldest_waiting
from crm.messages import render
from crm.own_tables.version import require_known
from crm.queue import QueueState, glance_at_queue, known_jobs, look_at_queue
from crm.revisions.finish import note_unbuilt_indexes
from crm.revisions.processes import Served, count_late, look_at_served
from crm.web.language import current_language

logger = logging.getLogger(__name__)

BEGUN = time.monotonic()
START_SECONDS = 30  # in which nobody is told that no worker is there yet
LATE_SECONDS = 60  # work that is due waits no longer on a good day
REDIS = {name: f"work.redis_{name}" for name in ("away", "full", "read_only", "silent")}


def note_other_release(connection: sa.Connection) -> list[str]:
    """Return a note when a newer release took the database over while this process goes on."""
    try:
        require_known(connection)
    except UnavailableError as error:
        return [render(error, "en")]
    return []


NOTES: list[Callable[[sa.Connection], Sequence[str]]] = [
    note_other_release,
    note_unbuilt_indexes,
]
"""What else is worth saying: functions that return sentences."""


def install_health(app: Flask, engine: sa.Engine) -> None:
    """Register the address; it needs no login and tells nothing about anybody."""

    @app.get("/health")
    def health() -> Response:
        facts = look_at_health(engine, served_number())
        facts["notes"] += current_app.extensions.get("crm_notes", list)()
        response = jsonify(facts)
        response.status_code = 200 if facts["database"] == "ok" else 503
        return response

    app.jinja_env.globals["late_revision"] = lambda: find_late_revision(engine)
    app.jinja_env.globals["delays"] = lambda: find_delays(engine)


def served_number() -> int:
    """Return the revision whose app answers this request; 0 for an app without one."""
    workspace = current_app.extensions.get("crm_workspace")
    return workspace.number if workspace else 0


def find_late_revision(engine: sa.Engine) -> Served | None:
    """Return what a page of the administration says about its revision; None when that is the live one."""
    if not request.path.startswith("/admin/"):
        return None
    with only_reading(), engine.connect() as connection:
        served = look_at_served(connection, served_number())
    return served if served.is_late else None


def find_delays(engine: sa.Engine) -> list[str]:
    """Return what a page of the administration says about work that waits; nothing where all goes well."""
    if not request.path.startswith("/admin/"):
        return []
    known_jobs()
    with only_reading(), engine.connect() as connection:
        waiting = look_at_backlog(connection)
    return [render(problem, current_language()) for problem in delays_of(glance_at_queue(), waiting)]


def is_starting() -> bool:
    """Return whether this process has just begun: the workers start behind the web server."""
    return time.monotonic() - BEGUN < START_SECONDS


def delays_of(queue: QueueState, waiting: Mapping[str, Waiting]) -> list[Problem]:
    """Return why background work is slow or stopped."""
    found = []
    if queue.redis != "ok":
        found.append(Problem(REDIS.get(queue.redis, "work.redis_away")))
    elif not queue.workers and not is_starting():
        found.append(Problem("work.no_worker"))
    oldest = max((kind.seconds for kind in waiting.values()), default=0.0)
    if oldest >= LATE_SECONDS:
        count = sum(kind.count for kind in waiting.values())
        found.append(Problem("work.late", {"count": count, "minutes": round(oldest / 60)}))
    return found


def look_at_health(engine: sa.Engine, served: int) -> dict[str, Any]:
    """Return the state of the parts.

    Shape:  interfaces.md, GET /health. `status` is "ok", "degraded" (work waits, or an old revision is served) or
            "away". `waiting` counts what is due, by kind.
            `revision` is the one this process serves; `differs_since` is the moment, UTC, since when another
            one is live, None when this one is.
    """
    queue, waiting = look_at_queue(), {}
    known_jobs()
    facts: dict[str, Any] = {
        "status": "ok",
        "database": "ok",
        "redis": queue.redis,
        "workers": queue.workers,
        "oldest_event_seconds": 0.0,
        "waiting": {},
        "revision": served,
        "live_revision": None,
        "differs_since": None,
        "notes": [],
    }
    try:
        with engine.connect() as connection:
            add_revisions(facts, connection, served)
            facts["oldest_event_seconds"] = waiting_seconds(connection)
            waiting = look_at_backlog(connection)
            facts["notes"] += [note for look in NOTES for note in look(connection)]
    except (sa.exc.SQLAlchemyError, OSError) as error:
        logger.warning("The database is away: %s", error)
        return {**facts, "status": "away", "database": "away"}
    facts["waiting"] = {name: kind.count for name, kind in waiting.items()}
    delays = delays_of(queue, waiting)
    if delays:
        facts["status"] = "degraded"
        facts["notes"] += [render(problem, "en") for problem in delays]
    return facts


def add_revisions(facts: dict[str, Any], connection: sa.Connection, number: int) -> None:
    """Say what this process serves and what is live; a process that is late needs somebody's help."""
    served, late = look_at_served(connection, number), count_late(connection)
    facts["live_revision"] = served.live
    if served.since is not None:
        facts["differs_since"] = f"{served.since.isoformat(timespec='seconds')}Z"
    if served.is_late:
        facts["notes"].append(f"This process serves revision {number}; revision {served.live} is live.")
    if late:
        facts["notes"].append(
            f"Web processes with an older revision: {late}. `flask crm schema status` says which and why."
        )
    if served.is_late or late:
        facts["status"] = "degraded"


def waiting_seconds(connection: sa.Connection) -> float:
    """Return how long the oldest event has been waiting for its rules."""
    since = oldest_waiting(connection)
    return round(max((utcnow() - since).total_seconds(), 0.0), 3) if since else 0.0
