"""A button pressed on many records: what it starts is done by whoever declares buttons, for each record once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.bulk.store import Chunk
from crm.bulk.writing import Outcome
from crm.database import CrmSession
from crm.entities.model import Entity
from crm.records.buttons import Press, press_button


class Presser:
    """Presses one button; a chunk that is repeated starts nothing again."""

    def __init__(self, session: CrmSession, entity: Entity, job: Mapping[str, Any]) -> None:
        self.session, self.entity, self.job = session, entity, job

    def perform(self, chunk: Chunk) -> Outcome:
        """Press it on one chunk."""
        asked, outcome = self.job["asked"], Outcome()
        press = Press(asked["button"], asked["inputs"], f"job:{self.job['id']}:{chunk.number}")
        pressed = press_button(self.session, self.entity, chunk.ids, press)
        outcome.changed = len(pressed.runs)
        outcome.refused = {number: [problem] for number, problem in pressed.refused.items()}
        return outcome
