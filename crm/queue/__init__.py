"""The bell: RQ and Redis. It tells workers that work waits in the database; losing it loses nothing.

A job carries a short name and ids, as JSON. The name is looked up in `JOBS`; nothing that comes out of Redis
is ever imported, unpickled or called. What must not be lost is a row with a lease; a sweeper finds it again.

RQ and Redis are loaded when somebody rings for the first time: a command that only reads does without them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm.queue.declared import JOBS, Declared, declare, declare_when_needed, known_jobs
from crm.queue.state import QueueState

if TYPE_CHECKING:
    from crm.queue.bell import Bell

__all__ = ["JOBS", "Declared", "QueueState", "declare", "declare_when_needed", "known_jobs"]

TURN_SECONDS = (
    5.0  # so long a job keeps a worker; then it rings for the rest of its work, behind all that waits
)

_urls: list[str] = []  # of the Redis of this process; none or one
_bells: dict[str, Bell] = {}  # by URL


def use_redis(url: str | None) -> None:
    """Choose the Redis this process rings; None for none."""
    _bells.clear()
    _urls[:] = [url] if url else []


def this_bell() -> Bell | None:
    """Return the bell of this process, None when it has no Redis."""
    for url in list(_urls):
        bell = _bells.get(url)
        if bell is None:
            from crm.queue.bell import Bell

            bell = _bells.setdefault(url, Bell(url))
        return bell
    return None


def ring(name: str, *ids: int | str) -> bool:
    """Tell the workers that work of this kind waits; call it after the commit. Never raises for Redis."""
    bell = this_bell()
    return bell is not None and bell.ring(name, *ids)


def mute(name: str, seconds: float) -> None:
    """Say that this process looks for work of this kind again within so many seconds, without a bell."""
    if bell := this_bell():
        bell.mute(name, seconds)


def unmute(name: str) -> None:
    """Let others ring again; look once more afterwards."""
    if bell := this_bell():
        bell.unmute(name)


def ring_or_do(name: str, work: Callable[[], None], *ids: int | str) -> None:
    """Tell the workers that work of this kind waits; a process without a bell, such as a command, does it now."""
    if _urls:
        ring(name, *ids)
    else:
        work()


def look_at_queue() -> QueueState:
    """Return how the queue of this process is, for `/health`."""
    bell = this_bell()
    return bell.look() if bell else QueueState("none")


def glance_at_queue() -> QueueState:
    """Return how the queue of this process is, for pages: nobody waits for a Redis that has just failed."""
    bell = this_bell()
    return bell.glance() if bell else QueueState("none")
