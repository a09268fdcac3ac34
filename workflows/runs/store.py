"""The tables of runs and steps, and every statement on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm.backlog import Waiting, count_waiting
from crm.database import BigId, CrmSession, insert_of, metadata, row_of
from crm.events import CROWD, SINGLE, event
from crm.records.bulk import copy_rows
from crm.records.journal import SEALED, open_values
from workflows.runs.locks import hold_lock

COUNTED = {"preserve_rowcount": True}
"""Makes an INSERT say how many rows were new; without it only UPDATE and DELETE do."""

AT_ONCE = 500  # ids of one IN list

WAITING, CLAIMED, DONE = "waiting", "claimed", "done"
STOPPED, SKIPPED, FAILED, PAUSED = "stopped", "skipped", "failed", "paused"
STATES = (WAITING, CLAIMED, DONE, STOPPED, SKIPPED, FAILED, PAUSED)

run = sa.Table(
    "crm_run",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("trigger_key", sa.String(120), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.BigInteger),
    sa.Column("root", sa.String(40)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("why", sa.JSON, nullable=False),
    sa.Column("cause", sa.JSON, nullable=False),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime),
    sa.Column("lane", sa.SmallInteger, nullable=False, server_default="0"),  # its event's
    sa.UniqueConstraint("rule", "trigger_key"),
    sa.Index("ix_crm_run_due", "state", "due_at"),
    sa.Index("ix_crm_run_lane", "state", "lane", "id"),
    sa.Index("ix_crm_run_record", "entity", "record_id", "id"),
    sa.Index("ix_crm_run_rule", "rule", "id"),
    sa.Index("ix_crm_run_root", "root"),
)
"""One execution of a rule on one record. `trigger_key` names what fired it, so that it fires once.

`root` names the cause (an event that no rule made); None for a run of the clock, which is its own.

`attempts` counts every claim and fences off the ones before; `tries` counts those since the run last got on.

States: waiting (from `due_at` on), claimed (until `lease_until`), and the ends: done, stopped (by the rule or
the loop guard), skipped (its conditions no longer held), failed. Paused: its rule pauses, and it waits for somebody.
"""

step = sa.Table(
    "crm_step",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("position", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("effect", sa.JSON, nullable=False, info={SEALED: "values"}),
    sa.Column("revision", sa.Integer),  # whose names the effect bears; None: the run's
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("ms", sa.Integer),  # how long it took; of many done together, its share
    sa.UniqueConstraint("run_id", "position"),
)
"""What a run has done. The row is written with its effect, so a second delivery finds it done.

States: waiting (a `wait` that began), done.
"""

rule_clock = sa.Table(
    "crm_rule_clock",
    metadata,
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("last_due", sa.DateTime, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
)
"""The last moment at which each scheduled rule was due and looked at."""


def insert_new(session: Session, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows, leaving out those whose unique key is there already; return how many were new."""
    if not rows:
        return 0
    statement = insert_of(session.get_bind())(table).on_conflict_do_nothing()
    return session.connection().execute(statement, list(rows), execution_options=COUNTED).rowcount


def start_run(session: Session, row: Mapping[str, Any]) -> int:
    """Write a run unless its trigger key has one; return its number."""
    insert_new(session, run, [row])
    mine = (run.c.rule == row["rule"]) & (run.c.trigger_key == row["trigger_key"])
    return session.execute(sa.select(run.c.id).where(mine)).scalar_one()


def among(session: Session, column: sa.Column, ids: Iterable[int]) -> sa.ColumnElement[bool]:
    """Return the condition of being one of many: a parameter for each would cost more than the rest of a statement."""
    if session.get_bind().dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.BigInteger)))
    return column.in_(list(ids))


def claim(
    session: Session,
    table: sa.Table,
    now: dt.datetime,
    until: dt.datetime,
    limit: int,
    only: sa.ColumnElement[bool] | None = None,
) -> list[Mapping]:
    """Take work that waits or whose holder was lost, and hold it until `until`.

    The oldest comes first, but half of the places are for what single deeds brought about: whoever saved one record
    does not wait for the rules of an import or of the clock. A run whose worker was lost is taken by itself: if it is
    what kills workers, it takes no other with it.

    Shape:  `table` is the events' or the runs'. What belongs to a record of which somebody else holds earlier
            work, or earlier work waits in the other lane, is left alone, so that the order per record is kept. Each
            taken row carries its new `attempts`. `only` says which of it is meant.
    """
    hold_lock(session, f"claim:{table.name}")
    ready = sa.and_(due(table, now), _is_first(table, now), *([] if only is None else [only]))
    rows = _pick(session, run, sa.and_(ready, run.c.state == CLAIMED), 0, 1) if table is run else []
    if not rows:
        single, crowd = (sa.and_(ready, table.c.lane == lane) for lane in (SINGLE, CROWD))
        rows = _pick(session, table, single, 0, (limit + 1) // 2)
        last = rows[-1]["id"] if rows else 0
        rows += _pick(session, table, crowd, 0, limit - len(rows))
        rows += _pick(session, table, single, last, limit - len(rows)) if last else []
    ids = [row["id"] for row in rows]
    counted = [name for name in ("attempts", "tries") if name in table.c]
    values = {"state": CLAIMED, "lease_until": until} | {name: table.c[name] + 1 for name in counted}
    session.execute(sa.update(table).where(among(session, table.c.id, ids)).values(values))
    return [{**row, **{name: row[name] + 1 for name in counted}} for row in sorted(rows, key=by_id)]


def by_id(row: Mapping) -> int:
    """Return what rows are ordered by."""
    return row["id"]


def _pick(
    session: Session, table: sa.Table, ready: sa.ColumnElement[bool], after: int, places: int
) -> list[Mapping]:
    """Return the oldest rows with a higher id, locked."""
    if places <= 0:
        return []
    asked = sa.select(table).where(ready, table.c.id > after).order_by(table.c.id).limit(places)
    return [row_of(row) for row in session.execute(asked.with_for_update(skip_locked=True))]


def _is_first(table: sa.Table, now: dt.datetime) -> sa.ColumnElement[bool]:
    """Return the condition of work that overtakes no earlier work on its record."""
    other = table.alias()
    same = sa.and_(
        other.c.entity == table.c.entity, other.c.record_id == table.c.record_id, other.c.id < table.c.id
    )
    held = sa.and_(other.c.state == CLAIMED, other.c.lease_until >= now)
    waits = sa.and_(other.c.lane != table.c.lane, due(other, now))
    return ~sa.select(other.c.id).where(same, sa.or_(held, waits)).exists()


def due(table: sa.Table, now: dt.datetime) -> sa.ColumnElement[bool]:
    """Return the condition of work that may be taken: it waits and is due, or its lease is over."""
    waits = table.c.state == WAITING
    if "due_at" in table.c:
        waits = sa.and_(waits, table.c.due_at <= now)
    return sa.or_(waits, sa.and_(table.c.state == CLAIMED, table.c.lease_until < now))


def has_due(session: Session, table: sa.Table, now: dt.datetime) -> bool:
    """Return whether work waits that may be taken."""
    return session.execute(sa.select(table.c.id).where(due(table, now)).limit(1)).first() is not None


def look_at_waiting(connection: sa.Connection, now: dt.datetime) -> Waiting:
    """Return how many runs wait that are due; those that sleep are not counted."""
    return count_waiting(connection, run.c.due_at, now, due(run, now))


def finish_events(session: Session, rows: Iterable[Mapping], now: dt.datetime) -> bool:
    """Mark claimed events as done; False when somebody else has taken one of them meanwhile."""
    values = {"state": DONE, "lease_until": None, "handled_at": now}
    alike: dict[int, list[int]] = {}
    for row in rows:
        alike.setdefault(row["attempts"], []).append(row["id"])
    done = [
        session.execute(
            sa.update(event)
            .where(among(session, event.c.id, ids), event.c.attempts == attempts, event.c.state == CLAIMED)
            .values(values)
        ).rowcount
        == len(ids)
        for attempts, ids in alike.items()
    ]
    return all(done)


def fail_event(session: Session, row: Mapping, now: dt.datetime) -> None:
    """Give an event up."""
    session.execute(sa.update(event).where(event.c.id == row["id"]).values(state=FAILED, handled_at=now))


def hold_run(session: Session, row: Mapping, until: dt.datetime) -> bool:
    """Lengthen the lease of a run this worker holds; False when another attempt has taken it.

    Shape:  written first in every step's transaction, so an orphan that was given up cannot write its effect.
    """
    return _update_held(session, row, lease_until=until)


def hold_runs(session: Session, rows: Sequence[Mapping], until: dt.datetime) -> set[int]:
    """Lengthen the lease of runs this worker holds; return those that no other attempt has taken.

    Shape:  runs that were all taken for the first time.
    """
    held = sa.update(run).where(_first_held(session, rows)).values(lease_until=until)
    return set(session.scalars(held.returning(run.c.id)))


def _first_held(session: Session, rows: Sequence[Mapping]) -> sa.ColumnElement[bool]:
    mine = among(session, run.c.id, [row["id"] for row in rows])
    return sa.and_(mine, run.c.attempts == 1, run.c.state == CLAIMED)


def end_runs(session: Session, ids: Sequence[int], state: str, now: dt.datetime) -> None:
    """Write how runs ended that this transaction holds."""
    values = {"state": state, "ended_at": now, "lease_until": None, "error": None}
    session.execute(sa.update(run).where(among(session, run.c.id, ids)).values(values))


def release_runs(session: Session, rows: Iterable[Mapping]) -> None:
    """Give back runs that this worker holds and has not done; those that have not begun, as if they were untouched."""
    for row in rows:
        begun = row["attempts"] > 1 or row.get("has_begun", False)
        _update_held(
            session,
            row,
            state=WAITING,
            lease_until=None,
            tries=row["tries"] - 1,
            attempts=row["attempts"] if begun else 0,
        )


def end_run(session: Session, row: Mapping, state: str, now: dt.datetime, error: list | None = None) -> bool:
    """Write how a run ended; False when another attempt has taken it."""
    return _update_held(session, row, state=state, ended_at=now, lease_until=None, error=error)


def put_off_run(session: Session, row: Mapping, due_at: dt.datetime, **values: Any) -> bool:
    """Let a run sleep until `due_at`; False when another attempt has taken it."""
    return _update_held(session, row, state=WAITING, due_at=due_at, lease_until=None, **values)


def _update_held(session: Session, row: Mapping, **values: Any) -> bool:
    mine = (run.c.id == row["id"]) & (run.c.attempts == row["attempts"]) & (run.c.state == CLAIMED)
    return session.execute(sa.update(run).where(mine).values(**values)).rowcount == 1


def add_runs(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write runs and return their numbers, in the order of the rows; for a rehearsal."""
    if not rows:
        return []
    made = sa.insert(run).returning(run.c.id, sort_by_parameter_order=True)
    return list(session.scalars(made, list(rows)))


def claim_again(session: Session, run_id: int) -> None:
    """Hold a run that sleeps, before its time; for a rehearsal."""
    session.execute(sa.update(run).where(run.c.id == run_id).values(state=CLAIMED))


def steps_of_runs(session: Session, ids: Sequence[int]) -> dict[int, list[Mapping]]:
    """Return what runs have done, by run, in the order it was done."""
    found: dict[int, list[Mapping]] = {}
    for start in range(0, len(ids), AT_ONCE):
        asked = sa.select(step).where(among(session, step.c.run_id, ids[start : start + AT_ONCE]))
        for row in session.execute(asked.order_by(step.c.id)):
            found.setdefault(row.run_id, []).append(row_of(row))
    return found


def errors_of_runs(session: Session, ids: Sequence[int]) -> dict[int, list]:
    """Return why runs failed, by run; nothing of those that did not."""
    found: dict[int, list] = {}
    for start in range(0, len(ids), AT_ONCE):
        mine = among(session, run.c.id, ids[start : start + AT_ONCE])
        asked = sa.select(run.c.id, run.c.error).where(mine, run.c.error.is_not(None))
        found |= {row.id: row.error for row in session.execute(asked)}
    return found


def list_steps(session: Session, run_id: int) -> list[Mapping]:
    """Return what a run has done, in the order it was done."""
    rows = session.execute(sa.select(step).where(step.c.run_id == run_id).order_by(step.c.id))
    return [{**row_of(row), "effect": open_values(row.effect)} for row in rows]


def add_step(session: Session, run_id: int, position: str, values: Mapping[str, Any]) -> None:
    """Write a step's row: state, effect, revision and at.

    Errors: IntegrityError when it is there already: the step has been done.
    """
    session.execute(sa.insert(step).values(run_id=run_id, position=position, **values))


def add_steps(
    session: CrmSession,
    position: str,
    done: Sequence[tuple[Mapping, Mapping]],
    now: dt.datetime,
    seconds: float,
) -> None:
    """Write the rows of one step of many runs, each with its effect.

    Unit:   `seconds` that all of them took.
    Errors: IntegrityError when one is there already: the step has been done.
    """
    same = {"position": position, "state": DONE, "revision": session.workspace.number, "at": now}
    same["ms"] = round(seconds * 1_000 / max(len(done), 1))
    rows = ((row["id"], effect) for row, effect in done)
    copy_rows(session.connection(), step, ("run_id", "effect"), rows, same)


def end_wait(session: Session, run_id: int, position: str, values: Mapping[str, Any]) -> None:
    """Write what came of a step that waited."""
    mine = (step.c.run_id == run_id) & (step.c.position == position)
    session.execute(sa.update(step).where(mine).values(**values))


def find_run(session: Session, run_id: int) -> Mapping | None:
    """Return one run."""
    row = session.execute(sa.select(run).where(run.c.id == run_id)).first()
    return row_of(row) if row else None


@dataclass(frozen=True)
class RunFilter:
    """Which runs are asked for; nothing said: all.

    Shape:  `cause` is how the chain begins that led to a run (`user:`, `schedule`, `rule:`); `before` is the number of
            a run.
    """

    rule: str = ""
    state: str = ""
    entity: str = ""
    record_id: int | None = None
    cause: str = ""
    since: dt.datetime | None = None
    before: int | None = None

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """Yield what runs must meet."""
        for column, value in (
            (run.c.rule, self.rule),
            (run.c.state, self.state),
            (run.c.entity, self.entity),
        ):
            if value:
                yield column == value
        if self.record_id is not None:
            yield run.c.record_id == self.record_id
        if self.cause:
            yield sa.cast(run.c.cause, sa.Text).startswith(f'["{self.cause}', autoescape=True)
        if self.since is not None:
            yield run.c.created_at >= self.since
        if self.before is not None:
            yield run.c.id < self.before


def filter_runs(session: Session, asked: RunFilter, limit: int) -> list[Mapping]:
    """Return the latest runs that are asked for, newest first."""
    found = sa.select(run).where(*asked.conditions()).order_by(run.c.id.desc()).limit(limit)
    return [row_of(row) for row in session.execute(found)]


def runs_of_root(session: Session, root: str, limit: int) -> list[Mapping]:
    """Return the runs one cause has led to, oldest first."""
    own = [run.c.id == int(root[4:])] if root.startswith("run:") and root[4:].isdigit() else []
    found = sa.select(run).where(sa.or_(run.c.root == root, *own)).order_by(run.c.id).limit(limit)
    return [row_of(row) for row in session.execute(found)]


def retry_failed(session: Session, rule: str, now: dt.datetime) -> int:
    """Let every failed run of a rule be taken up where it stopped; return how many there were."""
    failed = (run.c.rule == rule) & (run.c.state == FAILED)
    values = {"state": WAITING, "due_at": now, "tries": 0, "error": None, "ended_at": None}
    return session.execute(sa.update(run).where(failed).values(values)).rowcount


def sleeping(session: Session, now: dt.datetime, limit: int) -> list[Mapping]:
    """Return runs that wait for a later moment, the next to go on first."""
    waits = (run.c.state == WAITING) & (run.c.due_at > now)
    return [
        row_of(row)
        for row in session.execute(sa.select(run).where(waits).order_by(run.c.due_at).limit(limit))
    ]


def list_runs(
    session: Session, limit: int, rule: str | None = None, state: str | None = None
) -> list[Mapping]:
    """Return the latest runs, newest first."""
    asked = sa.select(run).order_by(run.c.id.desc()).limit(limit)
    if rule:
        asked = asked.where(run.c.rule == rule)
    if state:
        asked = asked.where(run.c.state == state)
    return [row_of(row) for row in session.execute(asked)]


def count_states(session: Session) -> dict[str, dict[str, int]]:
    """Return how many runs of each rule are in each state."""
    found: dict[str, dict[str, int]] = {}
    for row in session.execute(
        sa.select(run.c.rule, run.c.state, sa.func.count()).group_by(run.c.rule, run.c.state)
    ):
        found.setdefault(row[0], {})[row[1]] = row[2]
    return found


def last_runs(session: Session) -> dict[str, dt.datetime]:
    """Return when each rule last began a run."""
    rows = session.execute(sa.select(run.c.rule, sa.func.max(run.c.created_at)).group_by(run.c.rule))
    return {row[0]: row[1] for row in rows}


def records_of_runs(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Return the (entity, record id) of each run."""
    rows = session.execute(sa.select(run.c.id, run.c.entity, run.c.record_id).where(run.c.id.in_(ids)))
    return {row.id: (row.entity, row.record_id) for row in rows}


def rules_of(session: Session, ids: Iterable[int]) -> Sequence[sa.Row]:
    """Return the `id` of some runs with the `rule` and `revision` of each."""
    return session.execute(sa.select(run.c.id, run.c.rule, run.c.revision).where(run.c.id.in_(ids))).all()
