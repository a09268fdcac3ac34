"""The calendar of an entity: its records on their days, as a month, a week, a day or an agenda."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for
from flask_babel import pgettext

from crm.conditions.tree.moments import parse_day
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.errors import Problem
from crm.fields import kind_of
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.fields.locales import month_title, shown_date, shown_time, week_title, weekday_name
from crm.fields.wall_clock import to_local
from crm.messages import render
from crm.permissions.rows import which_may_touch
from crm.permissions.service import readable_fields, require, writable_fields
from crm.records.days import DayRecords, Span, lines_of_days, readable_days, records_on_days
from crm.records.values import display_of, linked_titles, situation_of, title_fields, title_of
from crm.web.entity.arguments import address_with, read_arguments
from crm.web.entity.calendar_days import (
    FIRST_DAY,
    LAST_DAY,
    VIEWS,
    Day,
    lay_out,
    moved,
    week_of,
    weeks_of,
)
from crm.web.entity.cells import record_url, view_name
from crm.web.entity.list import filter_chips, told_notes
from crm.web.entity.switch import filter_pairs, switch_of

LANES = {"month": 4, "week": 14}  # records a day shows in the grid
LINES = {"month": 20, "week": 40, "day": 200, "agenda": 20}  # records a day shows in the agenda
MORNING = "T09:00"  # when a new record begins that has a time


@dataclass(frozen=True)
class Look:
    """What the address asks for: a view, the day it is about, and the days of its rows."""

    view: str
    day: dt.date
    today: dt.date
    weeks: list[list[dt.date]]
    week: list[dt.date]

    @property
    def days(self) -> list[dt.date]:
        """Return the days that are listed: of a month none of the months beside it."""
        shown = [day for row in self.weeks for day in row]
        return [day for day in shown if self.view != "month" or day.month == self.day.month]


def calendar_page(session: CrmSession, entity: Entity) -> dict[str, Any]:
    """Return what the template of a calendar wants, for the request's address."""
    require(session.actor, "read", entity)
    notes: list[Problem] = []
    look = look_of(session, notes)
    arguments = read_arguments(session, entity, filter_pairs())
    language, fields = session.actor.language, readable_days(session, entity)
    is_refused = fields is None or bool(arguments.problems)
    shown = DayRecords([]) if is_refused else _records(session, entity, arguments.query, look)
    entries = _entries(session, entity, shown)
    notes += told_notes(session, entity, arguments)
    if fields is not None and (entity.calendar or {}).get("to") and fields[1] is None:
        notes.append(Problem("record.calendar_end_hidden", {}))
    if shown.complete_before:
        notes.append(Problem("record.calendar_cut", {"day": shown_date(shown.complete_before, language)}))
    grid = LANES.get(look.view)
    return {
        "look": look,
        "is_hidden": fields is None,
        "rows": [_cells(session, entity, lay_out(row, entries, grid), look) for row in look.weeks]
        if grid
        else [],
        "lines": _agenda(session, entity, entries, look),
        "weekdays": [(weekday_name(day, language, "wide"), weekday_name(day, language)) for day in look.week],
        "title": title_of_days(look, language),
        "chips": filter_chips(session, entity, arguments.filters),
        "is_refused": bool(arguments.problems),
        "is_filtered": bool(arguments.filters or arguments.query.search),
        "notes": [render(note, language) for note in notes],
        "switch": switch_of(session, entity, "calendar"),
        "clear_url": address_of(look.view, look.day, ()),
        **ways_on(look, language),
    }


def look_of(session: CrmSession, notes: list[Problem]) -> Look:
    """Return what is to be shown; what cannot be read is noted, and the month of today shown instead."""
    today = to_local(session.clock(), session.actor.time_zone).date()
    view, text = request.args.get("view", "month"), request.args.get("day", "")
    if view not in VIEWS:
        notes.append(Problem("record.bad_argument", {"name": "view", "value": view[:60]}, "view"))
        view = "month"
    day = parse_day(text) if text else today
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        notes.append(Problem("record.bad_argument", {"name": "day", "value": text[:60]}, "day"))
        day = today
    starts = session.actor.first_weekday
    return Look(view, day, today, weeks_of(view, day, starts), week_of(day, starts))


def _records(session: CrmSession, entity: Entity, query: Any, look: Look) -> DayRecords:
    """Return the records of all days that are drawn, with what their titles and colours need."""
    days = [day for row in look.weeks for day in row]
    names = [
        *title_fields(entity),
        (entity.calendar or {}).get("title"),
        entity.board.by if entity.board else None,
    ]
    columns = tuple(dict.fromkeys(name for name in names if name))
    return records_on_days(session, entity, replace(query, columns=columns), min(days), max(days))


def _entries(session: CrmSession, entity: Entity, shown: DayRecords) -> list[tuple[Span, dict[str, Any]]]:
    """Return what is drawn of each record: its title, its address, and its place on the board in colour."""
    situation, readable = situation_of(session), readable_fields(session.actor, entity)
    named = (entity.calendar or {}).get("title")
    named = named if named in readable or named in SYSTEM_FIELDS else None
    state = readable.get(entity.board.by) if entity.board else None
    rows = [row for _span, row in shown.found]
    movable = _movable(session, entity, rows)
    titles = linked_titles(session, entity, rows, [named], situation) if named else {}

    def entry(row: Mapping[str, Any]) -> dict[str, Any]:
        title = display_of(entity, named, row, titles, situation) if named else ""
        choice = all_choices(state).get(row[state.name]) if state else None
        return {
            "title": title or title_of(entity, row, situation),
            "url": record_url(entity.name, row["id"]),
            "move": url_for("MyDayView.move", entity=entity.name, pk=row["id"])
            if row["id"] in movable
            else "",
            "color": choice.color if choice else "",
            "state": choice.label.get(situation.language) if choice else "",
        }

    return [(span, entry(row)) for span, row in shown.found]


def _movable(session: CrmSession, entity: Entity, rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return which records the reader may put on another day."""
    told = entity.calendar or {}
    if told.get("yearly") or told.get("from") not in writable_fields(session.actor, entity, "update"):
        return set()
    return which_may_touch(session, entity, "update", (row["id"] for row in rows))


def _cells(session: CrmSession, entity: Entity, row: Iterable[Day], look: Look) -> list[dict[str, Any]]:
    """Return one row of the grid."""
    return [
        {
            **_head(session, entity, day.day, look),
            "is_other": look.view == "month" and day.day.month != look.day.month,
            "pieces": [piece and _piece(session, piece, day.day) for piece in day.slots],
            "hidden": day.hidden,
        }
        for day in row
    ]


def _agenda(
    session: CrmSession, entity: Entity, entries: list[tuple[Span, Any]], look: Look
) -> list[dict[str, Any]]:
    """Return the days of the agenda that have records, and those one asked for."""
    most, found = LINES[look.view], []
    for day in look.days:
        (laid,) = lay_out([day], [pair for pair in entries if pair[0].first <= day <= pair[0].last], most)
        if laid.slots or day in (look.day, look.today):
            pieces = [_piece(session, piece, day) for piece in laid.slots if piece]
            more_url = _list_url(session, entity, day) if look.view == "day" else ""
            head = _head(session, entity, day, look)
            found.append(
                {**head, "pieces": pieces, "hidden": laid.hidden, "more_url": more_url or head["url"]}
            )
    return found


def _piece(session: CrmSession, piece: Any, day: dt.date) -> dict[str, Any]:
    """Return one record on one day; its time stands on the day it begins."""
    has_time = piece.span.at is not None and piece.span.first == day
    time = shown_time(piece.span.at, session.actor.language) if has_time else ""
    at = piece.span.first.isoformat() + (f"T{piece.span.at:%H:%M}" if piece.span.at is not None else "")
    return {**piece.entry, "time": time, "begins": piece.begins, "ends": piece.ends, "at": at}


def _head(session: CrmSession, entity: Entity, day: dt.date, look: Look) -> dict[str, Any]:
    """Return what every drawn day has: its date in words, and where its number and its empty place lead."""
    language = session.actor.language
    return {
        "day": day,
        "name": f"{weekday_name(day, language, 'wide')}, {shown_date(day, language)}",
        "is_today": day == look.today,
        "url": address_of("day", day),
        "add_url": _add_url(session, entity, day),
    }


def _add_url(session: CrmSession, entity: Entity, day: dt.date) -> str:
    """Return the address of a new record on a day; "" for whoever may not make one or not say its day."""
    begins = readable_days(session, entity)
    open_fields = writable_fields(session.actor, entity, "create")
    if begins is None or begins[0].name not in open_fields:
        return ""
    return url_for(f"{view_name(entity.name)}.add", **{begins[0].name: _typed(begins[0], day)})


def _typed(field: Field, day: dt.date) -> str:
    return day.isoformat() + (MORNING if kind_of(field) == "datetime" else "")


def _list_url(session: CrmSession, entity: Entity, day: dt.date) -> str:
    """Return the list of all records of a day, for a day that has more than its page shows."""
    lines = lines_of_days(session, entity, day, day)
    if not lines:
        return ""
    where = json.dumps(lines)
    return address_with(url_for(f"{view_name(entity.name)}.list"), [*filter_pairs(), ("where", where)])


def address_of(view: str, day: dt.date, pairs: Iterable[tuple[str, str]] | None = None) -> str:
    """Return the address of a view of a day, with the filters one has now, or with others."""
    kept = filter_pairs() if pairs is None else list(pairs)
    return address_with(request.path, kept, view=view, day=day.isoformat())


def title_of_days(look: Look, language: str) -> str:
    """Return the heading of what is shown."""
    if look.view == "day":
        return f"{weekday_name(look.day, language, 'wide')}, {shown_date(look.day, language)}"
    return (
        week_title(look.week[0], look.week[-1], language)
        if look.view == "week"
        else month_title(look.day, language)
    )


def ways_on(look: Look, language: str) -> dict[str, Any]:
    """Return where one can go from here: before and after, today, other views, and the days of the week."""
    names = {
        "month": pgettext("calendar", "Month"),
        "week": pgettext("calendar", "Week"),
        "day": pgettext("calendar", "Day"),
        "agenda": pgettext("calendar", "Agenda"),
    }
    before, after = (moved(look.view, look.day, steps) for steps in (-1, 1))
    week_before, week_after = (moved("week", look.day, steps) for steps in (-1, 1))
    return {
        "previous_url": address_of(look.view, before) if before else "",
        "next_url": address_of(look.view, after) if after else "",
        "today_url": address_of(look.view, look.today),
        "views": [(name, names[name], address_of(name, look.day)) for name in VIEWS],
        "strip": [
            {
                "short": weekday_name(day, language, "short"),
                "number": day.day,
                "name": f"{weekday_name(day, language, 'wide')}, {shown_date(day, language)}",
                "url": address_of(look.view, day) + f"#day-{day.isoformat()}",
                "is_today": day == look.today,
                "is_chosen": day == look.day,
            }
            for day in look.week
        ],
        "week_before_url": address_of(look.view, week_before) if week_before else "",
        "week_after_url": address_of(look.view, week_after) if week_after else "",
    }
