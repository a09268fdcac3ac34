"""The planner: each row of the file becomes an action with its reason. Nothing is written but the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.imports.coding import encode_cells, encode_edit, encode_values
from crm.imports.convert import Converted, Converter
from crm.imports.findings import Rows
from crm.imports.lookups import Lookups
from crm.imports.model import Matching, SheetRow
from crm.imports.sameness import Sameness, first_of
from crm.imports.untouched import keep_untouched
from crm.kept_problems import encode_problems
from crm.permissions.rows import parse_trusted, row_criteria, scope_of
from crm.permissions.service import writable_fields
from crm.records.alike import asked_of, list_alike
from crm.records.bulk import load_rows
from crm.records.defaults import Defaults
from crm.records.draft import RecordDraft
from crm.records.links import judge_links
from crm.records.prepare import Judge, is_empty
from crm.revisions.likeness import same_groups

LONG_CELL = "import.long_cell"
CHUNK = 500  # key values of one query


@dataclass(slots=True)
class Planned:
    """One row with its action.

    Shape:  `before` are the stored values of the record it changes, `after` all values as they would be then.
    """

    row: Converted
    action: str = ""
    record_id: int | None = None
    before: Mapping[str, Any] | None = None
    after: dict[str, Any] = attribute(default_factory=dict)
    problems: list[Problem] = attribute(default_factory=list)


class Planner:
    """Plans the rows of one batch, chunk by chunk, seen with its actor's eyes.

    Shape:  `names` are the fields a new record gets a value for, in the order in which the plan stores them.
    """

    def __init__(self, session: CrmSession, entity: Entity, matching: Matching) -> None:
        self.session, self.entity, self.matching = session, entity, matching
        self.lookups = Lookups(session)
        self.converter = Converter(session, entity, matching, self.lookups)
        self.filled = [column.field for column in matching.filled if column.field != "id"]
        open_fields = writable_fields(session.actor, entity, "import")
        self.compared = {
            name for name in self.filled if name not in open_fields and name not in matching.keys
        }
        self.new = Defaults(session, entity)
        self.defaults = self.new.values({})[0]
        self.names = [*self.filled, *(name for name in self.defaults if name not in self.filled)]
        self.required = [
            field.name
            for field in entity.fields.values()
            if field.required and FIELD_TYPES[field.type].writable
        ]
        self.settled = {
            name: self.defaults.get(name)
            for name, field in entity.fields.items()
            if name not in self.filled and name not in self.new.leaning and FIELD_TYPES[field.type].stored
        }
        self.unique = [name for name in self.names if entity.fields[name].unique]
        self.judged_links = [
            name for name in self.names if FIELD_TYPES[entity.fields[name].type].points
        ] + self.unique
        self.begin_chunk()
        self.seen: dict[str, dict[Any, int]] = {name: {} for name in self.unique}
        self.seen_keys: dict[tuple, int] = {}
        self.group = next(
            (
                group
                for group in same_groups(entity)
                if tuple(each.name for each in group) == tuple(matching.keys)
            ),
            (),
        )
        self.seen_means: dict[Any, int] = {}
        self.sameness = Sameness(session, entity)
        self.long_cells = Rows()

    def plan(self, rows: Iterable[SheetRow]) -> list[tuple[Any, ...]]:
        """Return one chunk's plan rows, as `store.ROW_COLUMNS` without the batch."""
        self.begin_chunk()
        chunk = [Planned(row) for row in self.converter.convert(rows, self.defaults)]
        self.find_records(chunk)
        keep_untouched(self.session, self.entity, self.converter, chunk)
        for planned in chunk:
            self.decide(planned)
        self.judge_together([planned for planned in chunk if planned.action in ("create", "update")])
        self.judge_reach([planned for planned in chunk if planned.action in ("create", "update")])
        self.sameness.judge(
            [planned for planned in chunk if planned.action in ("create", "update")], self.refuse
        )
        self.note_seen(chunk)
        return [self.as_row(planned) for planned in chunk]

    def remember(self, rows: Iterable[SheetRow]) -> None:
        """Note the keys of rows that are written already: no row to come may mean the same record."""
        for row in self.converter.convert(rows, self.defaults) if self.matching.keys else ():
            key = self.key_of(row)
            if key is not None:
                self.seen_keys.setdefault(key, row.number)

    def begin_chunk(self) -> None:
        """Make a new judge for this chunk and note whether it has to look at new records at all."""
        self.jury = Judge(self.session, self.entity)
        self.has_conditions = self.jury.may_complain(self.settled)

    # Which record a row means

    def find_records(self, chunk: Sequence[Planned]) -> None:
        """Find the record each row means by its keys; several rows or records for one key are problems."""
        if not self.matching.keys:
            return
        keyed: dict[tuple, list[Planned]] = {}
        for planned in chunk:
            key = self.key_of(planned.row)
            if key is None:
                continue
            first = self.seen_keys.setdefault(key, planned.row.number)
            if first != planned.row.number:
                planned.problems.append(Problem("import.key_twice", {"row": first}, self.matching.keys[0]))
            keyed.setdefault(key, []).append(planned)
        found = self.list_ids(list(keyed))
        self.find_alike(keyed, found)
        for key, ids in found.items():
            for planned in keyed.get(key, ()):
                planned.record_id = ids[0]
                if len(ids) > 1:
                    params = {
                        "value": ", ".join(map(str, key)),
                        "count": len(ids),
                        "entity": self.entity.label,
                    }
                    planned.problems.append(Problem("import.several_records", params, self.matching.keys[0]))
        stored = load_rows(
            self.session, self.entity, (planned.record_id for planned in chunk if planned.record_id)
        )
        for planned in chunk:
            planned.before = stored.get(planned.record_id)

    def find_alike(self, keyed: Mapping[tuple, Sequence[Planned]], found: dict[tuple, list[int]]) -> None:
        """Find records that look the same by a group of `same_if`, where none has exactly the key of a row.

        A row that means what an earlier one of the file means, written in another way, is a problem.
        """
        if not self.group:
            return
        missing = [key for key in keyed if key not in found]
        rows = [dict(zip(self.matching.keys, key, strict=True)) for key in missing]
        hits = list_alike(self.session, self.entity, self.group, rows)
        cls = self.session.workspace.models[self.entity.name]
        asked = sa.select(cls.id).where(cls.id.in_(set().union(*hits)))
        seen = set(self.session.scalars(asked)) if any(hits) else set()
        found |= {key: sorted(ids & seen) for key, ids in zip(missing, hits, strict=True) if ids & seen}
        for key, planned in keyed.items():
            means = found.get(key, [])[:1] or asked_of(
                self.group, dict(zip(self.matching.keys, key, strict=True))
            )
            first = first_of(self.seen_means, means, planned[0].row.number)
            if first != planned[0].row.number and not planned[0].problems:
                planned[0].problems.append(Problem("import.key_twice", {"row": first}, self.matching.keys[0]))

    def key_of(self, row: Converted) -> tuple | None:
        """Return a row's key, None when a part of it is blank or wrong."""
        key = tuple(row.values.get(name) for name in self.matching.keys)
        return None if any(is_empty(part) for part in key) else key

    def list_ids(self, keys: list[tuple]) -> dict[tuple, list[int]]:
        """Return the records the actor can see for each key."""
        cls = self.session.workspace.models[self.entity.name]
        attributes = [self.attribute(cls, name) for name in self.matching.keys]
        found: dict[tuple, list[int]] = {}
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            if len(attributes) == 1:
                wanted = attributes[0].in_([key[0] for key in part])
            else:
                wanted = sa.or_(
                    *(
                        sa.and_(*(column == value for column, value in zip(attributes, key, strict=True)))
                        for key in part
                    )
                )
            for row in self.session.execute(sa.select(cls.id, *attributes).where(wanted).order_by(cls.id)):
                found.setdefault(tuple(row[1:]), []).append(row[0])
        return found

    def attribute(self, cls: Any, name: str) -> Any:
        """Return the mapped attribute of a key."""
        if name == "id":
            return cls.id
        field = self.entity.fields[name]
        return getattr(cls, FIELD_TYPES[field.type].attribute(field))

    # What becomes of it

    def decide(self, planned: Planned) -> None:
        """Give a row its action, and judge it as a form save would."""
        planned.problems = [*planned.row.problems, *planned.problems]
        mode, exists = self.matching.mode, planned.before is not None
        if exists and mode == "create":
            planned.action = "skip"
        elif exists:
            self.decide_update(planned)
        elif mode == "update":
            key = self.key_of(planned.row)
            value = ", ".join(map(str, key)) if key else ""
            planned.problems.append(
                Problem(
                    "import.no_such_record",
                    {"entity": self.entity.label, "value": value},
                    self.matching.keys[0],
                )
            )
            planned.action = "error"
        elif planned.row.values.get("id") and "id" in self.matching.keys:
            params = {"entity": self.entity.label, "value": f"#{planned.row.values['id']}"}
            planned.problems.append(Problem("import.no_such_record", params, "id"))
            planned.action = "error"
        else:
            self.decide_create(planned)
        if planned.problems and planned.action != "skip":
            planned.action = "error"
        if any(problem.code == LONG_CELL for problem in planned.problems):
            self.long_cells.add(planned.row.number)

    def decide_create(self, planned: Planned) -> None:
        """Fill in defaults, then judge the new record."""
        planned.action = "create"
        values, after = planned.row.values, self.defaults_beside(planned)
        for name in self.filled:
            value = values.get(name)
            if name in self.compared:
                planned.problems += [self.closed_to_actor(name)] if value is not None else []
            elif value is not None or name not in after:
                after[name] = value
        planned.after = after
        self.judge(planned)

    def defaults_beside(self, planned: Planned) -> dict[str, Any]:
        """Return the defaults of a new record; those that lean on other fields, on what the row gives."""
        if not self.new.leaning:
            return dict(self.defaults)
        given = {name: value for name, value in planned.row.values.items() if value is not None}
        leaning, problems = self.new.values({**self.defaults_alike(), **given})
        planned.problems += problems
        return {**self.defaults, **leaning}

    def defaults_alike(self) -> dict[str, Any]:
        """Return the defaults that are alike in every row."""
        return {name: value for name, value in self.defaults.items() if name not in self.new.leaning}

    def decide_update(self, planned: Planned) -> None:
        """Compare with what is stored; judge only what would change."""
        before, values = planned.before, planned.row.values
        changed = {
            name: values[name] for name in self.filled if name in values and values[name] != before.get(name)
        }
        for name in self.matching.keys:
            changed.pop(name, None)
        planned.after = {**before, **changed}
        planned.action = "update" if changed else "unchanged"
        planned.problems += [self.closed_to_actor(name) for name in changed if name in self.compared]
        if changed:
            self.judge(planned)
        else:
            planned.problems = [each for each in planned.problems if each.code != LONG_CELL]

    def closed_to_actor(self, name: str) -> Problem:
        """Return the problem of a row that would change a field its actor may only read."""
        return Problem("import.may_only_read", {"label": self.entity.fields[name].label}, name)

    def judge(self, planned: Planned) -> None:
        """Add every problem of the record as it would be, one for each field.

        A new record that meets no condition and has all that is required needs no closer look: nothing else is judged.
        """
        after = planned.after
        if (
            planned.before is None
            and not self.has_conditions
            and not any(is_empty(after.get(name)) for name in self.required)
        ):
            return
        known = {problem.field for problem in planned.problems if problem.field}
        found = self.jury.list_problems(planned.before, after, planned.record_id)
        planned.problems += [
            problem for problem in found if problem.field is None or problem.field not in known
        ]

    def judge_together(self, chunk: Sequence[Planned]) -> None:
        """Ask the database at once whether what the rows point to exists and what they hold is free."""
        if not chunk or not self.judged_links:
            return
        pairs = [(planned.record_id, planned.after) for planned in chunk]
        for place, problems in judge_links(self.session, self.entity, pairs, self.judged_links).items():
            self.refuse(chunk[place], problems)
        for planned in chunk:
            for name, seen in self.seen.items():
                first = seen.get(planned.after.get(name))
                if first is not None and planned.action != "error":
                    self.refuse(planned, [Problem("import.twice_in_file", {"row": first}, name)])

    def judge_reach(self, chunk: Sequence[Planned]) -> None:
        """Refuse rows whose record would be out of the actor's own reach, before or after the change."""
        if not chunk or self.session.actor.sees_everything:
            return
        updates = [planned for planned in chunk if planned.action == "update"]
        reachable = self.list_updatable([planned.record_id for planned in updates])
        for planned in updates:
            if planned.record_id not in reachable:
                self.refuse(planned, [Problem("record.out_of_reach", {"entity": self.entity.plural})])
        for planned in chunk:
            deed = planned.action
            if deed in ("create", "update") and not self.may_have(deed, planned):
                self.refuse(planned, [Problem("record.out_of_reach", {"entity": self.entity.plural})])

    def list_updatable(self, ids: list[int]) -> set[int]:
        """Return which of the records the actor may change as they are now."""
        criteria = row_criteria(self.session, self.entity, "update")
        if criteria is None or not ids:
            return set(ids)
        cls = self.session.workspace.models[self.entity.name]
        return set(self.session.scalars(sa.select(cls.id).where(cls.id.in_(ids), criteria)))

    def may_have(self, deed: str, planned: Planned) -> bool:
        """Return whether the record as it would be is one the actor may create or change."""
        rights = self.session.actor.rights(self.entity.name)
        if deed not in rights.can:
            return False
        ways = rights.rows[deed]
        if ways is None:
            return True
        draft = RecordDraft(self.session, self.entity, planned.after, planned.record_id)
        scope = scope_of(self.session)
        return any(
            evaluate(parse_trusted(self.session.workspace, self.entity, way), draft, scope) for way in ways
        )

    @staticmethod
    def refuse(planned: Planned, problems: Sequence[Problem]) -> None:
        """Make a row an error."""
        known = {problem.field for problem in planned.problems if problem.field}
        planned.problems += [problem for problem in problems if problem.field not in known]
        planned.action = "error"

    def note_seen(self, chunk: Sequence[Planned]) -> None:
        """Remember the unique values that rows of this file take, for the chunks to come."""
        for planned in chunk:
            if planned.action in ("create", "update"):
                for name, seen in self.seen.items():
                    if not is_empty(planned.after.get(name)):
                        seen.setdefault(planned.after[name], planned.row.number)

    def as_row(self, planned: Planned) -> tuple[Any, ...]:
        """Return a plan row: number, action, record, its version, content, problems."""
        row, version = planned.row, (planned.before or {}).get("row_version")
        if planned.action == "error":
            return (
                row.number,
                "error",
                None,
                None,
                encode_cells(row.cells),
                encode_problems(planned.problems),
            )
        if planned.action == "create":
            content = encode_values([planned.after.get(name) for name in self.names])
        elif planned.action == "update":
            content = encode_edit(changes_of(planned))
        else:
            content = None
        return (row.number, planned.action, planned.record_id, version, content, None)


def changes_of(planned: Planned) -> dict[str, tuple[Any, Any]]:
    """Return what a row would change: `{field: (before, after)}`."""
    return {
        name: (planned.before.get(name), value)
        for name, value in planned.after.items()
        if value != planned.before.get(name)
    }
