"""`record_created`, `record_updated`, `record_saved`, `record_deleted`: what people and rules do with records."""

from __future__ import annotations

from crm.texts import N_, NP_
from workflows.triggers.base import AloneTrigger, EventTrigger

CHANGES = frozenset({"created", "updated"})


class RecordCreated(AloneTrigger, EventTrigger):
    """A record was created."""

    name = "record_created"
    label = NP_("trigger", "Record created")
    events = frozenset({"created"})
    words = {
        "rule.when_record_created": N_("When a record is created"),
    }


class RecordUpdated(AloneTrigger, EventTrigger):
    """A record that was there was changed."""

    name = "record_updated"
    label = NP_("trigger", "Record edited")
    events = frozenset({"updated"})
    words = {
        "rule.when_record_updated": N_("When a record is edited"),
    }


class RecordSaved(AloneTrigger, EventTrigger):
    """A record was created or changed."""

    name = "record_saved"
    label = NP_("trigger", "Record created or edited")
    events = CHANGES
    words = {
        "rule.when_record_saved": N_("When a record is created or edited"),
    }


class RecordDeleted(AloneTrigger, EventTrigger):
    """A record was deleted; the rule reads its last values."""

    name = "record_deleted"
    label = NP_("trigger", "Record deleted")
    events = frozenset({"deleted"})
    words = {
        "rule.when_record_deleted": N_("When a record is deleted"),
    }
