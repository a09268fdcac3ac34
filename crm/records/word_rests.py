"""What SQLite's index of words still holds of deleted records and former values, until its parts are merged.

The index writes down that a word is gone, beside the word itself; merging all its parts into one leaves out both.
PostgreSQL's index is freed of them by its own vacuum.
"""

from __future__ import annotations

import sqlalchemy as sa

from crm.database import about_to_write, only_reading
from crm.revisions.words import words_table

PAGES = 500  # of the index that are written in one transaction: others write between two
LEAST_CHANGES = 2  # what SQLite counts where there was nothing to do is fewer


def merge_words(engine: sa.Engine) -> None:
    """Merge the index of words of every entity, in small transactions. Safe to repeat and to interrupt."""
    if engine.dialect.name != "sqlite":
        return
    like = words_table("").replace("_", "\\_") + "%"
    asked = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%' AND name LIKE :like ESCAPE '\\'"
    with only_reading(), engine.connect() as connection:
        tables = list(connection.scalars(sa.text(asked), {"like": like}))
    for table in tables:
        pages = -PAGES  # below zero: whatever parts there are now
        while _merge_some(engine, table, pages):
            pages = PAGES


def _merge_some(engine: sa.Engine, table: str, pages: int) -> bool:
    """Merge some pages of an index; return whether there was anything to do."""
    words = engine.dialect.identifier_preparer.quote(table)
    merge = sa.text(f"INSERT INTO {words} ({words}, rank) VALUES ('merge', :pages)")  # noqa: S608 - a name of our own
    count = sa.text("SELECT total_changes()")
    with about_to_write(), engine.begin() as connection:
        before = connection.scalar(count)
        connection.execute(merge, {"pages": pages})
        return connection.scalar(count) - before >= LEAST_CHANGES
