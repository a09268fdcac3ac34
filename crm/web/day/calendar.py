"""`/calendar/`: what is planned for the reader, or for others as far as the reader may see it, from every source."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from flask import render_template, request, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext

from crm.database import CrmSession
from crm.errors import Problem
from crm.fields.locales import shown_date, shown_time, weekday_name
from crm.fields.wall_clock import to_local
from crm.messages import render
from crm.permissions import store as people_store
from crm.permissions.service import writable_fields
from crm.records.days import Span
from crm.records.sources import Occasion, Source, occasions, sources_of
from crm.records.values import user_names
from crm.revisions.workspace import Workspace
from crm.web.day.lines import build_lines
from crm.web.day.page import WORK_HOURS
from crm.web.entity.calendar import LANES, LINES, Look, address_of, look_of, title_of_days, ways_on
from crm.web.entity.calendar_days import lay_out
from crm.web.entity.cells import view_name
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.forms.fields import FormField
from crm.web.serving.session import current_session

MOST_PEOPLE = 60  # that are offered
LINES_OF_DAY = {"month": 10, "week": 12, "day": 200, "agenda": 20}  # below each other, on a phone
CELL = 4  # records an hour of a week shows
MOST_SHOWN = 2_000  # records of one source
Entry = tuple[Span, Occasion]


class CalendarView(BaseView):
    """The calendar of people, beside those of single entities."""

    route_base = "/calendar"
    default_view = "show"
    class_permission_name = EVERYONE

    @page("/")
    def show(self) -> str:
        """Show the calendar."""
        return render_template("day/calendar.html", **calendar_of_people(current_session()))


def calendar_of_people(session: CrmSession) -> dict[str, Any]:
    """Return what the template of the calendar wants, for the request's address."""
    notes: list[Problem] = []
    look, language = look_of(session, notes), session.actor.language
    known = sources_of(session)
    wanted = set(request.args.getlist("source"))
    sources = [source for source in known if source.entity.name in wanted] or known
    offered = _offered(session, known)
    chosen = [number for number in map(_number, request.args.getlist("person")) if number in offered]
    people = chosen or [session.actor.user_id]
    found = _occasions(session, sources, people, look, notes)
    entries = [(one.span, one) for one in found]
    add = _adding(session, known)
    rows = _month(entries, look, add, language) if look.view == "month" else []
    hours = _hours(session, entries, look, add) if look.view in ("week", "day") else None
    agenda = _agenda(entries, look, language)
    shown = _shown(rows, hours, agenda)
    lines = dict(zip(map(id, shown), build_lines(session, shown), strict=True))
    return {
        "look": look,
        "title": title_of_days(look, language),
        "notes": [render(note, language) for note in notes],
        "sources": [(source.entity, source in sources) for source in known],
        "people": [(number, name, number in people, count) for number, name, count in _load(offered, found)],
        "line_of": lambda one: lines[id(one)],
        "people_shown": len(people),
        "names": offered,
        "weekdays": [(weekday_name(day, language, "wide"), weekday_name(day, language)) for day in look.week],
        "rows": rows,
        "hours": hours,
        "agenda": agenda,
        "moment": FormField("to", pgettext("label", "Date and time"), "datetime", prefix="move"),
        **ways_on(look, language),
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _offered(session: CrmSession, sources: Iterable[Source]) -> dict[int, str]:
    """Return whose calendars can be looked at, by name, the reader first: the team's; all people's for who sees all."""
    actor, connection = session.actor, session.connection()
    ids: Sequence[int] = actor.team_user_ids or (actor.user_id,)
    if actor.sees_everything or any(
        actor.rights(source.entity.name).rows["read"] is None for source in sources
    ):
        ids = list(connection.scalars(people_store.choosable().limit(MOST_PEOPLE)))
    mine = user_names(session, [actor.user_id])
    return {**mine, **people_store.list_names(connection, ids, actor.language)}


def _shown(
    rows: list[list[dict[str, Any]]], hours: dict[str, Any] | None, agenda: list[dict[str, Any]]
) -> list[Occasion]:
    """Return what is drawn, each once: the rest of a full week is only counted."""
    found = [slot.entry for row in rows for day in row for slot in day["pieces"] if slot]
    if hours:
        found += [slot.entry for day in hours["whole"] for slot in day["pieces"] if slot]
        found += [one for row in hours["rows"] for cell in row["cells"] for one in cell["lines"]]
    found += [one for part in agenda for one in part["lines"]]
    return list({id(one): one for one in found}.values())


def _load(offered: dict[int, str], found: Iterable[Occasion]) -> list[tuple[int, str, int]]:
    """Return how much is planned for each of the people in what is shown."""
    counts = Counter(one.row[one.source.person.name] for one in found)
    return [(number, name, counts.get(number, 0)) for number, name in offered.items()]


def _occasions(
    session: CrmSession, sources: Iterable[Source], people: Sequence[int], look: Look, notes: list[Problem]
) -> list[Occasion]:
    days = [day for row in look.weeks for day in row]
    found = []
    for source in sources:
        some = occasions(session, source, people, min(days), max(days), MOST_SHOWN)
        if len(some) >= MOST_SHOWN:
            day = shown_date(some[-1].span.first, session.actor.language)
            notes.append(Problem("record.calendar_cut", {"day": day}))
        found += some
    return sorted(found, key=lambda one: one.order)


def _adding(session: CrmSession, sources: Iterable[Source]) -> Source | None:
    """Return what a click on an empty place plans: the first source with hours that the reader may add to."""
    for source in sorted(sources, key=lambda source: (not source.has_hours, source.entity.menu_place)):
        if (
            source.begins.name in writable_fields(session.actor, source.entity, "create")
            and not source.is_yearly
        ):
            return source
    return None


def _add_url(add: Source | None, day: dt.date, hour: int = 9) -> str:
    if add is None:
        return ""
    at = (
        dt.datetime.combine(day, dt.time(hour)).isoformat(timespec="minutes")
        if add.has_hours
        else day.isoformat()
    )
    return url_for(f"{view_name(add.entity.name)}.add", **{add.begins.name: at})


def _head(day: dt.date, look: Look, language: str) -> dict[str, Any]:
    """Return what every drawn day has: its date in words, and where its number leads."""
    return {
        "day": day,
        "short": weekday_name(day, language),
        "name": f"{weekday_name(day, language, 'wide')}, {shown_date(day, language)}",
        "is_today": day == look.today,
        "is_other": look.view == "month" and day.month != look.day.month,
        "url": address_of("day", day),
    }


def _month(entries: list[Entry], look: Look, add: Source | None, language: str) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                **_head(day.day, look, language),
                "add_url": _add_url(add, day.day),
                "pieces": day.slots,
                "hidden": day.hidden,
            }
            for day in lay_out(row, entries, LANES["month"])
        ]
        for row in look.weeks
    ]


def _hours(session: CrmSession, entries: list[Entry], look: Look, add: Source | None) -> dict[str, Any]:
    """Return days beside each other: what has no hour above, the rest by the hour."""
    language, (days,) = session.actor.language, look.weeks
    now = to_local(session.clock(), session.actor.time_zone)
    whole = [(span, one) for span, one in entries if span.at is None or span.last > span.first]
    by_place: dict[tuple[dt.date, int], list[Occasion]] = {}
    for span, one in entries:
        if span.at is not None and span.last == span.first:
            by_place.setdefault((span.first, span.at.hour), []).append(one)
    most = CELL if look.view == "week" else LINES["day"]
    hours = sorted({*WORK_HOURS, *(hour for _day, hour in by_place)})
    return {
        "days": [_head(day, look, language) for day in days],
        "whole": [{"day": day.day, "pieces": day.slots, "hidden": day.hidden, "url": address_of("day", day.day)}
                  for day in lay_out(days, whole, LANES["week"])],
        "rows": [
            {
                "name": shown_time(dt.time(hour), language),
                "cells": [
                    {
                        "at": dt.datetime.combine(day, dt.time(hour)).isoformat(timespec="minutes"),
                        "add_url": _add_url(add, day, hour),
                        "lines": by_place.get((day, hour), [])[:most],
                        "hidden": max(0, len(by_place.get((day, hour), ())) - most),
                        "url": address_of("day", day),
                        "is_now": day == now.date() and hour == now.hour,
                        "name": f"{weekday_name(day, language, 'wide')}, {shown_time(dt.time(hour), language)}",
                    }
                    for day in days
                ],
            }
            for hour in hours
        ],
    }  # fmt: skip


def _agenda(entries: list[Entry], look: Look, language: str) -> list[dict[str, Any]]:
    """Return the days that have anything, and those one asked for, with their lines."""
    found, most = [], LINES_OF_DAY[look.view]
    for day in look.days:
        lines = [one for span, one in entries if span.first <= day <= span.last]
        if lines or day in (look.day, look.today):
            found.append(
                {**_head(day, look, language), "lines": lines[:most], "hidden": max(0, len(lines) - most)}
            )
    return found


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the calendar; the side bar has it below the home page."""
    appbuilder.add_view_no_menu(CalendarView)
