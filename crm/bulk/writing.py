"""What becomes of one chunk: records are written together, and those that cannot be are left out one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem
from crm.kept_problems import encode_params
from crm.permissions.rows import fields_asked, row_criteria, which_may_touch
from crm.records.bulk import RecordEdit
from crm.records.constraints import REFUSALS, refusal_of
from crm.records.many import write_edits


@dataclass
class Outcome:
    """What became of one chunk.

    Shape:  `result` holds what was written, by which it can be taken back; `refused` the reasons by record.
    """

    changed: int = 0
    refused: dict[int, list[Problem]] = attribute(default_factory=dict)
    result: dict[str, Any] = attribute(default_factory=dict)

    def refuse(self, record_id: int, *problems: Problem) -> None:
        """Note why a record is not changed, or not wholly."""
        self.refused.setdefault(record_id, []).extend(problems)

    def told(self) -> list[Any]:
        """Return the refusals as they are kept."""
        return [
            [number, [[each.code, encode_params(each.params), each.field] for each in problems]]
            for number, problems in self.refused.items()
        ]


def problems_of(error: CrmError) -> list[Problem]:
    """Return what an error says: its problems, or itself."""
    return list(error.problems) or [error.as_problem()]


def refuse_out_of_reach(
    session: CrmSession, entity: Entity, deed: str, ids: Iterable[int], outcome: Outcome
) -> set[int]:
    """Return the records with which the actor may do this, and note of the others why not."""
    wanted = set(ids)
    if session.actor.sees_everything:
        return wanted
    seen = which_may_touch(session, entity, "read", wanted)
    reached = which_may_touch(session, entity, deed, seen)
    for record_id in sorted(wanted - seen):
        outcome.refuse(record_id, Problem("record.not_found"))
    for record_id in sorted(seen - reached):
        outcome.refuse(record_id, Problem(f"permissions.may_not_{deed}", {"entity": entity.plural}))
    return reached


@dataclass
class Writer:
    """Writes edits of one entity's records, each judged already; the session's cause is noted."""

    session: CrmSession
    entity: Entity
    outcome: Outcome
    changes: list[int] = attribute(default_factory=list)

    def write(self, edits: Sequence[RecordEdit]) -> None:
        """Change all at once; when the database refuses one, each half by itself."""
        if not edits:
            return
        try:
            with self.session.begin_nested() as savepoint:
                written = write_edits(
                    self.session, self.entity, [(edit, self.session.cause) for edit in edits]
                )
                lost = self._lost(edits)
                if lost:
                    savepoint.rollback()
        except REFUSALS as error:
            if len(edits) == 1:
                self.outcome.refuse(edits[0].record_id, refusal_of(self.entity, error))
                return
            middle = len(edits) // 2
            self.write(edits[:middle])
            self.write(edits[middle:])
            return
        if lost:
            self._refuse_lost(lost)
            self.write([edit for edit in edits if edit.record_id not in lost])
            return
        self.changes += written
        self.outcome.changed += len(edits)

    def _lost(self, edits: Sequence[RecordEdit]) -> Mapping[int, RecordEdit]:
        """Return the edits that led their records out of the actor's own reach."""
        session, entity = self.session, self.entity
        limits = [row_criteria(session, entity, deed) for deed in ("read", "update")]
        if session.actor.sees_everything or all(limit is None for limit in limits):
            return {}
        reached = which_may_touch(session, entity, "update", [edit.record_id for edit in edits])
        return {edit.record_id: edit for edit in edits if edit.record_id not in reached}

    def _refuse_lost(self, lost: Mapping[int, RecordEdit]) -> None:
        hidden = self.session.actor.rights(self.entity.name).hidden
        asked = fields_asked(self.session, self.entity, {"read", "update"}) - hidden
        for record_id, edit in lost.items():
            leading = [Problem("record.leads_away", field=name) for name in edit.after if name in asked]
            self.outcome.refuse(
                record_id, Problem("record.out_of_reach", {"entity": self.entity.plural}), *leading
            )
