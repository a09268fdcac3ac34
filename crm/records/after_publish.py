"""What is left to do after a publish, and doing it: processes that take it up, indexes, search keys."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from crm.database import only_reading
from crm.records.rekey import Rekeying, list_rekeying, rebuild_search_keys
from crm.revisions.finish import Unfinished, finish_indexes, unfinished_indexes
from crm.revisions.processes import publish_status
from crm.revisions.workspace import get_workspace


@dataclass(frozen=True)
class Left:
    """What is left to be done for the live revision.

    Shape:  `late` and `failed` name processes with the revision they serve, `failed` those that could not take it up
            and why; `refused` are indexes that the database would not build.
    """

    late: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    indexes: tuple[Unfinished, ...] = ()
    refused: tuple[Unfinished, ...] = ()
    search_keys: tuple[Rekeying, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Return whether there is nothing more to wait for, however it ended."""
        return not (self.late or self.indexes or self.search_keys)

    def say(self) -> str:
        """Return what is waited for, in a line."""
        waits = [
            *(f"{process} has not taken it up yet" for process in self.late),
            *(f"index of {index.entity}.{index.field} is being built" for index in self.indexes),
            *(f"search keys of {keys.entity}: {keys.done} of {keys.total}" for keys in self.search_keys),
        ]
        return "; ".join(waits)


def look_at_publish(engine: sa.Engine) -> Left:
    """Return what is left to be done for the live revision."""
    processes = publish_status(engine)["processes"]
    with only_reading():
        workspace = get_workspace(engine)
        with engine.connect() as connection:
            indexes = unfinished_indexes(connection, workspace)
            search_keys = list_rekeying(connection, workspace)
    named = [(f"{row['kind']} {row['id']} (revision {row['revision']})", row) for row in processes]
    return Left(
        tuple(name for name, row in named if not row["is_there"] and not row["failure"]),
        tuple(f"{name}: {row['failure']}" for name, row in named if row["failure"]),
        tuple(index for index in indexes if not index.reason),
        tuple(index for index in indexes if index.reason),
        tuple(search_keys),
    )


def do_what_is_left(engine: sa.Engine) -> None:
    """Do what nobody else does at this moment. Safe to repeat, and to do beside workers that do the same."""
    finish_indexes(engine)
    rebuild_search_keys(engine)
