"""Many records go into the bin, each as a single deletion would take it there; and come back out of it."""

from __future__ import annotations

from crm.bulk.store import Chunk
from crm.bulk.writing import Outcome, problems_of
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem
from crm.records.constraints import REFUSALS, refusal_of
from crm.records.restoring import restore_deed
from crm.records.service import delete_record


class Deleter:
    """Deletes records one by one: what hangs on each decides what becomes of it."""

    def __init__(self, session: CrmSession, entity: Entity) -> None:
        self.session, self.entity = session, entity

    def perform(self, chunk: Chunk) -> Outcome:
        """Delete one chunk."""
        outcome = Outcome()
        outcome.result = {"deeds": delete_each(self.session, self.entity, chunk.ids, outcome)}
        return outcome


def delete_each(session: CrmSession, entity: Entity, ids: list[int], outcome: Outcome) -> list[list[int]]:
    """Delete records; return of each that went its number and that of the deed in the bin."""
    deeds = []
    for record_id in ids:
        try:
            with session.begin_nested():
                deed = delete_record(session, entity, record_id)
        except CrmError as error:
            outcome.refuse(record_id, *problems_of(error))
            continue
        except REFUSALS as error:
            outcome.refuse(record_id, refusal_of(entity, error))
            continue
        deeds.append([record_id, deed])
        outcome.changed += 1
    session.expunge_all()
    return deeds


def restore_each(session: CrmSession, deeds: list[list[int]], outcome: Outcome) -> list[int]:
    """Restore what went into the bin; return the numbers of the records that came back."""
    restored = []
    for record_id, deed in reversed(deeds):
        try:
            with session.begin_nested():
                notes: list[Problem] = restore_deed(session, deed)
        except CrmError as error:
            outcome.refuse(record_id, *problems_of(error))
            continue
        if notes:
            outcome.refuse(record_id, *notes)
        restored.append(record_id)
        outcome.changed += 1
    return restored
