"""The check: a batch's file becomes a plan, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from crm.imports import files, service, store
from crm.imports.carry import Carried, carry_matching, entity_of_revision, plan_behind
from crm.imports.findings import Findings
from crm.imports.formats import settle_formats
from crm.imports.lease import CHUNK, Shop, Work
from crm.imports.model import Matching, build_look, build_matching
from crm.imports.notes import OF_THE_FILE, notes_of
from crm.imports.plan import Planner
from crm.imports.problem_file import save_problem_file
from crm.imports.reader import read_rows
from crm.secrets import new_secret

SAMPLE = 10_000  # rows that are looked at to learn how dates and numbers are written
Row = tuple[int, list[Any]]


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
        findings, reading = Findings(), service.reading_of_rows(session, work.entity, batch, carried.matching)
        rows = flat(read_rows(path, reading, shop.place.limits, findings))
        sample = list(islice(rows, SAMPLE))
        matching, notes = settle_formats(work.entity, carried.matching, sample)
        planner = Planner(session, work.entity, matching)
        counts = plan_chunks(work, planner, carried, chain(sample, rows))
    notes += same_file_note(work, matching) + notes_of(build_look(batch["look"]), matching, findings)
    work.hold()
    work.note(
        entity=work.entity.name,
        matching=matching.as_json(),
        fields=planner.names,
        notes=[note for note in batch["notes"] if note[0] in OF_THE_FILE] + notes,
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


def same_file_note(work: Work, matching: Matching) -> list[Any]:
    """Return the warning that the same bytes were imported before without a key to find their records by."""
    if matching.mode != "create":
        return []
    batch = work.batch
    earlier = store.find_same_file(work.session.connection(), batch["fingerprint"], work.entity, batch["id"])
    return [["import.same_file", {"id": earlier}]] if earlier else []


def carried_over(work: Work) -> Carried:
    """Return what was decided as the live revision has it."""
    batch, matching = work.batch, build_matching(work.batch["matching"])
    if batch["revision"] == work.session.workspace.number:
        return Carried(matching)
    before = entity_of_revision(work.session.connection(), batch["revision"], batch["entity"])
    return carry_matching(matching, before, work.entity) if before else Carried(matching)
