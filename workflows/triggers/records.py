"""`record_created`, `record_updated`, `record_saved`, `record_deleted`: what people and rules do with records."""

from __future__ import annotations

from crm.texts import N_
from workflows.triggers.base import AloneTrigger, EventTrigger

CHANGES = frozenset({"created", "updated"})


class RecordCreated(AloneTrigger, EventTrigger):
    """A record was created."""

    name = "record_created"
    events = frozenset({"created"})
    words = {
        "rule.when_record_created": N_("When a record is created"),
    }


class RecordUpdated(AloneTrigger, EventTrigger):
    """A record that was there was changed."""

    name = "record_updated"
    events = frozenset({"updated"})
    words = {
        "rule.when_record_updated": N_("When a record is edited"),
    }


class RecordSaved(AloneTrigger, EventTrigger):
    """A record was created or changed."""

    name = "record_saved"
    events = CHANGES
    words = {
        "rule.when_record_saved": N_("When a record is created or edited"),
    }


class RecordDeleted(AloneTrigger, EventTrigger):
    """A record was deleted; the rule reads its last values."""

    name = "record_deleted"
    events = frozenset({"deleted"})
    words = {
        "rule.when_record_deleted": N_("When a record is deleted"),
    }
