"""The look, when it takes longer than a page waits: a worker reads the file and guesses its columns."""

from __future__ import annotations

from typing import Any

from crm.errors import ImportRowError
from crm.imports import files, service
from crm.imports.lease import Attempt, ImportWorkshop
from crm.imports.looks import as_stored, chosen_sheet, of_sheet, told_matching
from crm.imports.model import Look, Reading, build_matching
from crm.imports.options import stored_options
from crm.imports.reader import look_at_file
from crm.kept_problems import as_note


def look_at_upload(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Look at a file; an uploaded one that a program told all about is checked next.

    Errors: ImportRowError when the file cannot be imported at all.
    """
    wanted = attempt.batch["look"]["wanted"]
    reading = Reading(**{**wanted["reading"], "shown": ()})
    try:
        values = looked_at(attempt, look_through(workshop, attempt, reading), reading)
    except ImportRowError as error:
        if not attempt.batch["look"]["sheets"]:
            raise
        values = {"state": "matching", "problem": as_note(error.as_problem())}  # as it was before
    attempt.hold()
    attempt.note(lease_until=None, done=0, **values)
    service.ring_later(attempt.session, attempt.batch["id"], values["state"])
    attempt.session.commit()


def look_through(workshop: ImportWorkshop, attempt: Attempt, reading: Reading) -> Look:
    """Return what the file holds; how long it has taken so far is noted meanwhile."""
    batch, seconds = attempt.batch, workshop.settings.limits.seconds

    def note(waited: float) -> None:
        attempt.beat(done=int(waited), total=seconds)

    with files.local_file(workshop.settings.files_url, batch["file_key"], files.secret_of(batch)) as path:
        return look_at_file(path, batch["file_name"], workshop.settings.limits, reading, note)


def looked_at(attempt: Attempt, look: Look, reading: Reading) -> dict[str, Any]:
    """Return what the batch holds after a look, and the state it goes to."""
    batch, entity, session = attempt.batch, attempt.entity, attempt.session
    values = of_sheet(chosen_sheet(look, reading.sheet), entity, session.actor.language)
    told, state = batch["look"]["wanted"]["options"], "matching"
    if told:
        matching = told_matching(build_matching(values["matching"]), stored_options(told), entity)
        matching = service.with_keys(matching, entity)
        service.check_matching(session, entity, matching)
        values["matching"], state = matching.as_json(), "checking"
    kept = as_stored(look, bool(batch["file_seal"]))
    names = {"entity": entity.name, "revision": session.workspace.number}
    return {**values, **names, "look": kept, "state": state, "problem": None}
