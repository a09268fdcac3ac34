"""The import wizard: one address per import, which shows the step the import is at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import pgettext
from werkzeug.wrappers import Response as AnyResponse

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, ImportRowError, NotAllowedError, NotFoundError
from crm.fields import FIELD_TYPES
from crm.imports import files, service
from crm.imports.model import KINDS, MODES, Column, Matching, Reading, build_matching
from crm.imports.quoting import is_delimiter
from crm.imports.service import Batch, ImportSettings
from crm.messages import render
from crm.permissions.service import writable_fields
from crm.reports.workbook import write_workbook
from crm.revisions.workspace import Workspace
from crm.texts import NP_, RIGHT_TO_LEFT
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.imports.steps import FORMATS, OTHER, describe, in_history
from crm.web.language import current_language
from crm.web.reports_pages import secure_words, send_table
from crm.web.serving.session import current_session

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PATIENCE_SECONDS = 2  # a look that takes longer is a worker's
ACCEPT = ",".join(f".{kind}" for kind in KINDS)


class ImportView(BaseView):
    """`/import/` and `/import/<batch>`; each action is a POST that leads back to the import's page."""

    route_base = "/import"
    default_view = "index"
    class_permission_name = EVERYONE

    @page("/")
    def index(self) -> str:
        """Show the upload form and the imports so far."""
        return self.draw_index(None)

    @page("/", methods=["POST"])
    def upload(self) -> AnyResponse | tuple[str, int]:
        """Take a file; go to its page, or say in place why it cannot be imported."""
        session, sent = current_session(), request.files.get("file")
        entity = service.entity_of(session, request.form.get("entity", ""))
        session.commit()  # reading the file takes a while; nobody should wait for our transaction
        try:
            if sent is None or not sent.filename:
                raise ImportRowError("import.no_file")
            batch_id = service.start_import(
                session, current_import_settings(), entity, sent.stream, sent.filename
            )
        except ImportRowError as error:
            session.rollback()
            return self.draw_index(error), 422
        session.commit()
        return to_batch(batch_id)

    @page("/<int:batch_id>")
    def show(self, batch_id: int) -> str:
        """Show the step an import is at."""
        batch = service.get_batch(importing_session(), batch_id)
        return self.render_template("imports/batch.html", **describe(current_session(), batch))

    @page("/<int:batch_id>/progress")
    def progress(self, batch_id: int) -> str:
        """Show the step alone, for the page that asks every second."""
        batch = service.get_batch(importing_session(), batch_id)
        return render_template("imports/_step.html", **describe(current_session(), batch))

    @page("/<int:batch_id>/sheet", methods=["POST"])
    def sheet(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Take another sheet, header row, encoding or delimiter."""
        session = importing_session()
        batch = service.get_batch(session, batch_id)
        session.commit()
        try:
            reading = read_reading(batch, request.form)
            look = service.look_again(current_import_settings(), batch, reading)
            service.choose_sheet(session, batch, look, reading)
        except ImportRowError as error:
            return self.draw_again(batch_id, error)
        session.commit()
        return to_batch(batch_id)

    @page("/<int:batch_id>/match", methods=["POST"])
    def match(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Take which column fills which field, and let a worker check the rows."""
        session = importing_session()
        batch = service.get_batch(session, batch_id)
        matching = read_matching(batch, request.form)
        try:
            service.match_columns(session, batch_id, matching)
            service.begin_check(session, batch_id)
        except ImportRowError as error:
            return self.draw_again(batch_id, error, matching)
        session.commit()
        return to_batch(batch_id)

    @page("/<int:batch_id>/back", methods=["POST"])
    def back(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Return from the check to matching."""
        return self.act(batch_id, service.match_again)

    @page("/<int:batch_id>/apply", methods=["POST"])
    def apply(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Let a worker write what was checked."""
        return self.act(batch_id, service.begin_apply)

    @page("/<int:batch_id>/long-cells", methods=["POST"])
    def long_cells(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Take the quoted cells over many lines as they are, and check the rows again."""
        return self.act(batch_id, service.accept_long_cells)

    @page("/<int:batch_id>/cancel", methods=["POST"])
    def cancel(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Stop an import."""
        return self.act(batch_id, service.cancel)

    @page("/<int:batch_id>/undo", methods=["POST"])
    def undo(self, batch_id: int) -> AnyResponse | tuple[str, int]:
        """Let a worker take an import back."""
        return self.act(batch_id, service.begin_undo)

    @page("/<int:batch_id>/problems.xlsx")
    def problems(self, batch_id: int) -> Response:
        """Send the refused rows with their reasons."""
        return problem_file(service.get_batch(importing_session(), batch_id))

    @page("/template/<entity>.xlsx")
    def template(self, entity: str) -> Response:
        """Send an empty workbook with one column for each field the reader may fill."""
        session = importing_session()
        found = next((each for each in service.importable_entities(session) if each.name == entity), None)
        if found is None:
            raise NotFoundError("import.unknown_entity", name=entity)
        return template_file(session, found)

    def act(self, batch_id: int, deed: Any) -> AnyResponse | tuple[str, int]:
        """Do one thing with an import, and show its page again."""
        session = importing_session()
        try:
            deed(session, batch_id)
        except ImportRowError as error:
            return self.draw_again(batch_id, error)
        session.commit()
        return to_batch(batch_id)

    def draw_again(self, batch_id: int, error: CrmError, matching: Matching | None = None) -> tuple[str, int]:
        """Return the import's page with what was refused, and what was chosen kept."""
        session = current_session()
        session.rollback()
        batch = service.get_batch(session, batch_id)
        if matching is not None:
            batch["matching"] = matching.as_json()
        page = describe(session, batch, error)
        return self.render_template("imports/batch.html", **page), 422

    def draw_index(self, error: CrmError | None) -> str:
        """Return the first page."""
        session = importing_session()
        entities = service.importable_entities(session)
        chosen = request.values.get("entity", "")
        if error is not None:
            flash(render(error, current_language()), "danger")
        return self.render_template(
            "imports/index.html",
            title=pgettext("title", "Import"),
            entities=entities,
            chosen=chosen if chosen in {entity.name for entity in entities} else "",
            accept=ACCEPT,
            limit_mb=current_import_settings().limits.upload_mb,
            batches=[in_history(session, batch) for batch in service.list_batches(session)],
        )


def importing_session() -> CrmSession:
    """Return the request's session of somebody who may import something.

    Errors: NotAllowedError.
    """
    session = current_session()
    if not service.importable_entities(session):
        raise NotAllowedError("import.may_not")
    return session


def current_import_settings() -> ImportSettings:
    """Return where this app keeps imported files, and how long its pages wait for a look."""
    return replace(service.import_settings(current_app.extensions["crm_settings"]), patience=PATIENCE_SECONDS)


def to_batch(batch_id: int) -> AnyResponse:
    """Return the way to an import's page."""
    return redirect(url_for("ImportView.show", batch_id=batch_id))


def read_reading(batch: Batch, form: Mapping[str, str]) -> Reading:
    """Return which part of the file was chosen; a new sheet begins with its own first filled row.

    Errors: ImportRowError when the delimiter is no single character.
    """
    sheet, look = form.get("sheet", batch["sheet"]), batch["look"]
    row = form.get("header_row", "")
    told = int(row) if row.isascii() and row.isdigit() and len(row) < 8 and sheet == batch["sheet"] else None
    delimiter = form.get("delimiter") or look["delimiter"]
    if form.get("delimiter") == OTHER:
        delimiter = form.get("other_delimiter", "")
    if delimiter and not is_delimiter(delimiter):
        raise ImportRowError("import.no_delimiter", value=delimiter[:20])
    return Reading(
        look["kind"], sheet, told or None, form.get("encoding") or look["encoding"], delimiter or None
    )


def read_matching(batch: Batch, form: Any) -> Matching:
    """Return what the form says about the columns; what it does not name stays as it is."""
    stored = build_matching(batch["matching"])
    mode = form.get("mode", stored.mode)
    return Matching(
        tuple(read_column(column, form) for column in stored.columns),
        mode if mode in MODES else stored.mode,
        tuple(form.getlist("key")),
        "skip" if form.get("rules") == "skip" else "run",
    )


def read_column(column: Column, form: Mapping[str, str]) -> Column:
    """Return one column as the form has it."""
    name = f"field-{column.index}"
    if name not in form:
        return column
    field, shape = form[name] or None, FORMATS.get(form.get(f"format-{column.index}", ""), {})
    guessed = column.guessed and field == column.field
    return replace(column, field=field, guessed=guessed, **{"day_first": None, "decimal": None, **shape})


def problem_file(batch: Batch) -> Response:
    """Return the answer that sends an import's problem file.

    Errors: NotFoundError when there is none.
    """
    if not batch["problems_key"]:
        raise NotFoundError("import.no_problem_file")
    with files.local_file(
        current_import_settings().files_url, batch["problems_key"], files.secret_of(batch)
    ) as path:
        body = BytesIO(path.read_bytes())
    name = f"import-{batch['id']}-problems.xlsx"
    return send_file(body, mimetype=SPREADSHEET, as_attachment=True, download_name=name)


def template_file(session: CrmSession, entity: Entity) -> Response:
    """Return the answer that sends an empty workbook of an entity."""
    header = [
        field.label.get(current_language())
        for field in writable_fields(session.actor, entity, "import").values()
        if FIELD_TYPES[field.type].importable
    ]
    title = entity.plural.get(current_language())
    return send_table(
        lambda path: write_workbook(path, title, header, [], current_language() in RIGHT_TO_LEFT),
        secure_words(title),
        ".xlsx",
    )


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the wizard."""
    appbuilder.add_view(ImportView, "Import", label=NP_("title", "Import"), icon="upload")
