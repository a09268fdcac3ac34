"""Buttons of records on pages and over REST: which are shown, what they ask for, and the press."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import ConflictError, NotAllowedError, NotFoundError, Problem
from crm.fields import type_of
from crm.fields.base import Field, Situation
from crm.messages import render
from crm.records.buttons import Button, Outcome, Press, finish_press, press_button, shown_buttons
from crm.records.values import situation_of
from crm.web.entity.form import MANY, control_of
from crm.web.forms.fields import FormField, Option

PREFIX = "input-"  # before the names of inputs, so that none is taken for the form's own

REFUSALS = {"record.not_found": NotFoundError, "permissions.may_not_update": NotAllowedError}


@dataclass(frozen=True)
class DrawnButton:
    """A button as a page draws it: its form's controls, and the token that makes one click of it."""

    name: str
    label: str
    fields: list[FormField]
    once: str

    def problems(self) -> list[tuple[str, str, str]]:
        """Return what is wrong as the summary of a refused form shows it: id of the control, label, sentence."""
        return [(field.id, field.label, field.error) for field in self.fields if field.error]


def draw_button(
    session: CrmSession,
    button: Button,
    sent: Mapping[str, Any] | None = None,
    problems: Iterable[Problem] = (),
) -> DrawnButton:
    """Return a button ready to be drawn, with what was typed and what is wrong with it."""
    situation = situation_of(session)
    errors = {problem.field: render(problem, situation.language) for problem in problems}
    fields = [
        _control(field, situation, sent or {}, errors.get(name, "")) for name, field in button.inputs.items()
    ]
    return DrawnButton(button.name, button.label.get(situation.language), fields, secrets.token_urlsafe(12))


def drawn_buttons(session: CrmSession, entity: Entity, record_id: int) -> list[DrawnButton]:
    """Return the buttons a record shows to the reader now."""
    return [draw_button(session, button) for button in shown_buttons(session, entity, record_id)]


def _control(field: Field, situation: Situation, sent: Mapping[str, Any], error: str) -> FormField:
    """Return the control of one input."""
    kind, control, language = type_of(field), control_of(field), situation.language
    value = sent.get(field.name, field.default)
    many = control in MANY
    chosen = tuple(str(one) for one in value) if many and isinstance(value, list | tuple) else ()
    if not many and field.name not in sent and value is not None:
        value = kind.form_text(field, kind.clean(field, value, Situation(source="rule")), situation)
    choices = field.options.get("choices") or {}
    return FormField(
        name=PREFIX + field.name,
        label=field.label.get(language),
        control=control,
        value="" if many or value is None else str(value),
        values=chosen,
        options=tuple(Option(key, choices[key].label.get(language), choices[key].color) for key in choices)
        or tuple(Option(one, one) for one in chosen),
        error=error,
        help=field.help.get(language) if field.help else "",
        unit="%" if kind.unit == "percent" else str(field.options.get("currency") or ""),
        required=field.required,
        max_length=field.options.get("max_length"),
        direction="ltr" if kind.left_to_right else "auto",
        prefix="press",
    )


def typed_inputs(button: Button, form: MultiDict) -> dict[str, Any]:
    """Return what a form brought for the inputs of a button, by name."""
    found: dict[str, Any] = {}
    for name, field in button.inputs.items():
        values = form.getlist(PREFIX + name)
        if values:
            many = control_of(field) in MANY
            found[name] = [value for value in values if value] if many else values[-1]
    return found


def press_one(session: CrmSession, entity: Entity, record_id: int, press: Press) -> tuple[int, Outcome]:
    """Press a button on one record, commit, and do what it does; return the run's number and what came of it.

    Errors: NotFoundError, NotAllowedError; ConflictError when the record does not meet its conditions; RecordError.
    """
    pressed = press_button(session, entity, [record_id], press)
    for problem in pressed.refused.values():
        raise REFUSALS.get(problem.code, ConflictError)(problem.code, **problem.params)
    session.commit()
    return pressed.runs[record_id], finish_press(session, entity, press.name, pressed)
