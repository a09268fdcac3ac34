"""A rule of somebody's draft on the records of today: the live entities with the draft's other documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.database import CrmSession
from crm.drafts import store as drafts
from crm.drafts.model import Draft
from crm.drafts.service import documents_of
from crm.entities.load import check_schema
from crm.entities.walk import ENTITY
from crm.errors import NotFoundError, RuleError
from crm.revisions.workspace import Workspace
from workflows.organisation import RuleWorkshop
from workflows.runs.rehearse import Asked, Watch, nobody, rehearse

RULE = "rule"


def drafted_workspace(session: CrmSession, draft: Draft | None, rule: str) -> Workspace:
    """Return the live workspace with the rules, templates and segments of a draft.

    Errors: RuleError when the draft's rule does not fit the entities as they are live.
    """
    live = session.workspace
    entities = [one for one in live.schema.documents if one.kind == ENTITY]
    others = [one for one in documents_of(session, draft) if one.kind != ENTITY]
    schema, _problems = check_schema([*entities, *others], live.number, live.identities)
    if rule not in schema.parts.get(RULE, {}):
        raise RuleError("rule.draft_does_not_fit", rule=rule)
    return replace(live, schema=replace(live.schema, parts=schema.parts, documents=schema.documents))


def find_draft_of_rule(session: CrmSession, rule: str, user_name: str | None = None) -> Draft:
    """Return the draft that edits a rule: of a user, or the only one.

    Errors: NotFoundError when there is none; RuleError when there are several and nobody says whose.
    """
    found = [one for one in drafts.list_drafts(session) if one.find_edit(RULE, rule)]
    if user_name is not None:
        found = [one for one in found if one.user_name == user_name]
    if not found:
        raise NotFoundError("rule.in_no_draft", name=rule)
    if len(found) > 1:
        raise RuleError("rule.in_several_drafts", names=", ".join(one.user_name for one in found))
    return found[0]


def rehearse_both(
    workshop: RuleWorkshop, draft: Draft, name: str, asked: Asked, watch: Watch = nobody
) -> dict[str, Any]:
    """Return what the draft's version of a rule would do, beside the live one's under `live`; None where there is none.

    Errors: as `rehearse` and `drafted_workspace`.
    """
    with workshop.reading() as session:
        drafted = drafted_workspace(session, draft, name)
        has_live = name in session.workspace.schema.parts.get(RULE, {})
    found = rehearse(replace(workshop, fixed=drafted), name, asked, watch).as_json()
    live = rehearse(workshop, name, asked, watch).as_json() if has_live else None
    return {**found, "live": live, "differs": differences(found, live)}


def differences(found: Mapping[str, Any], live: Mapping[str, Any] | None) -> dict[str, int]:
    """Return how many firings only one of two versions has, or both have with other effects."""
    mine, theirs = (_by_occasion(one) for one in (found, live or {"firings": []}))
    both = mine.keys() & theirs.keys()
    return {
        "only_draft": len(mine.keys() - theirs.keys()),
        "only_live": len(theirs.keys() - mine.keys()),
        "other_effects": sum(mine[key] != theirs[key] for key in both),
    }


def _by_occasion(found: Mapping[str, Any]) -> dict[tuple, Any]:
    return {(one["record"], one["at"]): one["effects"] for one in found["firings"]}


def digest_of(body: Mapping[str, Any]) -> str:
    """Return what stands for all that a rule says, whether it is active or not."""
    kept = {key: value for key, value in body.items() if key != "enabled"}
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False, default=str).encode()).hexdigest()
