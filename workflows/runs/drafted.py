"""A rule of somebody's draft on the records of today: the live entities with the draft's other documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.database import CrmSession
from crm.drafts.model import Draft
from crm.drafts.service import documents_of
from crm.entities.load import check_schema
from crm.entities.walk import ENTITY
from crm.errors import RuleError
from crm.revisions.workspace import Workspace


def drafted_workspace(session: CrmSession, draft: Draft | None, rule: str) -> Workspace:
    """Return the live workspace with the rules, templates and segments of a draft.

    Errors: RuleError when the draft's rule does not fit the entities as they are live.
    """
    live = session.workspace
    entities = [one for one in live.schema.documents if one.kind == ENTITY]
    others = [one for one in documents_of(session, draft) if one.kind != ENTITY]
    schema, _problems = check_schema([*entities, *others], live.number, live.identities)
    if rule not in schema.parts.get("rule", {}):
        raise RuleError("rule.draft_does_not_fit", rule=rule)
    return replace(live, schema=replace(live.schema, parts=schema.parts, documents=schema.documents))


def digest_of(body: Mapping[str, Any]) -> str:
    """Return what stands for all that a rule says, whether it is active or not."""
    kept = {key: value for key, value in body.items() if key != "enabled"}
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False, default=str).encode()).hexdigest()
