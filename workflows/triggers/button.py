"""`button: {en: Escalate}`, or `button: {label: …, inputs: …, roles: …}`: somebody presses a button on a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import TEXT, WORD, closed, one_or_many
from crm.entities.walk import NAMED, Spot, Walker, to_be
from crm.texts import LANGUAGES, N_, NP_, Text
from workflows.given import Given
from workflows.rules.inputs import INPUTS, build_inputs, check_inputs
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.triggers.base import TriggerKind

KEYS = ("label", "inputs", "roles")


class Button(TriggerKind):
    """A button on the record's page: shown while the rule's conditions hold, to those who may press it."""

    name = "button"
    label = NP_("trigger", "Button pressed")
    labels = {"inputs": N_("Asked before it is pressed"), "roles": N_("Who can press it")}
    shape = {"anyOf": [TEXT, closed(label=TEXT, inputs=INPUTS, roles=one_or_many(WORD))]}
    is_called = True
    words = {
        "rule.when_button": N_("When someone presses the button “%(label)s”"),
        "rule.button_needs_label": N_("Enter what the button says, in at least one language."),
        "rule.bad_inputs": N_("Enter from 1 to %(limit)s inputs by name."),
        "rule.bad_input": N_("Enter an input with its type, such as {type: text}."),
        "rule.unknown_input_type": N_("An input cannot be of the type “%(name)s”."),
        "rule.unknown_input_type_near": N_(
            "An input cannot be of the type “%(name)s”. Did you mean “%(near)s”?"
        ),
        "rule.input_default_is_plain": N_("The default of an input is a plain value, not a formula."),
        "rule.may_not_press": N_("You don't have permission to use “%(button)s”. Ask an administrator."),
        "rule.button_not_now": N_("“%(button)s” can't be used on this record now."),
        "rule.pressed_already": N_("“%(button)s” was used already. See the timeline."),
        "rule.pressed_done": N_("“%(button)s” is done."),
        "rule.pressed_started": N_("“%(button)s” has started."),
        "rule.pressed_failed": N_("“%(button)s” failed. An administrator can see why."),
        "rule.pressed_stopped": N_("“%(button)s” was stopped before its end."),
        "rule.unknown_given": N_("“%(name)s” is not among the inputs of this rule."),
        "rule.unknown_given_near": N_(
            "“%(name)s” is not among the inputs of this rule. Did you mean “%(near)s”?"
        ),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note a missing label, wrong inputs and unknown roles."""
        if not is_long(body):
            self._check_label({"label": body}, place)
            return
        found = place.keys(body, KEYS, ("label",))
        self._check_label(found, place)
        if "inputs" in found:
            check_inputs(found["inputs"], place.at("inputs"))
        roles = found.get("roles", [])
        for index, role in enumerate(roles if isinstance(roles, list) else [roles]):
            below = place.at("roles", index) if isinstance(roles, list) else place.at("roles")
            below.known(role, place.schema.parts.get("role", {}), "role")

    @staticmethod
    def _check_label(body: Mapping, place: Place) -> None:
        text = place.reader.text(body, "label", place.path) if body.get("label") is not None else None
        if text is None or not any(str(words).strip() for words in _languages(body["label"])):
            place.refuse("rule.button_needs_label")

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The roles are named; what the inputs are called, the rule says itself."""
        if not is_long(body):
            return body
        return walker.inside(body, spot, {"roles": to_be(NAMED, walker.each(walker.part("role")))})

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say which button."""
        return say("rule.when_button", language, label=label_of(body).get(language))

    def given(self, body: Any) -> Given:
        """Return the declared inputs."""
        return Given("input", build_inputs(body.get("inputs") or {}) if is_long(body) else {})


def is_long(body: Any) -> bool:
    """Return whether a button says more than its label; a map of languages is a label."""
    return isinstance(body, Mapping) and not (body and set(body) <= set(LANGUAGES))


def label_of(body: Any) -> Text:
    """Return what a button says."""
    return Text(body["label"] if is_long(body) else body)


def roles_of(body: Any) -> tuple[str, ...]:
    """Return the roles that may press a button; none where those may who may change the record."""
    roles = body.get("roles") or () if is_long(body) else ()
    return (roles,) if isinstance(roles, str) else tuple(roles)


def _languages(label: Any) -> list:
    return list(label.values()) if isinstance(label, Mapping) else [label]
