"""What a record's page says above all else: that it waits for a decision, whom one may contact and how.

A package that has something to say puts a function into `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crm.database import CrmSession
from crm.entities.model import Entity


@dataclass(frozen=True)
class RecordNote:
    """One thing to know about a record.

    Shape:  `kind` is info, success, warning or danger. `lines` are further facts. `url` and `label` make a button.
    """

    text: str
    kind: str = "info"
    lines: Sequence[str] = ()
    url: str = ""
    label: str = ""


SOURCES: list[Callable[[CrmSession, Entity, Any], list[RecordNote]]] = []


def notes_on(session: CrmSession, entity: Entity, record: Any) -> list[RecordNote]:
    """Return what there is to know about a record the actor may see."""
    return [note for source in SOURCES for note in source(session, entity, record)]
