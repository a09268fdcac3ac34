"""A new key: what older keys sealed is sealed again, in small parts, while everybody works."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from crm.database import only_reading
from crm.records.sealed import FIELDS, TEXT, SealedPlace, count_by_key, count_of, list_places, reseal_next
from crm.secrets import current_keys

JOB = "records.reseal"
CHUNK = 200
PAUSE = 0.2  # seconds before rows that somebody else held are looked at again
PATIENCE = 30  # times they are
COUNTS = {FIELDS: "values", TEXT: "texts"}


def reseal_everything(engine: sa.Engine) -> dict[str, int]:
    """Seal with the first key what older keys sealed; return counts of what was done and what was left.

    Safe to repeat, to interrupt and to run twice at once: each chunk is one transaction, and finished chunks are
    skipped. The versions and histories of records do not change.

    Shape:  `values` of fields, `texts` of imports and views, `changes` of the journal and of runs; `left` are
            rows that do not open, or that stayed locked the whole time.
    """
    with only_reading(), engine.connect() as connection:
        places = list_places(connection)
    counts = {"values": 0, "texts": 0, "changes": 0, "left": 0}
    for place in places:
        done, left = _reseal_place(engine, place)
        counts[COUNTS.get(place.kind, "changes")] += done
        counts["left"] += left
    return counts


def count_left(engine: sa.Engine) -> int:
    """Return how many values, texts and rows of the history older keys still seal."""
    older = [key.id for key in current_keys()[1:]]
    with only_reading(), engine.connect() as connection:
        return sum(count_of(connection, place, older) for place in list_places(connection))


def _reseal_place(engine: sa.Engine, place: SealedPlace) -> tuple[int, int]:
    """Seal one column again until only rows that cannot be opened are left; return both counts."""
    total = 0
    for _turn in range(PATIENCE):
        done = _pass_over(engine, place)
        total += done
        with only_reading(), engine.connect() as connection:
            left = count_of(connection, place, [key.id for key in current_keys()[1:]])
        if not left:
            return total, 0
        if not done:
            time.sleep(PAUSE)
    return total, left


def _pass_over(engine: sa.Engine, place: SealedPlace) -> int:
    after, total = None, 0
    while True:
        begun = time.monotonic()
        with engine.begin() as connection:
            after, done = reseal_next(connection, place, after, CHUNK)
        if after is None:
            return total
        total += done
        time.sleep(min(PAUSE, time.monotonic() - begun))  # others want to write as well


def key_status(engine: sa.Engine) -> list[dict[str, Any]]:
    """Return, for each key of the ring and each unknown one that sealed something, what it seals.

    Shape:  `key` (its id), `is_known`, `is_first` (it seals), `places` (name to count), `in_use`.
    """
    found: dict[str, dict[str, int]] = {key.id: {} for key in current_keys()}
    with only_reading(), engine.connect() as connection:
        for place in list_places(connection):
            for key_id, count in count_by_key(connection, place).items():
                found.setdefault(key_id, {})[place.name] = count
    known = [key.id for key in current_keys()]
    return [
        {
            "key": key_id,
            "is_known": key_id in known,
            "is_first": key_id == known[0],
            "places": places,
            "in_use": bool(places),
        }
        for key_id, places in found.items()
    ]
