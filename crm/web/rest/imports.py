"""REST for imports: upload, follow, apply, cancel, undo, by the services of the wizard."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, abort, request, url_for
from flask_appbuilder import AppBuilder, expose

from crm.errors import ImportRowError
from crm.imports import service
from crm.imports.options import OPTIONS, read_options
from crm.revisions.workspace import Workspace
from crm.web.imports.pages import current_import_settings, problem_file
from crm.web.language import current_language
from crm.web.rest.answers import answer, for_users
from crm.web.rest.described import FILE_CONTENT, NUMBER, TEXT, DescribedApi, an_object, described
from crm.web.serving.session import current_session

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


COUNTS = dict.fromkeys(("total", "done", "created", "updated", "unchanged", "skipped", "failed"), NUMBER)
STATUS = an_object(batch=NUMBER, state=TEXT, **COUNTS, problems_url={**TEXT, "nullable": True})
SENT = an_object(file=FILE_CONTENT, options={**TEXT, "description": f"JSON: {', '.join(sorted(OPTIONS))}"})


class ImportApi(DescribedApi):
    """`/api/v1/import/`."""

    resource_name = "import"
    class_permission_name = "everyone"

    @expose("/", methods=["POST"])
    @for_users
    @described(takes=SENT, gives=an_object(batch=NUMBER), status=202, form=True)
    def post(self) -> Response:
        """Take a file and its options, and let a worker check it; one that takes long is looked at by a worker too."""
        raw, sent = read_sent(), request.files.get("file")
        session = current_session()
        entity = service.entity_of(session, str(raw.get("entity", "")))
        options = read_options(raw, entity)
        if sent is None or not sent.filename:
            raise ImportRowError("import.no_file")
        session.commit()  # reading the file takes a while; nobody should wait for our transaction
        batch_id = service.start_import(
            session, current_import_settings(), entity, sent.stream, sent.filename, options
        )
        session.commit()
        return answer({"batch": batch_id}, 202, Location=url_for("ImportApi.get", batch_id=batch_id))

    @expose("/<int:batch_id>", methods=["GET"])
    @for_users
    @described(gives=STATUS)
    def get(self, batch_id: int) -> Response:
        """Return how an import is."""
        return self.tell(batch_id)

    @expose("/<int:batch_id>/problems.xlsx", methods=["GET"])
    @for_users
    @described(gives=FILE_CONTENT, media=XLSX)
    def problems(self, batch_id: int) -> Response:
        """Send the refused rows with their reasons."""
        return problem_file(service.get_batch(current_session(), batch_id))

    @expose("/<int:batch_id>/<any(apply, cancel, undo):deed>", methods=["POST"])
    @for_users
    @described(gives=STATUS, status=202)
    def act(self, batch_id: int, deed: str) -> Response:
        """Apply, cancel or undo an import."""
        session = current_session()
        {"apply": service.begin_apply, "cancel": service.cancel, "undo": service.begin_undo}[deed](
            session, batch_id
        )
        session.commit()
        return self.tell(batch_id, 202)

    @staticmethod
    def tell(batch_id: int, status: int = 200) -> Response:
        """Return the answer that tells how an import is."""
        batch = service.get_batch(current_session(), batch_id)
        has_problems = bool(batch["problems_key"])
        url = url_for("ImportApi.problems", batch_id=batch_id) if has_problems else None
        return answer({**service.status_of(batch, current_language()), "problems_url": url}, status)


def read_sent() -> dict[str, Any]:
    """Return the options of an upload as they were sent; 400 when they are no JSON object at all."""
    try:
        options = orjson.loads(request.form.get("options") or "{}")
    except orjson.JSONDecodeError:
        abort(400)
    if not isinstance(options, dict):
        abort(400)
    return options


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the API."""
    appbuilder.add_api(ImportApi)
