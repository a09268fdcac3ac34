"""What an admin can do with a draft: open, edit, compare, settle clashes, publish, discard."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from crm.database import CrmSession, released_engine
from crm.drafts import store
from crm.drafts.merge import merge
from crm.drafts.model import Clash, Draft, Edit
from crm.entities.identity import assign_identities, identities_from_json
from crm.entities.kinds import kind_names
from crm.entities.load import check_schema, documents_from_json
from crm.entities.model import Document, Schema
from crm.entities.secret_words import seal_secrets
from crm.entities.walk import ENTITY
from crm.errors import ConflictError, NotAllowedError, NotFoundError, Problem, SchemaError
from crm.permissions.grants import excess_of
from crm.revisions import store as revisions
from crm.revisions.diff import same
from crm.revisions.proposal import with_sound_fields
from crm.revisions.publish import publish_schema
from crm.revisions.rename import renamed_since, renames_between

Body = Mapping[str, Any]


def require_configurator(session: CrmSession) -> None:
    """Let pass an actor who may configure the CRM.

    Errors: NotAllowedError.
    """
    if not session.actor.may_configure:
        raise NotAllowedError("permissions.may_not_configure")


# Finding


def find_draft(session: CrmSession) -> Draft | None:
    """Return the actor's own draft; None when nothing is prepared."""
    require_configurator(session)
    return next(iter(store.list_drafts(session, user_id=session.actor.user_id)), None)


def open_draft(session: CrmSession) -> Draft:
    """Return the actor's own draft; a new one when there is none."""
    return find_draft(session) or get_draft(session, store.add_draft(session))


def get_draft(session: CrmSession, draft_id: int) -> Draft:
    """Return any colleague's draft.

    Errors: NotFoundError.
    """
    require_configurator(session)
    found = store.list_drafts(session, id=draft_id)
    if not found:
        raise NotFoundError("draft.not_found")
    return found[0]


def list_drafts(session: CrmSession) -> list[Draft]:
    """Return everybody's drafts that hold something, newest first."""
    require_configurator(session)
    return [draft for draft in store.list_drafts(session) if draft.edits]


# Reading


def documents_of(session: CrmSession, draft: Draft | None) -> list[Document]:
    """Return every document as it would be: the live ones with the draft's edits."""
    found = {(document.kind, document.name): document for document in session.workspace.schema.documents}
    for edit in draft.edits if draft else ():
        found.pop((edit.kind, edit.name), None)
        if edit.body is not None:
            found[edit.kind, edit.name] = documents_from_json([edit.body])[0]
    return list(found.values())


def document_of(session: CrmSession, draft: Draft | None, kind: str, name: str) -> Document | None:
    """Return one document as it would be; None when there would be none."""
    edit = draft.find_edit(kind, name) if draft else None
    if edit is not None:
        return None if edit.body is None else documents_from_json([edit.body])[0]
    return live_document(session, kind, name)


def live_document(session: CrmSession, kind: str, name: str) -> Document | None:
    """Return one document of the live revision; None when there is none."""
    documents = session.workspace.schema.documents
    return next((found for found in documents if (found.kind, found.name) == (kind, name)), None)


def propose(session: CrmSession, draft: Draft | None) -> tuple[Schema, list[Problem]]:
    """Return the schema as it would be, and every problem that keeps it from being published."""
    if draft is None or not draft.edits:
        return session.workspace.schema, []
    key, kept = ("proposal", draft.id), session.workspace.trees
    moment = (
        draft.version,
        draft.created_at,
        draft.updated_at,
    )  # SQLite gives the id of an erased draft again
    if key not in kept or kept[key][0] != moment:
        kept[key] = (moment, _build(session, draft))
    schema, problems = kept[key][1]
    return schema, problems or excess_of(session.actor, session.workspace.schema, schema)


def _build(session: CrmSession, draft: Draft) -> tuple[Schema, list[Problem]]:
    documents = documents_of(session, draft)
    identities = assign_identities(with_sound_fields(documents), session.workspace.identities)
    return check_schema(documents, session.workspace.number + 1, identities)


# Editing


def edit_document(
    session: CrmSession,
    kind: str,
    name: str,
    change: Callable[[dict], Body | None],
    version: int | None = None,
) -> Draft:
    """Change one document in the actor's draft.

    Shape:  `change` is given a copy of the document's body as the draft has it ({} where there is none) and returns the
            new one, None to remove it. `version` is the draft's version the form was drawn from.
    Errors: ConflictError when the draft moved on since; SchemaError when the result is no document.
    """
    draft = open_draft(session)
    before = document_of(session, draft, kind, name)
    body = change(copy.deepcopy(dict(before.body)) if before else {})
    return save_document(session, draft, kind, name, body, version)


def save_document(
    session: CrmSession, draft: Draft, kind: str, name: str, body: Body | None, version: int | None = None
) -> Draft:
    """Write what a draft wants of one document: a body, or None to remove it; what is live already is no edit.

    Errors: as `edit_document`; NotAllowedError for somebody else's draft.
    """
    _take_version(session, draft, version)
    if body is not None:
        check_shape(kind, body)
        if str(body[kind]) != name:  # renamed: the old document goes, the new one comes
            _write(session, draft, kind, name, None)
            name = str(body[kind])
    _write(session, draft, kind, name, body)
    return get_draft(session, draft.id)


def check_shape(kind: str, body: Body) -> None:
    """Let pass what can be kept as a document of a kind; what it says may still be wrong.

    Errors: SchemaError.
    """
    if not isinstance(body, Mapping) or next(iter(body), None) != kind or kind not in kind_names():
        raise SchemaError("schema.not_a_document")
    if not isinstance(body[kind], str) or not body[kind] or len(body[kind]) > 64:
        raise SchemaError("schema.bad_name", name=str(body[kind])[:60])


class Wanted(Protocol):
    """One document as somebody wants it, made from what revision `base` says of it; None to remove it."""

    kind: str
    name: str
    after: Body | None
    base: int


def save_documents(
    session: CrmSession, draft: Draft, wanted: Iterable[Wanted], version: int | None = None
) -> Draft:
    """Write what a draft wants of many documents; an edit keeps the older of the revisions it was made from.

    Errors: as `edit_document`; then nothing is written.
    """
    wanted = list(wanted)
    for one in wanted:
        if one.after is not None:
            check_shape(one.kind, one.after)
    _take_version(session, draft, version)
    for one in wanted:
        _write(session, draft, one.kind, one.name, one.after, one.base)
    return get_draft(session, draft.id)


def _write(
    session: CrmSession, draft: Draft, kind: str, name: str, body: Body | None, made_from: int | None = None
) -> None:
    live, edit = live_document(session, kind, name), draft.find_edit(kind, name)
    if body is not None:
        before = document_of(session, draft, kind, name) or live
        [body] = (one.body for one in seal_secrets([Document(kind, name, body)], [before] if before else []))
    if same(live.body if live else None, body):
        store.delete_edit(session, draft.id, (kind, name))
        return
    base = min(number for number in (edit and edit.base, made_from, session.workspace.number) if number)
    store.write_edit(session, draft.id, (kind, name), body, base)


def _take_version(session: CrmSession, draft: Draft, version: int | None) -> None:
    _require_own(session, draft)
    if version is not None and version != draft.version:
        raise ConflictError("draft.moved_on")
    if not store.count_up(session, draft.id, draft.version):
        raise ConflictError("draft.moved_on")


def _require_own(session: CrmSession, draft: Draft) -> None:
    require_configurator(session)
    if draft.user_id != session.actor.user_id:
        raise NotAllowedError("draft.of_somebody_else", name=draft.user_name)


def revert_document(session: CrmSession, draft: Draft, kind: str, name: str) -> Draft:
    """Take back what a draft wants of one document."""
    _take_version(session, draft, None)
    store.delete_edit(session, draft.id, (kind, name))
    return get_draft(session, draft.id)


def discard_draft(session: CrmSession, draft: Draft) -> None:
    """Throw a draft away."""
    _take_version(session, draft, None)
    store.delete_draft(session, draft.id)


def take_over(session: CrmSession, draft: Draft) -> Draft:
    """Make a colleague's draft the actor's own.

    Errors: ConflictError when the actor has one with edits already.
    """
    own = find_draft(session)
    if own is not None and own.id != draft.id:
        if own.edits:
            raise ConflictError("draft.have_one")
        store.delete_draft(session, own.id)
    actor = session.actor
    if not store.count_up(session, draft.id, draft.version, user_id=actor.user_id, user_name=actor.name):
        raise ConflictError("draft.moved_on")
    return get_draft(session, draft.id)


# Clashes


def clashes_of(session: CrmSession, draft: Draft) -> list[Clash]:
    """Return the documents that somebody published since the draft's edits of them began."""
    return [clash for edit in draft.edits if (clash := _clash(session, edit)) is not None]


def _clash(session: CrmSession, edit: Edit) -> Clash | None:
    if edit.base == session.workspace.number:
        return None
    base = _base_of(session, edit)
    live = live_document(session, edit.kind, edit.name)
    theirs = live.body if live else None
    if same(base, theirs) or same(edit.body, theirs):
        return None
    return Clash(edit.kind, edit.name, base, edit.body, theirs, merge(base, edit.body, theirs))


def _base_of(session: CrmSession, edit: Edit) -> Body | None:
    """Return what an edit was made from, with the names of today; None when there was no such document."""
    found = revisions.find_revision(session.connection(), edit.base)
    documents, after = documents_from_json(found["documents"]), session.workspace.identities
    before = identities_from_json(found["identities"])
    renames = renames_between(before, after)
    for document in documents:
        name = renames.entity(document.name) if document.kind == ENTITY else document.name
        if (document.kind, name) != (edit.kind, edit.name):
            continue
        is_renamed = renames.fields or renames.documents
        return renamed_since(document, documents, before, after).body if is_renamed else document.body
    return None


def settle_clash(session: CrmSession, draft: Draft, clash: Clash, way: str) -> Draft:
    """Go on from the live revision with the draft's own document, the published one, or both merged.

    Errors: SchemaError for a way there is not.
    """
    chosen = {"mine": clash.mine, "theirs": clash.theirs, "merged": clash.merged}
    if way not in chosen or (way == "merged" and clash.merged is None):
        raise SchemaError("draft.no_such_way")
    _take_version(session, draft, None)
    key = (clash.kind, clash.name)
    if same(chosen[way], clash.theirs):
        store.delete_edit(session, draft.id, key)
    else:
        store.write_edit(session, draft.id, key, chosen[way], session.workspace.number)
    return get_draft(session, draft.id)


# Publishing


def publish_draft(
    session: CrmSession, draft: Draft, why: str, publish: Callable[..., int] = publish_schema
) -> int:
    """Publish a draft, erase it and return the revision's number; commits on its own.

    Shape:  `publish` is `publish_schema`, or what stands in for it.
    Errors: ConflictError when something was published that the draft does not know; SchemaError with every problem.
    """
    if clashes_of(session, draft):
        raise ConflictError("draft.clashes")
    _require_own(session, draft)
    documents, base = documents_of(session, draft), session.workspace.number
    number = publish(released_engine(session), documents, why, session.actor.name, base)
    if store.count_up(session, draft.id, draft.version):  # else it was edited meanwhile, and goes on
        store.delete_draft(session, draft.id)
    session.commit()
    return number
