"""What a person's day is made of: entities whose `calendar` names a person, and their records by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.conditions.tree.moments import add_days, day_end, day_start
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import kind_of, type_of
from crm.fields.base import Field
from crm.fields.choice import allowed_moves
from crm.fields.wall_clock import to_local
from crm.permissions.service import readable_fields, writable_fields
from crm.records.days import Span, anniversaries, days_of_year, readable_days, span_of
from crm.records.listing import chosen_records
from crm.records.ranking import is_among
from crm.records.values import title_fields
from crm.revisions.calendar import day_of_year, is_open

LATER_DAYS = 7  # how far a day looks ahead
MOST_OVERDUE = 20
MOST_LATER = 25
MOST_AHEAD = 100


@dataclass(frozen=True)
class Source:
    """An entity whose records stand in calendars of people, as far as its fields are open to the reader.

    Shape:  `begins`, `ends`, `person`, `kind` and `done` are the fields that say so; all but the first may be None.
    """

    entity: Entity
    begins: Field
    ends: Field | None = None
    person: Field | None = None
    kind: Field | None = None
    done: Field | None = None

    @property
    def is_yearly(self) -> bool:
        """Return whether records come back every year."""
        return bool(self.entity.calendar.get("yearly"))

    @property
    def has_hours(self) -> bool:
        """Return whether records have a time, not only a day."""
        return kind_of(self.begins) == "datetime"

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the fields that must be read to show a record."""
        told = [field.name for field in (self.begins, self.ends, self.person, self.kind, self.done) if field]
        links = [field.name for field in self.entity.fields.values() if type_of(field).links == "record"]
        named = self.entity.calendar.get("title")
        return tuple(
            dict.fromkeys(
                (*told, *title_fields(self.entity), *links, "updated_at", *([named] if named else []))
            )
        )

    def is_done(self, row: Mapping[str, Any]) -> bool:
        """Return whether a record is done."""
        if self.done is None:
            return False
        words = self.entity.calendar.get("done_is")
        return row[self.done.name] in words if words else row[self.done.name] is True


@dataclass(frozen=True)
class Occasion:
    """One record at its time; `span` are its days where the reader is, `row` what was read of it."""

    source: Source
    span: Span
    row: Mapping[str, Any]

    @property
    def id(self) -> int:
        """Return the number of the record."""
        return self.row["id"]

    @property
    def is_done(self) -> bool:
        """Return whether the record is done."""
        return self.source.is_done(self.row)

    @property
    def order(self) -> tuple:
        """Return what occasions are sorted by: the day, whole days first, the time."""
        return self.span.first, self.span.at or dt.time.min, self.source.entity.name, self.id


@dataclass(frozen=True)
class MyDay:
    """What a person has to do.

    Shape:  `overdue` the newest first, and whether there are yet more; `today` by time, whole days first; `later` by
            day.
    """

    overdue: list[Occasion]
    has_more: bool
    today: list[Occasion]
    later: list[Occasion]


def source_of(session: CrmSession, entity: Entity) -> Source | None:
    """Return what an entity's calendar says, as far as it is open to the reader; None where its days are not."""
    days = readable_days(session, entity)
    if days is None or "read" not in session.actor.rights(entity.name).can:
        return None
    readable, told = readable_fields(session.actor, entity), entity.calendar or {}
    person, kind, done = (readable.get(told.get(key, "")) for key in ("person", "kind", "done"))
    return Source(entity, *days, person, kind, done)


def sources_of(session: CrmSession) -> list[Source]:
    """Return what stands in the reader's calendar: every entity whose person and days are open to them."""
    found = (
        source_of(session, entity) for entity in session.workspace.schema.entities.values() if entity.calendar
    )
    return [source for source in found if source and source.person and type_of(source.begins).stored]


def my_day(session: CrmSession) -> MyDay:
    """Return what the reader has to do: what is overdue, of today, and of the days after."""
    today = to_local(session.clock(), session.actor.time_zone).date()
    overdue, ahead = [], []
    for source in sources_of(session):
        found = _ahead(session, source, today)
        overdue += [one for one in found if one.span.last < today]
        ahead += [one for one in found if one.span.last >= today]
    overdue.sort(key=lambda one: one.order, reverse=True)
    return MyDay(
        overdue[:MOST_OVERDUE],
        len(overdue) > MOST_OVERDUE,
        sorted((one for one in ahead if one.span.first <= today), key=lambda one: one.order),
        sorted((one for one in ahead if one.span.first > today), key=lambda one: one.order)[:MOST_LATER],
    )


def _ahead(session: CrmSession, source: Source, today: dt.date) -> list[Occasion]:
    """Return what is open of one source: what was to be done before today, and what comes until the horizon."""
    mine = [session.actor.user_id]
    last = add_days(today, LATER_DAYS) or today
    if source.is_yearly:
        return occasions(session, source, mine, today, last)
    begins = _attribute(session, source, source.begins)
    where = [_whose(session, source, mine), *_open_ones(session, source)]
    start, end = (edge(day, source, session) for edge, day in ((_start, today), (_end, last)))
    if source.done is not None:  # mostly one look finds all
        found = _read(session, source, [*where, begins < end], (begins.desc(),), MOST_AHEAD + 1)
        if len(found) <= MOST_AHEAD:
            return found
    ahead = _read(session, source, [*where, begins >= start, begins < end], (begins,), MOST_AHEAD)
    if source.done is None and source.ends is None:
        return ahead  # nobody knows whether what is past was done
    before = [*where, begins < start]
    if source.done is None:
        before.append(_attribute(session, source, source.ends) >= start)
    return ahead + _read(session, source, before, (begins.desc(),), MOST_OVERDUE + 1)


def occasions(
    session: CrmSession,
    source: Source,
    people: Sequence[int] | None,
    first: dt.date,
    last: dt.date,
    most: int = 2_000,
) -> list[Occasion]:
    """Return the records of some people, or of everybody, that stand on some days, done or not."""
    where = [] if people is None else [_whose(session, source, people)]
    begins = _attribute(session, source, source.begins)
    if source.is_yearly:
        return _yearly(
            session, source, [*where, day_of_year(begins).in_(days_of_year(first, last))], first, last
        )
    start, end = _start(first, source, session), _end(last, source, session)
    reaches = begins >= start
    if source.ends is not None:
        reaches |= _attribute(session, source, source.ends) >= _start(first, source, session, source.ends)
    found = _read(session, source, [*where, begins < end, reaches], (begins,), most)
    return [one for one in found if one.span.last >= first]


def open_occasions(session: CrmSession, entity: Entity, ids: Iterable[int]) -> list[Occasion]:
    """Return those of some records that are still to be done; nothing of an entity that says no such thing."""
    source = source_of(session, entity)
    if source is None or source.done is None:
        return []
    cls = session.workspace.models[entity.name]
    where = [is_among(session, cls.id, sorted(ids)), *_open_ones(session, source)]
    begins = _attribute(session, source, source.begins)
    return _read(session, source, [*where, begins.is_not(None)], (), MOST_AHEAD)


def _yearly(
    session: CrmSession, source: Source, where: list[Any], first: dt.date, last: dt.date
) -> list[Occasion]:
    rows = chosen_records(session, source.entity, source.columns, where, (), MOST_AHEAD)
    return [
        Occasion(source, Span(day, day), row)
        for row in rows
        for day in anniversaries(row[source.begins.name], first, last)
    ]


def _read(
    session: CrmSession, source: Source, where: Iterable[Any], order: Sequence[Any], most: int
) -> list[Occasion]:
    rows = chosen_records(session, source.entity, source.columns, where, order, most)
    zone = session.actor.time_zone
    return [Occasion(source, span_of(row, source.begins, source.ends, zone), row) for row in rows]


def _attribute(session: CrmSession, source: Source, field: Field) -> Any:
    return getattr(session.workspace.models[source.entity.name], type_of(field).attribute(field))


def _whose(session: CrmSession, source: Source, people: Sequence[int]) -> Any:
    person = _attribute(session, source, source.person)
    return person == people[0] if len(people) == 1 else person.in_(people)


def _open_ones(session: CrmSession, source: Source) -> list[Any]:
    return [is_open(source.entity, _attribute(session, source, source.done))] if source.done else []


def _start(day: dt.date, source: Source, session: CrmSession, field: Field | None = None) -> Any:
    """Return where a day begins, as a field's values tell it."""
    is_moment = kind_of(field or source.begins) == "datetime"
    return day_start(day, session.actor.time_zone) if is_moment else day


def _end(day: dt.date, source: Source, session: CrmSession) -> Any:
    """Return what the values of a day are below."""
    return day_end(day, session.actor.time_zone) if source.has_hours else add_days(day, 1) or day


def tick_value(session: CrmSession, source: Source, row: Mapping[str, Any]) -> Any:
    """Return what says that a record is done; None where the reader may not say so, or more than one choice does.

    Shape:  a choice only where it is a move that the record's choice allows.
    """
    if source.done is None or source.done.name not in writable_fields(session.actor, source.entity, "update"):
        return None
    words = source.entity.calendar.get("done_is")
    if not words:
        return True
    is_plain = len(words) == 1 and words[0] in allowed_moves(source.done, row[source.done.name])
    return words[0] if is_plain else None
