"""`/admin/schema/documents/`: every document as YAML, edited in the draft; problems are shown at their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, make_response, redirect, render_template, request
from flask_appbuilder import AppBuilder, BaseView
from flask_babel import gettext
from werkzeug.wrappers import Response

from crm.database import CrmSession
from crm.drafts import service
from crm.drafts.model import Draft
from crm.drafts.uploads import pack_draft
from crm.entities.kinds import kind_names
from crm.entities.load import check_schema, load_document
from crm.entities.model import Document
from crm.entities.yaml import MAX_BYTES, write_yaml
from crm.errors import CrmError, Problem
from crm.messages import render
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import CONFIGURATION
from crm.web.fab.views import page
from crm.web.language import current_language
from crm.web.schema.skeletons import SKELETONS
from crm.web.schema.words import document_label, kind_label
from crm.web.serving.session import current_session

DOCUMENTS = "/admin/schema/documents/"
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML takes for the end of a line
STATES = {"live": "green", "changed": "orange", "new": "blue", "removed": "red"}


@dataclass(frozen=True)
class DocumentRow:
    """One document of the list: a key of `STATES` says what the draft does to it."""

    kind: str
    name: str
    state: str
    label: str


@dataclass(frozen=True)
class Finding:
    """One problem of a text: its line and column, what stands in the line, and the sentence."""

    line: int
    column: int
    text: str
    message: str


class SchemaDocumentsView(BaseView):
    """The documents of every kind as text."""

    route_base = "/admin/schema/documents"
    default_view = "index"
    class_permission_name = CONFIGURATION

    @page("/")
    def index(self) -> str:
        """List the documents as they would be, kind by kind."""
        session = current_session()
        draft = service.find_draft(session)
        rows = list_rows(session, draft)
        kinds = [(kind, [row for row in rows if row.kind == kind]) for kind in kind_names()]
        context = {"draft": draft, "kinds": kinds, "states": STATES, "kind_label": kind_label}
        return self.render_template("schema/documents.html", **context)

    @page("/all.zip")
    def everything(self) -> Response:
        """Return every document as it would be, as files in one archive."""
        session = current_session()
        return _file(pack_draft(session, service.find_draft(session)), "schemas.zip", "application/zip")

    @page("/new/<kind>", methods=["GET", "POST"])
    def new(self, kind: str) -> Response:
        """Begin a document of a kind."""
        _known(kind)
        if request.method == "POST":
            return _save(kind, "")
        return _page(kind, "", SKELETONS.get(kind, f"{kind}: \n"), [])

    @page("/<kind>/<name>", methods=["GET", "POST"])
    def show(self, kind: str, name: str) -> Response:
        """Show a document as the draft has it, or take what was written."""
        text = _text_of(kind, name)
        if request.method == "POST":
            return _save(kind, name)
        session = current_session()
        return _page(kind, name, text, findings(session, (kind, name), text)[1])

    @page("/<kind>/<name>/download")
    def download(self, kind: str, name: str) -> Response:
        """Return a document as a file."""
        return _file(_text_of(kind, name).encode(), f"{name}.yaml", "application/yaml; charset=utf-8")

    @page("/<kind>/<name>/remove", methods=["POST"])
    def remove(self, kind: str, name: str) -> Response:
        """Let a document go, in the draft."""
        _text_of(kind, name)
        session = current_session()
        service.save_document(session, service.open_draft(session), kind, name, None)
        session.commit()
        flash(gettext("The document will be removed when the draft is published."), "success")
        return redirect(DOCUMENTS)


def list_rows(session: CrmSession, draft: Draft | None) -> list[DocumentRow]:
    """Return every document with what the draft does to it; removed ones too."""
    live = {(document.kind, document.name): document.body for document in session.workspace.schema.documents}
    edits = {(edit.kind, edit.name): edit for edit in (draft.edits if draft else ())}
    language = session.actor.language

    def state(key: tuple[str, str]) -> str:
        if key not in edits:
            return "live"
        if edits[key].body is None:
            return "removed"
        return "changed" if key in live else "new"

    def label(key: tuple[str, str]) -> str:
        body = edits[key].body if key in edits else None
        return document_label(body or live.get(key, {}), key[1], language)

    return [DocumentRow(*key, state(key), label(key)) for key in sorted({*live, *edits})]


def findings(
    session: CrmSession, key: tuple[str, str], text: str
) -> tuple[Document | None, list[Finding], bool]:
    """Return the document a text holds, its problems by line, and whether it can be kept in a draft at all."""
    kind, name = key
    file = f"{name or kind}.yaml"
    document, problems = load_document(text, file)
    if document is not None and not problems:
        if document.kind != kind:
            problems = [
                Problem("schema.other_kind", {"expected": kind, "found": document.kind}, file=file, line=1)
            ]
        else:
            return document, _shown(_checked(session, key, document), text), True
    return document, _shown(problems, text), False


def _checked(session: CrmSession, key: tuple[str, str], document: Document) -> list[Problem]:
    """Return the problems of a document among all the others as they would be."""
    draft = service.find_draft(session)
    others = [
        other
        for other in service.documents_of(session, draft)
        if (other.kind, other.name) not in (key, (document.kind, document.name))
    ]
    found = check_schema([*others, document], session.workspace.number + 1)[1]
    return [problem for problem in found if problem.file == document.file]


def _shown(problems: list[Problem], text: str) -> list[Finding]:
    lines, language = LINE_BREAK.split(text), current_language()
    found = []
    for problem in problems:
        line, column = problem.line or 1, problem.column or 1
        stands = lines[line - 1].strip()[:120] if line <= len(lines) else ""
        found.append(Finding(line, column, stands, render(problem, language)))
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _save(kind: str, name: str) -> Response:
    """Check what was written, and keep it in the draft when it was sent for that."""
    session = current_session()
    text = _sent_text()
    document, found, is_kept = findings(session, (kind, name), text)
    if request.form.get("deed") == "check" or not is_kept:
        return _page(kind, name, text, found, checked=True)
    draft = service.open_draft(session)
    version = request.form.get("version", "")
    try:
        service.save_document(
            session,
            draft,
            kind,
            name or document.name,
            document.body,
            int(version) if version.isdecimal() else None,
        )
    except CrmError as error:
        session.rollback()
        return _page(kind, name, text, [Finding(1, 1, "", render(error, current_language()))])
    session.commit()
    flash(gettext("Saved in your draft."), "success")
    return redirect(f"{DOCUMENTS}{kind}/{document.name}")


def _sent_text() -> str:
    """Return the text of the request: an uploaded file, or what was written."""
    upload = request.files.get("file")
    if upload is not None and upload.filename:
        return upload.stream.read(MAX_BYTES + 1).decode("utf-8", "replace")
    return request.form.get("text", "").replace("\r\n", "\n")


def _page(kind: str, name: str, text: str, found: list[Finding], checked: bool = False) -> Response:
    session = current_session()
    draft = service.find_draft(session)
    context: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "text": text,
        "findings": found,
        "checked": checked,
        "draft": draft,
        "edit": draft.find_edit(kind, name) if draft else None,
        "kind_label": kind_label,
        "rows": min(max(text.count("\n") + 2, 12), 40),
    }
    status = 422 if found and request.method == "POST" else 200
    return make_response(render_template("schema/document.html", **context), status)


def _known(kind: str) -> None:
    if kind not in kind_names():
        abort(404)


def _text_of(kind: str, name: str) -> str:
    """Return a document as the draft has it, as YAML; 404 where there is none."""
    _known(kind)
    session = current_session()
    document = service.document_of(session, service.find_draft(session), kind, name)
    if document is None:
        abort(404)
    return write_yaml(dict(document.body))


def _file(content: bytes, name: str, kind: str) -> Response:
    answer = make_response(content)
    answer.headers["Content-Type"] = kind
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages."""
    appbuilder.add_view_no_menu(SchemaDocumentsView)
