"""What `app.py` calls to make rules part of the house."""

from __future__ import annotations

import sqlalchemy as sa

from config import current_settings
from crm import events
from crm.records import buttons
from workflows import people as _people  # noqa: F401 - declares its table
from workflows.approvals import store as _approvals  # noqa: F401 - declares its tables
from workflows.calls import outbox as _calls  # noqa: F401 - declares its table
from workflows.hooks import store as _hooks  # noqa: F401 - declares its tables
from workflows.mail import outbox as _outbox  # noqa: F401 - declares its table
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.rules.kinds import register_kinds
from workflows.runs import budget as _budget  # noqa: F401 - declares its table
from workflows.runs import edges
from workflows.runs import store as _store  # noqa: F401 - declares its tables
from workflows.runs.heard import heard_by_rules, rules_that_hear

__all__ = ["listen", "prepare_edges", "register_kinds"]


def listen() -> None:
    """Let rules hear of the changes they listen to, and of the buttons people press."""
    events.LISTENERS.append(heard_by_rules)
    events.NAMED_LISTENERS.append(rules_that_hear)
    buttons.SOURCES.append(_rule_buttons)


def _rule_buttons() -> buttons.ButtonSource:
    """Return the buttons of rules, which are loaded by who draws or presses one."""
    from workflows.pressing import RuleButtons

    return RuleButtons()


def prepare_edges(engine: sa.Engine) -> None:
    """After a publish, note for which records the conditions hold of rules that wait for them."""
    edges.prepare(RuleWorkshop(engine, organisation_of(current_settings())))
