"""Events: what happened to records and waits for rules, written in the record's own transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm.backlog import Waiting, count_waiting
from crm.database import BigId, metadata

if TYPE_CHECKING:
    from crm.entities.model import Schema
    from crm.revisions.workspace import Workspace
    from crm.texts import Text

BELL = "events.look"  # the job of the listener
QUIET = "quiet"  # the kind of an event that starts no rule, so that one that waits for an edge knows where it stands

event = sa.Table(
    "crm_event",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),  # created, updated, deleted, quiet
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("change_id", sa.BigInteger),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, default="waiting"),  # waiting, claimed, done, failed
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", sa.DateTime),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("handled_at", sa.DateTime),
    sa.Column("lane", sa.SmallInteger, nullable=False, server_default="0"),  # SINGLE, CROWD
    sa.Index("ix_crm_event_lane", "state", "lane", "id"),
    sa.Index("ix_crm_event_record", "entity", "record_id", "id"),
)
"""The truth of what rules still have to look at; Redis only rings the bell."""

SINGLE, CROWD = 0, 1  # lanes: what somebody did to a record, and what an import or the clock did to many
CROWDS = ("import", "job", "schedule")  # how the chains of causes begin that come in crowds

LISTENERS: list[Callable[[Schema], Iterable[tuple[str, str]]]] = []
"""Each says what it wants to hear of in a schema, as (entity, kind); `app.wire` joins those of all packages."""

NAMED_LISTENERS: list[Callable[[Schema, str, Collection[str]], Iterable[Text]]] = []
"""Each names what looks at changes of some kinds to the records of an entity."""

HEARD = ("heard",)  # where a workspace keeps what is heard in its schema


def heard_changes(workspace: Workspace) -> frozenset[tuple[str, str]]:
    """Return the (entity, kind) of the changes that anybody listens to in a revision: the others leave no event."""
    known = workspace.trees.get(HEARD)
    if known is None or known[0] is not workspace.schema:
        found = frozenset(pair for listener in LISTENERS for pair in listener(workspace.schema))
        known = workspace.trees[HEARD] = (workspace.schema, found)
    return known[1]


def leave_event_of(noted: sa.CTE) -> sa.Insert:
    """Return the statement that leaves the event of one change, which it notes itself: one round trip for both.

    Shape:  `noted` inserts the change and returns its id; the statement takes the parameters of a change, and its lane.
    """
    named = {
        name: sa.bindparam(name, type_=event.c[name].type)
        for name in ("kind", "entity", "record_id", "revision")
    }
    values = {
        **named,
        "change_id": noted.c.id,
        "state": sa.literal("waiting"),
        "attempts": sa.literal(0),
        "created_at": sa.bindparam("at", type_=event.c.created_at.type),
        "lane": sa.bindparam("lane", type_=event.c.lane.type),
    }
    return sa.insert(event).from_select(list(values), sa.select(*values.values()))


def lane_of(cause: Sequence[str]) -> int:
    """Return the lane of what a chain of causes led to: single deeds do not wait for those of a crowd."""
    return CROWD if cause and cause[0].startswith(CROWDS) else SINGLE


def leave_events(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write event rows, in the transaction of what they tell of.

    Shape:  each row has kind, entity, record_id, change_id, revision and created_at, and its lane unless it is SINGLE.
    """
    rows = [{"state": "waiting", "attempts": 0, "lane": SINGLE, **row} for row in rows]
    if rows:
        connection.execute(sa.insert(event), rows)


def look_at_waiting(connection: sa.Connection, now: dt.datetime) -> Waiting:
    """Return how many events wait for their rules."""
    return count_waiting(connection, event.c.created_at, now, event.c.state.in_(("waiting", "claimed")))


def oldest_waiting(connection: sa.Connection) -> Any:
    """Return when the oldest event that still waits was written; None when none waits."""
    waiting = event.c.state.in_(("waiting", "claimed"))
    return connection.scalar(sa.select(sa.func.min(event.c.created_at)).where(waiting))
