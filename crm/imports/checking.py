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
from crm.imports.lease import CHUNK, Attempt, ImportWorkshop
from crm.imports.model import Matching, SheetRow, build_look, build_matching
from crm.imports.notes import OF_THE_FILE, has_doubts, notes_of
from crm.imports.plan import Planner
from crm.imports.problem_file import save_problem_file
from crm.imports.reader import read_rows
from crm.secrets import new_secret

SAMPLE = 10_000  # rows that are looked at to learn how dates and numbers are written


def plan_rows(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Make the plan of a batch, from the beginning: whatever an earlier attempt left is erased."""
    session, batch = attempt.session, attempt.batch
    attempt.hold()
    carried = carried_over(attempt)
    if carried.matching.filled:  # without any, a publish has removed them all: every row is refused
        service.check_matching(session, attempt.entity, carried.matching)
    store.erase_plan(session.connection(), batch["id"])
    seal_what_was_plain(workshop, attempt)
    session.commit()
    with files.local_file(workshop.settings.files_url, batch["file_key"], files.secret_of(batch)) as path:
        findings, reading = (
            Findings(),
            service.reading_of_rows(session, attempt.entity, batch, carried.matching),
        )
        rows = flat(
            read_rows(path, reading, workshop.settings.limits, findings, lambda _waited: attempt.beat())
        )
        sample = list(islice(rows, SAMPLE))
        matching, notes = settle_formats(attempt.entity, carried.matching, sample)
        planner = Planner(session, attempt.entity, matching)
        counts = plan_chunks(attempt, planner, carried, chain(sample, rows))
    notes += same_file_note(attempt, matching) + notes_of(
        build_look(batch["look"]), matching, findings, planner.long_cells
    )
    attempt.hold()
    attempt.note(
        entity=attempt.entity.name,
        matching=matching.as_json(),
        fields=planner.names,
        notes=[note for note in batch["notes"] if note[0] in OF_THE_FILE] + notes,
        revision=session.workspace.number,
        total=sum(counts.values()),
        **{name: counts[action] for action, name in store.COUNTED.items()},
    )
    attempt.note(problems_key=save_problem_file(workshop, attempt))
    if not matching.apply or has_doubts(batch["notes"]):
        attempt.finish("checked")
        return
    attempt.note(state="checked", lease_until=None)
    service.begin_apply(session, batch["id"])
    session.commit()


def seal_what_was_plain(workshop: ImportWorkshop, attempt: Attempt) -> None:
    """Seal the file of a batch that was uploaded before the house had secrets."""
    batch = attempt.batch
    if batch["file_seal"] or not attempt.session.workspace.schema.has_secrets:
        return
    secret, url, old = new_secret(), workshop.settings.files_url, batch["file_key"]
    extension = old.rpartition(".")[2]
    with files.local_file(url, old, None) as path, path.open("rb") as source:
        key, _fingerprint = files.save_file(
            url, source, extension, workshop.settings.limits.upload_mb, secret
        )
    attempt.note(file_key=key, file_seal=secret.hex(), look={**batch["look"], "is_sealed": True})
    attempt.session.commit()
    files.erase_file(url, old)


def flat(chunks: Iterable[Sequence[SheetRow]]) -> Iterator[SheetRow]:
    """Yield the rows of the reader's chunks one by one; ends the reading process when it is closed."""
    try:
        for chunk in chunks:
            yield from chunk
    finally:
        chunks.close()


def plan_chunks(
    attempt: Attempt, planner: Planner, carried: Carried, rows: Iterator[SheetRow]
) -> Counter[str]:
    """Plan all rows, each chunk in its own transaction; return the counts by action."""
    counts: Counter[str] = Counter()
    batch_id = attempt.batch["id"]
    while chunk := list(islice(rows, CHUNK)):
        attempt.hold()
        planned = plan_behind(planner, carried, chunk, 0)
        store.add_plan_rows(attempt.session.connection(), attempt.kept((batch_id, *row) for row in planned))
        counts.update(row[1] for row in planned)
        attempt.note(done=sum(counts.values()))
        attempt.session.commit()
    return counts


def same_file_note(attempt: Attempt, matching: Matching) -> list[Any]:
    """Return the warning that the same bytes were imported before without a key to find their records by."""
    if matching.mode != "create":
        return []
    batch = attempt.batch
    earlier = store.find_same_file(
        attempt.session.connection(), batch["fingerprint"], attempt.entity, batch["id"]
    )
    return [["import.same_file", {"id": earlier}]] if earlier else []


def carried_over(attempt: Attempt) -> Carried:
    """Return what was decided as the live revision has it."""
    batch, matching = attempt.batch, build_matching(attempt.batch["matching"])
    if batch["revision"] == attempt.session.workspace.number:
        return Carried(matching)
    before = entity_of_revision(attempt.session.connection(), batch["revision"], batch["entity"])
    return carry_matching(matching, before, attempt.entity) if before else Carried(matching)
