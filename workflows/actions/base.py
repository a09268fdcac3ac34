"""What every action brings along: its word, its shape, its names, its check, its sentences, its deed."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, ClassVar

from crm.conditions import parse_conditions
from crm.entities.build import as_lines
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import Spot, Walker
from workflows.rules.model import Step
from workflows.rules.place import Place

Line = tuple[str, str]
"""A label and a text."""

NOTHING: Shape = {"enum": [None, True, {}]}
"""The shape of an action that stands alone."""


@dataclass(frozen=True)
class Outcome:
    """What an action did, and how its run goes on.

    Shape:  `effect` is plain data for the run's log. `goes_on` False ends the run. `until` lets the run sleep
            and comes back to this step. `branch` is the branch that was taken.
    """

    effect: Mapping[str, Any] = attribute(default_factory=dict)
    goes_on: bool = True
    until: dt.datetime | None = None
    branch: int | None = None


class Action(ABC):
    """One action of the language. One subclass, one instance in the registry; a missing part fails at import.

    Shape:  `shape` is the JSON Schema of what stands behind its name, from which its keys are taken.
            `words` are its sentences (`N_("…")`) by their codes. `writes_record` says that it changes the rule's own
            record, so that it cannot follow its deletion.
            `is_set_based` says that it can be done for many records in one transaction (`perform_all`).
            `label` is what it is called where one chooses it, `labels` what its keys and their fixed values are, beyond
            those that are shared (`workflows.rules.words`); one without them is called by its words.
            `has_branches` says that behind its name stand branches (`if` and `then`, or `else`), which are checked,
            walked and built like the rule's own `if` and `then`. `branch_keys` are keys behind which steps stand,
            in the order of its branches.
    """

    name: ClassVar[str] = ""
    shape: ClassVar[Shape | None] = None
    words: ClassVar[Mapping[str, str]] = {}
    label: ClassVar[str] = ""
    labels: ClassVar[Mapping[str, str]] = {}
    is_available: ClassVar[bool] = True
    writes_record: ClassVar[bool] = False
    has_branches: ClassVar[bool] = False
    branch_keys: ClassVar[tuple[str, ...]] = ()
    is_set_based: ClassVar[bool] = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the map behind its name, where there is one."""
        return tuple((self.shape or {}).get("properties", ()))

    @abstractmethod
    def check(self, body: Any, place: Place) -> None:
        """Note every problem of what stands behind the action's name."""

    @abstractmethod
    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Walk to every name behind the action's name, saying what becomes of each; return it as the walker wrote it.

        Shape:  what is read is `carried` unless `to_be` says otherwise; what is written, sent or deleted must be
                said with its deed, for by this walk the publisher's rights are judged.
        """

    @abstractmethod
    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Return what the step does as a sentence in the reader's language."""

    @abstractmethod
    def perform(self, step: Step, work: Any) -> Outcome:
        """Do it, in the session of `work` (`workflows.runs.work.Work`), and say what was done.

        Errors: CrmError, which fails the run with its sentence.
        """

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Do it for many records, each another one, in one transaction; return an Outcome for each, or why not.

        Shape:  what is refused is a CrmError, or ApartError for what must be done by itself; nothing of it is written.
        Errors: anything, after which all is taken back and each is done by itself; TooSlowError.
        """
        raise NotImplementedError(self.name)

    def wake(self, step: Step, work: Any) -> Outcome:
        """Go on after the sleep that `perform` asked for with `until`."""
        return Outcome({"action": self.name})

    def condition_of(self, body: Any, entity: Entity, schema: Schema) -> Any:
        """Return the parsed condition the action needs when it is performed; None for most."""
        return None

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterable[Line]:
        """Return what its effect says beyond what every effect says; `target` is what its entity is called."""
        return ()

    @staticmethod
    def parse(lines: Any, entity: Entity, schema: Schema) -> Any:
        """Return the tree of condition lines that have passed the check; None when there are none."""
        found = list(as_lines(lines))
        return parse_conditions(found, entity, schema)[0] if found else None


class AloneAction(Action):
    """An action with nothing behind its name."""

    shape = NOTHING

    def check(self, body: Any, place: Place) -> None:
        """Note anything that stands behind it."""
        if body not in (None, {}, True):
            place.refuse("rule.takes_nothing", name=self.name)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Nothing is named."""
        return body
