"""What workers and the scheduler call: ids in, one piece of work each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from config import current_settings
from crm import queue
from crm.database import build_engine, only_reading, utcnow
from crm.imports import store, work
from crm.imports.lease import ImportWorkshop
from crm.imports.model import build_look
from crm.imports.service import JOB_OF, import_settings
from crm.imports.slots import free_slot
from crm.leases import TurnOverError
from crm.runtime.scheduler import Tick

LONG_ROWS = 10_000  # of a file whose check keeps a worker for many seconds


def current_workshop() -> ImportWorkshop:
    """Return what this process's settings say."""
    settings = current_settings()
    engine = build_engine(settings.database_url)
    return ImportWorkshop(engine, import_settings(settings), settings.language, settings.time_zone)


def look_batch(batch_id: int) -> None:
    """Look at an uploaded file. Safe to repeat: an unfinished look starts again.

    Shape:  one at a time, so that checks and runs never wait behind many files that are slow to read; the next one
            is rung for afterwards.
    """
    workshop = current_workshop()
    with free_slot(workshop.settings.files_url, "worker") as is_free:
        if is_free:
            work.look_batch(workshop, batch_id)
    if is_free:
        sweep(("looking",), 1)


def check_batch(batch_id: int) -> None:
    """Plan an uploaded file. Safe to repeat: an unfinished plan starts again.

    Shape:  long ones leave a worker free for all else; the next is rung for when one has ended.
    """
    workshop = current_workshop()
    if not is_long(workshop, batch_id):
        work.check_batch(workshop, batch_id)
        return
    most = max(current_settings().job_workers - 1, 1)
    with free_slot(workshop.settings.files_url, "check", most) as is_free:
        if is_free:
            work.check_batch(workshop, batch_id)
    if is_free:
        sweep(("checking",))


def is_long(workshop: ImportWorkshop, batch_id: int) -> bool:
    """Return whether a file has so many rows that its check keeps a worker for long."""
    with only_reading(), workshop.engine.connect() as connection:
        batch = store.find_batch(connection, batch_id)
    sheet = build_look(batch["look"]).get_sheet(batch["sheet"]) if batch else None
    return sheet is not None and sheet.rows >= LONG_ROWS


def apply_batch(batch_id: int) -> None:
    """Write rows of a planned batch, for one turn. Safe to repeat: rows already written are skipped."""
    take_turn("applying", work.apply_batch, batch_id)


def undo_batch(batch_id: int) -> None:
    """Take a batch back, for one turn. Safe to repeat: it goes on where it stopped."""
    take_turn("undoing", work.undo_batch, batch_id)


def take_turn(state: str, do: Callable[[ImportWorkshop, int], bool], batch_id: int) -> None:
    """Work on a batch until the turn is over; what is left waits behind all that was rung for meanwhile."""
    try:
        do(replace(current_workshop(), turn_seconds=queue.TURN_SECONDS), batch_id)
    except TurnOverError:
        queue.ring(JOB_OF[state], batch_id)


def sweep(states: Collection[str] = tuple(JOB_OF), most: int | None = None) -> None:
    """Ring again for every batch that waits in some states and nobody works on, or for the first few."""
    with only_reading(), current_workshop().engine.connect() as connection:
        forgotten = store.LEASED.list_forgotten(connection, utcnow())
    waiting = [(batch_id, state) for batch_id, state in forgotten if state in states]
    for batch_id, state in waiting[:most]:
        queue.ring(JOB_OF[state], batch_id)


JOBS = (
    queue.Declared(JOB_OF["looking"], look_batch),
    queue.Declared(JOB_OF["checking"], check_batch),
    queue.Declared(JOB_OF["applying"], apply_batch),
    queue.Declared(JOB_OF["undoing"], undo_batch),
)
TICKS = (Tick("imports the bell lost", sweep),)
BACKLOG = {"imports": store.LEASED.look_at_waiting}
