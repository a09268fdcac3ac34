"""Reports and lists as tables: rows for files, and the JSON shape of a report."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields.base import Situation
from crm.fields.columns import places_of
from crm.fields.sheet_formats import date_format, money_format, month_format, number_format
from crm.records.export import export_columns, export_header, export_rows, sheet_rows
from crm.records.listing import ListQuery, require_answerable
from crm.records.sheet_cells import Styled
from crm.records.values import type_of
from crm.reports.query import Column
from crm.reports.result import ReportResult
from crm.reports.workbook import write_csv, write_workbook
from crm.texts import RIGHT_TO_LEFT

logger = logging.getLogger(__name__)


def write_export(session: CrmSession, entity: Entity, query: ListQuery, path: Path) -> int:
    """Write the matching records to a file by its ending, and return their number.

    Errors: QueryError when a condition or the order cannot be applied; then no file is begun.
    """
    names, count = export_columns(session, entity), 0
    require_answerable(session, entity, query)

    def counted(rows: Any) -> Any:
        nonlocal count
        for row in rows(session, entity, query, names):
            count += 1
            yield row

    header = export_header(session, entity, names)
    if path.suffix.lower() == ".csv":
        write_csv(path, header, counted(export_rows))
    else:
        rtl = session.actor.language in RIGHT_TO_LEFT
        write_workbook(path, entity.plural.get(session.actor.language), header, counted(sheet_rows), rtl)
    note_personal(session, entity, names, count)
    return count


def note_personal(session: CrmSession, entity: Entity, names: Sequence[str], count: int) -> None:
    """Write into the log who took personal data out; never the data."""
    personal = [name for name in names if name in entity.fields and entity.fields[name].personal]
    if personal and count:
        who = session.actor.name or session.actor.kind
        logger.info(
            "%s exported %d records of %s with personal data: %s",
            who,
            count,
            entity.name,
            ", ".join(personal),
        )


def report_rows(result: ReportResult, situation: Situation) -> list[list[Any]]:
    """Return a report's rows for a workbook: groups as texts or days, measures as numbers, each in its format."""
    return [
        [
            _sheet_cell(column, row.values, place, row.texts[place], situation)
            for place, column in enumerate(result.columns)
        ]
        for row in result.rows
    ]


def _sheet_cell(column: Column, values: Sequence[Any], place: int, text: str, situation: Situation) -> Any:
    value = values[place]
    if value is None or not column.is_measure:
        code = PERIOD_FORMATS.get(column.period or "") if isinstance(value, dt.date) else None
        return Styled(value, code(situation.language)) if code else None if column.is_measure else text
    if isinstance(value, float):
        value = Decimal(repr(value))
    places = places_of(value) if isinstance(value, int | Decimal) else 0
    if column.usual:
        currency = values[column.currency] if column.currency is not None else ""
        return Styled(value, money_format(currency or column.usual, places, situation.language))
    if column.field is not None and type_of(column.field).result(column.field).unit:
        return Styled(value, type_of(column.field).sheet_format(column.field, value, situation))
    is_share = column.measure is not None and column.measure.kind == "share"
    return Styled(value, number_format(places) + ("%" if is_share else ""))


PERIOD_FORMATS: dict[str, Callable[[str], str]] = {
    "day": date_format,
    "week": date_format,
    "month": month_format,
    "year": lambda _language: "yyyy",
}
"""A quarter has no format in a spreadsheet and stays a text."""


def report_facts(result: ReportResult) -> dict[str, Any]:
    """Return a report as JSON (shape: interfaces.md): groups by their stored values, exact numbers as numbers."""
    return {
        "report": result.report.name,
        "as_of": result.as_of.isoformat() + "Z",
        "definition": result.definition,
        "columns": [column.name for column in result.columns],
        "labels": [column.label for column in result.columns],
        "rows": [[_json(value) for value in row.values] for row in result.rows],
        "texts": [list(row.texts) for row in result.rows],
        "parameters": {"entity": result.report.entity, **result.parameters},
    }


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
