"""`/admin/schema/documents/upload/`: files into the draft, seen as changes before anything is taken."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.drafts import service, uploads
from crm.drafts.archive import MAX_PACKED_MB, MB, read_files
from crm.entities.load import MAX_FILES
from crm.errors import CrmError
from crm.messages import render, told
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.places import Names, names_of
from crm.web.schema.words import document_label, kind_label, told_changes
from crm.web.serving.session import current_session

UPLOAD = "/admin/schema/documents/upload/"
COLORS = {"added": "blue", "changed": "orange", "removed": "red", "unchanged": "green"}
MOST_PARTS = 50  # of one document that are shown


@dataclass(frozen=True)
class UploadRow:
    """One change, with the smallest parts that differ: (place, before, after)."""

    change: uploads.Change
    label: str
    parts: tuple[tuple[str, str, str], ...]


class SchemaUploadView(BaseView):
    """Files that are sent for the draft."""

    route_base = "/admin/schema/documents/upload"
    default_view = "index"
    class_permission_name = CONFIGURATION

    @page("/")
    def index(self) -> Response:
        """Show the form, and what the files that were sent would change."""
        return _page()

    @page("/", methods=["POST"])
    def send(self) -> Response:
        """Read files; keep them for the preview, or say everything that is wrong with them."""
        session = current_session()
        files = [file for file in request.files.getlist("file")[: MAX_FILES + 1] if file.filename]
        sent = read_files((file.filename or "", file.stream.read(MAX_PACKED_MB * MB + 1)) for file in files)
        try:
            uploads.keep_upload(session, sent, request.form.get("whole") == "1")
        except CrmError as error:
            session.rollback()
            return _page(error)
        session.commit()
        return redirect(UPLOAD)

    @page("/take", methods=["POST"])
    def take(self) -> Response:
        """Lay what was sent into the draft."""
        session = current_session()
        version = request.form.get("version", "")
        try:
            uploads.take_upload(session, int(version) if version.isdecimal() else None)
        except CrmError as error:
            session.rollback()
            return _page(error)
        session.commit()
        flash(gettext("Saved in your draft."), "success")
        return redirect("/admin/schema/draft/")

    @page("/forget", methods=["POST"])
    def forget(self) -> Response:
        """Throw away what was sent."""
        session = current_session()
        uploads.forget_upload(session)
        session.commit()
        return redirect(UPLOAD)


def _page(error: CrmError | None = None) -> Response:
    session = current_session()
    draft, upload = service.find_draft(session), uploads.find_upload(session)
    language = current_language()
    names = names_of(session.workspace.schema.documents, language)
    rows = [_row(change, names) for change in uploads.changes_of(session, upload)] if upload else []
    context: dict[str, Any] = {
        "draft": draft,
        "upload": upload,
        "groups": [(state, [row for row in rows if row.change.state == state]) for state in uploads.STATES],
        "colors": COLORS,
        "error": render(error, language) if error else "",
        "problems": [told(problem, language) for problem in error.problems] if error else [],
        "kind_label": kind_label,
        "limit": MAX_PACKED_MB,
    }
    return make_response(render_template("schema/upload.html", **context), error.status if error else 200)


def _row(change: uploads.Change, names: Names) -> UploadRow:
    old, new = change.before or {}, change.after or {}
    keys = dict.fromkeys([*new, *old]) if change.state == "changed" else ()
    parts = told_changes(change.kind, change.name, (old, new), keys, names)
    label = document_label(new or old, change.name, names.language)
    return UploadRow(change, label, tuple(islice(parts, MOST_PARTS)))


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(SchemaUploadView)
