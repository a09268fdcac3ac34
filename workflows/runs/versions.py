"""The rule a run belongs to: as it was when the run began, even if it was edited since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from crm.database import CrmSession, only_reading
from crm.entities.identity import identities_from_json
from crm.entities.load import documents_from_json
from crm.entities.model import Document, Entity, Schema
from crm.permissions.flows import is_within
from crm.revisions import store as revisions
from crm.revisions.former_names import FormerNames, read_former_names, schema_at
from crm.revisions.rename import renamed_since
from crm.revisions.workspace import Workspace
from workflows.organisation import RuleWorkshop
from workflows.rules.build import build_rule
from workflows.rules.check import check_rule
from workflows.rules.model import Rule


def find_rule(workshop: RuleWorkshop, name: str, revision: int) -> tuple[Rule | None, str]:
    """Return a rule as a revision had it, or None and the code of why it cannot run.

    Shape:  a rule that was switched off or removed since stops, also in the middle.
    """
    workspace = workshop.workspace()
    rule = workspace.schema.parts.get("rule", {}).get(name)
    if rule is None or not rule.enabled:
        return None, "rule.switched_off"
    if revision == workspace.number:
        return rule, ""
    older = _older_rule(workshop.engine, workspace, revision, rule)
    return (older, "") if older else (None, "rule.no_longer_fits")


def _older_rule(engine: sa.Engine, workspace: Workspace, revision: int, live: Rule) -> Rule | None:
    document = _document(engine, live.name, revision, workspace.number)
    if document is None or document.body == live.body:
        return live
    return None if check_rule(document, workspace.schema) else build_rule(document, workspace.schema)


@lru_cache(maxsize=64)
def _document(engine: sa.Engine, name: str, revision: int, now: int) -> Document | None:
    """Return what a revision's document of the rule said, with the names of another one; kept, for none changes."""
    with only_reading(), engine.connect() as connection:
        found, live = (revisions.find_revision(connection, number) for number in (revision, now))
    documents = documents_from_json(found["documents"]) if found else []
    rule = next((one for one in documents if (one.kind, one.name) == ("rule", name)), None)
    if rule is None or live is None:
        return rule
    then, today = (identities_from_json(one["identities"]) for one in (found, live))
    return renamed_since(rule, documents, then, today)


def is_open(session: CrmSession, run: Mapping[str, Any]) -> bool:
    """Return whether the actor may see what a run did: only who may read and do all that its rule did."""
    actor = session.actor
    then = None if actor.sees_everything else schema_at(session.connection(), run["revision"])
    if then is None:
        return actor.sees_everything
    rule = next((one for one in then.documents if (one.kind, one.name) == ("rule", run["rule"])), None)
    return rule is not None and is_within(actor, session.workspace.schema, then, rule)


def rows_today(session: CrmSession, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of events or runs with today's names, whatever was renamed since they were written.

    Shape:  an entity that is gone is called "". What a run's `why` says was `changed` loses fields that are gone.
    """
    former = read_former_names(session.connection())
    return [_row_today(former, session.workspace.schema, row) for row in rows]


def _row_today(former: FormerNames, schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    revision = row["revision"]
    entity = former.entity_today(schema, row["entity"], revision)
    found = {**row, "entity": entity.name if entity else ""}
    if entity and "changed" in (row.get("why") or {}):
        changed, _gone = former.values_today(entity, row["why"]["changed"], revision)
        found["why"] = {**row["why"], "changed": changed}
    return found


def step_today(session: CrmSession, entity: Entity, run: Mapping, step: Mapping) -> dict[str, Any]:
    """Return what a step of a run did, with today's names."""
    former, revision, effect = (
        read_former_names(session.connection()),
        step["revision"] or run["revision"],
        step["effect"],
    )
    found = dict(effect)
    if effect.get("changes"):
        found["changes"], _gone = former.values_today(entity, effect["changes"], revision)
    if effect.get("entity"):
        target = former.entity_today(session.workspace.schema, effect["entity"], revision)
        found["entity"] = target.name if target else effect["entity"]
    return found
