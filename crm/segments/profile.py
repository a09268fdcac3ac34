"""What the records of a segment are like: how many, what they amount to, how they spread, whom else they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crm.conditions.language.segments import segment_tree
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem, QueryError
from crm.fields import type_of
from crm.fields.alphabet import sort_key
from crm.fields.base import Field
from crm.fields.choice import all_choices
from crm.permissions.service import readable_fields, require
from crm.permissions.sight import is_open, told_narrowed
from crm.reports.model import Chart, Group, Measure, Report
from crm.reports.result import ReportResult
from crm.reports.service import run_report
from crm.segments.model import Segment
from crm.segments.service import get_segment
from crm.texts import Text

COUNTED = Measure("count", Text("count"), "count")
MOST_SPREADS = 4  # fields by whose choices the records are counted
MOST_AMOUNTS = 3


@dataclass(frozen=True)
class Part:
    """Some of a segment's records.

    Shape:  `share` of the segment in percent, `usual` that of all records in percent; None where nothing is compared.
            `lines` select them in a list.
    """

    label: str
    count: int
    share: float
    usual: float | None
    lines: list[Any]


@dataclass(frozen=True)
class Amount:
    """What one field of the records comes to, in words: altogether, and in the middle."""

    label: str
    total: str
    average: str


@dataclass(frozen=True)
class Profile:
    """A segment as one reader sees it.

    Shape:  `whole` counts all records of the entity, `spreads` are the choices of a field by its label, `overlaps`
            the other segments of the entity.
    """

    segment: Segment
    count: int
    whole: int
    amounts: list[Amount]
    spreads: list[tuple[str, list[Part]]]
    overlaps: list[tuple[Segment, Part]]
    notes: list[Problem]
    milliseconds: int

    @property
    def share(self) -> float:
        """Return the share of all records in percent."""
        return share_of(self.count, self.whole)


def open_segments(session: CrmSession) -> list[Segment]:
    """Return the segments the actor may ask for, by label."""
    language = session.actor.language
    found = [one for one in session.workspace.schema.parts["segment"].values() if is_answerable(session, one)]
    return sorted(found, key=lambda one: sort_key(one.label.get(language), language))


def is_answerable(session: CrmSession, segment: Segment) -> bool:
    """Return whether the actor sees all that a segment asks about."""
    schema = session.workspace.schema
    can = session.actor.rights(segment.entity).can
    return "read" in can and is_open(session.actor, segment_tree(segment.name, schema), schema)


def profile_of(session: CrmSession, name: str) -> Profile:
    """Return what a segment is like, counted from the records the actor sees.

    Errors: NotFoundError; NotAllowedError; QueryError when it asks about something that is not open to the actor.
    """
    segment = get_segment(session, name)
    entity = session.workspace.schema.entities[segment.entity]
    require(session.actor, "read", entity)
    if not is_answerable(session, segment):
        raise QueryError("segment.closed", segment=segment.label)
    others = [one for one in open_segments(session) if one.entity == segment.entity and one.name != name]
    counts = [
        COUNTED,
        *(Measure(one.name, one.label, "count", (), ({"in_segment": one.name},)) for one in others),
    ]
    found, every = _run(session, segment, (), counts), _run(session, segment, (), [COUNTED], of_all=True)
    count, *shared = found.rows[0].values
    return Profile(
        segment,
        count,
        every.rows[0].values[0],
        _amounts(session, segment, entity) if count else [],
        list(_spreads(session, segment, entity, count)) if count else [],
        [(one, _overlap(segment, one, many, count)) for one, many in zip(others, shared, strict=True)],
        told_narrowed(found.narrowed),
        found.milliseconds + every.milliseconds,
    )


def share_of(count: int, whole: int) -> float:
    """Return a share in percent; nothing of nothing is nothing."""
    return 100 * count / whole if whole else 0.0


def _run(
    session: CrmSession, segment: Segment, groups: tuple[Group, ...], measures: Any, of_all: bool = False
) -> ReportResult:
    lines = () if of_all else ({"in_segment": segment.name},)
    report = Report(segment.name, segment.entity, segment.label, lines, groups, tuple(measures), Chart())
    return run_report(session, report)


def _overlap(segment: Segment, other: Segment, shared: int, count: int) -> Part:
    lines = [{"in_segment": segment.name}, {"in_segment": other.name}]
    return Part("", shared, share_of(shared, count), None, lines)


def _amounts(session: CrmSession, segment: Segment, entity: Entity) -> list[Amount]:
    """Return what the first fields that hold money come to; of several currencies a figure for each."""
    fields = [
        field
        for field in readable_fields(session.actor, entity).values()
        if type_of(field).result(field).unit == "currency" and not field.encrypted
    ][:MOST_AMOUNTS]
    measures = [
        Measure(f"{kind}_{field.name}", field.label, kind, (field.name,))
        for field in fields
        for kind in ("sum", "avg")
    ]
    texts = iter(_run(session, segment, (), measures).totals if measures else ())
    language = session.actor.language
    return [
        Amount(field.label.get(language), total or "—", average or "—")
        for field, total, average in zip(fields, texts, texts, strict=True)
    ]


def _spreads(
    session: CrmSession, segment: Segment, entity: Entity, count: int
) -> Iterator[tuple[str, list[Part]]]:
    fields = readable_fields(session.actor, entity)
    chosen = [name for name, field in fields.items() if _is_spread(field)]
    for name in chosen[:MOST_SPREADS]:
        groups = (Group((name,)),)
        usual = {row.values[0]: row.values[1] for row in _run(session, segment, groups, [COUNTED], True).rows}
        every = sum(usual.values())
        rows = _run(session, segment, groups, [COUNTED]).rows
        parts = [
            Part(
                row.texts[0],
                row.values[1],
                share_of(row.values[1], count),
                share_of(usual.get(row.values[0], 0), every),
                row.lines,
            )
            for row in rows
        ]
        yield fields[name].label.get(session.actor.language), parts


def _is_spread(field: Field) -> bool:
    """Return whether records can be counted by a field's choices: each has one of them, or none."""
    kind = type_of(field)
    return (
        bool(all_choices(field)) and kind.stored and kind.result(field).kind != "many" and not field.encrypted
    )
