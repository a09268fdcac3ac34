"""The table (or alias) a part of a statement reads, and how it reaches others over references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm.conditions.tree.kinds import attribute_of
from crm.conditions.tree.model import Step
from crm.conditions.tree.scope import Scope


@dataclass(frozen=True)
class Row:
    """One entity in a statement.

    Shape:  `source` is a mapped class or an alias of one, so that the session's guard sees it; for the rights
            themselves (`scope.unguarded`) it is a table or an alias of one, which the guard leaves alone.
    """

    entity: str
    source: Any
    scope: Scope

    def column(self, name: str) -> sa.ColumnElement:
        """Return the column of a field, by its name; of a reference or user the id."""
        attribute = attribute_of(name, self.scope.schema.entities[self.entity].fields.get(name))
        if not self.scope.unguarded:
            return getattr(self.source, attribute)
        return self.source.c[self.scope.models[self.entity].__mapper__.columns[attribute].key]

    def another(self, entity: str) -> Row:
        """Return an alias of an entity's table."""
        cls = self.scope.models[entity]
        return Row(entity, cls.__table__.alias() if self.scope.unguarded else aliased(cls), self.scope)

    def target(self, step: Step) -> str:
        """Return the entity a reference leads to."""
        return str(self.scope.schema.entities[step[0]].fields[step[1]].options.get("to"))

    def follow(self, way: tuple[Step, ...], select: Callable[[Row], sa.Select]) -> sa.Select:
        """Return a select on the record at the end of a way (of one step at least), seen from this row."""
        first, *others = way
        here = self.another(self.target(first))
        begin, meeting, joins = here, here.column("id") == self.column(first[1]), []
        for step in others:
            following = here.another(self.target(step))
            joins.append((following.source, following.column("id") == here.column(step[1])))
            here = following
        found = select(here).where(meeting).select_from(begin.source)
        for source, condition in joins:
            found = found.join(source, condition)
        return found.correlate(self.source)


def root_row(entity: str, scope: Scope, root: Any = None) -> Row:
    """Return the row that a whole condition is about: the entity itself, or an alias of it that the caller uses."""
    cls = scope.models[entity]
    return Row(entity, root if root is not None else cls.__table__ if scope.unguarded else cls, scope)
