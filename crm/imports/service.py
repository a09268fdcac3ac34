"""What a person can do with an import: start, match, check, run, cancel, undo, follow. Each step is a state."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from crm import queue
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, ImportRowError, NotFoundError
from crm.imports import files, store
from crm.imports.carry import batches_today
from crm.imports.looks import as_stored, awaited, chosen_sheet, of_sheet, told_matching
from crm.imports.matching import check_columns, usual_keys
from crm.imports.model import (
    MODES,
    Column,
    Limits,
    Look,
    Matching,
    Reading,
    Sheet,
    build_look,
    build_matching,
)
from crm.imports.notes import has_doubts
from crm.imports.options import Options
from crm.imports.reader import look_at_file
from crm.imports.seen import wants_shown
from crm.imports.slots import free_slot
from crm.kept_problems import told_note
from crm.permissions.service import require
from crm.secrets import new_secret

DEEDS = {"create": ("create",), "update": ("update",), "upsert": ("create", "update")}
JOB_OF = {
    "looking": "imports.look_batch",
    "checking": "imports.check_batch",
    "applying": "imports.apply_batch",
    "undoing": "imports.undo_batch",
}
COUNTS = ("total", "done", "created", "updated", "unchanged", "skipped", "failed")
Batch = dict[str, Any]


@dataclass(frozen=True)
class ImportSettings:
    """Where imports keep their files, and how much of the machine a file may cost.

    Shape:  `patience` is how many seconds the caller waits for a look; None waits to the end.
    """

    files_url: str
    limits: Limits
    patience: int | None = None


def import_settings(settings: Any) -> ImportSettings:
    """Return what the settings say of imports."""
    limits = Limits(
        upload_mb=settings.import_max_mb,
        memory_mb=settings.import_parse_mb,
        seconds=settings.import_parse_seconds,
        rows=settings.import_max_rows,
    )
    return ImportSettings(settings.files_url, limits)


def start_import(
    session: CrmSession,
    settings: ImportSettings,
    entity: Entity,
    source: BinaryIO,
    name: str,
    options: Options | None = None,
) -> int:
    """Keep an uploaded file, look at it, guess its columns; return the new batch's number.

    Shape:  `name` is what the person calls the file; its extension must fit the content. With `options` nobody
            will look at the guesses: the batch is checked next. What takes longer than the patience of the settings is
            left to a worker.
    Errors: NotAllowedError; ImportRowError when the file cannot be imported at all: then nothing is kept.
    """
    require(session.actor, "import", entity)
    extension = Path(name).suffix.lower().lstrip(".") or "bin"
    secret = new_secret() if session.workspace.schema.has_secrets else None
    limit = settings.limits.upload_mb
    key, fingerprint = files.save_file(settings.files_url, source, extension[:10], limit, secret)
    values = {
        "entity": entity.name,
        "user_id": session.actor.user_id,
        "file_name": Path(name).name[:255],
        "file_key": key,
        "file_seal": secret and secret.hex(),
        "fingerprint": fingerprint,
        "created_at": session.clock(),
        "revision": session.workspace.number,
    }
    reading = options.reading if options else Reading("")
    try:
        look = look_in_time(settings, values, reading)
        return add_looked_at(session, entity, values, look, options)
    except CrmError:
        files.erase_file(settings.files_url, key)
        raise


def look_in_time(settings: ImportSettings, batch: Batch, reading: Reading) -> Look | None:
    """Return what a file holds, None when it takes longer than the patience of the settings or too many are read now.

    Errors: ImportRowError. Takes as long as the patience allows, so hold no transaction meanwhile.
    """
    secret, patience = files.secret_of(batch), settings.patience
    with free_slot(settings.files_url) if patience else nullcontext(True) as is_free:
        if not is_free:
            return None
        limits = replace(settings.limits, seconds=patience) if patience else settings.limits
        try:
            with files.local_file(settings.files_url, batch["file_key"], secret) as path:
                return look_at_file(path, batch["file_name"], limits, reading)
        except ImportRowError as error:
            if not patience or error.code != "import.too_slow":
                raise
    return None


def add_looked_at(
    session: CrmSession, entity: Entity, values: dict[str, Any], look: Look | None, options: Options | None
) -> int:
    """Write the batch of an upload in the state its look allows, and return its number.

    Errors: ImportRowError when the look shows nothing to import, or not what was told.
    """
    is_sealed, reading = bool(values["file_seal"]), options.reading if options else Reading("")
    if look is None:
        kept, guessed = awaited({"is_sealed": is_sealed}, reading, options), {"matching": {}}
    else:
        kept, guessed = (
            as_stored(look, is_sealed),
            of_sheet(chosen_sheet(look, reading.sheet), entity, session.actor.language),
        )
    state = "matching" if look else "looking"
    batch_id = store.add_batch(session.connection(), {**values, **guessed, "state": state, "look": kept})
    if look is None:
        ring_later(session, batch_id, "looking")
    elif options:
        match_columns(session, batch_id, told_matching(build_matching(guessed["matching"]), options, entity))
        begin_check(session, batch_id)
    return batch_id


def get_batch(session: CrmSession, batch_id: int) -> Batch:
    """Return a batch of the actor's own, with today's names; an admin sees everybody's.

    Errors: NotFoundError.
    """
    found = store.find_batch(session.connection(), batch_id)
    actor = session.actor
    if found is None or not (actor.sees_everything or found["user_id"] == actor.user_id):
        raise NotFoundError("import.no_such_batch", id=batch_id)
    return batches_today(session.connection(), session.workspace.schema, [found])[0]


def list_batches(session: CrmSession) -> list[Batch]:
    """Return the newest batches the actor may see."""
    actor = session.actor
    connection, schema = session.connection(), session.workspace.schema
    found = store.list_batches(connection, None if actor.sees_everything else actor.user_id)
    return batches_today(connection, schema, found)


def open_imports(session: CrmSession) -> dict[str, str]:
    """Return the files of the imports that are not done and that the actor may see, by number as text."""
    actor = session.actor
    return {
        str(batch["id"]): batch["file_name"]
        for batch in store.list_open_batches(session.connection())
        if actor.sees_everything or batch["user_id"] == actor.user_id
    }


def entity_of(session: CrmSession, name: str) -> Entity:
    """Return an entity by name.

    Errors: NotFoundError.
    """
    found = session.workspace.schema.entities.get(name)
    if found is None:
        raise NotFoundError("import.unknown_entity", name=name)
    return found


def importable_entities(session: CrmSession) -> list[Entity]:
    """Return the entities the actor may import into, in the order of the menu."""
    entities = sorted(session.workspace.schema.entities.values(), key=lambda entity: entity.menu_place)
    return [entity for entity in entities if "import" in session.actor.rights(entity.name).can]


def look_again(settings: ImportSettings, batch: Batch, reading: Reading) -> Look | None:
    """Return what the file of a batch holds with another sheet, header row, encoding or delimiter.

    Shape:  None when it takes longer than the patience of the settings.
    Errors: ImportRowError. Hold no transaction meanwhile.
    """
    look = look_in_time(settings, batch, reading)
    if look is not None:
        chosen_sheet(look, reading.sheet)
    return look


def choose_sheet(session: CrmSession, batch: Batch, look: Look | None, reading: Reading) -> None:
    """Choose a sheet and guess its columns again; without a look, a worker makes one."""
    if look is None:
        waiting = awaited(batch["look"], reading, None)
        move(
            session,
            batch,
            ("matching", "checked"),
            state="looking",
            look=waiting,
            done=0,
            total=0,
            problem=None,
        )
        ring_later(session, batch["id"], "looking")
        return
    values = of_sheet(
        chosen_sheet(look, reading.sheet), entity_of(session, batch["entity"]), session.actor.language
    )
    values |= {"entity": batch["entity"], "revision": session.workspace.number}
    kept = as_stored(look, bool(batch["file_seal"]))
    move(session, batch, ("matching", "checked"), state="matching", look=kept, problem=None, **values)


def match_columns(session: CrmSession, batch_id: int, matching: Matching) -> None:
    """Save which column fills which field, after checking that this actor may import it so.

    Errors: NotAllowedError; ImportRowError with every problem.
    """
    batch = get_batch(session, batch_id)
    require_state(batch, ("matching", "checked"))
    entity = entity_of(session, batch["entity"])
    matching = with_keys(matching, entity)
    check_matching(session, entity, matching)
    decided = {"entity": entity.name, "matching": matching.as_json(), "revision": session.workspace.number}
    move(session, batch, ("matching", "checked"), state="matching", **decided)


def with_keys(matching: Matching, entity: Entity) -> Matching:
    """Return the matching with the keys its mode needs.

    Errors: ImportRowError import.no_key.
    """
    if matching.mode == "create" or matching.keys:
        return matching
    keys = usual_keys(matching.columns, entity)
    if not keys:
        raise ImportRowError("import.no_key")
    return replace(matching, keys=keys)


def check_matching(session: CrmSession, entity: Entity, matching: Matching) -> None:
    """Refuse a matching that makes no sense, or that would write what the actor may not write.

    Errors: NotAllowedError for the entity; ImportRowError naming every column.
    """
    if matching.mode not in MODES:
        raise ImportRowError("import.unknown_mode", name=matching.mode)
    for deed in ("import", *DEEDS[matching.mode]):
        require(session.actor, deed, entity)
    problems = check_columns(matching.columns, entity, session.actor, matching.keys)
    if problems:
        raise ImportRowError("import.bad_matching", problems)


def match_again(session: CrmSession, batch_id: int) -> None:
    """Return from the check to matching; the next check makes a new plan."""
    batch = get_batch(session, batch_id)
    if batch["done_number"] or not batch["look"]["sheets"]:  # some of it is written, or nothing could be read
        raise ImportRowError("import.wrong_state", state=batch["state"])
    move(session, batch, ("checked", "failed"), state="matching", problem=None)


def begin_check(session: CrmSession, batch_id: int) -> None:
    """Leave the plan to a worker."""
    batch = get_batch(session, batch_id)
    entity = entity_of(session, batch["entity"])
    check_matching(session, entity, build_matching(batch["matching"]))
    move(
        session,
        batch,
        ("matching", "checked"),
        state="checking",
        problem=None,
        done=0,
        begun_at=session.clock(),
    )
    ring_later(session, batch_id, "checking")


def begin_apply(session: CrmSession, batch_id: int) -> None:
    """Leave the run of a checked plan to a worker."""
    batch = get_batch(session, batch_id)
    if batch["state"] == "checked" and has_doubts(batch["notes"]):
        raise ImportRowError("import.say_long_cells")
    if batch["revision"] == session.workspace.number:  # else the worker carries it over first, then checks it
        check_matching(session, entity_of(session, batch["entity"]), build_matching(batch["matching"]))
    nothing = dict.fromkeys(("done", "done_number", *store.COUNTED.values()), 0)
    move(session, batch, ("checked",), state="applying", begun_at=session.clock(), problem=None, **nothing)
    ring_later(session, batch_id, "applying")


def accept_long_cells(session: CrmSession, batch_id: int) -> None:
    """Say that the quoted cells over many lines are right, and let the rows be checked again."""
    batch = get_batch(session, batch_id)
    matching = replace(build_matching(batch["matching"]), long_cells=True)
    move(session, batch, ("checked",), state="matching", matching=matching.as_json())
    begin_check(session, batch_id)


def cancel(session: CrmSession, batch_id: int) -> None:
    """Stop a batch; what is written stays, is counted, and can be undone."""
    batch = get_batch(session, batch_id)
    states = ("looking", "matching", "checking", "checked", "applying")
    move(session, batch, states, state="cancelled", finished_at=session.clock())


def begin_undo(session: CrmSession, batch_id: int) -> None:
    """Leave taking the batch back to a worker."""
    batch = get_batch(session, batch_id)
    require(session.actor, "import", entity_of(session, batch["entity"]))
    nothing = {"removed": 0, "restored": 0, "kept": 0, "done_number": 0, "done": 0}
    move(
        session,
        batch,
        ("done", "cancelled", "failed"),
        state="undoing",
        begun_at=session.clock(),
        problem=None,
        **nothing,
    )
    ring_later(session, batch_id, "undoing")


def move(session: CrmSession, batch: Batch, states: Sequence[str], **values: Any) -> None:
    """Change a batch that is in one of some states.

    Errors: ImportRowError import.wrong_state, also when another click was faster.
    """
    if not store.move_batch(session.connection(), batch["id"], states, **values):
        raise ImportRowError("import.wrong_state", state=batch["state"])


def require_state(batch: Batch, states: Sequence[str]) -> None:
    """Let pass a batch that is in one of some states."""
    if batch["state"] not in states:
        raise ImportRowError("import.wrong_state", state=batch["state"])


def ring_later(session: CrmSession, batch_id: int, state: str) -> None:
    """Ring for a worker once the change is committed."""
    if state in JOB_OF:
        session.when_committed(f"{JOB_OF[state]} {batch_id}", lambda: queue.ring(JOB_OF[state], batch_id))


def sheet_of(batch: Batch) -> Sheet:
    """Return the chosen sheet of a batch."""
    return build_look(batch["look"]).get_sheet(batch["sheet"])


def reading_of_batch(batch: Batch) -> Reading:
    """Return which part of the file a batch reads."""
    look = batch["look"]
    return Reading(look["kind"], batch["sheet"], batch["header_row"], look["encoding"], look["delimiter"])


def reading_of_rows(session: CrmSession, entity: Entity, batch: Batch, matching: Matching) -> Reading:
    """Return how the rows of a batch are read: numbers in columns of text as they are shown."""
    shown = tuple(
        column.index
        for column in matching.filled
        if column.field in entity.fields and wants_shown(entity.fields[column.field])
    )
    how = {"shown": shown, "language": session.actor.language, "long_cells": matching.long_cells}
    return replace(reading_of_batch(batch), **how)


def status_of(batch: Batch, language: str) -> dict[str, Any]:
    """Return how a batch is, as commands and the API tell it.

    Shape:  before the run the counts are those of the plan; `notes` and `problem` are sentences.
    """
    return {
        "batch": batch["id"],
        "state": batch["state"],
        "entity": batch["entity"],
        "file": batch["file_name"],
        **{name: batch[name] for name in COUNTS},
        **{name: batch[name] for name in ("removed", "restored", "kept")},
        "notes": [told_note(note, language) for note in batch["notes"]],
        "problem": told_note(batch["problem"], language) if batch["problem"] else None,
    }


def columns_of(batch: Batch) -> tuple[Column, ...]:
    """Return the columns of a batch with the fields they fill."""
    return build_matching(batch["matching"]).columns
