"""Two or three records become one: values are chosen, what hangs on the others moves over, the others go into the bin.

All of it is one transaction and one job, which is undone like any other: values go back, the others come out of
the bin, and what had moved points to them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.bulk import store
from crm.bulk.deleting import delete_each
from crm.bulk.writing import Outcome, Writer, refuse_out_of_reach
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, NotFoundError, Problem, RecordError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.permissions.service import readable_fields, require
from crm.records.bulk import RecordEdit, load_rows
from crm.records.constraints import REFUSALS, refusal_of
from crm.records.file_rows import give_rows
from crm.records.followers import FOLLOWERS
from crm.records.links import judge_links
from crm.records.listing import ListQuery, list_ids
from crm.records.many import write_edits
from crm.records.prepare import Judge, refused_fields
from crm.records.search_keys import key_fields

MOST = 3  # records of one merge
AT_ONCE = 5_000  # children that move together


@dataclass(frozen=True)
class Merge:
    """What is merged.

    Shape:  `into` is the record that stays, `sources` go. `values` says of which record a field's value is kept;
            what it does not name stays as `into` has it. `versions` are those the person saw.
    """

    into: int
    sources: tuple[int, ...]
    values: Mapping[str, int] = attribute(default_factory=dict)
    versions: Mapping[int, int] = attribute(default_factory=dict)

    @property
    def ids(self) -> tuple[int, ...]:
        """Return all its records."""
        return (self.into, *self.sources)


def merge_records(session: CrmSession, entity: Entity, merge: Merge) -> int:
    """Merge records and return the number of the job that undoes it; the caller commits, or rolls back.

    Errors: NotAllowedError, NotFoundError; ConflictError when somebody saved one of them since; RecordError.
    """
    for deed in ("read", "update", "delete"):
        require(session.actor, deed, entity)
    stored = _held(session, entity, merge)
    edit = _edit(session, entity, merge, stored)
    job = store.add_job(session.connection(), _job(session, entity, merge))
    former, session.cause = session.cause, (*session.cause, f"job:{job}")
    try:
        result = _merge(session, entity, merge, edit)
    finally:
        session.cause = former
    store.add_chunks(session.connection(), job, merge.ids)
    store.end_chunk(session.connection(), job, 1, result, [])
    return job


def _job(session: CrmSession, entity: Entity, merge: Merge) -> dict[str, Any]:
    count = len(merge.ids)
    return {
        "entity": entity.name,
        "kind": "merge",
        "state": store.DONE,
        "user_id": session.actor.user_id,
        "asked": {"into": merge.into, "from": merge.sources, "values": dict(merge.values)},
        "revision": session.workspace.number,
        "created_at": session.clock(),
        "finished_at": session.clock(),
        "total": count,
        "done": count,
        "changed": count,
        "done_number": 1,
    }


def _held(session: CrmSession, entity: Entity, merge: Merge) -> dict[int, Mapping[str, Any]]:
    """Return what the records hold, locked, as far as this actor may merge them."""
    if not 0 < len(merge.sources) < MOST or len(set(merge.ids)) != len(merge.ids):
        raise RecordError("merge.two_or_three", limit=MOST)
    stored = load_rows(session, entity, merge.ids, lock=True)
    outcome = Outcome()
    for deed, ids in (("read", merge.ids), ("update", [merge.into]), ("delete", merge.sources)):
        refuse_out_of_reach(session, entity, deed, [number for number in ids if number in stored], outcome)
    missing = [number for number in merge.ids if number not in stored]
    unseen = [number for number, found in outcome.refused.items() if found[0].code == "record.not_found"]
    if missing or unseen:
        raise NotFoundError("record.not_found", entity=entity.label, id=(missing or unseen)[0])
    if outcome.refused:
        raise RecordError("merge.not_allowed", [each for found in outcome.refused.values() for each in found])
    for number, version in merge.versions.items():
        if stored[number]["row_version"] != version:
            raise ConflictError("record.changed_since", entity=entity.label)
    return stored


def _edit(
    session: CrmSession, entity: Entity, merge: Merge, stored: Mapping[int, Mapping[str, Any]]
) -> RecordEdit:
    """Return what the record that stays takes from the others.

    Errors: RecordError for fields that may not be set or records that are not of the merge.
    """
    taken = {name: source for name, source in merge.values.items() if source != merge.into}
    problems = refused_fields(session, entity, taken, "update")
    problems += [
        Problem("merge.not_among", {"id": source}, name)
        for name, source in taken.items()
        if source not in merge.sources
    ]
    if problems:
        raise RecordError("record.has_problems", problems, count=len(problems))
    before = stored[merge.into]
    after = {name: stored[source][name] for name, source in taken.items() if name in before}
    for name, field in entity.fields.items():
        if FIELD_TYPES[field.type].holds_files and field.options.get("many"):
            held = [one for number in merge.ids for one in stored[number].get(name) or ()]
            after[name] = tuple(dict.fromkeys(held)) or None
        elif FIELD_TYPES[field.type].points == "record" and field.options.get("to") == entity.name:
            after |= _not_itself(field, {**before, **after}.get(name), merge)
    return RecordEdit(
        merge.into, before, {name: value for name, value in after.items() if value != before.get(name)}
    )


def _not_itself(field: Field, value: Any, merge: Merge) -> dict[str, Any]:
    """Return a reference to records of its own kind without those that are merged."""
    if isinstance(value, tuple):
        left = tuple(one for one in value if int(one) not in merge.ids)
        return {field.name: left or None} if left != value else {}
    return {field.name: None} if value in merge.ids else {}


def _merge(session: CrmSession, entity: Entity, merge: Merge, edit: RecordEdit) -> dict[str, Any]:
    """Move what hangs on the records that go, delete them, write the one that stays; return how to take it back."""
    outcome, others = Outcome(), {}
    try:
        for child, field in pointing(session, entity):
            moved = move_references(session, child, field, merge)
            others.setdefault(child.name, []).extend(moved)
    except REFUSALS as error:
        raise RecordError("merge.cannot_move", [refusal_of(entity, error)]) from error
    files = _move_files(session, entity, merge, edit)
    followed = {each.name: each.move(session, entity, merge.sources, merge.into) for each in FOLLOWERS}
    deeds = delete_each(session, entity, list(merge.sources), outcome)
    writer = Writer(session, entity, outcome)
    if edit.after and not outcome.refused:
        _require_fit(session, entity, edit)
        writer.write([edit])
    if outcome.refused:
        problems = [each for found in outcome.refused.values() for each in found]
        raise RecordError("record.has_problems", problems, count=len(problems))
    return {"own": writer.changes, "others": others, "deeds": deeds, "files": files, "followed": followed}


def pointing(session: CrmSession, entity: Entity) -> Iterator[tuple[Entity, Field]]:
    """Yield every field by which records point to records of an entity."""
    for child in session.workspace.schema.entities.values():
        for field in child.fields.values():
            kind = FIELD_TYPES[field.type]
            if kind.stored and kind.points == "record" and field.options.get("to") == entity.name:
                yield child, field


def move_references(session: CrmSession, child: Entity, field: Field, merge: Merge) -> list[int]:
    """Let all that pointed to records that go point to the one that stays; return the changes' numbers."""
    if FIELD_TYPES[field.type].several:
        edits = list(_several(session, child, field, merge))
    else:
        edits = list(_single(session, child, field, merge))
    numbers: list[int] = []
    for start in range(0, len(edits), AT_ONCE):
        part = [(edit, session.cause) for edit in edits[start : start + AT_ONCE]]
        numbers += write_edits(session, child, part)
    return numbers


def _single(session: CrmSession, child: Entity, field: Field, merge: Merge) -> Iterator[RecordEdit]:
    cls = session.workspace.models[child.name]
    target = getattr(cls, FIELD_TYPES[field.type].attribute(field))
    asked = sa.select(cls.id, target).where(target.in_(merge.sources)).order_by(cls.id).with_for_update()
    with session.as_system():
        rows = [row for row in session.execute(asked) if not _is_merged(session, child, row[0], field, merge)]
    whole = load_rows(session, child, [row[0] for row in rows]) if field.name in key_fields(child) else {}
    for number, source in rows:
        yield RecordEdit(number, whole.get(number, {field.name: source}), {field.name: merge.into})


def _several(session: CrmSession, child: Entity, field: Field, merge: Merge) -> Iterator[RecordEdit]:
    gone = {str(number) for number in merge.sources}
    with session.as_system():
        actor, session.actor = session.actor, replace(session.actor, is_admin=True)
        try:
            lines = [{"any": [{"field": field.name, "contains": number} for number in merge.sources]}]
            ids = list(list_ids(session, child, ListQuery(lines)))
        finally:
            session.actor = actor
    for number, values in load_rows(session, child, ids, lock=True).items():
        if _is_merged(session, child, number, field, merge):
            continue
        held = values[field.name] or ()
        after = tuple(dict.fromkeys(str(merge.into) if str(one) in gone else one for one in held))
        yield RecordEdit(number, values, {field.name: after})


def _is_merged(session: CrmSession, child: Entity, number: int, field: Field, merge: Merge) -> bool:
    """Return whether a record that points is one of the merged ones: those that go need not, the other must not."""
    return child.name == field.options.get("to") and number in merge.ids


def _require_fit(session: CrmSession, entity: Entity, edit: RecordEdit) -> None:
    """Refuse values that do not go together, or that somebody else has.

    Errors: RecordError.
    """
    values = {**edit.before, **edit.after}
    problems = Judge(session, entity).list_problems(values, values, edit.record_id)
    names = [name for name in edit.after if not FIELD_TYPES[entity.fields[name].type].holds_files]
    problems += judge_links(session, entity, [(edit.record_id, values)], names).get(0, [])
    if problems:
        raise RecordError("record.has_problems", problems, count=len(problems))


def _move_files(session: CrmSession, entity: Entity, merge: Merge, edit: RecordEdit) -> list[list[int]]:
    """Give the record that stays the files it takes over; return (file, its record before, its record now)."""
    wanted = [
        int(one)
        for name, value in edit.after.items()
        if FIELD_TYPES[entity.fields[name].type].holds_files
        for one in value or ()
    ]
    moved = give_rows(session.connection(), entity.uid, wanted, merge.sources, merge.into)
    return [[number, before, merge.into] for number, before in moved]


def fields_that_differ(
    session: CrmSession, entity: Entity, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Field]:
    """Return the fields a person chooses from: those that are open to them and not alike in all records."""
    closed = session.actor.rights(entity.name).closed.get("update", ())
    return {
        name: field
        for name, field in readable_fields(session.actor, entity).items()
        if FIELD_TYPES[field.type].writable
        and name not in closed
        and not field.read_only
        and not (FIELD_TYPES[field.type].holds_files and field.options.get("many"))
        and len({repr(row.get(name)) for row in rows}) > 1
    }
