"""Publishing: check, impact, lock, expand, one new revision; or nothing at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import DDLElement

from crm.database import only_reading
from crm.entities import lint
from crm.entities.build import title_pattern
from crm.entities.check import placeholders
from crm.entities.identity import Identities
from crm.entities.model import Document
from crm.errors import ConflictError, Problem, SchemaError, TakesLongError
from crm.revisions import ddl, impact, indexes, store
from crm.revisions.convert import Move, list_moves
from crm.revisions.diff import details_of, without_values
from crm.revisions.expand import expand, refuse
from crm.revisions.locks import locked, patiently
from crm.revisions.prepare import Beat, drop_preparations, list_unready, prepare_moves
from crm.revisions.proposal import Proposal, proposal_of, rollback_proposal
from crm.revisions.workspace import Workspace, keep_models

logger = logging.getLogger(__name__)

ON_PUBLISH: list[Callable[[sa.Connection, Workspace], None]] = []
"""What else is written in the publish transaction (permissions); filled by `app.py`."""

BEFORE_PUBLISH: list[Callable[[sa.Connection, Proposal, str], list[Problem]]] = []
"""What else may forbid a publish, given who publishes ("" is the machine's owner); filled by `app.py`."""

ON_OTHER_WORDS: list[Callable[[sa.Connection, Workspace, dict[str, bool]], None]] = []
"""What is written in it about entities that are searched by other words from now on; filled by `app.py`."""

AFTER_PUBLISH: list[Callable[[sa.Engine], None]] = []
"""What follows a publish: work that the database says is left; filled by `app.py`."""

TELL: list[Callable[[sa.Connection, str, Problem], Problem]] = []
"""What of a problem that names stored values is told to who publishes; filled by `app.py`."""

TELL_IMPACT: list[Callable[[sa.Connection, Proposal, str, impact.Impact], impact.Impact]] = []
"""What of the counts of stored values is told to who would publish; filled by `app.py`."""

ROUNDS = 3  # of preparing and publishing, before we say that too much goes on


Make = Callable[[sa.Connection], Proposal]
Prepare = Callable[[sa.Engine, list[Move]], list[int]]


def diff_schema(engine: sa.Engine, documents: list[Document], user_name: str = "") -> dict[str, Any]:
    """Return what publishing these documents would do, without doing it (shape: interfaces.md)."""
    return weigh_documents(engine, documents, user_name)[0]


def weigh_documents(
    engine: sa.Engine, documents: list[Document], user_name: str = ""
) -> tuple[dict[str, Any], impact.Impact]:
    """Return what `diff_schema` does, and the stored values behind it, which only some may read.

    Shape:  `user_name` is who would publish, "" the machine's owner; what that person may not do is among the problems.
    """
    return weigh(engine, lambda connection: proposal_of(connection, documents), user_name)


def weigh(
    engine: sa.Engine, make: Callable[[sa.Connection], Proposal], user_name: str
) -> tuple[dict[str, Any], impact.Impact]:
    """Return what publishing the proposal that `make` works out would do, and the stored values behind it."""
    with only_reading(), engine.connect() as connection:
        proposal = make(connection)
        changes = proposal.changes
        statements: list[DDLElement] = []
        found = impact.Impact()
        if proposal.is_whole:
            if not proposal.problems:
                statements = ddl.plan_ddl(connection, proposal.models, proposal.before)
            found = impact.impact_on(connection, proposal, proposal.models)
            for tell in TELL_IMPACT:
                found = tell(connection, proposal, user_name, found)
        used_by = impact.used_by(connection, proposal)
        objections = [] if proposal.problems else objections_to(connection, proposal, user_name)
        told = told_to(connection, user_name, found.problems)
    details = details_of(changes)
    touched = {row.get("entity", row["name"]) for row in details}
    answer = {
        "base": proposal.base,
        **without_values(changes),
        "details": details,
        "sql": [ddl.sql_of(statement, engine.dialect) for statement in statements],
        "rows": found.rows,
        "touched": [row.as_json() for row in found.touched],
        "conversions": [conversion.as_json() for conversion in found.conversions],
        "problems": [*proposal.problems, *told, *objections],
        "used_by": used_by,
        "notes": [
            *lint.notes_on(proposal.schema, proposal.documents, touched),
            *([Problem("schema.note_counts_hidden")] if found.is_partial else []),
        ],
        "reversible": all(row["reversible"] for row in details),
    }
    return answer, found


def objections_to(connection: sa.Connection, proposal: Proposal, user_name: str) -> list[Problem]:
    """Return what else forbids this user to publish a proposal that has no problems of its own."""
    return [problem for judge in BEFORE_PUBLISH for problem in judge(connection, proposal, user_name)]


def told_to(connection: sa.Connection, user_name: str, problems: Iterable[Problem]) -> list[Problem]:
    """Return problems without the stored values and records that the publisher may not read."""
    found = list(problems)
    for tell in TELL:
        found = [tell(connection, user_name, problem) for problem in found]
    return found


def publish_schema(
    engine: sa.Engine,
    documents: list[Document],
    why: str,
    user_name: str = "",
    base: int | None = None,
    beat: Beat = lambda: None,
) -> int:
    """Make documents the live revision and return its number; unchanged documents return the live one.

    Shape:  `base` is the revision the documents were made from; None means whatever is live. `beat` is called now and
            then while many values are converted; what it raises ends the publish.
    Errors: SchemaError with every problem; ConflictError when another admin publishes, or published since `base`.
    """
    return _publish(
        engine, _of_documents(documents), (why, user_name), base, partial(prepare_moves, beat=beat)
    )


def publish_at_once(
    engine: sa.Engine, documents: list[Document], why: str, user_name: str = "", base: int | None = None
) -> int:
    """Do what `publish_schema` does, but convert no values of many records.

    Errors: TakesLongError when that is needed; else as `publish_schema`.
    """
    return _publish(engine, _of_documents(documents), (why, user_name), base, _refuse_to_wait)


def _of_documents(documents: list[Document]) -> Make:
    return lambda connection: proposal_of(connection, documents)


def rollback_schema(
    engine: sa.Engine,
    number: int,
    user_name: str = "",
    base: int | None = None,
    beat: Beat = lambda: None,
) -> int:
    """Make an older revision's documents live again as a new revision; parked columns return with their data.

    Shape:  `base` is the live revision whose end was agreed to; None means whatever is live. `beat` as for
            `publish_schema`.
    Errors: NotFoundError when there is no such revision; else as `publish_schema`.
    """
    return _roll_back(engine, number, user_name, base, partial(prepare_moves, beat=beat))


def rollback_at_once(engine: sa.Engine, number: int, user_name: str = "", base: int | None = None) -> int:
    """Do what `rollback_schema` does, but convert no values of many records.

    Errors: TakesLongError when that is needed; else as `rollback_schema`.
    """
    return _roll_back(engine, number, user_name, base, _refuse_to_wait)


def _roll_back(engine: sa.Engine, number: int, user_name: str, base: int | None, prepare: Prepare) -> int:
    note = (f"Rollback to revision {number}", user_name)
    return _publish(engine, lambda connection: rollback_proposal(connection, number), note, base, prepare)


def _refuse_to_wait(_engine: sa.Engine, _moves: list[Move]) -> list[int]:
    raise TakesLongError("schema.takes_long")


def publish_proposal(engine: sa.Engine, make: Make, note: tuple[str, str]) -> int:
    """Publish what `make` works out inside the publishing transaction, and return the revision.

    Shape:  what `make` writes is committed with the revision, or not at all. `note` is why, and who.
    Errors: as `publish_schema`.
    """
    return _publish(engine, make, note, None, prepare_moves)


def _publish(
    engine: sa.Engine,
    make: Make,
    note: tuple[str, str],
    base: int | None,
    prepare: Prepare,
) -> int:
    """Publish; when many values move to another column, fill it beforehand while everybody works."""
    made: list[int] = []
    try:
        for _round in range(ROUNDS):
            number, unready = patiently(lambda: _publish_once(engine, make, note, base))
            if number:
                return number
            made += prepare(engine, unready)
        raise ConflictError("schema.tables_in_use")
    except SchemaError as error:
        with only_reading(), engine.connect() as connection:
            told = told_to(connection, note[1], error.problems)
        raise SchemaError(error.code, told, **error.params) from error
    finally:
        drop_preparations(engine, made)


def _publish_once(
    engine: sa.Engine, make: Make, note: tuple[str, str], base: int | None
) -> tuple[int, list[Move]]:
    """Publish and return the revision, or 0 and the moves to prepare when tables would be locked for too long."""
    with locked(engine) as connection:
        proposal = make(connection)
        if base is not None and base != proposal.base:
            raise ConflictError("schema.published_since", base=base, live=proposal.base)
        refuse(proposal.problems)
        refuse(objections_to(connection, proposal, note[1]))
        workspace = Workspace(proposal.schema, proposal.models, proposal.after)
        planned = ddl.plan_ddl(connection, workspace.models, proposal.before)
        statements = indexes.without_later(connection, planned)
        if proposal.base and not statements and not any(proposal.changes.values()):
            return proposal.base, []
        moves = list_moves(proposal.old_documents, proposal.before, workspace)
        if unready := list_unready(connection, moves):
            connection.rollback()  # with what `make` wrote
            return 0, unready
        _write(connection, proposal, workspace, note)
        # Last, because a table that gets a column is closed to everybody until the commit.
        expand(connection, statements, moves, proposal.before, workspace)
    keep_models(engine, workspace.models)
    for follow in AFTER_PUBLISH:
        try:
            follow(engine)
        except Exception:  # The revision is live; what follows must not make it look as if it were not.
            logger.exception("Revision %s is live, but something that follows failed", workspace.number)
    return workspace.number, []


def _write(
    connection: sa.Connection, proposal: Proposal, workspace: Workspace, note: tuple[str, str]
) -> None:
    """Write the revision and what belongs to it, permissions above all."""
    for write in ON_PUBLISH:
        write(connection, workspace)
    for write in ON_OTHER_WORDS:
        write(connection, workspace, searched_otherwise(proposal))
    content = {
        "documents": [dict(document.body) for document in proposal.documents],
        "identities": proposal.after.as_json(),
        "base": proposal.base,
    }
    store.add_revision(connection, workspace.number, content, *note)


TITLE, COMPARED = "title", "same_if"


def searched_otherwise(proposal: Proposal) -> dict[str, bool]:
    """Return the entities whose search keys change, and for each whether no query finds the ones it has."""
    old = {
        proposal.before.entity(document.name).uid: _searched_words(document, proposal.before)
        for document in proposal.old_documents
        if document.kind == "entity"
    }
    new = {
        document.name: _searched_words(document, proposal.after)
        for document in proposal.documents
        if document.kind == "entity"
    }
    found = {}
    for name, words in new.items():
        before = old.get(proposal.after.entity(name).uid, words)
        if before != words:
            found[name] = before[TITLE] != words[TITLE]
    return found


def _searched_words(document: Document, identities: Identities) -> dict[str, Any]:
    """Return what decides the search keys of an entity: searched fields, labels of choices, title, what is compared."""
    fields = {key: body for key, body in document.body["fields"].items() if body.get("search") is True}
    titled = placeholders(title_pattern(document.body))
    found: dict[str, Any] = {TITLE: [identities.field(document.name, key, "").uid for key in titled]}
    for key, body in fields.items():
        known, choices = identities.field(document.name, key, ""), body.get("choices")
        labels = [
            (choice, row.get("label") if isinstance(row, Mapping) else row)
            for choice, row in (choices.items() if isinstance(choices, Mapping) else ())
        ]
        found[known.uid] = (known.column, labels or choices)
    found[COMPARED] = {
        identities.field(document.name, key, "").uid: [
            body.get(name) for name in ("type", "unique", "pattern")
        ]
        for key, body in document.body["fields"].items()
        if any(key in group for group in document.body.get("same_if") or ())
    }
    return found
