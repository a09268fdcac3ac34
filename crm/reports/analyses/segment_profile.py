"""`kind: segment_profile`: what separates the records that meet some conditions from the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from crm.conditions import parse_conditions
from crm.database import CrmSession
from crm.entities.build import as_lines
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import CONDITIONS, WORD, list_of
from crm.errors import Problem
from crm.fields import kind_of
from crm.fields.base import Field
from crm.permissions.service import readable_fields
from crm.reports.analyses.base import Analysis, Answer, number_column
from crm.reports.model import Chart, Group, Measure, Report
from crm.reports.paths import check_path
from crm.reports.query import MOST_ROWS, Column, ReportQuery
from crm.reports.result import ReportResult, ReportRow
from crm.reports.telling import Teller
from crm.texts import NP_, Text

USUAL_GROUP = 30
MOST_VALUES = 50  # of a text that is compared value by value
BANDS = 5  # that numbers of many values are cut into, each about as large
LABELS = {
    "records": NP_("column", "Records"),
    "share": NP_("column", "Share with the target"),
    "lift": NP_("column", "Lift"),
    "chance": NP_("column", "Chance finding"),
}


@dataclass(frozen=True)
class Finding:
    """Records with one value, or in one band of values, of a field.

    Shape:  `hits` of the `count` records meet the target. `chance` is the probability that a difference like this
            comes about by chance, corrected for the number of findings that were looked at.
    """

    field: Field
    text: str
    lines: list[Any]
    count: int
    hits: int
    chance: float = 1.0


class SegmentProfile(Analysis):
    """Lift by field, with a test for each."""

    name = "segment_profile"
    keys: ClassVar[Mapping[str, Any]] = {
        "target": CONDITIONS,
        "fields": list_of(WORD),
        "min_group": {"type": "integer", "minimum": 1},
    }
    required = ("target",)

    def check(self, reader: BodyReader, body: Mapping[str, Any], entity: Entity, schema: Schema) -> None:
        """Note every problem of the target, the fields and the smallest group."""
        reader.add(parse_conditions(list(as_lines(body.get("target"))), entity, schema)[1], ("target",))
        for place, name in enumerate(reader.items(body, "fields", ())):
            field = check_path(reader, name, entity, schema, ("fields", place))
            if field is not None and not _is_compared(field):
                reader.refuse("report.cannot_group", ("fields", place), name=name)
        least = body.get("min_group", USUAL_GROUP)
        if type(least) is not int or least < 1:
            reader.refuse("analysis.bad_group", ("min_group",))

    def run(self, session: CrmSession, report: Report) -> ReportResult:
        """Count each field's values with and without the target, and put the surest findings first."""
        entity = session.workspace.schema.entities[report.entity]
        whole = ReportQuery(session, _asked(report, ()))
        answer, teller = Answer(session, report, whole), Teller(whole)
        count, hits = session.execute(whole.every_group()).one()
        least = report.options.get("min_group", USUAL_GROUP)
        found = [
            one
            for field in _fields(session, report, entity)
            for one in _findings(session, report, field)
            if least <= one.count < count
        ]
        findings = sorted((_tested(one, count, hits, len(found)) for one in found), key=_rank)
        language = whole.situation.language
        columns = [
            Column("field", Text(NP_("column", "Field")).get(language), False),
            Column("value", Text(NP_("column", "Value")).get(language), False),
            *(
                number_column(name, Text(label).get(language), name == "share")
                for name, label in LABELS.items()
            ),
        ]
        base = hits / count if count else 0.0
        rows = [_row(one, base, teller) for one in findings[:MOST_ROWS]]
        share = teller.plain(round(100 * base, 2), is_share=True)
        definition = Problem("analysis.segment_profile", {"share": share, "fewest": least})
        parameters = {"records": count, "target": hits, "min_group": least, "findings": len(found)}
        return answer.result(columns, rows, definition, parameters)


def _asked(report: Report, groups: tuple[Group, ...]) -> Report:
    target = as_lines(report.options["target"])
    measures = (Measure("count", Text("count"), "count"), Measure("hits", Text("hits"), "count", (), target))
    return replace(report, groups=groups, measures=measures, chart=Chart(), analysis="", options={})


def _is_compared(field: Field) -> bool:
    return kind_of(field) in ("text", "number", "boolean") and not field.encrypted


def _fields(session: CrmSession, report: Report, entity: Entity) -> Iterator[Field]:
    """Yield the fields to compare: those named, else all that the actor sees and the target does not ask about."""
    named, asked = report.options.get("fields"), set(_named(as_lines(report.options["target"])))
    for name, field in readable_fields(session.actor, entity).items():
        if name in named if named else name not in asked and _is_compared(field):
            yield field


def _named(lines: Any) -> Iterator[str]:
    """Yield the fields that conditions name, at whatever depth."""
    if isinstance(lines, Mapping):
        if isinstance(lines.get("field"), str):
            yield lines["field"].split(".")[0]
        for value in lines.values():
            yield from _named(value)
    elif isinstance(lines, list | tuple):
        for line in lines:
            yield from _named(line)


def _findings(session: CrmSession, report: Report, field: Field) -> list[Finding]:
    query = ReportQuery(session, _asked(report, (Group((field.name,)),)))
    rows = [row for row in session.execute(query.every_group()) if row[0] is not None]
    if kind_of(field) == "number" and len(rows) > MOST_VALUES // BANDS:
        return _bands(field, sorted(rows), query)
    if len(rows) > MOST_VALUES:
        return []
    query.load_names(rows)
    teller = Teller(query)
    return [
        Finding(field, teller.text(query.columns[0], row[0], ""), query.lines_of(row, rows), row[1], row[2])
        for row in rows
    ]


def _bands(field: Field, rows: list[Any], query: ReportQuery) -> list[Finding]:
    """Return bands of a number's values with about as many records each; equal values are in one band."""
    whole, seen, bands = sum(row[1] for row in rows), 0, [[] for _band in range(BANDS)]
    for row in rows:
        bands[min(seen * BANDS // whole, BANDS - 1)].append(row)
        seen += row[1]
    teller, column = Teller(query), query.columns[0]
    found = []
    for band in (band for band in bands if band):
        low, high = band[0][0], band[-1][0]
        text = f"{teller.text(column, low, '')} – {teller.text(column, high, '')}"
        between = [low, high]
        plain = [str(value) if isinstance(value, Decimal) else value for value in between]
        lines = [*query.report.lines, {"field": field.name, "between": plain}]
        found.append(Finding(field, text, lines, sum(row[1] for row in band), sum(row[2] for row in band)))
    return found


def _tested(one: Finding, count: int, hits: int, tests: int) -> Finding:
    """Return a finding with the probability of chance: two proportions compared, times the number of tests."""
    rest, rest_hits = count - one.count, hits - one.hits
    pooled = hits / count
    spread = math.sqrt(pooled * (1 - pooled) * (1 / one.count + 1 / rest)) if 0 < pooled < 1 else 0.0
    if not spread:
        return one
    distance = abs(one.hits / one.count - rest_hits / rest) / spread
    return replace(one, chance=min(1.0, tests * math.erfc(distance / math.sqrt(2))))


def _rank(one: Finding) -> tuple[float, float, str, str]:
    return one.chance, -one.hits / one.count, one.field.name, one.text


def _row(one: Finding, base: float, teller: Teller) -> ReportRow:
    share = one.hits / one.count
    lift = round(share / base, 2) if base else 0.0
    percent, chance = round(100 * share, 2), float(f"{one.chance:.2g}")
    label = one.field.label.get(teller.situation.language)
    texts = (
        label,
        one.text,
        teller.plain(one.count),
        teller.plain(percent, is_share=True),
        teller.plain(lift),
        teller.plain(chance) if chance >= 0.001 else "< " + teller.plain(0.001),
    )
    return ReportRow((one.field.name, one.text, one.count, percent, lift, chance), texts, one.lines)
