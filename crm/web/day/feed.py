"""`/calendar/<token>.ics`: a calendar for other programs, by the rights of its person at the time of reading."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any

from flask import Response, abort, current_app, request
from flask_appbuilder import AppBuilder, BaseView, expose

from crm.database import CrmSession, about_to_write
from crm.errors import NotFoundError
from crm.fields.wall_clock import to_local
from crm.permissions import feeds
from crm.permissions.service import actor_of_user
from crm.records.ical import Event, write_calendar
from crm.records.sources import Occasion, occasions, sources_of
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.web.day.lines import Line, build_lines
from crm.web.serving.session import current_session
from crm.web.skin import app_name

PAST, AHEAD = dt.timedelta(days=92), dt.timedelta(days=366)
MOST_EVENTS = 5_000  # of one source
LONGEST_TOKEN = 100  # characters


class CalendarFeedView(BaseView):
    """Open to whoever holds the address; nothing else opens it, and it opens nothing else."""

    route_base = "/calendar"
    default_view = "feed"

    @expose("/<token>.ics")
    def feed(self, token: str) -> Response:
        """Hand out the calendar whose address this is."""
        session = current_session()
        found = feeds.find_reader(session.connection(), token) if len(token) <= LONGEST_TOKEN else None
        if found is None:
            abort(404)
        settings = current_app.extensions["crm_settings"]
        try:
            session.actor = actor_of_user(
                session.connection(),
                found["user_id"],
                session.workspace.schema,
                settings.language,
                settings.time_zone,
            )
        except NotFoundError:
            abort(404)
        content = feed_of(session, settings.public_url or request.host_url)
        _note(session, found)
        answer = Response(content, content_type="text/calendar; charset=utf-8")
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
        answer.set_etag(hashlib.sha256(content).hexdigest()[:32])
        return answer.make_conditional(request)


def _note(session: CrmSession, found: Any) -> None:
    """Note that an address was read, now and then: its owner sees which ones are in use."""
    now, read_at = session.clock(), found["read_at"]
    if read_at is not None and now - read_at < feeds.READ_AGAIN:
        return
    engine = session.get_bind()
    session.rollback()
    with about_to_write(), engine.begin() as connection:
        feeds.note_reading(connection, found["id"], now)


def feed_of(session: CrmSession, address: str) -> bytes:
    """Return the calendar of the session's actor, of the last three months and the coming year."""
    today = to_local(session.clock(), session.actor.time_zone).date()
    found = [one for source in sources_of(session) for one in _of(session, source, today)]
    lines = build_lines(session, found)
    (name,) = user_names(session, [session.actor.user_id]).values()
    return write_calendar(f"{app_name()} · {name}", _events(lines, address))


def _of(session: CrmSession, source: Any, today: dt.date) -> Iterator[Occasion]:
    seen = set()
    days = (today - PAST, today + AHEAD)
    for one in occasions(session, source, [session.actor.user_id], *days, MOST_EVENTS):
        if one.id not in seen:  # what comes back every year is one event that says so
            seen.add(one.id)
            yield one


def _events(lines: list[Line], address: str) -> Iterator[Event]:
    for line in lines:
        one, source = line.occasion, line.source
        about = [link.text for link in (line.about, line.phone) if link]
        yield Event(
            uid=f"{source.entity.uid}-{one.id}@koine",
            begins=one.row[source.begins.name],
            ends=one.row[source.ends.name] if source.ends else None,
            summary=("✓ " if one.is_done else "") + line.title,
            changed=one.row["updated_at"],
            url=address.rstrip("/") + line.url,
            text="\n".join([line.kind, *about]),
            kind=line.kind,
            is_yearly=source.is_yearly,
        )


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the addresses of calendars."""
    appbuilder.add_view_no_menu(CalendarFeedView)
