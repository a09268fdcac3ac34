"""Roles as declared, and the actor: who does something, with which rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import cached_property
from zoneinfo import ZoneInfo

from crm.fields.locales import first_weekday
from crm.permissions.reads import ComputedReads
from crm.texts import Text

DEEDS = ("read", "create", "update", "delete", "import", "export")
WRITING = frozenset({"create", "update", "import"})
"""The deeds that put values into fields."""


@dataclass(frozen=True)
class EntityRights:
    """What one role may do with one entity.

    Shape:  `records` are raw condition lines; empty means every record. `hidden` and `read_only` are field names.
    """

    can: frozenset[str]
    records: tuple = ()
    hidden: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()

    @property
    def closed(self) -> frozenset[str]:
        """Return the fields that nobody writes by this role."""
        return self.hidden | self.read_only


@dataclass(frozen=True)
class Role:
    """A declared role.

    Shape:  `reads` says what the computed fields of its revision read, so that what hides a field hides what is
            calculated from it.
    """

    name: str
    label: Text
    entities: Mapping[str, EntityRights] = attribute(hash=False)
    reports: tuple[str, ...] = ()
    admin: bool = False
    reads: ComputedReads | None = attribute(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Rights:
    """What one actor may do with one entity, all roles together.

    Shape:  `rows` maps a deed to the alternatives of which one must hold; None means every record. A field is
            `hidden` when every role that gives the right to read hides it. `closed` holds, by writing deed, the
            fields that are hidden, and those that no role which gives the deed lets be written.
    """

    can: frozenset[str] = frozenset()
    rows: Mapping[str, tuple[tuple, ...] | None] = attribute(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    closed: Mapping[str, frozenset[str]] = attribute(default_factory=dict)


EVERYTHING = Rights(frozenset(DEEDS), dict.fromkeys(DEEDS))
NOTHING = Rights()


@dataclass(frozen=True)
class Actor:
    """Who did it: a user, a rule, an import batch, or the system itself.

    Shape:  `kind` is user, rule, import or system. `user_id` is None for the system. `roles` are the declared roles
            a user has; `is_admin` is Flask-AppBuilder's Admin, who may do everything. `team_user_ids` holds the
            users of the same team, the user among them.
    """

    kind: str
    name: str
    user_id: int | None = None
    roles: tuple[Role, ...] = ()
    is_admin: bool = False
    team_user_ids: tuple[int, ...] = ()
    language: str = "en"
    time_zone: ZoneInfo = ZoneInfo("Europe/Athens")
    week_start: str | None = None

    @property
    def first_weekday(self) -> int:
        """Return with which day weeks begin, 0 for Monday: as the user chose, else by language and place."""
        return first_weekday(self.language, self.time_zone, self.week_start)

    @property
    def sees_everything(self) -> bool:
        """Return whether no right restricts this actor."""
        return self.is_admin or self.kind in ("system", "rule")

    @property
    def may_configure(self) -> bool:
        """Return whether the actor may change fields, rules, reports and roles."""
        return self.sees_everything or any(role.admin for role in self.roles)

    def rights(self, entity: str) -> Rights:
        """Return what the actor may do with an entity."""
        if self.sees_everything:
            return EVERYTHING
        found = self._rights.get(entity)
        if found is None:
            declared = self.declared_rights(entity)
            hidden = declared.hidden | self._computed_from_hidden(entity)
            found = self._rights[entity] = replace(declared, hidden=hidden)
        return found

    def declared_rights(self, entity: str) -> Rights:
        """Return what the roles say about an entity, without what follows from it for computed fields."""
        found = self._declared.get(entity)
        if found is None:
            found = self._declared[entity] = join_rights(
                [role.entities[entity] for role in self.roles if entity in role.entities]
            )
        return found

    def _computed_from_hidden(self, entity: str) -> frozenset[str]:
        """Return the computed fields of an entity that read a field hidden from the actor, on whatever entity."""
        reads = next((role.reads for role in self.roles if role.reads), None)
        return frozenset(
            name
            for name, steps in (reads.of(entity) if reads else {}).items()
            if any(field in self.declared_rights(other).hidden for other, field in steps)
        )

    def may_see_report(self, name: str) -> bool:
        """Return whether the actor may open a report."""
        return self.sees_everything or any(
            name in role.reports or "all" in role.reports for role in self.roles
        )

    @cached_property
    def _rights(self) -> dict[str, Rights]:
        return {}

    @cached_property
    def _declared(self) -> dict[str, Rights]:
        return {}


def join_rights(parts: list[EntityRights]) -> Rights:
    """Return the rights of several roles together: each deed by the roles that give it, and by no others.

    >>> reads = EntityRights(frozenset({"read", "update"}), hidden=frozenset({"a"}), read_only=frozenset({"b"}))
    >>> rights = join_rights([reads, EntityRights(frozenset({"create"}))])
    >>> rights.hidden, sorted(rights.closed["create"]), sorted(rights.closed["update"])
    (frozenset({'a'}), ['a'], ['a', 'b'])
    """
    open_parts = [part for part in parts if part.can]
    if not open_parts:
        return NOTHING
    can = frozenset().union(*(part.can for part in open_parts))
    rows: dict[str, tuple[tuple, ...] | None] = {}
    for deed in can:
        ways = [part.records for part in open_parts if deed in part.can]
        rows[deed] = None if any(not way for way in ways) else tuple(dict.fromkeys(map(_frozen, ways)))
    readers = [part for part in open_parts if "read" in part.can]
    hidden = frozenset.intersection(*(part.hidden for part in readers or open_parts))
    closed = {
        deed: hidden.union(frozenset.intersection(*(part.closed for part in open_parts if deed in part.can)))
        for deed in WRITING & can
    }
    return Rights(can, rows, hidden, closed)


class _Lines(tuple):
    """Raw condition lines that can be told apart although they hold maps."""

    def __hash__(self) -> int:
        return hash(repr(tuple(self)))


def _frozen(lines: tuple) -> tuple:
    return _Lines(lines)


SYSTEM = Actor("system", "system")
"""The actor of set-up, schedules and whatever nobody in particular asked for."""
