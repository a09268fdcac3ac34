"""Stored files on their way out, and on their way in for programs. What may be seen the record decides."""

from __future__ import annotations

from flask import Response, current_app, request, send_file
from flask_appbuilder import AppBuilder, BaseView, expose

from config import ROOT
from crm import file_store
from crm.errors import FieldError, NotFoundError
from crm.fields.file_kinds import SHOWN
from crm.records.files import get_file, upload_field
from crm.records.pictures import thumbnail_of
from crm.revisions.workspace import Workspace
from crm.web.fab.permissions import EVERYONE
from crm.web.fab.views import page
from crm.web.forms.uploads import take_upload
from crm.web.rest.answers import answer, file_json, for_users
from crm.web.rest.described import FILE_CONTENT, TEXT, DescribedApi, an_object, described
from crm.web.rest.spec import FILE
from crm.web.serving.session import current_session

SANDBOX = "default-src 'none'; sandbox"
UNKNOWN = "application/octet-stream"
NO_PICTURE = ROOT / "static" / "no-picture.svg"


class FilesView(BaseView):
    """`/files/<number>`: pictures are shown, everything else is downloaded."""

    route_base = "/files"
    default_view = "download"
    class_permission_name = EVERYONE

    @page("/<int:file_id>")
    def download(self, file_id: int) -> Response:
        """Send a file of a record the reader may see."""
        return send_stored(file_id)

    @page("/<int:file_id>/small")
    def small(self, file_id: int) -> Response:
        """Send the thumbnail of a picture, and an icon in place of one that cannot be drawn."""
        return send_thumbnail(file_id)


class FilesApi(DescribedApi):
    """`/api/v1/files/`."""

    resource_name = "files"
    class_permission_name = EVERYONE

    @expose("/", methods=["POST"])
    @for_users
    @described(takes=an_object(file=FILE_CONTENT, entity=TEXT, field=TEXT), gives=FILE, status=201, form=True)
    def post(self) -> Response:
        """Take one file for a field; the record that is saved with its id within a day keeps it."""
        session, sent = current_session(), request.files.get("file")
        name = request.values.get("entity", "")
        entity = session.workspace.schema.entities.get(name)
        if entity is None or not session.actor.rights(name).can:
            raise NotFoundError("http.404")
        field = upload_field(session, entity, request.values.get("field", ""))
        if sent is None or not sent.filename:
            raise FieldError("file.none_sent")
        return answer(file_json(take_upload(session, entity, field, sent)), 201)

    @expose("/<int:file_id>", methods=["GET"])
    @for_users
    @described(gives=FILE_CONTENT, media=UNKNOWN)
    def get(self, file_id: int) -> Response:
        """Send a file."""
        return send_stored(file_id)


def send_stored(file_id: int) -> Response:
    """Return the answer that sends a file: nothing in it can run, and no cache keeps it.

    Errors: NotFoundError.
    """
    stored = get_file(current_session(), file_id)
    url = current_app.extensions["crm_settings"].files_url
    is_shown = stored.mime in SHOWN
    try:
        source = file_store.local_path(url, stored.key) or file_store.open_file(url, stored.key)
        response = send_file(
            source,
            mimetype=stored.mime if is_shown else UNKNOWN,
            as_attachment=not is_shown,
            download_name=stored.name,
            conditional=True,
            etag=stored.sha256 or False,
        )
    except FileNotFoundError as error:
        raise NotFoundError("file.not_found") from error
    return locked_up(response)


def send_thumbnail(file_id: int) -> Response:
    """Return the answer that sends a thumbnail; everybody who may see the picture may see it.

    Errors: NotFoundError.
    """
    stored = get_file(current_session(), file_id)
    try:
        drawn = thumbnail_of(current_app.extensions["crm_settings"].files_url, stored)
    except FileNotFoundError as error:
        raise NotFoundError("file.not_found") from error
    if drawn:
        return locked_up(Response(drawn, mimetype="image/webp"))
    return locked_up(send_file(NO_PICTURE, mimetype="image/svg+xml", conditional=False))


def locked_up(response: Response) -> Response:
    """Return an answer nothing in which can run, and which no cache keeps."""
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the pages of stored files."""
    appbuilder.add_view_no_menu(FilesView)
    appbuilder.add_api(FilesApi)
