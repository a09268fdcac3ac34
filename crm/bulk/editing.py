"""The same values for many records, each judged as a single save judges it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.bulk.store import Chunk
from crm.bulk.writing import Outcome, Writer, problems_of, refuse_out_of_reach
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.permissions.service import require
from crm.records.bulk import RecordEdit, load_rows
from crm.records.journal import newest_change, sealed_value
from crm.records.many import ApartError, Wanted, judge_together
from crm.records.prepare import refused_fields
from crm.records.service import update_record
from crm.records.values import situation_of
from crm.revisions.former_names import read_former_names


def kept_edit(
    session: CrmSession, entity: Entity, values: Mapping[str, Any], source: str = "api"
) -> dict[str, Any]:
    """Return an edit as its job keeps it, values of encrypted fields sealed.

    Shape:  `values` are what a form or the API sends.
    Errors: NotAllowedError; RecordError for fields that are no fields, are not open, or cannot be set in bulk.
    """
    require(session.actor, "update", entity)
    problems = refused_fields(session, entity, values, "update")
    known = {name: entity.fields[name] for name in values if name in entity.fields}
    problems += [
        Problem("bulk.no_files", {"label": field.label}, name)
        for name, field in known.items()
        if FIELD_TYPES[field.type].holds_files
    ]
    if not values:
        problems.append(Problem("bulk.nothing_to_set"))
    if problems:
        raise RecordError("record.has_problems", problems, count=len(problems))
    kept = {
        name: sealed_value(known[name], value) if known[name].encrypted and value is not None else value
        for name, value in values.items()
    }
    return {"values": kept, "source": source}


def values_today(
    session: CrmSession, entity: Entity, asked: Mapping[str, Any], revision: int
) -> dict[str, Any]:
    """Return the values of an edit by the names of today.

    Errors: RecordError when one of its fields is gone.
    """
    former = read_former_names(session.connection())
    values, gone = former.values_today(entity, asked["values"], revision)
    if gone or set(values) - set(entity.fields):
        raise RecordError("bulk.field_gone")
    return values


class Editor:
    """Sets the values of one edit."""

    def __init__(self, session: CrmSession, entity: Entity, values: Mapping[str, Any], source: str) -> None:
        self.session, self.entity, self.values = session, entity, dict(values)
        self.situation = situation_of(session, source)

    def judge(self, ids: list[int], outcome: Outcome) -> tuple[list[RecordEdit], list[int]]:
        """Return what changes in which records, and which must be saved one by one; the rows are locked."""
        session, entity = self.session, self.entity
        stored = load_rows(session, entity, ids, lock=True)
        for record_id in ids:
            if record_id not in stored:
                outcome.refuse(record_id, Problem("record.not_found"))
        reached = refuse_out_of_reach(session, entity, "update", stored, outcome)
        wanted = [Wanted(number, stored[number], self.values) for number in ids if number in reached]
        edits, apart = [], []
        for each, found in zip(wanted, judge_together(session, entity, wanted, self.situation), strict=True):
            if isinstance(found, ApartError):
                apart.append(each.record_id)
            elif isinstance(found, CrmError):
                outcome.refuse(each.record_id, *problems_of(found))
            elif found.after:
                edits.append(found)
        return edits, apart

    def perform(self, chunk: Chunk) -> Outcome:
        """Write one chunk."""
        outcome = Outcome()
        edits, apart = self.judge(chunk.ids, outcome)
        writer = Writer(self.session, self.entity, outcome)
        writer.write(edits)
        for record_id in apart:
            writer.changes += self._save_alone(record_id, outcome)
        outcome.result = {"own": writer.changes}
        return outcome

    def _save_alone(self, record_id: int, outcome: Outcome) -> list[int]:
        """Save one record after the others and return the number of its change, if there is one."""
        session, entity = self.session, self.entity
        before = newest_change(session, entity, record_id)
        try:
            with session.begin_nested():
                update_record(session, entity, record_id, self.values, self.situation)
        except CrmError as error:
            outcome.refuse(record_id, *problems_of(error))
            return []
        after = newest_change(session, entity, record_id)
        if after == before:
            return []
        outcome.changed += 1
        return [after]
