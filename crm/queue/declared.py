"""What workers may run: each function by the name that travels through Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

QUEUES = (
    "jobs",
    "mail",
    "events",
    "calls",
)  # a worker looks for work in this order, and in the queue it just served last


@dataclass(frozen=True)
class Declared:
    """A function that workers may run: the name that travels through Redis, and the queue it waits in.

    Shape:  `forks` is False for short turns of work that cannot take the worker with it: they run in the worker itself,
            which a child per bell would cost more than the work.
    """

    name: str
    function: Callable[..., object]
    queue: str = "jobs"
    forks: bool = True


JOBS: dict[str, Declared] = {}
"""Every function a worker may run, by its name; each package declares its own, and `app.wire` joins them."""

_loaders: list[Callable[[], None]] = []
_loading = threading.RLock()


def declare(jobs: Iterable[Declared]) -> None:
    """Let workers run these functions."""
    JOBS.update({job.name: job for job in jobs})


def declare_when_needed(load: Callable[[], None]) -> None:
    """Call `load`, which declares jobs, when somebody asks for one: a command that rings for none loads none."""
    _loaders.append(load)


def known_jobs() -> Mapping[str, Declared]:
    """Return every function a worker may run, by its name; one thread loads, and the others wait for all of it."""
    with _loading:
        while _loaders:
            _loaders.pop()()
    return JOBS


def queue_name(name: str) -> str:
    """Return the queue a job waits in."""
    return known_jobs()[name].queue
