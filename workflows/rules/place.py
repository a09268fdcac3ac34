"""Where in a document a trigger or an action stands while it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.conditions import has_changes, parse_conditions
from crm.entities.build import as_lines
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader, nearest
from crm.errors import Problem
from workflows.paths import Path, find_path


@dataclass(frozen=True)
class Place:
    """Where in a document an action stands while it is checked.

    Shape:  `entity` is the one the rule is about. `is_gone` says that the record no longer exists when the
            rule runs, so that nothing can be written to it; `has_no_change` that no change stands behind it.
    """

    reader: BodyReader
    schema: Schema
    entity: Entity
    path: tuple = ()
    is_gone: bool = False
    has_no_change: bool = False

    def at(self, *path: object) -> Place:
        """Return the place below this one."""
        return replace(self, path=(*self.path, *path))

    def refuse(self, code: str, **params: object) -> None:
        """Note a problem here."""
        self.reader.refuse(code, self.path, **params)

    def add(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere, placed here."""
        self.reader.add(problems, self.path)

    def keys(self, body: object, allowed: Iterable[str], required: Iterable[str] = ()) -> Mapping[str, Any]:
        """Return the body as a map, having refused unknown and missing keys."""
        return self.reader.keys(body, self.path, allowed, required)

    def known(self, name: object, names: Iterable[str], what: str) -> bool:
        """Return whether a name is known; note `rule.unknown_<what>` with the nearest one when it is not."""
        names = list(names)
        if isinstance(name, str) and name in names:
            return True
        near = nearest(name, names)
        self.refuse(
            f"rule.unknown_{what}_near" if near else f"rule.unknown_{what}", name=str(name)[:60], near=near
        )
        return False

    def find(self, text: object) -> Path | None:
        """Return a path that exists; note the problem and return None otherwise."""
        found = find_path(str(text), self.entity, self.schema)
        if isinstance(found, Problem):
            self.add([found])
            return None
        return found

    def conditions(self, lines: object, entity: Entity | None = None) -> None:
        """Check a list of conditions on the rule's entity, or on another."""
        node, problems = parse_conditions(list(as_lines(lines)), entity or self.entity, self.schema)
        self.add(problems)
        if self.has_no_change and not problems and has_changes(node):
            self.refuse("rule.changed_needs_event")
