"""The tables of imports, and the only SQL on them: batches with their lease, plan rows with their outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from crm.database import BigId, metadata, row_of
from crm.entities.model import Entity
from crm.leases import Leased
from crm.records.bulk import copy_rows
from crm.records.journal import SEALED
from crm.revisions.former_names import read_former_names
from crm.secrets import open_text, seal_text

WAITING_STATES = ("looking", "checking", "applying", "undoing")
"""States in which a batch is work: somebody holds its lease, or the sweeper rings for it."""

ENDED_STATES = ("done", "cancelled", "failed", "undone")

JSON_COLUMNS = ("look", "matching", "fields", "notes", "problem")
COUNTED = {
    "create": "created",
    "update": "updated",
    "unchanged": "unchanged",
    "skip": "skipped",
    "error": "failed",
}
"""The actions of plan rows, and what they are called once counted."""

batch = sa.Table(
    "crm_import_batch",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("user_id", sa.Integer),  # None: started on the command line
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("file_key", sa.String(255), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False, index=True),
    sa.Column("file_seal", sa.Text, info={SEALED: "text"}),  # what seals its files and rows, sealed itself
    sa.Column("look", sa.Text, nullable=False, info={SEALED: "text"}),
    sa.Column("sheet", sa.String(255), nullable=False, default=""),
    sa.Column("header_row", sa.Integer, nullable=False, default=0),
    sa.Column("matching", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False, default="[]"),  # the fields plan rows give values for
    sa.Column("notes", sa.Text, nullable=False, default="[]"),  # [[code, params]]: worth knowing, no error
    sa.Column("problem", sa.Text, nullable=False, default="null"),  # [code, params]: why it stopped
    sa.Column("problems_key", sa.String(255)),
    sa.Column("revision", sa.Integer, nullable=False, default=0),
    sa.Column("total", sa.Integer, nullable=False, default=0),
    sa.Column("done", sa.Integer, nullable=False, default=0),  # rows, of the state's own work
    sa.Column(
        "done_number", sa.BigInteger, nullable=False, default=0
    ),  # all plan rows up to here are applied
    sa.Column("created", sa.Integer, nullable=False, default=0),
    sa.Column("updated", sa.Integer, nullable=False, default=0),
    sa.Column("unchanged", sa.Integer, nullable=False, default=0),
    sa.Column("skipped", sa.Integer, nullable=False, default=0),
    sa.Column("failed", sa.Integer, nullable=False, default=0),
    sa.Column("removed", sa.Integer, nullable=False, default=0),
    sa.Column("restored", sa.Integer, nullable=False, default=0),
    sa.Column("kept", sa.Integer, nullable=False, default=0),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("begun_at", sa.DateTime),
    sa.Column("finished_at", sa.DateTime),
)
"""One row per uploaded file: what was decided, how far it is, how it ended."""

LEASED = Leased(batch, WAITING_STATES)

plan_row = sa.Table(
    "crm_import_row",
    metadata,
    sa.Column("batch_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # as the spreadsheet shows it
    sa.Column("action", sa.String(10), nullable=False),  # create, update, unchanged, skip, error
    sa.Column("record_id", sa.BigInteger),  # of the record it changes; new ones are in the journal
    sa.Column("version", sa.Integer),
    # create: values; update: {field: [before, after]}; error: the cells
    sa.Column("content", sa.Text, info={SEALED: "text"}),
    sa.Column("problems", sa.Text, info={SEALED: "text"}),  # [[code, params, field, column]]
)
"""One row per spreadsheet row: what will be done with it and why. The preview is this plan, the run executes it."""

ROW_COLUMNS = ("batch_id", "number", "action", "record_id", "version", "content", "problems")


def add_batch(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """Write a new batch and return its number."""
    return connection.execute(sa.insert(batch).values(**encoded(values))).inserted_primary_key[0]


def encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return batch values with those kept as JSON written as text, and what must be sealed sealed."""
    found = {
        name: orjson.dumps(value, default=str).decode() if name in JSON_COLUMNS else value
        for name, value in values.items()
    }
    if found.get("file_seal"):
        found["file_seal"] = sealed("file_seal", found["file_seal"])
    if "look" in values and values["look"].get("is_sealed"):
        found["look"] = sealed("look", found["look"])
    return found


def sealed(column: str, text: str) -> str:
    """Return a text of a batch as it is kept."""
    return seal_text(text, f"{batch.name}.{column}")


def find_batch(connection: sa.Connection, batch_id: int) -> dict[str, Any] | None:
    """Return a batch as plain data, None when there is none."""
    if not 0 < batch_id < 2**63:
        return None
    row = connection.execute(sa.select(batch).where(batch.c.id == batch_id)).first()
    return decoded(row) if row else None


def decoded(row: sa.Row) -> dict[str, Any]:
    """Return a batch's row with its JSON read."""
    found = row_of(row)
    opened = {
        name: open_text(found[name], f"{batch.name}.{name}")
        for name in ("look", "file_seal")
        if found[name] is not None
    }
    return {
        name: orjson.loads(value) if name in JSON_COLUMNS else value
        for name, value in {**found, **opened}.items()
    }


def list_batches(connection: sa.Connection, user_id: int | None, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest batches, of one user or of everybody."""
    asked = sa.select(batch).order_by(batch.c.id.desc()).limit(limit)
    if user_id is not None:
        asked = asked.where(batch.c.user_id == user_id)
    return [decoded(row) for row in connection.execute(asked)]


def list_open_batches(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the batches that are not at an end, oldest first."""
    asked = sa.select(batch).where(batch.c.state.not_in(ENDED_STATES)).order_by(batch.c.id)
    return [decoded(row) for row in connection.execute(asked)]


def find_same_file(connection: sa.Connection, fingerprint: str, entity: Entity, but: int) -> int | None:
    """Return the newest batch that wrote records of this entity from the same bytes."""
    asked = sa.select(sa.func.max(batch.c.id)).where(
        batch.c.fingerprint == fingerprint,
        read_former_names(connection).about(batch, entity),
        batch.c.id != but,
        batch.c.state == "done",
    )
    return connection.scalar(asked)


def change_batch(connection: sa.Connection, batch_id: int, **values: Any) -> None:
    """Change a batch, even while another process works on it."""
    connection.execute(sa.update(batch).where(batch.c.id == batch_id).values(**encoded(values)))


def move_batch(connection: sa.Connection, batch_id: int, states: Sequence[str], **values: Any) -> bool:
    """Change a batch that is in one of some states; return whether it was, so that two clicks act once."""
    return LEASED.move(connection, batch_id, states, encoded(values))


def count_before(connection: sa.Connection, batch_id: int) -> int:
    """Return how many other batches are in work or wait for it and were uploaded before."""
    return connection.scalar(
        sa.select(sa.func.count()).where(batch.c.state.in_(WAITING_STATES), batch.c.id < batch_id)
    )


def erase_plan(connection: sa.Connection, batch_id: int, behind: int = 0) -> None:
    """Delete the plan of a batch behind a row of the file; a new one follows."""
    connection.execute(sa.delete(plan_row).where(plan_row.c.batch_id == batch_id, plan_row.c.number > behind))


def add_plan_rows(connection: sa.Connection, rows: Iterable[tuple]) -> None:
    """Write plan rows.

    Shape:  tuples in the order of `ROW_COLUMNS`, JSON already text.
    """
    copy_rows(connection, plan_row, ROW_COLUMNS, rows)


def sealed_rows(rows: Iterable[tuple]) -> Iterator[tuple]:
    """Yield plan rows with content and problems sealed: they hold what stands in the file."""
    for *rest, content, problems in rows:
        yield (*rest, *sealed_texts(content, problems))


def sealed_texts(content: str | None, problems: str | None) -> tuple[str | None, str | None]:
    """Return content and problems of a plan row sealed."""
    return (
        content and seal_text(content, f"{plan_row.name}.content"),
        problems and seal_text(problems, f"{plan_row.name}.problems"),
    )


class PlanRow(NamedTuple):
    """One plan row with what it holds opened."""

    batch_id: int
    number: int
    action: str
    record_id: int | None
    version: int | None
    content: str | None
    problems: str | None


def list_plan_rows(
    connection: sa.Connection, batch_id: int, after: int, limit: int, actions: Sequence[str] = ()
) -> list[PlanRow]:
    """Return the next plan rows in the order of the file, all or those with some actions."""
    asked = sa.select(plan_row).where(plan_row.c.batch_id == batch_id, plan_row.c.number > after)
    if actions:
        asked = asked.where(plan_row.c.action.in_(actions))
    return [
        PlanRow(
            *rest,
            content and open_text(content, f"{plan_row.name}.content"),
            problems and open_text(problems, f"{plan_row.name}.problems"),
        )
        for *rest, content, problems in connection.execute(asked.order_by(plan_row.c.number).limit(limit))
    ]


def iterate_problem_rows(connection: sa.Connection, batch_id: int) -> Iterator[PlanRow]:
    """Yield the plan rows that were refused, in the order of the file."""
    after = 0
    while rows := list_plan_rows(connection, batch_id, after, 1_000, ("error",)):
        yield from rows
        after = rows[-1].number


def refuse_plan_row(
    connection: sa.Connection, batch_id: int, number: int, content: str, problems: str
) -> None:
    """Note that a row could not be written after all."""
    connection.execute(
        sa.update(plan_row)
        .where(plan_row.c.batch_id == batch_id, plan_row.c.number == number)
        .values(action="error", content=content, problems=problems)
    )
