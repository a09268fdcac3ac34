"""Files of records: uploaded first, taken by the record that is saved with them, seen by who sees that record.

An upload is a row and then a content; a save gives the row to the record in the save's own transaction. What no
record took within a day is swept away, so that neither a failed save nor a killed process leaves anything behind.
Files stay when a record is changed or deleted: its history, and a rollback, still refer to them.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import uuid4

import sqlalchemy as sa

from crm import file_store
from crm.database import CrmSession, utcnow
from crm.entities.model import Entity
from crm.errors import CrmError, FieldError, NotFoundError, Problem, RecordError, TooLargeError
from crm.fields import type_of
from crm.fields.base import Field, refusal
from crm.fields.file import tidy_name
from crm.fields.file_kinds import (
    HEAD_BYTES,
    TAIL_BYTES,
    FileKind,
    endings_of,
    is_accepted,
    is_program,
    kind_of_content,
)
from crm.permissions.service import require
from crm.records.file_rows import (
    StoredFile,
    add_row,
    attach_rows,
    complete_row,
    count_loose,
    drop_row,
    list_rows,
    release_rows,
    take_forgotten,
)
from crm.records.pictures import thumbnail_key

FOLDER = "files"
KEEP_HOURS = 24  # of an upload no record refers to
MOST_LOOSE = 200  # uploads of one user that wait for a record
SWEPT_AT_ONCE = 200


class FileNames(str):
    """The names of some files as one text, and the files themselves."""

    files: tuple[StoredFile, ...] = ()

    @classmethod
    def of(cls, files: Iterable[StoredFile]) -> FileNames:
        """Return the names of files."""
        found = tuple(files)
        names = cls(", ".join(file.name for file in found))
        names.files = found
        return names


@dataclass(frozen=True)
class Upload:
    """A file that was sent: the name its sender gave it, its bytes, and the house's limit."""

    name: str
    stream: BinaryIO
    limit_mb: int


def inspect_upload(field: Field, upload: Upload) -> tuple[str, FileKind, int]:
    """Return the tidy name, kind and size of what was sent; nothing is written yet.

    Errors: FieldError for an empty file, a program, or a kind the field does not accept; TooLargeError.
    """
    stream, name = upload.stream, tidy_name(upload.name)
    size = stream.seek(0, os.SEEK_END)
    limit = limit_of(field, upload.limit_mb)
    if size > limit * file_store.BLOCK:
        raise TooLargeError("file.too_large", label=field.label, limit=limit)
    if not size:
        raise refusal(field, "file.empty", value=name)
    stream.seek(max(0, size - TAIL_BYTES))
    tail = stream.read(TAIL_BYTES)
    stream.seek(0)
    kind = kind_of_content(stream.read(HEAD_BYTES), tail)
    stream.seek(0)
    if is_program(kind, name):
        raise refusal(field, "file.program", value=name)
    accept = field.options.get("accept") or ()
    if accept and not is_accepted(kind, name, accept):
        raise refusal(field, "file.not_accepted", value=name, known=", ".join(endings_of(accept)))
    return name, kind, size


def limit_of(field: Field, house_mb: int) -> int:
    """Return how many MB a file of a field may have."""
    return min(field.options.get("max_mb") or house_mb, house_mb)


def announce_upload(session: CrmSession, entity: Entity, field: Field, upload: Upload) -> StoredFile:
    """Write down an upload that is about to be stored; commit, then call `store_upload`.

    Errors: as `inspect_upload`; FieldError when the actor has too many uploads without a record.
    """
    name, kind, size = inspect_upload(field, upload)
    connection = session.connection()
    if count_loose(connection, session.actor.user_id) >= MOST_LOOSE:
        raise refusal(field, "file.too_many_loose", most=MOST_LOOSE)
    values = {
        "key": f"{FOLDER}/{uuid4().hex[:2]}/{uuid4().hex}",
        "sha256": None,
        "size": size,
        "name": name,
        "mime": kind.mime,
        "user_id": session.actor.user_id,
        "at": session.clock(),
        "entity_uid": entity.uid,
        "field_uid": field.uid,
        "record_id": None,
    }
    return StoredFile(add_row(connection, values), **values)


def store_upload(session: CrmSession, files_url: str, stored: StoredFile, upload: Upload) -> None:
    """Bring an announced upload into the store; one that fails leaves neither content nor row.

    Errors: TooLargeError, StoreFullError, OSError; the caller commits all the same.
    """
    try:
        fingerprint, size = file_store.write_file(files_url, stored.key, upload.stream, upload.limit_mb)
    except (CrmError, OSError):
        drop_row(session.connection(), stored.id)
        raise
    complete_row(session.connection(), stored.id, fingerprint, size)


def judge_files(
    session: CrmSession, entity: Entity, field: Field, rows: list, problems: Mapping[int, list[Problem]]
) -> None:
    """Refuse files that are not this record's own, or not a finished upload of the actor for this very field.

    Shape:  `rows` as `judge_links` has them; a file of somebody else and one that does not exist answer alike.
    """
    wanted = {number for _id, values in rows for number in values.get(field.name) or ()}
    known = list_rows(session.connection(), map(int, wanted))
    for place, (record_id, values) in enumerate(rows):
        for number in values.get(field.name) or ():
            if not _may_take(session, entity, field, known.get(int(number)), record_id):
                problems[place].append(Problem("record.no_such_file", {"id": number}, field.name))
                break


def _may_take(
    session: CrmSession, entity: Entity, field: Field, stored: StoredFile | None, record_id: int | None
) -> bool:
    if stored is None or (stored.entity_uid, stored.field_uid) != (entity.uid, field.uid):
        return False
    if stored.record_id is not None:
        return stored.record_id == record_id
    return stored.sha256 is not None and stored.user_id == session.actor.user_id


def attach_files(session: CrmSession, entity: Entity, record_id: int, after: Mapping[str, Any]) -> None:
    """Give a saved record the uploads its values name, in the save's own transaction.

    Errors: RecordError when another save took one of them in the same moment.
    """
    for field in entity.fields.values():
        numbers = after.get(field.name) if type_of(field).holds_files else None
        if numbers and attach_rows(session.connection(), map(int, numbers), record_id) != len(numbers):
            problem = Problem("record.no_such_file", {"id": numbers[0]}, field.name)
            raise RecordError("record.has_problems", [problem], count=1)


def names_of_files(session: CrmSession, values: Iterable[tuple[str, ...] | None]) -> dict[tuple, FileNames]:
    """Return the names behind file values, by value; one query for all."""
    wanted = {value for value in values if value}
    known = list_rows(session.connection(), (int(number) for value in wanted for number in value))
    return {
        value: FileNames.of(known[int(number)] for number in value if int(number) in known)
        for value in wanted
    }


def own_files(
    session: CrmSession, field: Field, numbers: Iterable[str], record_id: int | None
) -> list[StoredFile]:
    """Return, of files a form sent, those whose names its sender may read: the record's, and own uploads."""
    ids = [int(one) for one in numbers if one.isdecimal() and len(one) < 19]
    known = (
        list_rows(session.connection(), ids) if ids else {}
    )  # the form of a preview has no files and no database
    return [
        stored
        for stored in known.values()
        if stored.field_uid == field.uid
        and (
            stored.record_id == record_id
            if stored.record_id is not None
            else stored.user_id == session.actor.user_id
        )
    ]


def get_file(session: CrmSession, file_id: int) -> StoredFile:
    """Return a file of a record the actor may see, in a field the actor may see, which still holds it.

    Errors: NotFoundError for all others, alike.
    """
    stored = list_rows(session.connection(), [file_id]).get(file_id) if 0 < file_id < 2**63 else None
    entity, field = _field_of(session, stored) if stored else (None, None)
    if stored is None or stored.record_id is None or entity is None or field is None:
        raise NotFoundError("file.not_found")
    rights = session.actor.rights(entity.name)
    if "read" not in rights.can or field.name in rights.hidden:
        raise NotFoundError("file.not_found")
    cls = session.workspace.models[entity.name]
    asked = sa.select(getattr(cls, field.name)).where(cls.id == stored.record_id)
    if str(file_id) not in (session.scalar(asked) or ()):
        raise NotFoundError("file.not_found")
    return stored


def _field_of(session: CrmSession, stored: StoredFile) -> tuple[Entity | None, Field | None]:
    """Return the field a file was uploaded for, as it is called now."""
    for entity in session.workspace.schema.entities.values():
        if entity.uid == stored.entity_uid:
            fields = entity.fields.values()
            return entity, next(
                (f for f in fields if f.uid == stored.field_uid and type_of(f).holds_files), None
            )
    return None, None


def upload_field(session: CrmSession, entity: Entity, name: str) -> Field:
    """Return a field the actor may upload files for.

    Errors: NotAllowedError; FieldError when it is no file field, or not open to the actor.
    """
    rights = session.actor.rights(entity.name)
    require(session.actor, "update" if "update" in rights.can else "create", entity)
    field = entity.fields.get(name)
    if field is None or name in rights.hidden or not type_of(field).holds_files:
        raise FieldError("record.unknown_field", name=name[:60])
    deeds = rights.can & {"create", "update"}
    if field.read_only or all(name in rights.closed.get(deed, ()) for deed in deeds):
        raise FieldError("permissions.read_only_field")
    return field


def erase_files(session: CrmSession, entity: Entity, record_id: int, field: Field | None = None) -> int:
    """Erase the files of a record, or of one of its fields; the sweeper destroys what they held.

    Shape:  returns how many there were. Names and uploaders are gone at once, in the caller's transaction.
    """
    return release_rows(session.connection(), entity.uid, record_id, field.uid if field else None)


def sweep_uploads(engine: sa.Engine, files_url: str, now: dt.datetime | None = None) -> int:
    """Destroy uploads that no record took within a day; return how many. Safe to repeat and to interrupt."""
    before = (now or utcnow()) - dt.timedelta(hours=KEEP_HOURS)
    with engine.begin() as connection:
        keys = take_forgotten(connection, before, SWEPT_AT_ONCE)
        for key in keys:
            for part in (key, thumbnail_key(key)):  # before the commit: a row without content is swept again
                file_store.erase_file(files_url, part)
    return len(keys)
