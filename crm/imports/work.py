"""The work behind a batch, done by a worker or a command: look, check, apply, undo."""

from __future__ import annotations

from crm.imports.applying import write_rows
from crm.imports.checking import plan_rows
from crm.imports.lease import ImportWorkshop, do_work
from crm.imports.looking import look_at_upload
from crm.imports.undo import take_back


def look_batch(workshop: ImportWorkshop, batch_id: int) -> bool:
    """Look at the file of a batch that waits in state "looking"; return whether this call did it."""
    return do_work(workshop, batch_id, "looking", look_at_upload)


def check_batch(workshop: ImportWorkshop, batch_id: int) -> bool:
    """Plan a batch that waits in state "checking"; return whether this call did it."""
    return do_work(workshop, batch_id, "checking", plan_rows)


def apply_batch(workshop: ImportWorkshop, batch_id: int) -> bool:
    """Write the rows of a planned batch; rows already written are skipped."""
    return do_work(workshop, batch_id, "applying", write_rows)


def undo_batch(workshop: ImportWorkshop, batch_id: int) -> bool:
    """Take back what a batch wrote, where nobody touched it since."""
    return do_work(workshop, batch_id, "undoing", take_back)
