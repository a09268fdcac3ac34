"""Keeps a set of programs running: starts them, restarts the crashed, stops them all."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from subprocess import Popen

from crm.runtime.children import start_child, stop_children

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.5  # seconds before a crashed program starts again; doubled at every crash
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # a program that ran for so long is forgiven its earlier crashes
POLL_SECONDS = 0.2


@dataclass
class Program:
    """One program to keep running.

    Shape:  `start` starts it and returns the process. `is_foundation`: others need it, so it stops last.
            `pause` is how long it waits after its next crash.
    """

    name: str
    start: Callable[[], Popen]
    is_foundation: bool = False
    process: Popen | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float = 0.0


def program(name: str, command: list[str], environ: Mapping[str, str] | None = None) -> Program:
    """Return a program that is started by a command."""
    return Program(name, lambda: start_child(command, os.environ if environ is None else environ))


@dataclass
class Supervisor:
    """Runs programs until it is told to stop."""

    seconds: Callable[[], float] = time.monotonic
    programs: list[Program] = field(default_factory=list)
    stopping: bool = False

    def add(self, added: Program) -> None:
        """Start a program and keep it running."""
        self.programs.append(added)
        self._start(added)

    def request_stop(self, *_signal: object) -> None:
        """Make `run` return soon; may be called from a signal handler."""
        self.stopping = True

    def run(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Watch the programs until a stop is requested or the condition holds."""
        while not self.stopping and not is_over():
            self.look()
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Start again what has crashed and has waited long enough."""
        for watched in self.programs:
            if watched.process is not None and watched.process.poll() is not None:
                self._note_crash(watched)
            if watched.process is None and self.seconds() >= watched.due:
                self._start(watched)

    def stop(self, seconds: float) -> None:
        """Ask everything to end, the foundations last; what still runs after so many seconds is killed."""
        self.stopping = True
        for is_foundation in (False, True):
            chosen = [each for each in self.programs if each.is_foundation is is_foundation]
            stop_children([each.process for each in chosen if each.process], seconds)

    def _start(self, started: Program) -> None:
        started.process, started.started = started.start(), self.seconds()

    def _note_crash(self, crashed: Program) -> None:
        if self.seconds() - crashed.started >= STEADY_SECONDS:
            crashed.pause = FIRST_PAUSE
        code = crashed.process.returncode
        logger.error(
            "%s ended (%s); it starts again in %.1f seconds", crashed.name, _ending(code), crashed.pause
        )
        crashed.process, crashed.due = None, self.seconds() + crashed.pause
        crashed.pause = min(crashed.pause * 2, LONGEST_PAUSE)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
