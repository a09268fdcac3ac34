"""Telling those who may do everything that a rule was held back."""

from __future__ import annotations

from crm.database import CrmSession
from crm.errors import Problem
from crm.notifications import Notice, add_notification
from crm.permissions.service import ADMIN_ROLE
from crm.permissions.store import list_users_with_role
from workflows.organisation import RuleWorkshop
from workflows.runs.errors import as_json, sentences

Subject = tuple[str, int]
"""The entity and number of the record it happened at."""


def tell_admins(
    session: CrmSession, workshop: RuleWorkshop, problem: Problem, about: Subject, key: str
) -> None:
    """Tell every administrator, each once per key."""
    stored = as_json([problem])
    text = {language: sentences(stored, language)[0] for language in workshop.organisation.languages}
    for admin in list_users_with_role(session.connection(), ADMIN_ROLE):
        add_notification(session, Notice(admin, text, *about, f"{key}:{admin}"))
