"""The run: what the plan says is written, behind the last chunk that is committed."""

from __future__ import annotations

from itertools import chain, islice

from crm.imports import files, service, store
from crm.imports.carry import plan_behind
from crm.imports.checking import SAMPLE, carried_over, flat, seal_what_was_plain
from crm.imports.execute import Executor
from crm.imports.formats import settle_formats
from crm.imports.lease import CHUNK, Attempt, ImportWorkshop
from crm.imports.model import build_matching
from crm.imports.plan import Planner
from crm.imports.problem_file import save_problem_file
from crm.imports.reader import read_rows


def write_rows(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Write what the plan says, chunk by chunk, behind the last chunk that is committed."""
    session, batch = attempt.session, attempt.batch
    if batch["revision"] != session.workspace.number:
        plan_rest(workshop, attempt)
    matching = build_matching(batch["matching"])
    if matching.filled:
        service.check_matching(session, attempt.entity, matching)
    executor = Executor(session, attempt.entity, batch)
    while True:
        attempt.hold_to_write()
        rows = store.list_plan_rows(session.connection(), batch["id"], batch["done_number"], CHUNK)
        if not rows:
            break
        outcome = executor.execute(rows)
        counts = {name: batch[name] + getattr(outcome, name) for name in store.COUNTED.values()}
        attempt.note(done=batch["done"] + len(rows), done_number=rows[-1].number, **counts)
        session.commit()
        attempt.give_way()
    if batch["failed"]:
        keep_problems(workshop, attempt)
    attempt.finish("done")


def keep_problems(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Write the file of all refused rows, in place of the one that knew only what the check refused."""
    former = attempt.batch["problems_key"]
    attempt.note(problems_key=save_problem_file(workshop, attempt))
    attempt.session.commit()
    if former:
        files.erase_file(workshop.settings.files_url, former)
    attempt.hold()


def plan_rest(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Plan the unwritten rows again from the file; a plan that the publish did not change is kept."""
    session, batch, written = attempt.session, attempt.batch, attempt.batch["done_number"]
    attempt.hold_to_write()
    carried = carried_over(attempt)
    if carried.is_same:
        return
    store.erase_plan(session.connection(), batch["id"], written)
    seal_what_was_plain(workshop, attempt)
    session.commit()
    with files.local_file(workshop.settings.files_url, batch["file_key"], files.secret_of(batch)) as path:
        reading = service.reading_of_rows(session, attempt.entity, batch, carried.matching)
        rows = flat(read_rows(path, reading, workshop.settings.limits, None, lambda _waited: attempt.beat()))
        sample = list(islice(rows, SAMPLE))
        matching, _notes = settle_formats(attempt.entity, carried.matching, sample)
        planner = Planner(session, attempt.entity, matching)
        rows = chain(sample, rows)
        while chunk := list(islice(rows, CHUNK)):
            attempt.hold_to_write()
            planned = plan_behind(planner, carried, chunk, written)
            store.add_plan_rows(session.connection(), attempt.kept((batch["id"], *row) for row in planned))
            attempt.note()
            session.commit()
    attempt.hold_to_write()
    if batch["problems_key"]:
        files.erase_file(workshop.settings.files_url, batch["problems_key"])
    attempt.note(
        entity=attempt.entity.name,
        matching=matching.as_json(),
        fields=planner.names,
        problems_key=None,
        revision=session.workspace.number,
    )
    session.commit()
