"""Report and dashboard documents: every problem found, then built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.conditions import parse_conditions
from crm.entities.build import as_lines, label_of
from crm.entities.kinds import Kind
from crm.entities.model import Document, Entity, Schema
from crm.entities.reader import BodyReader
from crm.entities.schema_parts import CONDITIONS, TEXT, WORD, closed, list_of, named, one_key
from crm.errors import Problem
from crm.fields import kind_of, type_of
from crm.reports.analyses import ANALYSES, LATER
from crm.reports.charts import CHARTS
from crm.reports.model import AGGREGATES, PERIODS, Card, Chart, Dashboard, Group, Measure, Report
from crm.reports.paths import check_path
from crm.reports.walk import walk_dashboard, walk_report
from crm.texts import NP_, Text

COMMON_KEYS = ("report", "entity", "label", "help", "if")
REPORT_KEYS = (*COMMON_KEYS, "group_by", "measures", "chart")
DASHBOARD_KEYS = ("dashboard", "label", "cards")
MEASURE_KINDS = ("count", "share", *AGGREGATES)
NUMBERS = ("number",)
GROUPED = ("text", "number", "boolean", "date", "datetime", "reference", "user", "many")
MOST_GROUPS = 3


def check_report(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a report document."""
    reader = BodyReader(document)
    if "kind" in document.body:
        return _check_analysis(reader, document.body, schema)
    body = reader.keys(document.body, (), REPORT_KEYS, ("entity", "measures"))
    entity = _check_common(reader, body, schema)
    if entity is None:
        return reader.problems
    groups = reader.items(body, "group_by", ())
    if len(groups) > MOST_GROUPS:
        reader.refuse("report.too_many_groups", ("group_by",), limit=MOST_GROUPS)
    for index, group in enumerate(groups):
        _check_group(reader, group, entity, schema, ("group_by", index))
    measures = reader.mapping(body, "measures", ())
    for name, measure in measures.items():
        _check_measure(reader, measure, entity, schema, ("measures", name))
    _check_chart(reader, body, groups, list(measures))
    return reader.problems


def _check_common(reader: BodyReader, body: Mapping, schema: Schema) -> Entity | None:
    """Check what every report says; return its entity, None where that is unknown."""
    reader.name(body.get("report"), ("report",))
    for key in ("label", "help"):
        reader.text(body, key, ())
    if not reader.known(body.get("entity"), schema.entities, ("entity",), "entity"):
        return None
    entity = schema.entities[body["entity"]]
    reader.add(parse_conditions(list(as_lines(body.get("if"))), entity, schema)[1], ("if",))
    return entity


def _check_analysis(reader: BodyReader, body: Mapping, schema: Schema) -> list[Problem]:
    kind = body["kind"]
    if kind in LATER:
        reader.refuse("schema.not_available_yet", ("kind",), what=f"kind: {kind}")
    elif reader.known(kind, ANALYSES, ("kind",), "analysis"):
        analysis = ANALYSES[kind]
        body = reader.keys(body, (), (*COMMON_KEYS, "kind", *analysis.keys), ("entity", *analysis.required))
        entity = _check_common(reader, body, schema)
        if entity is not None:
            analysis.check(reader, body, entity, schema)
    return reader.problems


def _check_group(reader: BodyReader, group: Any, entity: Entity, schema: Schema, path: tuple) -> None:
    period, name = None, group
    if isinstance(group, Mapping) and len(group) == 1:
        period, name = next(iter(group.items()))
        path = (*path, period)
        reader.known(period, PERIODS, path, "period")
    field = check_path(reader, name, entity, schema, path)
    if field is None:
        return
    if period and kind_of(field) not in ("date", "datetime"):
        reader.refuse("report.period_needs_date", path, name=name)
    if not period and kind_of(field) in ("date", "datetime"):
        reader.refuse("report.date_needs_period", path, name=name)
    if kind_of(field) not in GROUPED or type_of(field).result(field).name == "long_text":
        reader.refuse("report.cannot_group", path, name=name)


def _check_measure(reader: BodyReader, body: Any, entity: Entity, schema: Schema, path: tuple) -> None:
    reader.name(path[-1], path)
    body = reader.keys(body, path, (*MEASURE_KINDS, "label"))
    kinds = [kind for kind in MEASURE_KINDS if kind in body]
    if len(kinds) != 1:
        if kinds or set(body) <= {"label"}:  # else an unknown key was refused already
            reader.refuse("report.one_measure", path, known=", ".join(MEASURE_KINDS))
        return
    reader.text(body, "label", path)
    kind, value = kinds[0], body[kinds[0]]
    if kind in AGGREGATES:
        field = check_path(reader, value, entity, schema, (*path, kind))
        good = ("number", "date", "datetime") if kind in ("min", "max") else NUMBERS
        if field is not None and kind_of(field) not in good:
            reader.refuse("report.not_a_number", (*path, kind), name=value)
    elif value is not True:
        reader.add(parse_conditions(list(as_lines(value)), entity, schema)[1], (*path, kind))


def _check_chart(reader: BodyReader, body: Mapping, groups: list, measures: list[str]) -> None:
    if body.get("chart") is None:
        return
    chart = reader.keys(body["chart"], ("chart",), ("kind", "x", "y", "color"))
    if "kind" in chart:
        reader.known(chart["kind"], CHARTS, ("chart", "kind"), "chart")
    whole = [group for group in groups if not isinstance(group, Mapping) or len(group) == 1]
    names = [group_of(group).name for group in whole]
    for key, known in (("x", names), ("color", names), ("y", measures)):
        if chart.get(key) is not None:
            reader.known(chart[key], known, ("chart", key), "part")


def group_of(body: Any) -> Group:
    """Return one group of a document: a path, or a period of one.

    >>> group_of({"month": "closes_on"})
    Group(path=('closes_on',), period='month', of_amounts='')
    """
    if isinstance(body, Mapping):
        period, name = next(iter(body.items()))
        return Group(tuple(str(name).split(".")), period)
    return Group(tuple(str(body).split(".")))


def measure_of(name: str, body: Mapping) -> Measure:
    """Return one measure of a document."""
    kind = next(kind for kind in MEASURE_KINDS if kind in body)
    label = (
        label_of(body, "label", name)
        if body.get("label")
        else Text(USUAL_LABELS.get(name, name.capitalize()))
    )
    if kind in AGGREGATES:
        return Measure(name, label, kind, tuple(body[kind].split(".")))
    return Measure(name, label, kind, (), () if body[kind] is True else as_lines(body[kind]))


USUAL_LABELS = {
    "count": NP_("measure", "Count"),
    "total": NP_("measure", "Total"),
    "average": NP_("measure", "Average"),
    "revenue": NP_("measure", "Revenue"),
}


def build_report(document: Document, _schema: Schema) -> Report:
    """Return the report of a document that has no problems."""
    body = document.body
    label, text = label_of(body, "label", document.name), body.get("help")
    lines, words = as_lines(body.get("if")), Text(text) if text else None
    if "kind" in body:
        analysis, chart = ANALYSES[body["kind"]], Chart("table")
        options = analysis.build(body)
        return Report(
            document.name, body["entity"], label, lines, (), (), chart, words, analysis.name, options
        )
    groups = tuple(group_of(group) for group in body.get("group_by") or ())
    measures = tuple(measure_of(name, measure) for name, measure in body["measures"].items())
    drawn = body.get("chart") or {}
    chart = Chart(
        drawn.get("kind", "bar"),
        drawn.get("x") or (groups[0].name if groups else ""),
        drawn.get("y") or measures[0].name,
        drawn.get("color") or "",
    )
    return Report(document.name, body["entity"], label, lines, groups, measures, chart, words)


def check_dashboard(document: Document, schema: Schema) -> list[Problem]:
    """Return every problem of a dashboard document."""
    reader = BodyReader(document)
    body = reader.keys(document.body, (), DASHBOARD_KEYS, ("cards",))
    reader.name(document.body["dashboard"], ("dashboard",))
    reader.text(body, "label", ())
    for index, card in enumerate(reader.items(body, "cards", ())):
        path = ("cards", index)
        card = reader.keys(card, path, ("report", "kpi"))
        if isinstance(card, Mapping) and not card:
            reader.refuse("schema.missing_key", path, key="report")
        if "report" in card:
            reader.known(card["report"], schema.parts.get("report", {}), (*path, "report"), "report")
        if "kpi" in card:
            _check_kpi(reader, card["kpi"], schema, (*path, "kpi"))
    return reader.problems


def _check_kpi(reader: BodyReader, kpi: Any, schema: Schema, path: tuple) -> None:
    kpi = reader.keys(kpi, path, ("label", "entity", "if", "measure"), ("entity", "measure"))
    reader.text(kpi, "label", path)
    if reader.known(kpi.get("entity"), schema.entities, (*path, "entity"), "entity"):
        entity = schema.entities[kpi["entity"]]
        reader.add(parse_conditions(list(as_lines(kpi.get("if"))), entity, schema)[1], (*path, "if"))
        _check_measure(reader, kpi.get("measure"), entity, schema, (*path, "measure"))


def build_dashboard(document: Document, _schema: Schema) -> Dashboard:
    """Return the dashboard of a document that has no problems."""
    cards = tuple(_build_card(card) for card in document.body["cards"])
    return Dashboard(document.name, label_of(document.body, "label", document.name), cards)


def _build_card(card: Mapping) -> Card:
    if "report" in card:
        return Card(report=card["report"])
    kpi = card["kpi"]
    said = kpi.get("label") or kpi["measure"].get("label")
    label = Text(said) if said else None
    return Card("", label, kpi["entity"], as_lines(kpi.get("if")), measure_of("value", kpi["measure"]))


COUNTED = {"anyOf": [{"const": True}, CONDITIONS]}
MEASURE = closed(label=TEXT, count=COUNTED, share=COUNTED, **dict.fromkeys(AGGREGATES, WORD))
REPORT_PARTS = {
    "entity": WORD,
    "help": TEXT,
    "if": CONDITIONS,
    "group_by": list_of({"anyOf": [WORD, one_key(dict.fromkeys(PERIODS, WORD))]}),
    "measures": named(MEASURE),
    "chart": closed(kind={"enum": list(CHARTS)}, x=WORD, y=WORD, color=WORD),
    "kind": {"enum": list(ANALYSES)},
    **{key: part for analysis in ANALYSES.values() for key, part in analysis.keys.items()},
}
ORDER_OF_KEYS = (
    "report",
    "kind",
    *(key for key in dict.fromkeys((*REPORT_KEYS, *REPORT_PARTS)) if key not in ("report", "kind")),
)
KPI = closed(**{"label": TEXT, "entity": WORD, "if": CONDITIONS, "measure": MEASURE})
DASHBOARD_PARTS = {"cards": list_of(closed(report=WORD, kpi={**KPI, "required": ["entity", "measure"]}))}
REPORT = Kind("report", "reports", check_report, build_report, ORDER_OF_KEYS, walk_report, REPORT_PARTS)
DASHBOARD = Kind(
    "dashboard",
    "dashboards",
    check_dashboard,
    build_dashboard,
    DASHBOARD_KEYS,
    walk_dashboard,
    DASHBOARD_PARTS,
)
