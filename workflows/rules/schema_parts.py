"""The JSON Schema of rules and message templates."""

from __future__ import annotations

from crm.entities.schema_parts import CONDITIONS, FLAG, TEXT, WHOLE, WORD, Schema, list_of, one_key
from workflows.actions import ACTIONS
from workflows.actions.flow import STEPS
from workflows.registry import shapes
from workflows.rules.check import MISSED, PERIODS
from workflows.triggers import TRIGGERS

RULE_PARTS: dict[str, Schema] = {
    "entity": WORD,
    "enabled": FLAG,
    "when": {"$ref": "#/$defs/trigger"},
    "time_zone": WORD,
    "if_missed": {"enum": list(MISSED)},
    "at_most_once_per": {"enum": list(PERIODS)},
    "priority": WHOLE,
    "stop_after": FLAG,
    "if": CONDITIONS,
    "then": STEPS,
}
TEMPLATE_PARTS: dict[str, Schema] = {"entity": WORD, "subject": TEXT, "body": TEXT}


def rule_definitions() -> dict[str, Schema]:
    """Return the schemas of a trigger and of steps, from what each trigger and action says of its own shape."""
    return {
        "trigger": {"anyOf": [WORD, one_key(shapes(TRIGGERS))]},
        "steps": list_of({"anyOf": [WORD, one_key(shapes(ACTIONS))]}),
    }
