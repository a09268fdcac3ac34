"""Every trigger of the language, by the word that stands behind `when`."""

from workflows.registry import registry
from workflows.triggers.base import ClockTrigger, EventTrigger, LaterTrigger, TriggerKind
from workflows.triggers.becomes_true import BecomesTrue
from workflows.triggers.button import Button
from workflows.triggers.changed import Changed
from workflows.triggers.clock import Cron, EveryDayAt, EveryHour
from workflows.triggers.dates import DateTrigger, DaysAfter, DaysBefore, YearlyOn
from workflows.triggers.records import RecordCreated, RecordDeleted, RecordSaved, RecordUpdated
from workflows.triggers.segments import EntersSegment, LeavesSegment
from workflows.triggers.webhook import Webhook

LATER = ("email_received",)

TRIGGERS: dict[str, TriggerKind] = registry(
    RecordCreated(), RecordUpdated(), RecordSaved(), RecordDeleted(), BecomesTrue(), Changed(),
    EveryHour(), EveryDayAt(), Cron(), DaysBefore(), DaysAfter(), YearlyOn(), Button(), Webhook(),
    EntersSegment(), LeavesSegment(),
    *(LaterTrigger(name) for name in LATER),
)  # fmt: skip

__all__ = ["TRIGGERS", "ClockTrigger", "DateTrigger", "EventTrigger", "TriggerKind"]
