"""The JSON Schema of rules and message templates."""

from __future__ import annotations

from crm.entities.schema_parts import (
    ANYTHING,
    CONDITIONS,
    FLAG,
    TEXT,
    WORD,
    Schema,
    closed,
    list_of,
    one_key,
    one_or_many,
)
from workflows.actions import ACTIONS
from workflows.rules.triggers import TRIGGERS

STEPS: Schema = {"$ref": "#/$defs/steps"}
BRANCH: Schema = {
    "anyOf": [
        {**closed(**{"if": CONDITIONS, "then": STEPS}), "required": ["if", "then"]},
        {**closed(**{"else": STEPS}), "required": ["else"]},
    ]
}
PEOPLE: Schema = one_or_many({"anyOf": [WORD, one_key({"role": WORD, "user": WORD})]})
OF_ACTIONS: dict[str, Schema] = {
    "assign.to": {"anyOf": [WORD, closed(user=WORD)]},
    "assign.among": closed(role=WORD),
    "assign.counting": ANYTHING,
    "notify.to": PEOPLE,
    "notify.text": TEXT,
    "send_email.to": PEOPLE,
    "update_related.where": CONDITIONS,
    "wait.and_then_only_if": CONDITIONS,
}
"""What stands under a key of an action, where more can be said than that it is known."""

OF_TRIGGERS: dict[str, Schema] = {
    "changed": one_or_many(WORD),
    **dict.fromkeys(("days_before", "days_after"), closed(field=WORD, days=ANYTHING, at=WORD)),
    "yearly_on": {"anyOf": [WORD, closed(field=WORD, at=WORD)]},
}


def _body(name: str) -> Schema:
    keys = ACTIONS[name].keys
    if name == "choose":
        return list_of(BRANCH)
    return closed(**{key: OF_ACTIONS.get(f"{name}.{key}", ANYTHING) for key in keys}) if keys else ANYTHING


RULE_DEFINITIONS: dict[str, Schema] = {
    "steps": list_of({"anyOf": [WORD, one_key({name: _body(name) for name in ACTIONS})]})
}
RULE_PARTS: dict[str, Schema] = {
    "entity": WORD,
    "enabled": FLAG,
    "when": {"anyOf": [WORD, one_key({name: OF_TRIGGERS.get(name, ANYTHING) for name in TRIGGERS})]},
    "stop_after": FLAG,
    "if": CONDITIONS,
    "then": STEPS,
}
TEMPLATE_PARTS: dict[str, Schema] = {"entity": WORD, "subject": TEXT, "body": TEXT}
