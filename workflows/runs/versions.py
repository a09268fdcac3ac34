"""The rule a run belongs to: as it was when the run began, even if it was edited since."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa

from crm.database import only_reading
from crm.entities import store as revisions
from crm.entities.model import Document
from crm.entities.workspace import Workspace
from workflows.organisation import Workshop
from workflows.rules.build import build_rule
from workflows.rules.check import check_rule
from workflows.rules.model import Rule


def find_rule(workshop: Workshop, name: str, revision: int) -> tuple[Rule | None, str]:
    """Return a rule as a revision had it, or None and the code of why it cannot run.

    Shape:  a rule that was switched off or removed since stops, also in the middle.
    """
    workspace = workshop.workspace()
    rule = workspace.schema.parts.get("rule", {}).get(name)
    if rule is None or not rule.enabled:
        return None, "rule.switched_off"
    if revision == workspace.number:
        return rule, ""
    older = _older_rule(workshop.engine, workspace, name, revision, rule)
    return (older, "") if older else (None, "rule.no_longer_fits")


def _older_rule(engine: sa.Engine, workspace: Workspace, name: str, revision: int, live: Rule) -> Rule | None:
    body = _body(engine, name, revision)
    if body is None or body == live.body:
        return live
    document = Document("rule", name, body, f"rules/{name}.yaml")
    return None if check_rule(document, workspace.schema) else build_rule(document, workspace.schema)


@lru_cache(maxsize=64)
def _body(engine: sa.Engine, name: str, revision: int) -> dict | None:
    """Return what a revision's document of the rule said; revisions never change, so it is kept."""
    with only_reading(), engine.connect() as connection:
        found = revisions.find_revision(connection, revision)
    documents = found["documents"] if found else []
    return next((body for body in documents if body.get("rule") == name), None)
