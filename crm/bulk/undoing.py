"""A job is taken back by the journal, field by field: what others changed since is kept and named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm.bulk import store
from crm.bulk.deleting import delete_each, restore_each
from crm.bulk.store import Chunk
from crm.bulk.writing import Outcome, Writer, refuse_out_of_reach
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError, Problem, RecordError
from crm.leases import lock_table
from crm.permissions.service import readable_fields, require, writable_fields
from crm.records.bulk import RecordEdit, load_rows
from crm.records.file_rows import give_rows
from crm.records.followers import FOLLOWERS
from crm.records.journal import list_updates
from crm.records.links import judge_links
from crm.records.prepare import Judge
from crm.records.reverting import FormerValues

Result = Mapping[str, Any]
"""What a chunk wrote."""


class Undoer:
    """Takes back the chunks of another job."""

    def __init__(self, session: CrmSession, entity: Entity, origin: int) -> None:
        self.session, self.entity, self.origin = session, entity, origin

    def perform(self, chunk: Chunk) -> Outcome:
        """Take back one chunk."""
        done = store.get_chunk(self.session.connection(), self.origin, chunk.of_number or 0).result or {}
        outcome = Outcome()
        steps = [self._own, self._files, self._restore, self._others, self._followers]
        for step in reversed(steps) if done.get("restored") else steps:
            step(done, outcome)
        return outcome

    def _own(self, done: Result, outcome: Outcome) -> None:
        """Give the records themselves their former values."""
        if done.get("own"):
            outcome.result["own"] = revert(self.session, self.entity, done["own"], outcome)

    def _files(self, done: Result, outcome: Outcome) -> None:
        """Give files that moved with a merge back to the record that had them."""
        connection, moved = self.session.connection(), []
        for number, before, now in done.get("files", ()):
            if give_rows(connection, self.entity.uid, [number], [now], before):
                moved.append([number, now, before])
        if moved:
            outcome.result["files"] = moved

    def _followers(self, done: Result, outcome: Outcome) -> None:
        """Let what other packages keep about a record be about it again."""
        tables = {each.name: each for each in FOLLOWERS}
        moved = {
            name: tables[name].move_back(self.session, rows)
            for name, rows in (done.get("followed") or {}).items()
            if name in tables and rows
        }
        if moved:
            outcome.result["followed"] = moved

    def _restore(self, done: Result, outcome: Outcome) -> None:
        """Take out of the bin what went into it, or the other way round."""
        if done.get("deeds"):
            outcome.result["restored"] = restore_each(self.session, done["deeds"], outcome)
        if done.get("restored"):
            deeds = delete_each(self.session, self.entity, done["restored"], outcome)
            outcome.result["deeds"] = deeds

    def _others(self, done: Result, outcome: Outcome) -> None:
        """Let what moved with a merge point to where it did: it follows from the merge, whoever may edit it."""
        session, counted = self.session, outcome.changed
        actor, session.actor = session.actor, replace(session.actor, is_admin=True)
        try:
            others = {}
            for name, numbers in (done.get("others") or {}).items():
                child = session.workspace.schema.entities.get(name)
                if child is not None and numbers:
                    lock_table(session, child)
                    others[name] = revert(session, child, numbers, outcome)
        finally:
            session.actor = actor
        if others:
            outcome.result["others"] = others
            outcome.changed = counted


def revert(session: CrmSession, entity: Entity, changes: Sequence[int], outcome: Outcome) -> list[int]:
    """Give fields back what they held before some changes; return the numbers of the changes this makes."""
    rows = list_updates(session, entity, changes)
    stored = load_rows(session, entity, (row["record_id"] for row in rows), lock=True)
    reached = refuse_out_of_reach(session, entity, "update", stored, outcome)
    reverter, edits = Reverter(session, entity, outcome), []
    for row in rows:
        if row["record_id"] not in stored:
            outcome.refuse(row["record_id"], Problem("bulk.gone_since"))
        elif row["record_id"] in reached:
            edits += reverter.edits_back(row, stored[row["record_id"]])
    writer = Writer(session, entity, outcome)
    writer.write(judged(session, entity, edits, outcome))
    return writer.changes


def undo_change(session: CrmSession, entity: Entity, record_id: int, number: int) -> list[Problem]:
    """Give the fields of one change of a record back what they held; return what must stay. The caller commits.

    Errors: NotAllowedError; NotFoundError when the record has no such change; RecordError when nothing goes back.
    """
    require(session.actor, "update", entity)
    if not any(row["record_id"] == record_id for row in list_updates(session, entity, [number])):
        raise NotFoundError("bulk.no_such_change")
    outcome, former = Outcome(), session.cause
    session.cause = (*former, f"undo:{number}")
    try:
        revert(session, entity, [number], outcome)
    finally:
        session.cause = former
    problems = outcome.refused.get(record_id, [])
    if not outcome.changed:
        raise RecordError("record.has_problems", problems or [Problem("bulk.nothing_to_undo")])
    return problems


class Reverter:
    """Finds what takes changes of one entity's records back, and notes what must stay."""

    def __init__(self, session: CrmSession, entity: Entity, outcome: Outcome) -> None:
        self.entity, self.outcome = entity, outcome
        self.former = FormerValues(entity)
        self.readable = readable_fields(session.actor, entity)
        self.writable = entity.fields if session.actor.sees_everything else self._writable(session)

    def _writable(self, session: CrmSession) -> Mapping[str, Any]:
        return writable_fields(session.actor, self.entity, "update")

    def edits_back(self, row: Mapping[str, Any], current: Mapping[str, Any]) -> list[RecordEdit]:
        """Return the edit that takes a change back, if there is anything to take back."""
        after, kept = self.former.before(row["values"], current)
        number, readable = row["record_id"], self.readable
        for name in kept:
            if name in readable:
                label = readable[name].label
                self.outcome.refuse(number, Problem("bulk.changed_since", {"label": label}, name))
        if row["gone"] or any(name not in readable for name in kept):
            self.outcome.refuse(number, Problem("bulk.partly_kept"))
        for name in [name for name in after if name not in self.writable]:
            del after[name]
            shown = name if name in readable else None
            self.outcome.refuse(number, Problem("permissions.read_only_field", {}, shown))
        return [RecordEdit(number, current, after)] if after else []


def judged(
    session: CrmSession, entity: Entity, edits: Sequence[RecordEdit], outcome: Outcome
) -> list[RecordEdit]:
    """Return the edits that may be written: a former value comes back by whatever move, but must fit as it stands."""
    judge, alike = Judge(session, entity), defaultdict(list)
    for edit in edits:
        values = {**edit.before, **edit.after}
        problems = judge.list_problems(values, values, edit.record_id)
        if problems:
            outcome.refuse(edit.record_id, *problems)
        else:
            alike[tuple(edit.after)].append((edit, values))
    good = []
    for names, found in alike.items():
        refused = judge_links(session, entity, [(edit.record_id, values) for edit, values in found], names)
        for place, (edit, _values) in enumerate(found):
            if place in refused:
                outcome.refuse(edit.record_id, *refused[place])
            else:
                good.append(edit)
    return good
