"""Occasions as pages draw them: title, hour, whom it is about and how to call them, and what can be done with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.entities.taken_names import SYSTEM_FIELDS
from crm.fields import type_of
from crm.fields.base import Situation
from crm.fields.choice import all_choices
from crm.fields.locales import shown_date, shown_time, weekday_name
from crm.fields.wall_clock import to_local
from crm.permissions.rows import which_may_touch
from crm.permissions.service import readable_fields, writable_fields
from crm.records.listing import chosen_records
from crm.records.ranking import is_among
from crm.records.sources import Occasion, Source, tick_value
from crm.records.values import display_of, linked_titles, situation_of, title_of
from crm.web.entity.cells import record_url

ABOUT = 2  # references of a record that are looked at for whom it is about


@dataclass(frozen=True)
class Link:
    """Something to follow: a text and an address."""

    text: str
    url: str


@dataclass(frozen=True)
class Line:
    """One occasion, ready to be drawn.

    Shape:  `at` is the local day and time as ISO text, `day` and `time` as people read them, `time` "" for a whole
            day; `ends` the same where it ends. `about` leads to whom it is about, `phone` calls them. `can_tick` and
            `can_move` say what may be done.
    """

    occasion: Occasion
    title: str
    url: str
    kind: str
    color: str
    at: str
    day: str
    time: str
    about: Link | None = None
    phone: Link | None = None
    can_tick: bool = False
    can_move: bool = False
    is_late: bool = False
    ends: str = ""
    person: int | None = None

    @property
    def source(self) -> Source:
        """Return where it comes from."""
        return self.occasion.source

    def deed(self, name: str) -> str:
        """Return the address that does something with it."""
        return f"{request.script_root}/my-day/{self.source.entity.name}/{self.occasion.id}/{name}"

    @property
    def edit_url(self) -> str:
        """Return the form of the record."""
        return f"{request.script_root}/{self.source.entity.name}/edit/{self.occasion.id}"


def build_lines(session: CrmSession, occasions: Sequence[Occasion]) -> list[Line]:
    """Return occasions ready to be drawn, in their order; a few queries per source, however many there are."""
    by_source: dict[str, list[Occasion]] = {}
    for one in occasions:
        by_source.setdefault(one.source.entity.name, []).append(one)
    drawn: dict[tuple, Line] = {}
    for found in by_source.values():
        drawn |= {(one.source.entity.name, one.id, one.span): line for one, line in _lines(session, found)}
    return [drawn[one.source.entity.name, one.id, one.span] for one in occasions]


def _lines(session: CrmSession, found: Sequence[Occasion]) -> Iterable[tuple[Occasion, Line]]:
    source, situation = found[0].source, situation_of(session)
    entity = source.entity
    links = _links(session, entity)
    named = entity.calendar.get("title")
    known = readable_fields(session.actor, entity)
    named = named if named in known or named in SYSTEM_FIELDS else None
    rows = [one.row for one in found]
    titles = linked_titles(session, entity, rows, [*links, *([named] if named else [])], situation)
    phones = _phones(session, entity, rows, links)
    open_ones = which_may_touch(session, entity, "update", [one.id for one in found])
    writable = writable_fields(session.actor, entity, "update")
    movable = not source.is_yearly and source.begins.name in writable
    for one in found:
        may = one.id in open_ones
        line = _line(session, one, _title(entity, named, one.row, titles, situation), situation)
        yield (
            one,
            Line(
                one,
                **line,
                about=_about(entity, links, one.row, titles),
                phone=phones.get(one.id),
                can_tick=may and not one.is_done and tick_value(session, source, one.row) is not None,
                can_move=may and movable,
            ),
        )


def _line(session: CrmSession, one: Occasion, title: str, situation: Situation) -> dict[str, Any]:
    """Return what a line says of an occasion by itself."""
    source, language = one.source, situation.language
    choice = all_choices(source.kind).get(one.row[source.kind.name]) if source.kind else None
    begins = one.row[source.begins.name]
    is_hour = isinstance(begins, dt.datetime)
    local = to_local(begins, situation.time_zone) if is_hour else one.span.first
    day = one.span.first
    return {
        "title": title,
        "url": record_url(source.entity.name, one.id),
        "kind": (choice or (source.begins if source.is_yearly else source.entity)).label.get(language),
        "color": choice.color if choice else source.entity.color,
        "at": local.isoformat(timespec="minutes") if is_hour else local.isoformat(),
        "day": f"{weekday_name(day, language, 'wide')}, {shown_date(day, language)}",
        "time": shown_time(one.span.at, language) if one.span.at is not None else "",
        "ends": _ends(one, situation),
        "person": one.row[source.person.name] if source.person else None,
        "is_late": not one.is_done and is_hour and begins < session.clock(),
    }


def _ends(one: Occasion, situation: Situation) -> str:
    ends = one.row[one.source.ends.name] if one.source.ends else None
    if ends is None:
        return ""
    if not isinstance(ends, dt.datetime):
        return ends.isoformat()
    return to_local(ends, situation.time_zone).isoformat(timespec="minutes")


def _title(
    entity: Entity, named: str | None, row: Mapping[str, Any], titles: Mapping, situation: Situation
) -> str:
    return (display_of(entity, named, row, titles, situation) if named else "") or title_of(
        entity, row, situation
    )


def _links(session: CrmSession, entity: Entity) -> list[str]:
    readable = readable_fields(session.actor, entity).values()
    return [field.name for field in readable if type_of(field).links == "record"][:ABOUT]


def _about(entity: Entity, links: Sequence[str], row: Mapping[str, Any], titles: Mapping) -> Link | None:
    for name in links:
        if title := titles.get(name, {}).get(row.get(name)):
            return Link(title, record_url(entity.fields[name].options["to"], row[name]))
    return None


def _phones(
    session: CrmSession, entity: Entity, rows: Sequence[Mapping[str, Any]], links: Sequence[str]
) -> dict[int, Link]:
    """Return whom to call about records, by number: the record's own phone, else that of what it links to."""
    own = _phones_of(session, entity, [row["id"] for row in rows])
    found = {row["id"]: own[row["id"]] for row in rows if row["id"] in own}
    for name in reversed(links):  # a person before the company: the later link is the closer one
        target = session.workspace.schema.entities[entity.fields[name].options["to"]]
        known = _phones_of(session, target, [row[name] for row in rows if row.get(name) is not None])
        for row in rows:
            if row.get(name) in known:
                found.setdefault(row["id"], known[row[name]])
    return found


def _phones_of(session: CrmSession, entity: Entity, ids: Sequence[int]) -> dict[int, Link]:
    readable = readable_fields(session.actor, entity)
    names = [
        name for name, field in readable.items() if type_of(field).reaches == "phone" and not field.encrypted
    ]
    if not ids or not names or "read" not in session.actor.rights(entity.name).can:
        return {}
    cls = session.workspace.models[entity.name]
    wanted = sorted(set(ids))
    rows = chosen_records(session, entity, names, [is_among(session, cls.id, wanted)], (), len(wanted))
    found = {}
    for row in rows:
        name = next((name for name in names if row[name]), None)
        if name:
            field = readable[name]
            text = type_of(field).display(field, row[name], situation_of(session))
            found[row["id"]] = Link(text, type_of(field).href(row[name]))
    return found
