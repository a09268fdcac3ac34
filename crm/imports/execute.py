"""The executor: writes planned rows, each chunk in one transaction with the note that it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.imports import store
from crm.imports.coding import RowDecoder, decode_edit, encode_cells
from crm.imports.model import build_matching
from crm.kept_problems import encode_problems
from crm.records.bulk import RecordEdit, insert_rows, load_rows, update_rows
from crm.records.constraints import REFUSALS, refusal_of
from crm.records.links import judge_links
from crm.records.prepare import judge


@dataclass
class ChunkResult:
    """What became of one chunk: counts, and the rows that were refused after all."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    refused: dict[int, list[Problem]] = attribute(default_factory=dict)


class Executor:
    """Writes the rows of one batch's plan."""

    def __init__(self, session: CrmSession, entity: Entity, batch: Mapping[str, Any]) -> None:
        self.session, self.entity, self.batch_id = session, entity, batch["id"]
        self.is_sealed = bool(batch["file_seal"])
        self.decoder = RowDecoder(entity, batch["fields"])
        self.matching = build_matching(batch["matching"])
        self.with_events = self.matching.rules == "run"

    def execute(self, rows: Sequence[store.PlanRow]) -> ChunkResult:
        """Write one chunk of plan rows; those the database refuses are noted, the others are written."""
        result = ChunkResult()
        result.unchanged = sum(1 for row in rows if row.action == "unchanged")
        result.skipped = sum(1 for row in rows if row.action == "skip")
        result.failed = sum(1 for row in rows if row.action == "error")
        result.created = self.create([row for row in rows if row.action == "create"], result)
        result.updated = self.update([row for row in rows if row.action == "update"], result)
        result.failed += len(result.refused)
        connection = self.session.connection()
        for row in rows if result.refused else ():
            if row.number in result.refused:
                texts = self.cells_of(row), encode_problems(result.refused[row.number])
                texts = store.sealed_texts(*texts) if self.is_sealed else texts
                store.refuse_plan_row(connection, self.batch_id, row.number, *texts)
        return result

    def cells_of(self, row: store.PlanRow) -> str:
        """Return the cells a refused row came from, as far as its plan tells, for the problem file."""
        if row.action == "create":
            values = self.decoder.decode(row.content)
        else:
            stored = load_rows(self.session, self.entity, [row.record_id]).get(row.record_id, {})
            values = {
                **stored,
                **{name: pair[1] for name, pair in decode_edit(self.entity, row.content).items()},
            }
        cells: list[Any] = [None] * (1 + max(column.index for column in self.matching.filled))
        for column in self.matching.filled:
            value = values.get(column.field)
            is_link = (
                column.field in self.entity.fields
                and FIELD_TYPES[self.entity.fields[column.field].type].links == "record"
            )
            cells[column.index] = f"#{value}" if is_link and value is not None else value
        return encode_cells(cells)

    def create(self, rows: Sequence[store.PlanRow], result: ChunkResult) -> int:
        """Create records and return how many; the journal notes which."""
        return self.create_halving([(row.number, self.decoder.decode(row.content)) for row in rows], result)

    def create_halving(self, numbered: Sequence[tuple[int, Mapping]], result: ChunkResult) -> int:
        """Create all at once; when one is refused, each half by itself, so that only the bad ones are left out."""
        if not numbered:
            return 0
        try:
            with self.session.begin_nested():
                insert_rows(self.session, self.entity, [row for _, row in numbered], self.with_events)
            return len(numbered)
        except (*REFUSALS, RecordError) as error:
            if len(numbered) == 1:
                result.refused[numbered[0][0]] = [refusal_of(self.entity, error)]
                return 0
        middle = len(numbered) // 2
        return self.create_halving(numbered[:middle], result) + self.create_halving(numbered[middle:], result)

    def update(self, rows: Sequence[store.PlanRow], result: ChunkResult) -> int:
        """Change records and return how many; a record somebody changed since the plan is judged again."""
        if not rows:
            return 0
        stored = load_rows(self.session, self.entity, (row.record_id for row in rows), lock=True)
        edits = []
        for row in rows:
            before = stored.get(row.record_id)
            changes = decode_edit(self.entity, row.content)
            problems = self.judge_again(row, before, changes) if is_stale(row, before) else []
            if problems:
                result.refused[row.number] = problems
            else:
                edits.append(
                    (
                        row.number,
                        RecordEdit(row.record_id, before, {name: pair[1] for name, pair in changes.items()}),
                    )
                )
        return self.update_halving(edits, result)

    def judge_again(
        self, row: store.PlanRow, before: Mapping[str, Any] | None, changes: Mapping[str, tuple[Any, Any]]
    ) -> list[Problem]:
        """Return why a record that changed since the plan may not be changed as planned."""
        if before is None:
            return [Problem("record.gone_meanwhile")]
        for name, (planned, after) in changes.items():
            if before.get(name) not in (planned, after):
                return [Problem("import.changed_since", {"label": self.entity.fields[name].label}, name)]
        values = {**before, **{name: pair[1] for name, pair in changes.items()}}
        problems = judge(self.session, self.entity, before, values, row.record_id)
        return problems + judge_links(self.session, self.entity, [(row.record_id, values)], changes).get(
            0, []
        )

    def update_halving(self, edits: Sequence[tuple[int, RecordEdit]], result: ChunkResult) -> int:
        """Change all at once; when one is refused, each half by itself."""
        if not edits:
            return 0
        try:
            with self.session.begin_nested():
                update_rows(self.session, self.entity, [edit for _, edit in edits], self.with_events)
            return len(edits)
        except (*REFUSALS, RecordError) as error:
            if len(edits) == 1:
                result.refused[edits[0][0]] = [refusal_of(self.entity, error)]
                return 0
        middle = len(edits) // 2
        return self.update_halving(edits[:middle], result) + self.update_halving(edits[middle:], result)


def is_stale(row: store.PlanRow, before: Mapping[str, Any] | None) -> bool:
    """Return whether the record is gone, or was saved by somebody since the plan."""
    return before is None or before["row_version"] != row.version
