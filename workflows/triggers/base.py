"""What every trigger brings along: its word, its shape, its names, its check, its sentence, when it fires."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from crm.conditions.tree.model import Node
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import Spot, Walker
from workflows.given import Given
from workflows.rules.place import Place
from workflows.rules.schedule import Due, last_by_clock
from workflows.rules.words import say

NOTHING: Shape = {"enum": [None]}
"""The shape of a trigger that stands alone."""


class TriggerKind(ABC):
    """One trigger of the language. One subclass, one instance in the registry; a missing part fails at import.

    Shape:  `shape` is the JSON Schema of what stands behind its word. `words` are its sentences (`N_("…")`) by their
            codes. `label` is what it is called where one chooses it, `labels` what its keys and their fixed values are,
            beyond those that are shared (`workflows.rules.words`). `is_edge` says that it waits for the rule's `if`,
            which must not have held before, `edge_falls` that it waits for an edge's end, `is_called` that a person or
            another system asks for the run, `keeps_runs` that its runs are never erased: they are what makes it once.
    """

    name: ClassVar[str] = ""
    shape: ClassVar[Shape | None] = None
    words: ClassVar[Mapping[str, str]] = {}
    label: ClassVar[str] = ""
    labels: ClassVar[Mapping[str, str]] = {}
    events: ClassVar[frozenset[str]] = frozenset()
    is_scheduled: ClassVar[bool] = False
    is_available: ClassVar[bool] = True
    is_edge: ClassVar[bool] = False
    edge_falls: ClassVar[bool] = False
    is_called: ClassVar[bool] = False
    keeps_runs: ClassVar[bool] = False

    @abstractmethod
    def check(self, body: Any, place: Place) -> None:
        """Note every problem of what stands behind the trigger's word; not called when it must stand alone."""

    @abstractmethod
    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Walk to every name behind the trigger's word; return it as the walker wrote it."""

    @abstractmethod
    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Return when a rule starts, as a sentence in the reader's language."""

    def edge_of(self, body: Any, entity: Entity) -> Node | None:
        """Return the condition whose edge it waits for beside the rule's own ones; None for no such edge."""
        return None

    def given(self, body: Any) -> Given | None:
        """Return what comes with the call that fires it, for the rule's texts and values to name."""
        return None

    @property
    def has_no_change(self) -> bool:
        """Whether no change stands behind its runs: nothing can be asked about one, and the conditions are judged
        again at the run's turn.
        """
        return self.is_scheduled or self.is_called

    @property
    def stands_alone(self) -> bool:
        """Whether nothing may stand behind its word."""
        return self.shape is NOTHING


class AloneTrigger(TriggerKind):
    """A trigger with nothing behind its word; its sentence is `rule.when_<word>`."""

    shape = NOTHING

    def check(self, body: Any, place: Place) -> None:
        """Nothing stands behind it."""

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Nothing is named."""
        return body

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say when the rule starts."""
        return say(f"rule.when_{self.name}", language)


class EventTrigger(TriggerKind):
    """A trigger that saved and deleted records fire.

    Shape:  `events` are the kinds of record events that may fire it (`created`, `updated`, `deleted`).
    """

    def is_met(self, body: Any, changed: Mapping[str, Any], after: Any) -> bool:
        """Return whether a change fires it: `changed` maps the changed fields to their values before, `after` is the
        record as it was then.
        """
        return True


class ClockTrigger(TriggerKind):
    """A trigger that the clock fires.

    Shape:  `counts_at_once` says that the current occasion counts when a rule is first seen; else it waits for the
            next one. `can_be_late` says that `if_missed: skip` may leave an occasion out.
    """

    is_scheduled = True
    counts_at_once: ClassVar[bool] = False
    can_be_late: ClassVar[bool] = True

    @abstractmethod
    def cron_of(self, body: Any) -> str:
        """Return the cron line it follows by the wall clock."""

    def last_due(self, body: Any, now: dt.datetime, zone: ZoneInfo) -> Due:
        """Return the latest moment, `now` included, at which it came due."""
        return last_by_clock(self.cron_of(body), now, zone)

    def occasion(self, due: Due) -> str:
        """Return the name of the occasion, the same for everybody: a rule fires once per occasion and record."""
        return due.period


class LaterTrigger(AloneTrigger):
    """A trigger of the language that this version reads but does not know yet."""

    is_available = False

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc] - the one class that stands for several triggers

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Return its word: no rule with it is ever built."""
        return self.name
