"""Telling those who may do everything that a rule was held back."""

from __future__ import annotations

import sqlalchemy as sa

from crm.database import CrmSession
from crm.errors import Problem
from crm.notifications import Notice, add_notification
from crm.permissions.service import ADMIN_ROLE
from crm.permissions.store import list_users_with_role
from crm.revisions.store import find_revision, live_number
from workflows.organisation import RuleWorkshop
from workflows.people import find_by_username
from workflows.runs.errors import as_json, sentences

Subject = tuple[str, int]
"""The entity and number of the record it happened at."""


def tell_owner(
    session: CrmSession, workshop: RuleWorkshop, rule: str, problem: Problem, about: Subject, key: str
) -> None:
    """Tell who published a rule as it is; every administrator, where that is nobody any more."""
    name = publisher_of(session.connection(), rule)
    owner = find_by_username(session, name) if name else None
    if owner is None:
        tell_admins(session, workshop, problem, about, key)
        return
    add_notification(session, Notice(owner.id, _in_languages(problem, workshop), *about, f"{key}:{owner.id}"))


def publisher_of(connection: sa.Connection, rule: str) -> str:
    """Return the name of the user who last changed a rule; "" for the machine's owner."""
    found, newest = "", None
    for number in range(live_number(connection), 0, -1):
        row = find_revision(connection, number)
        bodies = row["documents"] if row else []
        body = next((one for one in bodies if one.get("rule") == rule), None)
        if newest is not None and body != newest:
            break
        found, newest = str(row["user_name"] if row else ""), body
    return found


def tell_admins(
    session: CrmSession, workshop: RuleWorkshop, problem: Problem, about: Subject, key: str
) -> None:
    """Tell every administrator, each once per key."""
    text = _in_languages(problem, workshop)
    for admin in list_users_with_role(session.connection(), ADMIN_ROLE):
        add_notification(session, Notice(admin, text, *about, f"{key}:{admin}"))


def _in_languages(problem: Problem, workshop: RuleWorkshop) -> dict[str, str]:
    stored = as_json([problem])
    return {language: sentences(stored, language)[0] for language in workshop.organisation.languages}
