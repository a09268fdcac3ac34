"""What every action can do: check what stands behind its name, say it, do it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, ClassVar

from crm.conditions import has_changes, parse_conditions
from crm.entities.build import as_lines
from crm.entities.model import Entity, Schema
from crm.entities.reader import BodyReader, nearest
from crm.errors import Problem
from workflows.paths import Path, find_path
from workflows.rules.model import Step


@dataclass(frozen=True)
class Place:
    """Where in a document an action stands while it is checked.

    Shape:  `entity` is the one the rule is about. `is_gone` says that the record no longer exists when the
            rule runs, so that nothing can be written to it; `is_scheduled` that no change stands behind it.
    """

    reader: BodyReader
    schema: Schema
    entity: Entity
    path: tuple = ()
    is_gone: bool = False
    is_scheduled: bool = False

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
        if self.is_scheduled and not problems and has_changes(node):
            self.refuse("rule.changed_needs_event")


@dataclass(frozen=True)
class Outcome:
    """What an action did, and how its run goes on.

    Shape:  `effect` is plain data for the run's log. `goes_on` False ends the run. `until` lets the run sleep
            and comes back to this step. `branch` is the branch of a `choose` that was taken.
    """

    effect: Mapping[str, Any] = attribute(default_factory=dict)
    goes_on: bool = True
    until: dt.datetime | None = None
    branch: int | None = None


class Action:
    """One action of the language. One subclass per file, one instance in the registry.

    Shape:  `keys` are those of the map behind its name, where there is one. `writes_record` says that it changes the
            rule's own record, so that it cannot follow its deletion.
    """

    name: ClassVar[str] = ""
    keys: ClassVar[tuple[str, ...]] = ()
    is_available: ClassVar[bool] = True
    writes_record: ClassVar[bool] = False

    def check(self, body: Any, place: Place) -> None:
        """Note every problem of what stands behind the action's name."""
        raise NotImplementedError

    def condition_of(self, body: Any, entity: Entity, schema: Schema) -> Any:
        """Return the parsed condition the action needs when it is performed; None for most."""
        return None

    @staticmethod
    def parse(lines: Any, entity: Entity, schema: Schema) -> Any:
        """Return the tree of condition lines that have passed the check; None when there are none."""
        found = list(as_lines(lines))
        return parse_conditions(found, entity, schema)[0] if found else None

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Return what the step does as a sentence in the reader's language."""
        raise NotImplementedError

    def perform(self, step: Step, work: Any) -> Outcome:
        """Do it, in the session of `work` (`workflows.runs.work.Work`), and say what was done.

        Errors: CrmError, which fails the run with its sentence.
        """
        raise NotImplementedError


class LaterAction(Action):
    """An action of the language that this version reads but does not perform yet."""

    is_available = False

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc] - the one class that stands for several actions

    def check(self, body: Any, place: Place) -> None:
        """Refuse it, saying so."""
        place.refuse("rule.action_not_available", name=self.name)
