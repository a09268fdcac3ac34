"""Reports, dashboards, exports and the home page."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, jsonify, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotAllowedError, NotFoundError, Problem, QueryError
from crm.fields.alphabet import sort_key
from crm.fields.wall_clock import to_local
from crm.messages import render
from crm.permissions.sight import told_narrowed
from crm.records.values import situation_of
from crm.reports.charts import CHARTS
from crm.reports.figure import build_figure
from crm.reports.model import Card, Dashboard, Report
from crm.reports.query import MOST_ROWS, Column
from crm.reports.result import ReportResult, ReportRow
from crm.reports.service import get_report, run_report
from crm.reports.tables import report_rows, write_export
from crm.reports.workbook import write_workbook
from crm.revisions.workspace import Workspace
from crm.texts import NP_, RIGHT_TO_LEFT, Text
from crm.web.entity.arguments import answerable_query
from crm.web.entity.cells import view_name
from crm.web.fab.permissions import EVERYONE, USE
from crm.web.serving.session import current_session

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
HOME = "home"
REPORTS = NP_("title", "Reports")
ALLOWED = USE.removeprefix("can_")


def records_url(entity: str, lines: list[Any]) -> str:
    """Return the list of exactly the records that conditions select."""
    path = url_for(f"{view_name(entity)}.list")
    return f"{path}?{urlencode({'where': json.dumps(lines, ensure_ascii=False)})}" if lines else path


def row_url(result: ReportResult) -> Callable[[ReportRow, Column], str]:
    """Return what leads from a mark of a report to the records it counts; "" where no conditions select them."""
    entity = result.report.entity
    return lambda row, column: "" if row.lines is None else records_url(entity, row.lines_of(column))


def notes_of(result: ReportResult) -> list[Problem]:
    """Return what a reader of a report is to know beside its numbers."""
    cut = [Problem("report.cut", {"limit": MOST_ROWS})] if result.is_cut else []
    return [*told_narrowed(result.narrowed), *result.notes, *cut]


def send_table(write: Callable[[Path], None], name: str, suffix: str) -> Response:
    """Send a file that is written for this answer only, and gone with it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        write(path)
        file = io.BytesIO(path.read_bytes())
    kind = XLSX if suffix == ".xlsx" else CSV
    return send_file(file, kind, as_attachment=True, download_name=f"{name}{suffix}", max_age=0)


def dated(words: str) -> str:
    """Return the name of a file of today, in the reader's words and zone."""
    session = current_session()
    today = to_local(session.clock(), session.actor.time_zone).date()
    return f"{secure_words(words)} {today.isoformat()}"


def secure_words(words: str) -> str:
    """Return words as every file system takes them."""
    return " ".join(
        "".join(" " if letter in '\\/:*?"<>|' or ord(letter) < 32 else letter for letter in words).split()
    )


class ReportsView(BaseView):
    """Shows reports, draws their figures, hands out their tables."""

    route_base = "/reports"
    class_permission_name = EVERYONE
    method_permission_name = dict.fromkeys(("index", "show", "figure", "workbook"), ALLOWED)
    default_view = "index"

    @expose("/")
    @has_access
    def index(self) -> str:
        """List the reports the reader may open."""
        session = current_session()
        return render_template("reports/index.html", reports=open_reports(session))

    @expose("/<name>")
    @has_access
    def show(self, name: str) -> str:
        """Show one report: its chart, its table, what it counts."""
        session = current_session()
        report = get_report(session, name)
        result = run_report(session, report)
        return render_template(
            "reports/report.html",
            outcome=result,
            report=report,
            is_drawn=CHARTS[report.chart.kind].is_drawn,
            row_url=row_url(result),
            notes=[render(note, session.actor.language) for note in notes_of(result)],
        )

    @expose("/<name>/figure.json")
    @has_access
    def figure(self, name: str) -> Response:
        """Return the figure of a report."""
        session = current_session()
        result = run_report(session, get_report(session, name))
        return jsonify(build_figure(result, session.actor.language, row_url(result)))

    @expose("/<name>.xlsx")
    @has_access
    def workbook(self, name: str) -> Response:
        """Hand out the table of a report."""
        session = current_session()
        result = run_report(session, get_report(session, name))
        header = [column.label for column in result.columns]
        rtl, situation = session.actor.language in RIGHT_TO_LEFT, situation_of(session)
        title = result.report.label.get(situation.language)
        return send_table(
            lambda path: write_workbook(path, title, header, report_rows(result, situation), rtl),
            dated(title),
            ".xlsx",
        )


def open_reports(session: CrmSession) -> list[Report]:
    """Return the reports the actor may open, by label."""
    found = [
        report
        for name, report in session.workspace.schema.parts["report"].items()
        if session.actor.may_see_report(name) and "read" in session.actor.rights(report.entity).can
    ]
    language = session.actor.language
    return sorted(found, key=lambda report: sort_key(report.label.get(language), language))


class DashboardView(BaseView):
    """Shows dashboards; the one called home is the first page after the login."""

    route_base = "/dashboard"
    class_permission_name = EVERYONE
    method_permission_name = {"show": ALLOWED}

    @expose("/<name>")
    @has_access
    def show(self, name: str) -> str:
        """Show one dashboard."""
        return dashboard_page(name)


def dashboard_page(name: str) -> str:
    """Return a dashboard as a page: numbers first, then reports; what the reader may not see is left out."""
    session = current_session()
    found = session.workspace.schema.parts["dashboard"].get(name)
    if found is None:
        raise NotFoundError("report.not_found", name=name)
    figures = [shown for card in found.cards if card.measure and (shown := _figure(session, card))]
    reports = [report for card in found.cards if card.report and (report := _open(session, card.report))]
    return render_template("reports/dashboard.html", dashboard=found, figures=figures, reports=reports)


def _open(session: CrmSession, name: str) -> Report | None:
    try:
        return get_report(session, name)
    except (NotFoundError, NotAllowedError):
        return None


def _figure(session: CrmSession, card: Card) -> dict[str, Any] | None:
    """Return one number with the way to what it counts; None where the reader may not see any such record."""
    if "read" not in session.actor.rights(card.entity).can:
        return None
    report = Report("figure", card.entity, card.label or Text(""), card.lines, (), (card.measure,), None)
    label = (card.label or session.workspace.schema.entities[card.entity].plural).get(session.actor.language)
    try:
        result = run_report(session, report)
    except QueryError:
        return {"label": label, "value": "—", "url": "", "note": pgettext("access", "no access")}
    text = result.totals[0]
    lines = [*card.lines, *card.measure.lines]
    return {"label": label, "value": text or "0", "url": records_url(card.entity, lines)}


def open_dashboard(session: CrmSession) -> Dashboard | None:
    """Return the home dashboard where the reader may see anything on it."""
    found = session.workspace.schema.parts["dashboard"].get(HOME)
    cards = found.cards if found else ()
    is_open = any(
        _open(session, card.report) if card.report else "read" in session.actor.rights(card.entity).can
        for card in cards
    )
    return found if is_open else None


class ExportView(BaseView):
    """Hands out records as a file: what the list shows, as far as the reader may see and export it."""

    route_base = "/export"
    class_permission_name = EVERYONE
    method_permission_name = {"export": ALLOWED}

    @expose("/<entity>")
    @has_access
    def export(self, entity: str) -> Response:
        """Return the records a list's address selects as .xlsx, or as .csv with `format=csv`."""
        session = current_session()
        found: Entity | None = session.workspace.schema.entities.get(entity)
        if found is None:
            abort(404)
        suffix = ".csv" if request.args.get("format") == "csv" else ".xlsx"
        pairs = [pair for pair in request.args.items(multi=True) if pair[0] != "format"]
        query = replace(answerable_query(session, found, pairs), page=0, after=None)
        return send_table(
            lambda path: write_export(session, found, query, path),
            dated(found.plural.get(session.actor.language)),
            suffix,
        )


def has_open_reports() -> bool:
    """Tell whether the menu leads to any report this reader may open."""
    return bool(open_reports(current_session()))


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view(ReportsView, "Reports", label=REPORTS, icon="chart-bar", menu_cond=has_open_reports)
    for view in (DashboardView, ExportView):
        appbuilder.add_view_no_menu(view)
