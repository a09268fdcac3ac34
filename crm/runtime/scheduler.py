"""The scheduler: calls what is due every few seconds, in one process of all."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)

SCHEDULER_LOCK = 7_316_002  # any number, the same in every process
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Tick:
    """What the scheduler calls, and the setting that says how often, in seconds."""

    name: str
    function: Callable[[], object]
    setting: str = "sweep_seconds"


TICKS: list[Tick] = []
"""Each package declares its own; `app.wire` joins them."""


class SchedulerLock:
    """A lock that one scheduler holds at a time, and that is free as soon as its process is gone.

    PostgreSQL: an advisory lock of a connection of its own, so that schedulers on several machines see it.
    SQLite: a lock on a file, which serves the one machine a SQLite file can have.
    """

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.file = folder / "scheduler.lock"
        self._held: Any = None

    def acquire(self) -> bool:
        """Take the lock, or make sure that it is still ours; return whether it is."""
        if self.engine.dialect.name == "sqlite":
            return self._acquire_file()
        with suppress(SQLAlchemyError):
            if self._held is not None:
                self._held.execute(sa.text("SELECT 1"))
                return True
            return self._acquire_advisory()
        self.release()
        return False

    def release(self) -> None:
        """Let another scheduler take over."""
        held, self._held = self._held, None
        if isinstance(held, sa.Connection):
            with suppress(SQLAlchemyError):
                held.invalidate()  # Closes the real connection, and with it the lock.
            held.close()
        elif held is not None:
            held.close()

    def _acquire_file(self) -> bool:
        if self._held is None:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = self.file.open("w")
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                opened.close()
                return False
            self._held = opened
        return True

    def _acquire_advisory(self) -> bool:
        connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(SCHEDULER_LOCK))):
            connection.close()
            return False
        self._held = connection
        return True


class Scheduler:
    """Calls functions, each every so many seconds, while it holds the lock.

    Shape:  `ticks` maps a name to (function, seconds between two calls). `beat` is called all the time, lock or not.
    """

    def __init__(
        self,
        lock: SchedulerLock,
        ticks: Mapping[str, tuple[Callable[[], object], float]],
        seconds: Callable[[], float] = time.monotonic,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.beat = beat
        self.lock = lock
        self.ticks = ticks
        self.seconds = seconds
        self.stopping = False
        self._due = dict.fromkeys(ticks, 0.0)

    def request_stop(self, *_signal: object) -> None:
        """Make `run` return soon; may be called from a signal handler."""
        self.stopping = True

    def run(self) -> None:
        """Tick until a stop is requested."""
        try:
            while not self.stopping:
                self.beat()
                self.tick()
                time.sleep(POLL_SECONDS)
        finally:
            self.lock.release()

    def tick(self) -> list[str]:
        """Call what is due, if we are the one scheduler; return the names of what was called."""
        due = [name for name in self.ticks if self.seconds() >= self._due[name]]
        if not due or not self.lock.acquire():
            return []
        for name in due:
            call, pause = self.ticks[name]
            self._due[name] = self.seconds() + pause
            try:
                call()
            except Exception:  # One tick that fails must not take the others with it; it is due again soon.
                logger.exception("The tick %s failed", name)
        return due
