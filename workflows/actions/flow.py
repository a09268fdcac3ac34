"""The actions that steer the run: `stop`, `wait` and `choose`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import CONDITIONS, SPAN, closed, list_of
from crm.entities.schema_parts import Schema as Shape
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.actions.base import Action, AloneAction, Line, Outcome
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.schedule import duration
from workflows.rules.words import say, span_words

STEPS: Shape = {"$ref": "#/$defs/steps"}
BRANCH: Shape = {
    "anyOf": [
        {**closed(**{"if": CONDITIONS, "then": STEPS}), "required": ["if", "then"]},
        {**closed(**{"else": STEPS}), "required": ["else"]},
    ]
}


class Stop(AloneAction):
    """Ends the run."""

    name = "stop"
    label = NP_("step", "Stop")
    words = {
        "rule.says_stop": NP_("step", "Stop"),
    }

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say that nothing follows."""
        return say("rule.says_stop", language)

    def perform(self, step: Step, work: Any) -> Outcome:
        """End the run."""
        return Outcome({"action": self.name}, goes_on=False)


class Wait(Action):
    """Lets time pass, then goes on, if its conditions hold by then; the run sleeps in the database."""

    name = "wait"
    label = NP_("step", "Wait")
    labels = {
        "and_then_only_if": NP_("key", "Then continue only if"),
    }
    shape = closed(**{"for": SPAN, "and_then_only_if": CONDITIONS})
    words = {
        "rule.says_wait": NP_("step", "Wait: %(duration)s"),
        "rule.effect_did_not_go_on": N_("The conditions no longer applied, so the run ended."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note durations nobody can read, and wrong conditions."""
        found = place.keys(body, self.keys, ("for",))
        if "for" in found and duration(found["for"]) is None:
            place.at("for").refuse("rule.bad_duration", value=str(found["for"])[:40])
        if "and_then_only_if" in found:
            place.at("and_then_only_if").conditions(found["and_then_only_if"])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """What its conditions name is read."""
        return walker.inside(body, spot, {"and_then_only_if": walker.lines})

    def condition_of(self, body: Any, entity: Entity, schema: Schema) -> Any:
        """Return the parsed `and_then_only_if`."""
        return self.parse(body.get("and_then_only_if"), entity, schema)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say how long."""
        return say("rule.says_wait", language, duration=span_words(step.body["for"], language))

    def perform(self, step: Step, work: Any) -> Outcome:
        """Sleep; the run comes back to `wake` when the time is over."""
        until = work.now + duration(step.body["for"])
        return Outcome({"action": self.name, "until": until.isoformat()}, until=until)

    def wake(self, step: Step, work: Any) -> Outcome:
        """Go on, or end the run when the conditions no longer hold."""
        holds = step.condition is None or work.holds(step.condition)
        return Outcome({"action": self.name, "went_on": holds}, goes_on=holds)

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say when the wait ended the run."""
        if effect.get("went_on") is False:
            yield "", say("rule.effect_did_not_go_on", language)


class Choose(Action):
    """Takes the first branch whose conditions hold, or the `else`."""

    name = "choose"
    label = NP_("step", "Branch")
    shape = list_of(BRANCH)
    has_branches = True
    words = {
        "rule.says_choose": N_("Branch by conditions (branches: %(count)s)"),
        "rule.effect_branch": NP_("step", "Branch taken"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Nothing but its branches, which are looked at as the rule's own conditions and steps."""

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Nothing but its branches, which are walked as the rule's own conditions and steps."""
        return body

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say in how many ways it can go."""
        return say("rule.says_choose", language, count=len(step.branches))

    def perform(self, step: Step, work: Any) -> Outcome:
        """Remember which branch is taken, so that a resumed run takes the same one."""
        for number, branch in enumerate(step.branches):
            if branch.condition is None or work.holds(branch.condition):
                return Outcome({"action": self.name, "branch": number}, branch=number)
        return Outcome({"action": self.name, "branch": None})

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which branch was taken."""
        branch = effect.get("branch")
        yield say("rule.effect_branch", language), "—" if branch is None else str(branch + 1)
