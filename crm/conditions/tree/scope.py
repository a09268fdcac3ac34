"""What a condition needs to know beside the record: the revision, who asks, when and where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm.conditions.tree.model import Node

if TYPE_CHECKING:
    from crm.entities.model import Schema


@dataclass(frozen=True)
class Scope:
    """The surroundings in which a tree is read.

    Shape:  `models` gives the mapped class of an entity (`docs/design.md`, Mapped classes); `evaluate` does
            without. `now` is naive UTC, as the database stores it. `before` holds the old values of the change
            at hand by field name, for `changed`, `changed_to` and `changed_from`; without it nothing has
            changed. `visible` may hold, by entity, the rows an actor may see: then `evaluate` reaches only
            those over paths and children, as the session's guard does it in SQL. `unguarded` is for the
            conditions of the rights themselves: their paths reach every record, whatever the guard adds.
            `is_user` says whether there is such a user: one who was deleted counts as empty.
    """

    schema: Schema
    now: dt.datetime
    time_zone: ZoneInfo
    models: Mapping[str, type] = attribute(default_factory=dict)
    dialect: str = "sqlite"
    user_id: int | None = None
    team_user_ids: tuple[int, ...] = ()
    before: Mapping[str, Any] | None = None
    visible: Mapping[str, Node] = attribute(default_factory=dict)
    unguarded: bool = False
    is_user: Callable[[int], bool] = lambda number: True

    @property
    def today(self) -> dt.date:
        """Return the calendar day in the organisation's time zone."""
        return self.now.replace(tzinfo=dt.UTC).astimezone(self.time_zone).date()

    def seeing_all(self) -> Scope:
        """Return the same scope without row rights."""
        return replace(self, visible={}) if self.visible else self
