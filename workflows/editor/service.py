"""What an admin does to rules in the draft: pure functions on their documents, and what surrounds them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm.database import CrmSession
from crm.drafts.keys import place_key
from crm.drafts.service import document_of, documents_of, edit_document, find_draft, live_document, propose
from crm.entities.declared_names import DeclaredNames
from crm.entities.model import Document, Schema
from crm.errors import NotFoundError
from crm.permissions.store import list_user_names
from workflows.editor.order import Ranked, reorder
from workflows.editor.parts import Surroundings
from workflows.rules.check import KEYS

KIND = "rule"
LONGEST_NAME = 48  # characters
MOST_USERS = 200  # that are offered by name


def surroundings(session: CrmSession, entity: str) -> Surroundings:
    """Return what a rule of an entity is written against, in the actor's draft.

    Errors: NotFoundError.
    """
    draft = find_draft(session)
    schema, documents = propose(session, draft)[0], documents_of(session, draft)
    if entity not in schema.entities:
        schema = session.workspace.schema
    if entity not in schema.entities:
        raise NotFoundError("schema.unknown_entity", name=entity)
    language = session.actor.language
    users = tuple(list_user_names(session.connection(), language, MOST_USERS))
    return Surroundings(schema, schema.entities[entity], language, DeclaredNames(documents), users)


def rule_documents(session: CrmSession) -> list[Document]:
    """Return the rules as the actor's draft has them."""
    return [one for one in documents_of(session, find_draft(session)) if one.kind == KIND]


def get_rule(session: CrmSession, name: str) -> Document:
    """Return a rule as the actor's draft has it.

    Errors: NotFoundError.
    """
    found = document_of(session, find_draft(session), KIND, name)
    if found is None:
        raise NotFoundError("rule.not_found", name=name)
    return found


def free_name(session: CrmSession, wanted: str) -> str:
    """Return a name that no rule of the draft or of the live revision has, beginning with another one."""
    taken = {one.name for one in rule_documents(session)}
    taken |= {one.name for one in session.workspace.schema.documents if one.kind == KIND}
    wanted = wanted[:LONGEST_NAME].strip("_") or "rule"
    ends = ("", *(f"_{number}" for number in range(2, 1_000)))
    names = (wanted[: LONGEST_NAME - len(end)].strip("_") + end for end in ends)
    return next(name for name in names if name not in taken)


def blank_rule(entity: str) -> dict[str, Any]:
    """Return a rule that says nothing yet."""
    return {"rule": "", "entity": entity, "enabled": False, "when": "record_created", "then": []}


def switch_rule(session: CrmSession, name: str, enabled: bool) -> None:
    """Switch a rule on or off in the draft."""
    get_rule(session, name)
    edit_document(session, KIND, name, lambda body: with_key(body, "enabled", enabled))


def with_key(body: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a rule's document with one key in its documented place."""
    return place_key(body, key, value, KEYS)


def copy_rule(session: CrmSession, name: str) -> str:
    """Put a copy of a rule into the draft, switched off; return its name."""
    body, copied = get_rule(session, name).body, free_name(session, name)
    edit_document(session, KIND, copied, lambda _none: with_key({**body, "rule": copied}, "enabled", False))
    return copied


def delete_rule(session: CrmSession, name: str) -> None:
    """Let the draft do without a rule."""
    get_rule(session, name)
    edit_document(session, KIND, name, lambda _body: None)


def move_rule(session: CrmSession, name: str, place: int) -> None:
    """Let a rule run at another place among those of its entity: priorities change in the draft."""
    entity = get_rule(session, name).body.get("entity")
    ranked = [ranked_of(one) for one in rule_documents(session) if one.body.get("entity") == entity]
    for changed, priority in reorder(ranked, name, place).items():
        edit_document(session, KIND, changed, lambda body, to=priority: _with_priority(body, to))


def _with_priority(body: Mapping[str, Any], priority: int) -> dict[str, Any]:
    if priority == 0 and "priority" not in body:
        return dict(body)
    return with_key(body, "priority", priority)


def ranked_of(document: Document) -> Ranked:
    """Return a rule's name and priority."""
    priority = document.body.get("priority", 0)
    return document.name, priority if isinstance(priority, int) and not isinstance(priority, bool) else 0


def state_of(session: CrmSession, document: Document) -> str:
    """Return what the draft does to a rule: live, changed or new."""
    live = live_document(session, KIND, document.name)
    return "new" if live is None else "live" if live.body == document.body else "changed"


def removed_rules(session: CrmSession) -> Iterable[Document]:
    """Return the live rules that the draft does without."""
    kept = {one.name for one in rule_documents(session)}
    return [one for one in session.workspace.schema.documents if one.kind == KIND and one.name not in kept]


def proposed(session: CrmSession) -> Schema:
    """Return the schema as the actor's draft would make it."""
    return propose(session, find_draft(session))[0]
