"""What a text may tell a certain user of a record: what their rights show them, and a dash for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crm.conditions import evaluate
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.model import Actor
from crm.permissions.rows import may_touch, row_criteria, scope_of, visible_trees
from crm.records import values
from crm.revisions.models import Record
from workflows.paths import Path, display_of, follow

DASH = "—"


@dataclass(frozen=True)
class TextReader:
    """A user who is told something by a rule."""

    session: CrmSession
    actor: Actor

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Let the session read as this user for a while."""
        before, self.session.actor = self.session.actor, self.actor
        try:
            yield
        finally:
            self.session.actor = before

    def may_read(self, record: Any) -> bool:
        """Return whether the user may read a record, or might have read one that is gone as it was at last."""
        entity: Entity = record.__entity__
        if "read" not in self.actor.rights(entity.name).can:
            return False
        with self.acting():
            if isinstance(record, Record):
                return may_touch(self.session, entity, "read", record.id)
            tree = visible_trees(self.session).get(entity.name)
            with self.session.as_system():
                return tree is None or evaluate(tree, record, scope_of(self.session))

    def which_may_read(self, entity: Entity, ids: Iterable[int]) -> set[int]:
        """Return which of some stored records the user may read."""
        if "read" not in self.actor.rights(entity.name).can:
            return set()
        cls = self.session.workspace.models[entity.name]
        asked = sa.select(cls.id).where(cls.id.in_(ids))
        with self.acting():
            criteria = row_criteria(self.session, entity, "read")
        with self.session.as_system():
            return set(self.session.scalars(asked if criteria is None else asked.where(criteria)))

    def may_see(self, record: Any, path: Path) -> bool:
        """Return whether all that lies on a path from a readable record is open to the user."""
        for hop in path.hops:
            if hop in self.actor.rights(record.__entity__.name).hidden:
                return False
            record = getattr(record, hop)
            if record is None or not isinstance(record, Record):
                return True  # nothing, or a user
            if not self.may_read(record):
                return False
        if path.entity is None or path.is_title or path.is_link:
            return True
        return self._may_see_field(record, path.field.name)

    def _may_see_field(self, record: Any, name: str) -> bool:
        if name in self.actor.rights(record.__entity__.name).hidden:
            return False
        target = getattr(record, name, None)
        return not isinstance(target, Record) or self.may_read(target)

    def words(self, record: Any, path: Path, situation: values.Situation) -> str:
        """Return what an open path holds, as plain text for the user."""
        if path.is_title:
            holder = follow(record, path)
            return self.title_of(holder, situation) if holder is not None else ""
        with self.acting():
            return display_of(self.session, record, path, situation)

    def title_of(self, record: Any, situation: values.Situation) -> str:
        """Return how a record is called for the user: without what is hidden from them."""
        entity: Entity = record.__entity__
        names = [
            name
            for name in values.title_fields(entity)
            if name not in self.actor.rights(entity.name).hidden and self._may_see_field(record, name)
        ]
        return values.title_of(entity, values.values_of(self.session, record, [*names, "id"]), situation)
