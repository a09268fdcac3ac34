"""The work behind a batch, done by a worker or a command: check, apply, undo. Safe to repeat, safe to kill.

Every chunk is one transaction that first locks the batch and last notes how far it is, which renews the lease: a
killed worker's chunk is rolled back whole, and whoever takes over goes on behind the last chunk that was committed.
"""

from __future__ import annotations

import datetime as dt
import gc
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem, UnavailableError
from crm.fields import FIELD_TYPES
from crm.imports import files, service, store
from crm.imports.carry import Carried, carry_matching, entity_of_revision, plan_behind
from crm.imports.coding import decode_cells, decode_problems
from crm.imports.execute import Executor
from crm.imports.formats import look_at_dates, look_at_numbers, texts_of
from crm.imports.matching import shown_header
from crm.imports.model import Column, Matching, build_matching
from crm.imports.plan import Planner
from crm.imports.problem_file import write_problem_file
from crm.imports.reader import read_rows
from crm.imports.service import Batch, Place
from crm.imports.undo import Undoer
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user
from crm.revisions.past import read_past
from crm.revisions.store import live_number
from crm.revisions.workspace import Workspace, get_workspace
from crm.secrets import new_secret

CHUNK = 1_000  # rows of one transaction
LEASE_SECONDS = 30  # a worker that was killed is replaced after so long; a chunk takes well under one
COLLECT_CHUNKS = 100  # errors of refused rows do make cycles, so now and then somebody must look
SAMPLE = 10_000  # rows that are looked at to learn how dates and numbers are written
Row = tuple[int, list[Any]]


class PublishedError(Exception):
    """Somebody published since this attempt began: it must go on with the live revision."""


class LeaseLostError(Exception):
    """Somebody cancelled the batch, or another worker took it over: whatever is not committed must not be."""


@dataclass(frozen=True)
class Shop:
    """What the work needs of its process."""

    engine: sa.Engine
    place: Place
    language: str = "en"
    time_zone: str = "Europe/Athens"


@dataclass
class Work:
    """One attempt at a batch: the session it works in, and the lease it holds."""

    session: CrmSession
    batch: Batch
    entity: Entity
    attempt: int
    chunks: int = 0

    def hold(self) -> None:
        """Begin a chunk: lock the batch, as long as it is ours.

        Errors: LeaseLostError; the transaction is rolled back.
        """
        self.chunks += 1
        if self.chunks % COLLECT_CHUNKS == 0:
            gc.collect()
        if not store.lock_batch(self.session.connection(), self.batch["id"], self.attempt):
            self.session.rollback()
            raise LeaseLostError

    def hold_to_write(self) -> None:
        """Begin a chunk that writes records: nobody can publish until it ends, and nobody has since we began.

        Errors: LeaseLostError, PublishedError; the transaction is rolled back.
        """
        self.hold()
        store.lock_table(self.session, self.entity)
        if live_number(self.session.connection()) != self.session.workspace.number:
            self.session.rollback()
            raise PublishedError

    def note(self, **values: Any) -> None:
        """Renew the lease and change the batch in this transaction, and in our own copy of it."""
        values.setdefault("lease_until", self.session.clock() + dt.timedelta(seconds=LEASE_SECONDS))
        store.change_batch(self.session.connection(), self.batch["id"], **values)
        self.batch.update(values)

    def kept(self, rows: Iterable[tuple]) -> Iterable[tuple]:
        """Return plan rows as they may be kept: sealed where the house has secrets."""
        return store.sealed_rows(rows) if self.batch["file_seal"] else rows

    def finish(self, state: str, **values: Any) -> None:
        """Let go of the batch in its next state."""
        self.note(state=state, lease_until=None, finished_at=self.session.clock(), **values)
        self.session.commit()


def check_batch(shop: Shop, batch_id: int) -> bool:
    """Plan a batch that waits in state "checking"; return whether this call did it."""
    return do_work(shop, batch_id, "checking", plan_rows)


def apply_batch(shop: Shop, batch_id: int) -> bool:
    """Write the rows of a planned batch; rows already written are skipped."""
    return do_work(shop, batch_id, "applying", write_rows)


def undo_batch(shop: Shop, batch_id: int) -> bool:
    """Take back what a batch wrote, where nobody touched it since."""
    return do_work(shop, batch_id, "undoing", take_back)


def do_work(shop: Shop, batch_id: int, state: str, work: Callable[[Shop, Work], None]) -> bool:
    """Do the work of a state if nobody else does; after a publish in between it goes on with the live revision."""
    while True:
        try:
            return try_work(shop, batch_id, state, work)
        except PublishedError:
            continue


def try_work(shop: Shop, batch_id: int, state: str, work: Callable[[Shop, Work], None]) -> bool:
    """Do the work of a state by one revision; a person's mistake ends the batch, a bug leaves its lease.

    Errors: PublishedError when that revision is not the live one any more; the lease is free then.
    """
    with open_work(shop, batch_id, state) as found:
        if found is None:
            return False
        try:
            with collector_at_rest():
                work(shop, found)
        except LeaseLostError:
            return False
        except PublishedError:
            found.hold()
            found.note(lease_until=None)
            found.session.commit()
            raise
        except UnavailableError:  # nobody's mistake: the lease runs out, and the sweeper rings again
            raise
        except CrmError as error:
            found.session.rollback()
            found.hold()
            found.finish("failed", problem=service.as_note(deepest(error)))
        return True


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Let Python look for cycles only when asked: rows make none, and the looking costs a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def deepest(error: CrmError) -> Problem:
    """Return the most telling problem of an error: its first one, else itself."""
    return error.problems[0] if error.problems else error.as_problem()


@contextmanager
def open_work(shop: Shop, batch_id: int, state: str) -> Iterator[Work | None]:
    """Claim a batch and open a session of its actor; None when there is nothing to do."""
    workspace = get_workspace(shop.engine)
    with CrmSession(workspace.bind(shop.engine)) as session:
        now = session.clock()
        attempt = store.claim_batch(session.connection(), batch_id, state, now, LEASE_SECONDS)
        batch = store.find_batch(session.connection(), batch_id) if attempt else None
        if batch is not None:
            session.actor = actor_of_batch(session.connection(), workspace, batch, shop)
            session.workspace, session.batch_id = workspace, batch_id
            session.cause = (f"import:{batch_id}",)
        entity = batch and entity_now(session, batch)
        if batch is not None and entity is None:
            problem = ["import.unknown_entity", {"name": batch["entity"]}]
            store.change_batch(
                session.connection(),
                batch_id,
                state="failed",
                problem=problem,
                lease_until=None,
                finished_at=now,
            )
        session.commit()
        yield Work(session, batch, entity, attempt) if entity else None


def entity_now(session: CrmSession, batch: Batch) -> Entity | None:
    """Return the entity of a batch as it is now, also under a new name; None when it was removed."""
    past = read_past(session.connection())
    return past.entity_today(session.workspace.schema, batch["entity"], batch["revision"])


def actor_of_batch(connection: sa.Connection, workspace: Workspace, batch: Batch, shop: Shop) -> Actor:
    """Return who imports: the user who uploaded the file, with the rights of now, or the command line."""
    if batch["user_id"] is None:
        return replace(SYSTEM, kind="import", name="import", is_admin=True, language=shop.language)
    actor = actor_of_user(connection, batch["user_id"], workspace.schema, shop.language, shop.time_zone)
    return replace(actor, kind="import")


# Check


def plan_rows(shop: Shop, work: Work) -> None:
    """Make the plan of a batch, from the beginning: whatever an earlier attempt left is erased."""
    session, batch = work.session, work.batch
    work.hold()
    carried = carried_over(work)
    if carried.matching.filled:  # without any, a publish has removed them all: every row is refused
        service.check_matching(session, work.entity, carried.matching)
    store.erase_plan(session.connection(), batch["id"])
    seal_what_was_plain(shop, work)
    session.commit()
    with files.local_file(shop.place.files_url, batch["file_key"], files.secret_of(batch)) as path:
        reading = service.reading_of_batch(batch)
        rows = flat(read_rows(path, reading, shop.place.limits))
        sample = list(islice(rows, SAMPLE))
        matching, notes = settle_formats(work.entity, carried.matching, sample)
        planner = Planner(session, work.entity, matching)
        counts = plan_chunks(work, planner, carried, chain(sample, rows))
    notes += same_file_note(work, matching)
    work.hold()
    work.note(
        entity=work.entity.name,
        matching=matching.as_json(),
        fields=planner.names,
        notes=[note for note in batch["notes"] if note[0] == "import.header_twice"] + notes,
        revision=session.workspace.number,
        total=sum(counts.values()),
        **{name: counts[action] for action, name in store.COUNTED.items()},
    )
    work.note(problems_key=save_problem_file(shop, work))
    work.finish("checked")


def seal_what_was_plain(shop: Shop, work: Work) -> None:
    """Seal the file of a batch that was uploaded before the house had secrets."""
    batch = work.batch
    if batch["file_seal"] or not work.session.workspace.schema.has_secrets:
        return
    secret, url, old = new_secret(), shop.place.files_url, batch["file_key"]
    extension = old.rpartition(".")[2]
    with files.local_file(url, old, None) as path, path.open("rb") as source:
        key, _fingerprint = files.save_file(url, source, extension, shop.place.limits.upload_mb, secret)
    work.note(file_key=key, file_seal=secret.hex(), look={**batch["look"], "is_sealed": True})
    work.session.commit()
    files.erase_file(url, old)


def flat(chunks: Iterable[Sequence[Row]]) -> Iterator[Row]:
    """Yield the rows of the reader's chunks one by one; ends the reading process when it is closed."""
    try:
        for chunk in chunks:
            yield from chunk
    finally:
        chunks.close()


def plan_chunks(work: Work, planner: Planner, carried: Carried, rows: Iterator[Row]) -> Counter[str]:
    """Plan all rows, each chunk in its own transaction; return the counts by action."""
    counts: Counter[str] = Counter()
    batch_id = work.batch["id"]
    while chunk := list(islice(rows, CHUNK)):
        work.hold()
        planned = plan_behind(planner, carried, chunk, 0)
        store.add_plan_rows(work.session.connection(), work.kept((batch_id, *row) for row in planned))
        counts.update(row[1] for row in planned)
        work.note(done=sum(counts.values()))
        work.session.commit()
    return counts


def settle_formats(entity: Entity, matching: Matching, sample: Sequence[Row]) -> tuple[Matching, list[Any]]:
    """Return the matching with what the texts of its columns prove, and a note for each that proves nothing."""
    notes = []
    asked = [
        column for column in matching.filled if kind_of(entity, column) in ("date", "datetime", "number")
    ]
    settled = {}
    for column in asked:
        texts = texts_of(sample, column.index)
        if kind_of(entity, column) == "number":
            evidence, code = look_at_numbers(texts), "import.numbers_two_ways"
            told, proven = column.decimal, {"decimal": evidence.proof}
        else:
            evidence, code = look_at_dates(texts), "import.dates_two_ways"
            told, proven = column.day_first, {"day_first": {"day": True, "month": False}.get(evidence.proof)}
        if told is None and evidence.proof:
            settled[column.index] = replace(column, **proven)
        elif told is None and evidence.is_ambiguous:
            notes.append([code, {"header": shown_header(column)}])
    columns = tuple(settled.get(column.index, column) for column in matching.columns)
    return replace(matching, columns=columns), notes


def kind_of(entity: Entity, column: Column) -> str:
    """Return the kind of the field a column fills."""
    field = entity.fields.get(column.field)
    return FIELD_TYPES[field.type].kind if field else ""


def same_file_note(work: Work, matching: Matching) -> list[Any]:
    """Return the warning that the same bytes were imported before without a key to find their records by."""
    if matching.mode != "create":
        return []
    batch = work.batch
    earlier = store.find_same_file(work.session.connection(), batch["fingerprint"], work.entity, batch["id"])
    return [["import.same_file", {"id": earlier}]] if earlier else []


# Apply


def write_rows(shop: Shop, work: Work) -> None:
    """Write what the plan says, chunk by chunk, behind the last chunk that is committed."""
    session, batch = work.session, work.batch
    if batch["revision"] != session.workspace.number:
        plan_rest(shop, work)
    matching = build_matching(batch["matching"])
    if matching.filled:
        service.check_matching(session, work.entity, matching)
    executor, refused = Executor(session, work.entity, batch), 0
    while True:
        work.hold_to_write()
        rows = store.list_plan_rows(session.connection(), batch["id"], batch["done_number"], CHUNK)
        if not rows:
            break
        outcome = executor.execute(rows)
        refused += len(outcome.refused)
        counts = {name: batch[name] + getattr(outcome, name) for name in store.COUNTED.values()}
        work.note(done=batch["done"] + len(rows), done_number=rows[-1].number, **counts)
        session.commit()
    if refused or (batch["failed"] and not batch["problems_key"]):
        work.note(problems_key=save_problem_file(shop, work))
    work.finish("done")


def carried_over(work: Work) -> Carried:
    """Return what was decided as the live revision has it."""
    batch, matching = work.batch, build_matching(work.batch["matching"])
    if batch["revision"] == work.session.workspace.number:
        return Carried(matching)
    before = entity_of_revision(work.session.connection(), batch["revision"], batch["entity"])
    return carry_matching(matching, before, work.entity) if before else Carried(matching)


def plan_rest(shop: Shop, work: Work) -> None:
    """Plan anew, from the file, the rows that are not written yet; a plan the publish left as it was is kept."""
    session, batch, written = work.session, work.batch, work.batch["done_number"]
    work.hold_to_write()
    carried = carried_over(work)
    if carried.is_same:
        return
    store.erase_plan(session.connection(), batch["id"], written)
    seal_what_was_plain(shop, work)
    session.commit()
    with files.local_file(shop.place.files_url, batch["file_key"], files.secret_of(batch)) as path:
        rows = flat(read_rows(path, service.reading_of_batch(batch), shop.place.limits))
        sample = list(islice(rows, SAMPLE))
        matching, _notes = settle_formats(work.entity, carried.matching, sample)
        planner = Planner(session, work.entity, matching)
        rows = chain(sample, rows)
        while chunk := list(islice(rows, CHUNK)):
            work.hold_to_write()
            planned = plan_behind(planner, carried, chunk, written)
            store.add_plan_rows(session.connection(), work.kept((batch["id"], *row) for row in planned))
            work.note()
            session.commit()
    work.hold_to_write()
    if batch["problems_key"]:
        files.erase_file(shop.place.files_url, batch["problems_key"])
    work.note(
        entity=work.entity.name,
        matching=matching.as_json(),
        fields=planner.names,
        problems_key=None,
        revision=session.workspace.number,
    )
    session.commit()


# Undo


def take_back(_shop: Shop, work: Work) -> None:
    """Take back what the batch wrote, newest change first."""
    session, batch = work.session, work.batch
    session.batch_id, session.cause = None, (f"import-undo:{batch['id']}",)
    undoer = Undoer(session, work.entity, batch["id"])
    while True:
        work.hold_to_write()
        outcome = undoer.undo_chunk(batch["done_number"], CHUNK)
        if outcome is None:
            break
        counts = {name: batch[name] + getattr(outcome, name) for name in ("removed", "restored", "kept")}
        work.note(done=batch["done"] + outcome.seen, done_number=outcome.last, **counts)
        session.commit()
    work.finish("undone")


# The problem file


def save_problem_file(shop: Shop, work: Work) -> str | None:
    """Write the refused rows as a workbook into the store; return its key, None when there are none."""
    connection, batch = work.session.connection(), work.batch
    if batch["problems_key"]:
        files.erase_file(shop.place.files_url, batch["problems_key"])
    if not store.list_plan_rows(connection, batch["id"], 0, 1, ("error",)):
        return None
    rows = (
        (row.number, decode_cells(row.content), decode_problems(row.problems))
        for row in store.iterate_problem_rows(connection, batch["id"])
    )
    with tempfile.TemporaryDirectory(prefix="import-", dir=files.memory_folder()) as folder:
        path = Path(folder) / "problems.xlsx"
        write_problem_file(path, service.columns_of(batch), rows, work.session.actor.language)
        with path.open("rb") as file:
            return files.save_file(shop.place.files_url, file, "xlsx", 10_000, files.secret_of(batch))[0]


def count_undo(shop: Shop, batch_id: int) -> dict[str, int]:
    """Return what an undo would do: it is done, counted and rolled back."""
    workspace = get_workspace(shop.engine)
    with CrmSession(workspace.bind(shop.engine)) as session:
        session.workspace, session.actor = workspace, SYSTEM
        batch = service.get_batch(session, batch_id)
        undoer = Undoer(session, service.entity_of(session, batch["entity"]), batch_id)
        counts, below = Counter(removed=0, restored=0, kept=0), 0
        while (outcome := undoer.undo_chunk(below, CHUNK)) is not None:
            below = outcome.last
            counts.update(removed=outcome.removed, restored=outcome.restored, kept=outcome.kept)
        session.rollback()
    return dict(counts)
