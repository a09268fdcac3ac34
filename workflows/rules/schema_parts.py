"""The JSON Schema of rules and message templates."""

from __future__ import annotations

from crm.entities.schema_parts import CONDITIONS, FLAG, TEXT, WORD, Schema, list_of, one_key
from workflows.actions import ACTIONS
from workflows.actions.flow import STEPS
from workflows.registry import shapes
from workflows.triggers import TRIGGERS

RULE_DEFINITIONS: dict[str, Schema] = {"steps": list_of({"anyOf": [WORD, one_key(shapes(ACTIONS))]})}
RULE_PARTS: dict[str, Schema] = {
    "entity": WORD,
    "enabled": FLAG,
    "when": {"anyOf": [WORD, one_key(shapes(TRIGGERS))]},
    "stop_after": FLAG,
    "if": CONDITIONS,
    "then": STEPS,
}
TEMPLATE_PARTS: dict[str, Schema] = {"entity": WORD, "subject": TEXT, "body": TEXT}
