"""`webhook: order_paid`, or `webhook: {name: …, find: {number: body.number}, create: {…}}`: another system calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed, named
from crm.entities.walk import Spot, Walker
from crm.fields import FIELD_TYPES
from crm.texts import N_, NP_
from workflows.actions.values import PLACEHOLDER, check_values, formula_of, walk_values
from workflows.given import GIVEN_PATH, Given, with_given
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.triggers.base import TriggerKind

NAME = re.compile(r"[a-z][a-z0-9_-]{0,47}\Z")
BODY = Given("body")
USUAL = {"id": "body.id"}  # how the record is found when nothing is said


class Webhook(TriggerKind):
    """A signed call at `/hooks/<name>` about a record, which it names or creates."""

    name = "webhook"
    label = NP_("trigger", "Webhook called")
    labels = {"find": N_("Find the record by"), "create": N_("If none is found, create with")}
    shape = {
        "anyOf": [WORD, {**closed(name=WORD, find=named(WORD), create=named(ANYTHING)), "required": ["name"]}]
    }
    is_called = True
    words = {
        "rule.when_webhook": N_("When another system calls the webhook “%(name)s”"),
        "rule.bad_hook_name": N_(
            "“%(value)s” can't be the name of a webhook. Use small letters, digits, - and _."
        ),
        "rule.hook_needs_record": N_("Say how the record is found (“find”) or created (“create”)."),
        "rule.bad_body_path": N_(
            "“%(value)s” is not a path into the body. Enter one like body.order.number."
        ),
        "rule.hook_field_not_found_by": N_("Records can't be found by the field “%(name)s”."),
        "rule.hook_plain_values": N_(
            "Only plain values and values from the body are allowed here, such as {body.total}."
        ),
        "rule.hook_forged": N_("The call has no valid signature, or was received before."),
        "rule.hook_not_found": N_("No rule has the webhook “%(name)s”."),
        "rule.hook_no_record": N_("No record was found."),
        "rule.hook_many_records": N_("More than one record was found."),
        "rule.hook_empty": N_("The body has no value at “%(path)s”."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note a wrong name, fields nobody finds records by, and values that are not those of the body."""
        if isinstance(body, str):
            self._check_name(body, place)
            return
        found = place.keys(body, ("name", "find", "create"), ("name",))
        self._check_name(found.get("name"), place.at("name"))
        if "find" not in found and "create" not in found:
            place.refuse("rule.hook_needs_record")
        if "find" in found:
            _check_find(found["find"], place.at("find"))
        if "create" in found:
            _check_create(found["create"], place.at("create"))

    @staticmethod
    def _check_name(name: Any, place: Place) -> None:
        if not isinstance(name, str) or not NAME.match(name):
            place.refuse("rule.bad_hook_name", value=str(name)[:60])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """Fields the record is found by are read, those it is created with written."""
        if not isinstance(body, Mapping):
            return body

        def create(values: Any, at: Spot) -> Any:
            walker.entity(spot.entity, at.to_be("create"))
            return walk_values(values, at, spot.entity, "create", walker)

        steps = {
            "find": lambda value, at: walker.keyed(value, at, walker.field, lambda path, _spot: path),
            "create": create,
        }
        return walker.inside(body, spot, steps)

    def describe(self, body: Any, schema: Schema, entity: Entity, language: str) -> str:
        """Say which webhook."""
        return say("rule.when_webhook", language, name=hook_name(body))

    def given(self, body: Any) -> Given:
        """Return the body, in which anything may stand."""
        return BODY


def hook_name(body: Any) -> str:
    """Return the name in the webhook's address."""
    return body if isinstance(body, str) else body["name"]


def find_by(body: Any) -> Mapping[str, str]:
    """Return the fields by which the record is found, each with its path into the body; none where it is created."""
    if isinstance(body, str):
        return USUAL
    return body.get("find") or {}


def may_create(body: Any) -> bool:
    """Return whether a record that is not found is created."""
    return isinstance(body, Mapping) and "create" in body


def _check_find(body: Any, place: Place) -> None:
    if not isinstance(body, Mapping) or not body:
        place.refuse("rule.hook_needs_record")
        return
    fields = place.entity.fields
    for name, path in body.items():
        below = place.at(name)
        if not isinstance(path, str) or not BODY.owns(path):
            below.refuse("rule.bad_body_path", value=str(path)[:60])
        if name == "id":
            continue
        if below.known(name, fields, "field_of_record"):
            kind = FIELD_TYPES[fields[name].type]
            if not kind.stored or kind.several or kind.points or kind.holds_files or fields[name].encrypted:
                below.refuse("rule.hook_field_not_found_by", name=name)


def _check_create(body: Any, place: Place) -> None:
    inside = replace(place, entity=with_given(place.entity, BODY))
    check_values(body, inside, place.entity)
    for name, value in body.items() if isinstance(body, Mapping) else ():
        if not is_plain(value):
            place.at(name).refuse("rule.hook_plain_values")


def is_plain(value: Any) -> bool:
    """Return whether a value needs no record to be read at: only paths of the body stand in it."""
    if not isinstance(value, str):
        return True
    formula = formula_of(value)
    if formula is not None:
        return GIVEN_PATH.match(formula) is not None
    return all(GIVEN_PATH.match(path) for path in PLACEHOLDER.findall(value))
