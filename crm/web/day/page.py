"""`/my-day/`: what is overdue, of today and of the next days, and what others changed since yesterday."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext, pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.locales import shown_date, shown_time, weekday_name
from crm.fields.wall_clock import to_local
from crm.permissions.service import writable_fields
from crm.records import moves
from crm.records.news import News, news_since_yesterday
from crm.records.sources import my_day, sources_of
from crm.revisions.workspace import Workspace
from crm.web.day.lines import Line, build_lines
from crm.web.entity.arguments import record_number
from crm.web.entity.cells import view_name
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.forms.fields import FormField
from crm.web.redirects import safe_path
from crm.web.reports_pages import open_dashboard
from crm.web.serving.session import current_session

WORK_HOURS = range(8, 19)  # hours that can be dropped on although nothing is planned in them


@dataclass(frozen=True)
class Waiting:
    """Something that waits for the reader elsewhere: what it is about, where to answer, and since when."""

    text: str
    url: str
    icon: str
    since: dt.datetime


WAITING: list[Callable[[CrmSession], Sequence[Waiting]]] = []
"""What packages above add to a day."""


class MyDayView(BaseView):
    """`/my-day/`, and what can be done with each of its lines."""

    route_base = "/my-day"
    default_view = "show"
    class_permission_name = EVERYONE

    @page("/")
    def show(self) -> str:
        """Show the reader's day."""
        return my_day_page(current_session())

    @page("/<entity>/<pk>/done", methods=["POST"])
    def done(self, entity: str, pk: str) -> Response:
        """Note that something is done."""
        return _do(entity, pk, moves.tick, pgettext("message", "Done."))

    @page("/<entity>/<pk>/later", methods=["POST"])
    def later(self, entity: str, pk: str) -> Response:
        """Put something off: an hour, tomorrow, next week."""
        until = request.form.get("until", "")
        return _do(entity, pk, lambda *of: moves.snooze(*of, until), pgettext("message", "Moved."))

    @page("/<entity>/<pk>/move", methods=["POST"])
    def move(self, entity: str, pk: str) -> Response:
        """Put something on another day or hour."""
        to, end = request.form.get("to", ""), request.form.get("end", "")
        return _do(entity, pk, lambda *of: moves.move(*of, to, end), pgettext("message", "Moved."))

    @page("/<entity>/<pk>/back", methods=["POST"])
    def back(self, entity: str, pk: str) -> Response:
        """Take one of these back: the address says what was there before."""
        before = {key: request.args[key] for key in ("from", "to", "done") if key in request.args}

        def put_back(session: CrmSession, found: Entity, record_id: int) -> Mapping[str, str]:
            moves.put_back(session, found, record_id, before)
            return {}

        return _do(entity, pk, put_back, pgettext("message", "Undone."))


def _do(
    name: str, pk: str, deed: Callable[[CrmSession, Entity, int], Mapping[str, str]], words: str
) -> Response:
    """Do something with a record, and say how to take it back: to a script as JSON, else on the page one came from."""
    session = current_session()
    entity = session.workspace.schema.entities.get(name)
    if entity is None or entity.calendar is None:
        abort(404)
    before = deed(session, entity, record_number(pk))
    session.commit()
    undo = f"{url_for('MyDayView.back', entity=name, pk=pk)}?{urlencode(before)}" if before else ""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(toast={"text": words, "undo": undo})
    flash({"text": words, "undo": undo}, "success")
    return redirect(safe_path(request.form.get("_back") or request.referrer or "/my-day/"))


def my_day_page(session: CrmSession) -> str:
    """Return the page of the reader's day."""
    language, zone = session.actor.language, session.actor.time_zone
    now = to_local(session.clock(), zone)
    day = my_day(session)
    lines = build_lines(session, [*day.overdue, *day.today, *day.later])
    overdue, rest = lines[: len(day.overdue)], lines[len(day.overdue) :]
    today, later = rest[: len(day.today)], rest[len(day.today) :]
    return render_template(
        "day/my_day.html",
        greeting=greeting(now.time(), g.user.first_name or g.user.username),
        subtitle=f"{weekday_name(now.date(), language, 'wide')}, {shown_date(now.date(), language)}",
        overdue=_by_day(overdue),
        overdue_count=len(overdue),
        has_more=day.has_more,
        whole_day=[line for line in today if not _has_hour(line, now.date())],
        hours=_hours(today, now, language),
        later=_by_day(later),
        waiting=[one for ask in WAITING for one in ask(session)],
        news=news_since_yesterday(session),
        news_url=_news_url,
        has_sources=bool(sources_of(session)),
        dashboard=open_dashboard(session),
        add=_add(session, now),
        moment=FormField("to", pgettext("label", "Date and time"), "datetime", prefix="move"),
    )


def greeting(time: dt.time, name: str) -> str:
    """Return the words for the part of the day."""
    if time.hour < 12:
        return gettext("Good morning, %(name)s", name=name)
    if time.hour < 18:
        return gettext("Good afternoon, %(name)s", name=name)
    return gettext("Good evening, %(name)s", name=name)


def _by_day(lines: list[Line]) -> list[tuple[str, list[Line]]]:
    return [(words, list(of)) for words, of in groupby(lines, key=lambda line: line.day)]


def _has_hour(line: Line, today: dt.date) -> bool:
    return bool(line.time) and line.occasion.span.first == today


def _hours(today: list[Line], now: dt.datetime, language: str) -> list[dict[str, Any]]:
    """Return the hours of the day with their lines; those of the working day also where nothing is planned."""
    by_hour: dict[int, list[Line]] = {}
    for line in today:
        if _has_hour(line, now.date()):
            by_hour.setdefault(line.occasion.span.at.hour, []).append(line)
    return [
        {
            "at": dt.datetime.combine(now.date(), dt.time(hour)).isoformat(timespec="minutes"),
            "name": shown_time(dt.time(hour), language),
            "lines": by_hour.get(hour, []),
            "is_now": hour == now.hour,
        }
        for hour in sorted({*WORK_HOURS, *by_hour})
    ]


def _news_url(news: News) -> str:
    return url_for(f"{view_name(news.entity.name)}.show", pk=news.record_id)


def _add(session: CrmSession, now: dt.datetime) -> dict[str, Any] | None:
    """Return the way to plan something of the first kind that has hours: at the next full hour."""
    for source in sources_of(session):
        open_fields = writable_fields(session.actor, source.entity, "create")
        if source.has_hours and source.begins.name in open_fields:
            at = (now + dt.timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
            view = f"{view_name(source.entity.name)}.add"
            return {
                "label": source.entity.label,
                "url": url_for(view, **{source.begins.name: at.isoformat(timespec="minutes")}),
            }
    return None


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the page; it is the home of most, so that the menu has it already."""
    appbuilder.add_view_no_menu(MyDayView)
