"""Reports and lists as tables: rows for files, and the JSON shape of a report."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.records.export import export_columns, export_header, export_rows
from crm.records.listing import ListQuery, require_answerable
from crm.reports.service import ReportResult
from crm.reports.workbook import write_csv, write_workbook
from crm.texts import RIGHT_TO_LEFT

logger = logging.getLogger(__name__)


def write_export(session: CrmSession, entity: Entity, query: ListQuery, path: Path) -> int:
    """Write the matching records to a file by its ending, and return their number.

    Errors: QueryError when a condition or the order cannot be applied; then no file is begun.
    """
    names, count = export_columns(session, entity), 0
    require_answerable(session, entity, query)

    def counted() -> Any:
        nonlocal count
        for row in export_rows(session, entity, query, names):
            count += 1
            yield row

    header = export_header(session, entity, names)
    if path.suffix.lower() == ".csv":
        write_csv(path, header, counted())
    else:
        rtl = session.actor.language in RIGHT_TO_LEFT
        write_workbook(path, entity.plural.get(session.actor.language), header, counted(), rtl)
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


def report_rows(result: ReportResult) -> list[list[Any]]:
    """Return a report's rows for a workbook: groups as texts, measures as numbers."""
    return [
        [
            value if column.is_measure else text
            for column, value, text in zip(result.columns, row.values, row.texts, strict=True)
        ]
        for row in result.rows
    ]


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
        "parameters": {"entity": result.report.entity},
    }


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
