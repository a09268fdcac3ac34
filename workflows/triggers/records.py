"""`record_created`, `record_updated`, `record_saved`, `record_deleted`: what people and rules do with records."""

from __future__ import annotations

from workflows.triggers.base import AloneTrigger, EventTrigger

CHANGES = frozenset({"created", "updated"})


class RecordCreated(AloneTrigger, EventTrigger):
    """A record was created."""

    name = "record_created"
    events = frozenset({"created"})


class RecordUpdated(AloneTrigger, EventTrigger):
    """A record that was there was changed."""

    name = "record_updated"
    events = frozenset({"updated"})


class RecordSaved(AloneTrigger, EventTrigger):
    """A record was created or changed."""

    name = "record_saved"
    events = CHANGES


class RecordDeleted(AloneTrigger, EventTrigger):
    """A record was deleted; the rule reads its last values."""

    name = "record_deleted"
    events = frozenset({"deleted"})
