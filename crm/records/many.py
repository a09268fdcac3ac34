"""Many saves at once, each judged as a single one is: what a rule does to the records of a batch.

For an actor whom no right restricts, such as a rule; each save carries the chain of causes that led to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import CrmError, Problem, RecordError
from crm.events import lane_of
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.records.bulk import (
    RecordEdit,
    copy_rows,
    created_values,
    json_writers,
    store_rows,
    take_ids,
    update_stored,
    write_events,
)
from crm.records.defaults import Defaults
from crm.records.journal import CREATED, UPDATED, change, change_row, kept_value
from crm.records.links import judge_links
from crm.records.prepare import Judge, clean_values, refused_fields
from crm.revisions.models import Record

AMONG_THEMSELVES = "record.not_unique"  # whether it is so depends on what becomes of the others

Changes = Mapping[str, list[Any]]
"""`{field: [before, after]}`, as the journal keeps values."""


class ApartError(Exception):
    """This must be saved by itself, so that it is judged after the others."""


@dataclass(frozen=True)
class Save:
    """One record to save.

    Shape:  `values` maps field names to what was sent; `record` is the one to change, locked and fresh, None for a new
            one. `cause` is the chain that led to it.
    """

    values: Mapping[str, Any]
    cause: tuple[str, ...]
    record: Record | None = None


@dataclass(frozen=True)
class Wanted:
    """What was sent for a record that is stored, locked and fresh.

    Shape:  `before` holds all its stored values by field name.
    """

    record_id: int
    before: Mapping[str, Any]
    values: Mapping[str, Any]


def update_together(
    session: CrmSession, entity: Entity, saves: Sequence[Save], situation: Situation
) -> list[Changes | CrmError | ApartError]:
    """Change records, each another one; return what changed in each, or why it was refused and not written.

    Errors: sqlalchemy.exc.IntegrityError or DataError, after which the caller must roll all of it back; ApartError
            when no such save can be made together with others.
    """
    stored = [field for field in entity.fields.values() if FIELD_TYPES[field.type].stored]
    attributes = [(field.name, FIELD_TYPES[field.type].attribute(field)) for field in stored]
    wanted = [
        Wanted(save.record.id, {name: getattr(save.record, key) for name, key in attributes}, save.values)
        for save in saves
    ]
    found: list[Any] = list(judge_together(session, entity, wanted, situation))
    edits = [(place, edit) for place, edit in enumerate(found) if isinstance(edit, RecordEdit)]
    write_edits(session, entity, [(edit, saves[place].cause) for place, edit in edits if edit.after])
    for place, edit in edits:
        found[place] = _changes(entity, edit)
    return found


def judge_together(
    session: CrmSession, entity: Entity, wanted: Sequence[Wanted], situation: Situation
) -> list[RecordEdit | CrmError | ApartError]:
    """Return what each save would change, or why it is refused; which records the actor reaches is not asked.

    Errors: ApartError when no such save can be made together with others.
    """
    _require_plain(entity, wanted)
    judge, cleaner = Judge(session, entity), Cleaner(session, entity, situation)
    found: list[Any] = [_judged(judge, cleaner, each) for each in wanted]
    _judge_links_of(session, entity, found)
    return found


def _require_plain(entity: Entity, saves: Iterable[Save | Wanted]) -> None:
    """Refuse fields that hold files: who takes them is noted beside the record."""
    named = {name for save in saves for name in save.values} & set(entity.fields)
    if any(FIELD_TYPES[entity.fields[name].type].holds_files for name in named):
        raise ApartError


class Cleaner:
    """Cleans what is sent for many records; what is sent alike beside the same stored values is cleaned once."""

    def __init__(self, session: CrmSession, entity: Entity, situation: Situation) -> None:
        self.session, self.entity, self.situation = session, entity, situation
        self.known: dict[Any, tuple[dict[str, Any], list[Problem]]] = {}
        self.beside: dict[int, tuple[Mapping[str, Any], tuple[str, ...]]] = {}

    def clean(self, wanted: Wanted) -> tuple[dict[str, Any], list[Problem]]:
        """Return typed values by field name, and every problem of the values themselves."""
        sent = wanted.values
        if id(sent) not in self.beside:
            self.beside[id(sent)] = (sent, self._asked_beside(sent))
        key = (id(sent), *map(wanted.before.get, self.beside[id(sent)][1]))
        if key not in self.known:
            self.known[key] = self._clean(wanted)
        return self.known[key]

    def _asked_beside(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the fields whose stored values decide how some fields are cleaned."""
        fields, asked = self.entity.fields, set(names)
        touched = set(names)
        for field in fields.values():
            named = {value for value in field.options.values() if isinstance(value, str) and value in fields}
            named |= FIELD_TYPES[field.type].leans_on(field)
            if field.name in touched or named & touched:
                asked |= {field.name, *named}
        return tuple(sorted(asked & set(fields)))

    def _clean(self, wanted: Wanted) -> tuple[dict[str, Any], list[Problem]]:
        refused = refused_fields(self.session, self.entity, wanted.values, "update")
        known, before = _without(wanted.values, refused), wanted.before
        clean, unfit = clean_values(self.entity, known, replace(self.situation, values=before, held=before))
        hidden = self.session.actor.rights(self.entity.name).hidden
        return clean, [*refused, *(problem for problem in unfit if problem.field not in hidden)]


def _judged(judge: Judge, cleaner: Cleaner, wanted: Wanted) -> RecordEdit | CrmError:
    """Return what a save changes, judged by everything but what it points to and must not share."""
    before = wanted.before
    clean, problems = cleaner.clean(wanted)
    after = {name: value for name, value in clean.items() if value != before.get(name)}
    problems = [
        *problems,
        *_new(judge.list_problems(before, {**before, **clean}, wanted.record_id), problems),
    ]
    return _refusal(problems) or RecordEdit(wanted.record_id, before, after)


def _judge_links_of(session: CrmSession, entity: Entity, found: list[Any]) -> None:
    """Put the refusals of what records point to and must not share into their places."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, edit in enumerate(found):
        if isinstance(edit, RecordEdit) and edit.after:
            alike.setdefault(tuple(edit.after), []).append(place)
    for names, places in alike.items():
        rows = [(found[place].record_id, {**found[place].before, **found[place].after}) for place in places]
        for number, problems in judge_links(session, entity, rows, names).items():
            found[places[number]] = _link_refusal(problems)


def _link_refusal(problems: Sequence[Problem]) -> CrmError | ApartError:
    if any(problem.code == AMONG_THEMSELVES for problem in problems):
        return ApartError()
    return _refusal(problems)


def write_edits(
    session: CrmSession, entity: Entity, edits: Sequence[tuple[RecordEdit, tuple[str, ...]]]
) -> list[int]:
    """Write records of which each has changed, their changes and their events; return the numbers of the changes.

    Shape:  each edit comes with the chain of causes that led to it.
    """
    update_stored(session, entity, [edit for edit, _cause in edits])
    writers = json_writers(entity)
    noted = [(edit.record_id, _journaled(edit, writers), cause) for edit, cause in edits]
    return write_changes(session, entity, UPDATED, [row for row in noted if row[1] != "{}"])


def _journaled(edit: RecordEdit, writers: Mapping[str, Any]) -> str:
    values = {}
    for name, value in edit.after.items():
        if name in writers:
            to_json = writers[name]
            pair = (edit.before.get(name), value)
            values[name] = [None if one is None else to_json(one) if to_json else one for one in pair]
    return orjson.dumps(values, default=str).decode()


def _changes(entity: Entity, edit: RecordEdit) -> Changes:
    return {
        name: [_kept(entity.fields[name], one) for one in (edit.before.get(name), value)]
        for name, value in edit.after.items()
    }


def _kept(field: Field, value: Any) -> Any:
    return None if value is None else kept_value(field, FIELD_TYPES[field.type].to_json(field, value))


def create_together(
    session: CrmSession, entity: Entity, saves: Sequence[Save], situation: Situation
) -> list[int | CrmError | ApartError]:
    """Create records; return the id of each, or why it was refused.

    Errors: as `update_together`.
    """
    _require_plain(entity, saves)
    judge, defaults = Judge(session, entity), Defaults(session, entity)
    found: list[Any] = [_judged_new(session, judge, defaults, save, situation) for save in saves]
    places = [place for place, row in enumerate(found) if not isinstance(row, CrmError)]
    refused = judge_links(session, entity, [(None, found[place]) for place in places])
    for number, problems in refused.items():
        found[places[number]] = _link_refusal(problems)
    good = [place for place in places if isinstance(found[place], dict)]
    ids, rows = store_rows(session, entity, [found[place] for place in good])
    texts = [text.decode() for text in created_values(entity, rows)]
    causes = [saves[place].cause for place in good]
    write_changes(session, entity, CREATED, list(zip(ids, texts, causes, strict=True)))
    for place, record_id in zip(good, ids, strict=True):
        found[place] = record_id
    return found


def _judged_new(
    session: CrmSession, judge: Judge, defaults: Defaults, save: Save, situation: Situation
) -> dict[str, Any] | CrmError:
    entity = judge.entity
    refused = refused_fields(session, entity, save.values, "create")
    clean, unfit = clean_values(entity, _without(save.values, refused), situation)
    filled, strange = defaults.values({**dict.fromkeys(problem.field for problem in unfit), **clean})
    after = {**filled, **clean}
    problems = [*refused, *unfit, *strange]
    problems += _new(judge.list_problems(None, after, None), problems)
    return _refusal(problems) or after


def _without(values: Mapping[str, Any], refused: Sequence[Problem]) -> Mapping[str, Any]:
    bad = {problem.field for problem in refused}
    return {name: value for name, value in values.items() if name not in bad} if bad else values


def _new(problems: list[Problem], known: Sequence[Problem]) -> list[Problem]:
    """Return the problems of fields that have none yet: one sentence per field is enough."""
    named = {problem.field for problem in known if problem.field}
    return [problem for problem in problems if problem.field not in named]


def _refusal(problems: Sequence[Problem]) -> RecordError | None:
    return RecordError("record.has_problems", list(problems), count=len(problems)) if problems else None


def write_changes(
    session: CrmSession, entity: Entity, kind: str, rows: Sequence[tuple[int, str, tuple[str, ...]]]
) -> list[int]:
    """Write one change per record, each with its own cause, and the events that somebody hears; return their numbers.

    Shape:  `rows` hold record id, the change's values as JSON text, and the chain of causes.
    """
    if not rows:
        return []
    connection = session.connection()
    same = change_row(session, entity.name, 0, kind, {})
    same = {name: value for name, value in same.items() if name not in ("record_id", "values", "cause")}
    ids = take_ids(connection, change, len(rows))
    written = (
        (change_id, record_id, text, json.dumps(cause))
        for change_id, (record_id, text, cause) in zip(ids, rows, strict=True)
    )
    copy_rows(connection, change, ("id", "record_id", "values", "cause"), written, same)
    told = [
        (record_id, number, lane_of(cause))
        for number, (record_id, _text, cause) in zip(ids, rows, strict=True)
    ]
    write_events(session, same, told)
    return ids
