"""Rows that would make a record look the same as another, where the entity refuses that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import Problem
from crm.records.alike import asked_of, list_alike
from crm.revisions.likeness import same_groups


class Sameness:
    """Looks for records and rows that look the same, by every group of `same_if`; of entities that only warn by none.

    Shape:  groups with a field hidden from the actor are not asked about: the answer would tell its value.
    """

    def __init__(self, session: CrmSession, entity: Entity) -> None:
        self.session, self.entity = session, entity
        hidden = session.actor.rights(entity.name).hidden
        groups = same_groups(entity) if entity.refuses_same else ()
        self.groups = [group for group in groups if not hidden & {field.name for field in group}]
        self.seen: list[dict[tuple, int]] = [{} for _group in self.groups]

    def judge(self, chunk: Sequence[Any], refuse: Callable[[Any, list[Problem]], None]) -> None:
        """Refuse planned rows that look the same as a record or as an earlier row, by what they would change."""
        for group, seen in zip(self.groups, self.seen, strict=True):
            names = [field.name for field in group]
            rows = [each for each in chunk if each.action != "error" and _touches(each, names)]
            hits = list_alike(self.session, self.entity, group, [each.after for each in rows])
            for planned, found in zip(rows, hits, strict=True):
                first = first_of(seen, asked_of(group, planned.after), planned.row.number)
                if found - {planned.record_id}:
                    refuse(planned, [Problem("import.looks_same", {"entity": self.entity.plural}, names[0])])
                elif first != planned.row.number:
                    refuse(planned, [Problem("import.key_twice", {"row": first}, names[0])])


def _touches(planned: Any, names: Sequence[str]) -> bool:
    """Return whether a row gives one of some fields a value that its record does not have."""
    before: Mapping[str, Any] | None = planned.before
    return before is None or any(before.get(name) != planned.after.get(name) for name in names)


def first_of(seen: dict[tuple, int], likeness: Iterable[tuple], number: int) -> int:
    """Return the first row that looks the same as one, and note this one for those to come."""
    places = [seen.setdefault(one, number) for one in likeness]
    return min(places, default=number)
