"""Files that come with a form or a call: stored before the record is saved, each in a transaction of its own."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from werkzeug.datastructures import FileStorage

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, FieldError, Problem
from crm.fields import type_of
from crm.fields.base import Field
from crm.permissions.service import writable_fields
from crm.records.file_rows import StoredFile
from crm.records.files import MOST_LOOSE, Upload, announce_upload, store_upload


def take_uploads(session: CrmSession, entity: Entity, sent: dict[str, Any], deed: str) -> list[Problem]:
    """Store the files a form brought and add their numbers to what was sent; return what was refused.

    Shape:  a new file takes the place of the old one, where a field holds one only. Files that were stored stay
            in the form when the record is refused, so that nobody has to send them again.
    """
    problems = []
    for name, field in writable_fields(session.actor, entity, deed).items():
        if not type_of(field).holds_files:
            continue
        for file in request.files.getlist(f"upload-{name}")[:MOST_LOOSE]:
            if not file.filename:
                continue
            try:
                number = str(take_upload(session, entity, field, file).id)
            except FieldError as error:
                problems.append(Problem(error.code, error.params, name))
                continue
            kept = list(sent.get(name) or ()) if field.options.get("many") else []
            sent[name] = [*kept, number]
    return problems


def take_upload(session: CrmSession, entity: Entity, field: Field, file: FileStorage) -> StoredFile:
    """Store one file and return what is known of it.

    Errors: FieldError; then neither content nor row is left.
    """
    settings = current_app.extensions["crm_settings"]
    upload = Upload(file.filename or "", file.stream, settings.file_max_mb)
    stored = announce_upload(session, entity, field, upload)
    session.commit()  # nobody should wait for our transaction while the content is written
    try:
        store_upload(session, settings.files_url, stored, upload)
    except (CrmError, OSError):
        session.commit()
        raise
    session.commit()
    return stored
