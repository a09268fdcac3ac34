"""`becomes_true`: the rule's conditions were false and now hold."""

from __future__ import annotations

from crm.texts import N_, NP_
from workflows.triggers.base import AloneTrigger, EventTrigger
from workflows.triggers.records import CHANGES


class BecomesTrue(AloneTrigger, EventTrigger):
    """The edge of the rule's own conditions."""

    name = "becomes_true"
    label = NP_("trigger", "Conditions become true")
    events = CHANGES
    is_edge = True
    words = {
        "rule.when_becomes_true": N_("When the conditions become true"),
    }
