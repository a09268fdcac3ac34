"""Running a report: one query under the reader's rights, and what its numbers mean."""

from __future__ import annotations

import time

from crm.conditions import say
from crm.database import CrmSession
from crm.errors import NotFoundError
from crm.permissions.rows import parse_trusted
from crm.permissions.service import require
from crm.permissions.sight import narrowed_by_rights
from crm.reports.analyses import ANALYSES
from crm.reports.model import Report
from crm.reports.query import MOST_ROWS, ReportQuery
from crm.reports.result import ReportResult, ReportRow
from crm.reports.telling import Teller


def get_report(session: CrmSession, name: str) -> Report:
    """Return a report the actor may open.

    Errors: NotFoundError when there is none of the name, or it is not open to the actor.
    """
    found = session.workspace.schema.parts["report"].get(name)
    if found is None or not session.actor.may_see_report(name):
        raise NotFoundError("report.not_found", name=name)
    require(session.actor, "read", session.workspace.schema.entities[found.entity])
    return found


def run_report(session: CrmSession, report: Report) -> ReportResult:
    """Run a report under the actor's rights.

    Errors: QueryError when it reads something that is not open to the actor.
    """
    if report.analysis:
        return ANALYSES[report.analysis].run(session, report)
    begun = time.perf_counter()
    query = ReportQuery(session, report)
    found = session.execute(query.statement()).all()
    query.load_names(found)
    teller = Teller(query)
    shown = query.in_order(found[:MOST_ROWS], teller.text)
    rows = [ReportRow(tuple(row), teller.texts(row), query.lines_of(row, found)) for row in shown]
    totals = tuple(
        teller.total(column, total) for column, total in zip(query.measured, query.totals(), strict=True)
    )
    return ReportResult(
        report=report,
        columns=query.columns,
        rows=rows,
        totals=totals,
        definition=define(session, report),
        as_of=session.clock().replace(microsecond=0),
        milliseconds=int((time.perf_counter() - begun) * 1000),
        narrowed=narrowed_by_rights(session, query.entity, query.reads),
        is_cut=len(found) > MOST_ROWS,
    )


def define(session: CrmSession, report: Report) -> str:
    """Return what a report counts, in the reader's language."""
    language, schema = session.actor.language, session.workspace.schema
    entity = schema.entities[report.entity]
    if not report.lines:
        return entity.plural.get(language)
    tree = parse_trusted(session.workspace, entity, report.lines)
    return f"{entity.plural.get(language)}: {say(tree, entity, schema, language)}"
