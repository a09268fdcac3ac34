"""Buttons on records: what packages above let people press, on one record or on a selection.

A package that has some puts what returns its `ButtonSource` into `SOURCES`; pages, REST and jobs ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any, Protocol

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.errors import NotFoundError, Problem
from crm.fields.base import Field
from crm.texts import Text

MOST_AT_ONCE = 1_000  # records of one press


@dataclass(frozen=True)
class Button:
    """A button: what it says, and what it asks for before it is pressed, by name."""

    name: str
    label: Text
    inputs: Mapping[str, Field] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Pressed:
    """What became of a press.

    Shape:  `runs` maps records to the number of what was started; `refused` the others to why not.
    """

    label: Text
    runs: Mapping[int, int] = attribute(default_factory=dict)
    refused: Mapping[int, Problem] = attribute(default_factory=dict)


@dataclass(frozen=True)
class Press:
    """One press: which button, what was typed, and a key that is the same however often the click arrives."""

    name: str
    inputs: Mapping[str, Any] = attribute(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run that a press started has come to: a state, a sentence, and lines of (label, text).

    Shape:  `is_well` says that it has not ended otherwise than it should.
    """

    state: str
    message: str
    lines: Sequence[tuple[str, str]] = ()
    is_well: bool = True


class ButtonSource(Protocol):
    """What a package with buttons says."""

    def shown(self, session: CrmSession, entity: Entity, record_id: int | None) -> list[Button]:
        """Return the buttons the actor may press on a record now; on a selection for None."""

    def find(self, session: CrmSession, entity: Entity, name: str) -> Button | None:
        """Return a button the entity has, whether or not it may be pressed."""

    def press(self, session: CrmSession, entity: Entity, ids: Sequence[int], press: Press) -> Pressed:
        """Start what a button does, for each record once; committed by the caller."""

    def finish(self, session: CrmSession, entity: Entity, pressed: Pressed) -> Outcome:
        """After the commit, do at once what was started for one record; return what came of it."""


SOURCES: list[Callable[[], ButtonSource]] = []


def shown_buttons(session: CrmSession, entity: Entity, record_id: int | None = None) -> list[Button]:
    """Return the buttons the actor may press on a record now, or on a selection of records."""
    return [button for source in SOURCES for button in source().shown(session, entity, record_id)]


def find_button(session: CrmSession, entity: Entity, name: str) -> Button:
    """Return a button of an entity.

    Errors: NotFoundError.
    """
    return _source_of(session, entity, name)[1]


def press_button(session: CrmSession, entity: Entity, ids: Sequence[int], press: Press) -> Pressed:
    """Start what a button does, for each record once; the caller commits.

    Errors: NotFoundError for an unknown button; NotAllowedError when the actor may press it on no record; RecordError
            for inputs that do not fit.
    """
    return _source_of(session, entity, press.name)[0].press(session, entity, ids, press)


def finish_press(session: CrmSession, entity: Entity, name: str, pressed: Pressed) -> Outcome:
    """After the commit of a press on one record, do at once what it started; return what came of it."""
    return _source_of(session, entity, name)[0].finish(session, entity, pressed)


def _source_of(session: CrmSession, entity: Entity, name: str) -> tuple[ButtonSource, Button]:
    for each in SOURCES:
        source = each()
        button = source.find(session, entity, name)
        if button is not None:
            return source, button
    raise NotFoundError("record.no_such_button", name=name[:60])
