"""How the queue is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueState:
    """How the queue is, for `/health`.

    Shape:  `redis` is "ok", "away", "full", "read_only", "silent" (it hangs) or "none"; `workers` counts those heard
            of lately, `waiting` the jobs.
    """

    redis: str
    workers: int = 0
    waiting: int = 0
