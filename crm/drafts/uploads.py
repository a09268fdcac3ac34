"""Files sent for a draft: kept until their sender has seen what they would change, then laid into the draft at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.database import CrmSession
from crm.drafts import service, store
from crm.drafts.archive import Sent, origin_of, pack_documents
from crm.drafts.model import Draft
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.errors import NotFoundError, Problem, SchemaError
from crm.revisions import store as revisions
from crm.revisions.diff import same

Key = tuple[str, str]
Bodies = dict[Key, Mapping[str, Any]]
STATES = ("added", "changed", "removed", "unchanged")


@dataclass(frozen=True)
class Change:
    """What one sent document would do to the draft.

    Shape:  `state` is one of `STATES`. `before` and `after` are bodies, None where there is none. `replaces` says that
            the draft holds a change of this document already, `is_old` that somebody published another one since
            the files were taken out; then the draft will ask.
    """

    kind: str
    name: str
    state: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    base: int
    replaces: bool = False
    is_old: bool = False


def pack_draft(session: CrmSession, draft: Draft | None) -> bytes:
    """Return every document as it would be, as files in one archive that remembers the live revision."""
    schema = session.workspace.schema
    origin = origin_of(schema.number, (document.body for document in schema.documents))
    return pack_documents(service.documents_of(session, draft), origin)


def keep_upload(session: CrmSession, sent: Sent, is_whole: bool) -> None:
    """Keep what the actor sent, in place of what was sent before; nothing of it is in the draft yet.

    Shape:  `is_whole` says that documents that were not sent are removed.
    Errors: SchemaError with every problem; then nothing is kept.
    """
    service.require_configurator(session)
    problems = [*sent.problems, *(found for document in sent.documents if (found := _shape(document)))]
    if problems:
        raise SchemaError("draft.files_refused", problems, count=len(problems))
    content = {
        "documents": [dict(document.body) for document in sent.documents],
        "left_out": list(sent.left_out),
        "base": _base_of(session, sent.origin),
        "is_whole": is_whole,
    }
    store.write_upload(session, content)


def _shape(document: Document) -> Problem | None:
    try:
        service.check_shape(document.kind, document.body)
    except SchemaError as error:
        return error.as_problem().at(**document.place(document.kind))
    return None


def _base_of(session: CrmSession, origin: str) -> int:
    """Return the revision the files were taken out of; the live one when they do not say, or it was another house's."""
    number = origin.split(" ")[0]
    if number.isdecimal() and len(number) < 10:
        found = revisions.find_revision(session.connection(), int(number))
        if found is not None and origin_of(int(number), found["documents"]) == origin:
            return int(number)
    return session.workspace.number


def find_upload(session: CrmSession) -> Mapping[str, Any] | None:
    """Return what the actor sent and has not decided about: `documents`, `left_out`, `base`, `is_whole`."""
    service.require_configurator(session)
    return store.find_upload(session)


def forget_upload(session: CrmSession) -> None:
    """Throw away what the actor sent."""
    service.require_configurator(session)
    store.delete_upload(session)


def changes_of(session: CrmSession, upload: Mapping[str, Any]) -> list[Change]:
    """Return what each sent document would do; in the order of `STATES`."""
    return _Comparison(session, upload).changes()


class _Comparison:
    """Sent documents beside those of the draft, the live ones, and those that they were made from."""

    def __init__(self, session: CrmSession, upload: Mapping[str, Any]) -> None:
        self.draft = service.find_draft(session)
        self.now = _bodies(service.documents_of(session, self.draft))
        self.live = _bodies(session.workspace.schema.documents)
        self.number = upload["base"]
        found = revisions.find_revision(session.connection(), self.number)
        self.base = _bodies(documents_from_json(found["documents"] if found else ()))
        self.sent: Bodies = _bodies(documents_from_json(upload["documents"]))
        self.is_whole = upload["is_whole"]

    def changes(self) -> list[Change]:
        gone = [key for key in self.now if key in self.base and key not in self.sent] if self.is_whole else []
        found = [self._change(key) for key in (*self.sent, *gone)]
        return sorted(found, key=lambda change: (STATES.index(change.state), change.kind, change.name))

    def _change(self, key: Key) -> Change:
        before, after, base = self.now.get(key), self.sent.get(key), self.base.get(key)
        is_edited = self.draft is not None and self.draft.find_edit(*key) is not None
        if same(before, after) or (same(base, after) and not is_edited):
            # The second: somebody published a change since, and the sender made none.
            return Change(*key, "unchanged", before, after, self.number)
        state = "removed" if after is None else "added" if before is None else "changed"
        is_old = not same(base, self.live.get(key))
        return Change(*key, state, before, after, self.number, is_edited, is_old)


def _bodies(documents: Iterable[Document]) -> Bodies:
    return {(document.kind, document.name): document.body for document in documents}


def take_upload(session: CrmSession, version: int | None) -> Draft:
    """Lay what was sent into the actor's draft, all of it or nothing, and forget the files.

    Errors: NotFoundError when nothing was sent; ConflictError when the draft moved on since `version`.
    """
    upload = find_upload(session)
    if upload is None:
        raise NotFoundError("draft.no_upload")
    edits = [change for change in changes_of(session, upload) if change.state != "unchanged"]
    draft = service.save_documents(session, service.open_draft(session), edits, version)
    store.delete_upload(session)
    return draft
