"""The run: what the plan says is written, behind the last chunk that is committed."""

from __future__ import annotations

from itertools import chain, islice

from crm.imports import files, service, store
from crm.imports.carry import plan_behind
from crm.imports.checking import SAMPLE, carried_over, flat, seal_what_was_plain
from crm.imports.execute import Executor
from crm.imports.formats import settle_formats
from crm.imports.lease import CHUNK, Shop, Work
from crm.imports.model import build_matching
from crm.imports.plan import Planner
from crm.imports.problem_file import save_problem_file
from crm.imports.reader import read_rows


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
        reading = service.reading_of_rows(session, work.entity, batch, carried.matching)
        rows = flat(read_rows(path, reading, shop.place.limits))
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
