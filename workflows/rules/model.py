"""A rule as frozen data: when, if, then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from crm.texts import Text
from workflows.given import Given
from workflows.rules.reach import Reach


@dataclass(frozen=True)
class Trigger:
    """The `when` of a rule.

    Shape:  `kind` is a key of `TRIGGERS`; `body` what stands behind it (`["stage"]` of `{changed: [stage]}`,
            None for a plain word).
    """

    kind: str
    body: Any = None


@dataclass(frozen=True)
class Branch:
    """One way a `choose` can go: its condition (None for the `else`) and its steps."""

    condition: Any
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Step:
    """One line of `then`.

    Shape:  `action` is a key of `ACTIONS`, `body` what stands behind it. `path` is its place in the rule
            ("2", or "3.0.1" for the second step of the first branch of the fourth), stable within a revision.
            `condition` is a parsed condition that the action needs (`where`, `and_then_only_if`), if any.
    """

    action: str
    body: Any
    path: str
    condition: Any = None
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule of an entity.

    Shape:  `condition` is the parsed `if`, `lines` what the admin wrote. `time_zone` is a name, "" for the
            organisation's. `if_missed` is "once" or "skip". `priority`: higher ones run first. `reach` is how far the
            conditions of a rule reach that waits for them. `given` is what comes with the call that fires it.
            `edge` is the condition whose coming it waits for, or whose end (`edge_falls`); then `condition` is asked.
    """

    name: str
    label: Text
    entity: str
    trigger: Trigger
    condition: Any
    steps: tuple[Step, ...]
    enabled: bool = True
    lines: tuple = ()
    time_zone: str = ""
    if_missed: str = "once"
    at_most_once_per: str | None = None
    priority: int = 0
    stop_after: bool = False
    body: Mapping[str, Any] = attribute(default_factory=dict, compare=False)
    reach: Reach | None = attribute(default=None, compare=False)
    given: Given | None = None
    edge: Any = attribute(default=None, compare=False)
    edge_falls: bool = False

    def every_step(self) -> Iterator[Step]:
        """Yield every step, those in branches included."""
        waiting = list(self.steps)
        while waiting:
            step = waiting.pop(0)
            yield step
            waiting += [inner for branch in step.branches for inner in branch.steps]

    @property
    def is_wide(self) -> bool:
        """Whether it waits for an edge that need not come with a change of its own record."""
        return self.reach is not None and (self.reach.is_wide or self.edge is not self.condition)


@dataclass(frozen=True)
class Template:
    """A message template: what a mail says, per language."""

    name: str
    subject: Text
    body: Text
    label: Text | None = None
    entity: str | None = None
