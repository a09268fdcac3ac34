"""Publishing that takes longer than a page waits: asked for in the web, done by a worker, its outcome kept."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from crm import queue
from crm.database import BigId, CrmSession, about_to_write, metadata, only_reading, row_of, utcnow
from crm.drafts import service
from crm.drafts.history import go_back
from crm.drafts.model import Draft
from crm.errors import ConflictError, CrmError, NotFoundError
from crm.messages import told
from crm.permissions.service import actor_of_user
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.store import revision
from crm.revisions.workspace import get_workspace

logger = logging.getLogger(__name__)

JOB = "schema.publish"
LEASE_SECONDS = 60  # after which another worker goes on where one died
MOST_ATTEMPTS = 3

publication = sa.Table(
    "crm_publication",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("draft_id", sa.BigInteger),  # what shall be published: a draft, at one version,
    sa.Column("number", sa.Integer),  # or an older revision once more, on top of one
    sa.Column("version", sa.Integer),
    sa.Column("why", sa.Text, nullable=False, default=""),
    sa.Column("state", sa.String(16), nullable=False),  # waiting, working, done, refused
    sa.Column("revision", sa.Integer),  # that it has become
    sa.Column("problems", sa.Text, nullable=False, default="[]"),  # sentences, as `told` gives them
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
)


@dataclass(frozen=True)
class Publication:
    """One publish that a worker does, and how it went.

    Shape:  `draft_id` and its `version`; or `number`, the revision to go back to, and in `version` the live one whose
            end was agreed to. `state` is "waiting", "working", "done" or "refused"; then `problems` says why, in the
            publisher's language.
    """

    id: int
    user_id: int
    user_name: str
    draft_id: int | None
    number: int | None
    version: int | None
    why: str
    state: str
    revision: int | None
    problems: tuple[dict[str, Any], ...]
    attempts: int
    lease_until: dt.datetime | None
    created_at: dt.datetime

    @property
    def is_over(self) -> bool:
        """Return whether there is nothing more to wait for."""
        return self.state in ("done", "refused")


# Asking


def publish_later(session: CrmSession, draft: Draft, why: str) -> int:
    """Have a worker publish a draft as it is now; return the publication's number; commits on its own."""
    service.require_configurator(session)
    return _ask(session, draft_id=draft.id, version=draft.version, why=why)


def go_back_later(session: CrmSession, number: int, base: int | None = None) -> int:
    """Have a worker make an older revision live again; return the publication's number; commits on its own."""
    service.require_configurator(session)
    return _ask(session, number=number, version=base)


def get_publication(session: CrmSession, publication_id: int) -> Publication:
    """Return one publication.

    Errors: NotFoundError.
    """
    service.require_configurator(session)
    found = _find(session.connection(), publication.c.id == publication_id)
    if found is None:
        raise NotFoundError("draft.no_such_publication")
    return _for_reader(session, found)


def find_publication(session: CrmSession, draft: Draft) -> Publication | None:
    """Return the last publication of a draft as it is now; None when there is none."""
    same = sa.and_(publication.c.draft_id == draft.id, publication.c.version == draft.version)
    found = _find(session.connection(), same)
    return _for_reader(session, found) if found else None


def _for_reader(session: CrmSession, found: Publication) -> Publication:
    """Return a publication without the sentences that were written for somebody else: they may name stored values."""
    is_for_actor = session.actor.sees_everything or found.user_id == session.actor.user_id
    return found if is_for_actor else replace(found, problems=())


def _ask(session: CrmSession, **values: Any) -> int:
    actor, engine = session.actor, session.get_bind()
    row = {
        "user_id": actor.user_id,
        "user_name": actor.name,
        "state": "waiting",
        "created_at": session.clock(),
    }
    added = session.connection().execute(sa.insert(publication).values(**row, **values))
    (number,) = added.inserted_primary_key
    session.commit()
    queue.ring_or_do(JOB, lambda: run_publication(engine, number), number)
    return number


def _find(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Publication | None:
    row = connection.execute(sa.select(publication).where(which).order_by(publication.c.id.desc())).first()
    if row is None:
        return None
    found = row_of(row)
    return Publication(**{**found, "problems": tuple(json.loads(found["problems"]))})


# Doing


def list_forgotten(engine: sa.Engine) -> list[int]:
    """Return the publications that wait and nobody works on."""
    with only_reading(), engine.connect() as connection:
        return list(connection.scalars(sa.select(publication.c.id).where(_is_free())))


def run_publication(engine: sa.Engine, publication_id: int) -> None:
    """Publish what was asked for and keep the outcome. Safe to repeat: a finished publish is recognised."""
    found = _claim(engine, publication_id)
    if found is None:
        return
    beat = partial(_beat, engine, found)
    with only_reading():
        workspace = get_workspace(engine)
    with about_to_write(), CrmSession(workspace.bind(engine)) as session:
        session.workspace = workspace
        session.actor = actor_of_user(session.connection(), found.user_id, workspace.schema)
        try:
            if found.attempts > MOST_ATTEMPTS:
                raise ConflictError("draft.publish_failed")
            outcome = {"state": "done", "revision": _publish(session, found, beat)}
        except CrmError as error:
            session.rollback()
            language = session.actor.language
            problems = [told(problem, language) for problem in error.problems or [error.as_problem()]]
            outcome = {"state": "refused", "problems": json.dumps(problems, ensure_ascii=False)}
    with about_to_write(), engine.begin() as connection:
        connection.execute(_own(found).values(**outcome, lease_until=None))


def _publish(session: CrmSession, found: Publication, beat: Callable[[], None]) -> int:
    if found.number is not None:
        return go_back(session, found.number, found.version, partial(rollback_schema, beat=beat))
    try:
        draft = service.get_draft(session, found.draft_id)
    except NotFoundError:
        return _done_before(session, found)
    if draft.version != found.version:
        raise ConflictError("draft.moved_on")
    return service.publish_draft(session, draft, found.why, partial(publish_schema, beat=beat))


def _done_before(session: CrmSession, found: Publication) -> int:
    """Return the revision made by an attempt that died before it noted its success.

    Errors: NotFoundError when there is none: somebody discarded the draft.
    """
    own = (revision.c.user_name == found.user_name, revision.c.why == found.why)
    asked = sa.select(sa.func.max(revision.c.number)).where(*own, revision.c.created_at >= found.created_at)
    number = session.connection().scalar(asked)
    if number is None:
        raise NotFoundError("draft.not_found")
    return number


def _is_free() -> sa.ColumnElement[bool]:
    is_left = sa.and_(publication.c.state == "working", publication.c.lease_until < utcnow())
    return sa.or_(publication.c.state == "waiting", is_left)


def _claim(engine: sa.Engine, publication_id: int) -> Publication | None:
    values = {"state": "working", "lease_until": _lease(), "attempts": publication.c.attempts + 1}
    with about_to_write(), engine.begin() as connection:
        taken = sa.update(publication).where(publication.c.id == publication_id, _is_free())
        if not connection.execute(taken.values(**values)).rowcount:
            return None
        return _find(connection, publication.c.id == publication_id)


def _own(found: Publication) -> sa.Update:
    """Return an update of a publication that only its latest attempt makes."""
    attempt = (publication.c.id == found.id, publication.c.attempts == found.attempts)
    return sa.update(publication).where(*attempt, publication.c.state == "working")


def _beat(engine: sa.Engine, found: Publication) -> None:
    """Say that this attempt goes on.

    Errors: ConflictError when another one has begun.
    """
    with about_to_write(), engine.begin() as connection:
        if not connection.execute(_own(found).values(lease_until=_lease())).rowcount:
            raise ConflictError("schema.publish_busy")


def _lease() -> dt.datetime:
    return utcnow() + dt.timedelta(seconds=LEASE_SECONDS)
