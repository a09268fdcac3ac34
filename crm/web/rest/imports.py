"""REST for imports: upload, follow, apply, cancel, undo, by the services of the wizard."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, abort, request, url_for
from flask_appbuilder import AppBuilder, expose

from crm.database import CrmSession
from crm.errors import ImportRowError
from crm.imports import service
from crm.imports.matching import tell_columns
from crm.imports.model import Matching, Reading, build_matching
from crm.revisions.workspace import Workspace
from crm.web.imports.pages import current_import_settings, problem_file
from crm.web.language import current_language
from crm.web.rest.described import FILE_CONTENT, NUMBER, TEXT, DescribedApi, an_object, described
from crm.web.rest.entity import answer, for_users
from crm.web.serving.session import current_session

OPTIONS = frozenset(
    {"entity", "sheet", "header_row", "encoding", "delimiter", "map", "mode", "key", "rules", "apply"}
)
RULES = ("run", "skip")
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
        """Take a file and its options, and let a worker check it."""
        options, sent = read_options(), request.files.get("file")
        session = current_session()
        entity = service.entity_of(session, str(options.get("entity", "")))
        if sent is None or not sent.filename:
            raise ImportRowError("import.no_file")
        session.commit()  # reading the file takes a while, and nobody shall wait for our transaction
        batch_id = service.start_import(
            session, current_import_settings(), entity, sent.stream, sent.filename
        )
        choose(session, batch_id, options)
        service.begin_check(session, batch_id)
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


def read_options() -> dict[str, Any]:
    """Return the options of an upload.

    Errors: ImportRowError import.bad_options; 400 when they are no JSON object at all.
    """
    try:
        options = orjson.loads(request.form.get("options") or "{}")
    except orjson.JSONDecodeError:
        abort(400)
    if not isinstance(options, dict):
        abort(400)
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise ImportRowError("import.unknown_option", name=unknown[0], known=", ".join(sorted(OPTIONS)))
    return options


def choose(session: CrmSession, batch_id: int, options: dict[str, Any]) -> None:
    """Do what the wizard's first two steps do.

    Errors: ImportRowError.
    """
    batch = service.get_batch(session, batch_id)
    told = [text_or_none(options.get(name)) for name in ("sheet", "encoding", "delimiter")]
    row = options.get("header_row")
    if any(told) or row:
        header_row = row if isinstance(row, int) and row > 0 else None
        reading = Reading(batch["look"]["kind"], told[0], header_row, told[1], told[2])
        service.choose_sheet(
            session, batch, service.look_again(current_import_settings(), batch, reading), told[0]
        )
        batch = service.get_batch(session, batch_id)
    service.match_columns(session, batch_id, read_matching(session, batch, options))


def read_matching(session: CrmSession, batch: service.Batch, options: dict[str, Any]) -> Matching:
    """Return the matching of an upload: guesses, with what `map` tells.

    Errors: ImportRowError import.bad_matching.
    """
    stored, told = build_matching(batch["matching"]), options.get("map") or {}
    lines = [f"{header}={field or ''}" for header, field in told.items()] if isinstance(told, dict) else told
    keys = options.get("key") or ()
    rules = options.get("rules", "run")
    return Matching(
        tell_columns(stored.columns, map(str, lines), service.entity_of(session, batch["entity"])),
        str(options.get("mode", "create")),
        (keys,) if isinstance(keys, str) else tuple(map(str, keys)),
        rules if rules in RULES else "run",
    )


def text_or_none(value: Any) -> str | None:
    """Return a text that was sent, None for anything else."""
    return value if isinstance(value, str) and value else None


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the API."""
    appbuilder.add_api(ImportApi)
