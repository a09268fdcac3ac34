"""Which webhooks there are: those that rules wait for."""

from __future__ import annotations

from crm.database import CrmSession
from workflows.rules.model import Rule
from workflows.triggers.webhook import Webhook, hook_name


def hook_names(session: CrmSession) -> dict[str, list[Rule]]:
    """Return the webhooks that rules wait for, by name, with these rules, switched on or off."""
    found: dict[str, list[Rule]] = {}
    for rule in session.workspace.schema.parts.get("rule", {}).values():
        if rule.trigger.kind == Webhook.name:
            found.setdefault(hook_name(rule.trigger.body), []).append(rule)
    return dict(sorted(found.items()))
