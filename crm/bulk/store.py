"""The tables of bulk changes, and the only SQL on them: jobs with their lease, chunks with what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from crm.database import BigId, metadata, row_of
from crm.leases import Leased
from crm.records.journal import SEALED, open_values

CHUNK = 1_000  # records of one transaction
WORKING, DONE, CANCELLED, FAILED, UNDONE = "working", "done", "cancelled", "failed", "undone"
ENDED = (DONE, CANCELLED, FAILED)
"""States in which a job can be undone."""

job = sa.Table(
    "crm_bulk_job",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # edit, delete, merge, undo, …
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("user_id", sa.Integer),  # None: the system
    sa.Column("asked", sa.Text, nullable=False, info={SEALED: "values"}),  # what to do, as its kind says
    sa.Column("origin_id", sa.BigInteger),  # the job that this one undoes
    sa.Column("undone_by", sa.BigInteger),  # the newest job that undoes this one
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("changed", sa.Integer, nullable=False, default=0),
    sa.Column("refused", sa.Integer, nullable=False, default=0),
    sa.Column("done_number", sa.Integer, nullable=False, default=0),  # all chunks up to here are done
    sa.Column("problem", sa.Text, nullable=False, default="null"),  # [code, params]: why it stopped
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime),
    sa.Index("ix_crm_bulk_job_user", "user_id", "id"),
    sa.Index("ix_crm_bulk_job_state", "state"),
)
"""One row per bulk change: what was asked by whom, how far it is, how it ended."""

chunk = sa.Table(
    "crm_bulk_chunk",
    metadata,
    sa.Column("job_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ids", sa.Text, nullable=False),  # JSON: the records, in the order they were asked for
    sa.Column("size", sa.Integer, nullable=False),  # how many records it is about
    sa.Column("of_number", sa.Integer),  # of an undo: the chunk of the other job that it takes back
    sa.Column("result", sa.Text),  # JSON: what was written, by which it is taken back; None until it is done
    sa.Column("problems", sa.Text),  # JSON: [[record id, [[code, params, field], …]], …]
)
"""Some records of a job, which are done in one transaction. The set is fixed when the job begins."""

LEASED = Leased(job, (WORKING,))
JSON_COLUMNS = ("asked", "problem")


@dataclass(frozen=True)
class Chunk:
    """One chunk as plain data; `result` is None until it is done."""

    number: int
    ids: list[int]
    size: int
    of_number: int | None
    result: dict[str, Any] | None
    problems: list[Any]


def add_job(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """Write a new job and return its number."""
    return connection.execute(sa.insert(job).values(**encoded(values))).inserted_primary_key[0]


def encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a job with those kept as JSON as text."""
    return {
        name: json.dumps(value, ensure_ascii=False, default=str) if name in JSON_COLUMNS else value
        for name, value in values.items()
    }


def find_job(connection: sa.Connection, number: int) -> dict[str, Any] | None:
    """Return a job as plain data, None when there is none."""
    if not 0 < number < 2**63:
        return None
    row = connection.execute(sa.select(job).where(job.c.id == number)).first()
    return decoded(row) if row else None


def decoded(row: sa.Row) -> dict[str, Any]:
    """Return a job's row with its JSON read, and what is sealed in it opened."""
    found = dict(row_of(row))
    return {
        **found,
        "problem": json.loads(found["problem"]),
        "asked": open_values(json.loads(found["asked"])),
    }


def list_jobs(connection: sa.Connection, user_id: int | None, limit: int = 50) -> list[dict[str, Any]]:
    """Return the newest jobs, of one user or of everybody."""
    asked = sa.select(job).order_by(job.c.id.desc()).limit(limit)
    if user_id is not None:
        asked = asked.where(job.c.user_id == user_id)
    return [decoded(row) for row in connection.execute(asked)]


def change_job(connection: sa.Connection, number: int, **values: Any) -> None:
    """Change a job, even while another process works on it."""
    connection.execute(sa.update(job).where(job.c.id == number).values(**encoded(values)))


def leave_to_undo(connection: sa.Connection, known: Mapping[str, Any], undo: int) -> bool:
    """Note which job undoes another; return whether it still was as known, so that two clicks act once."""
    same = (job.c.state == known["state"], job.c.undone_by.is_not_distinct_from(known["undone_by"]))
    changed = sa.update(job).where(job.c.id == known["id"], *same).values(undone_by=undo)
    return connection.execute(changed).rowcount == 1


def add_chunks(connection: sa.Connection, number: int, ids: Iterable[int]) -> int:
    """Write down the records of a job and return how many there are."""
    rest, total, place = iter(ids), 0, 0
    while part := list(islice(rest, CHUNK)):
        place, total = place + 1, total + len(part)
        row = {"job_id": number, "number": place, "ids": json.dumps(part), "size": len(part)}
        connection.execute(sa.insert(chunk).values(**row))
    return total


def add_mirror(connection: sa.Connection, number: int, origin: int) -> None:
    """Write the chunks of a job that undoes another: those that did something, the last one first."""
    place = sa.func.row_number().over(order_by=chunk.c.number.desc())
    done = sa.select(sa.literal(number), place, sa.literal("[]"), chunk.c.size, chunk.c.number).where(
        chunk.c.job_id == origin, chunk.c.result.is_not(None)
    )
    names = ("job_id", "number", "ids", "size", "of_number")
    connection.execute(sa.insert(chunk).from_select(names, done))


def next_chunk(connection: sa.Connection, number: int, after: int) -> Chunk | None:
    """Return the next chunk of a job, None when it has no more."""
    asked = sa.select(chunk).where(chunk.c.job_id == number, chunk.c.number > after)
    row = connection.execute(asked.order_by(chunk.c.number).limit(1)).first()
    return read_chunk(row) if row else None


def get_chunk(connection: sa.Connection, number: int, place: int) -> Chunk:
    """Return one chunk of a job."""
    asked = sa.select(chunk).where(chunk.c.job_id == number, chunk.c.number == place)
    return read_chunk(connection.execute(asked).one())


def read_chunk(row: sa.Row) -> Chunk:
    """Return a chunk's row as plain data."""
    result, problems = (json.loads(text) if text else None for text in (row.result, row.problems))
    return Chunk(row.number, json.loads(row.ids), row.size, row.of_number, result, problems or [])


def end_chunk(
    connection: sa.Connection, number: int, place: int, result: Mapping[str, Any], problems: Sequence[Any]
) -> None:
    """Note what became of a chunk."""
    values = {"result": json.dumps(result), "problems": json.dumps(problems) if problems else None}
    mine = (chunk.c.job_id == number, chunk.c.number == place)
    connection.execute(sa.update(chunk).where(*mine).values(**values))


def list_problems(connection: sa.Connection, number: int, most: int) -> list[Any]:
    """Return the first records that a job did not change, with the reasons."""
    asked = sa.select(chunk.c.problems).where(chunk.c.job_id == number, chunk.c.problems.is_not(None))
    found: list[Any] = []
    for text in connection.scalars(asked.order_by(chunk.c.number)):
        found += json.loads(text)
        if len(found) >= most:
            break
    return found[:most]
