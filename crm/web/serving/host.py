"""The WSGI host: one app per revision, built in the background and swapped whole while requests go on."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from crm.web.serving.refusal import REFUSALS, refuse

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.25  # how often a process looks for a new revision, at most
WATCH_SECONDS = 1.0  # how often a process looks on its own, without a request
RETRY_SECONDS = 5.0  # how long a revision whose build failed is left alone
AWAY_SECONDS = (
    60.0  # a process that was stopped for so long may count as gone, and what it needs may be dropped
)
REPORT_SECONDS = 20.0  # how often a process says which revision it serves

REFUSED = "crm.refused"
"""The key under which the web server says that it refuses a request: the status; all of it that has come is there."""

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass
class Source:
    """Where the host learns of revisions; the parts it is given so that tests can give others.

    Shape:  `live_number` reads the number of the live revision (may raise when the database is away), `build`
            makes the app of one, `report` writes down which revision this process serves and why it could not
            take up a newer one, `dispose` lets go of an app's mapped classes.
    """

    live_number: Callable[[], int]
    build: Callable[[int], Flask]
    report: Callable[[int, str], None] = lambda number, failure: None
    dispose: Callable[[Flask], None] = lambda app: None
    earlier: Callable[[int], Iterable[int]] = lambda number: ()


class Serving:
    """One revision's app with the number of answers it still owes."""

    def __init__(self, number: int, app: Flask) -> None:
        self.number = number
        self.app = app
        self._lock = threading.Lock()
        self._owed = 0
        self._when_idle: Callable[[Serving], None] | None = None

    def enter(self) -> bool:
        """Begin an answer; False when the revision retired in between and the next one must be asked."""
        with self._lock:
            if self._when_idle is not None and not self._owed:
                return False
            self._owed += 1
            return True

    def leave(self) -> None:
        """End an answer; the last one after retirement lets the app go."""
        with self._lock:
            self._owed -= 1
            is_last = self._when_idle is not None and not self._owed
        if is_last:
            self._when_idle(self)

    def retire(self, when_idle: Callable[[Serving], None]) -> None:
        """Take no new requests; call back when the last answer is out."""
        with self._lock:
            self._when_idle = when_idle
            is_idle = not self._owed
        if is_idle:
            when_idle(self)


class Answer:
    """A response that leaves its revision when the server closes it, not when the call returns."""

    def __init__(self, parts: Iterable[bytes], serving: Serving) -> None:
        self._parts = parts
        self._serving: Serving | None = serving

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """Close the answer; the server calls this once it has sent everything."""
        try:
            if hasattr(self._parts, "close"):
                self._parts.close()
        finally:
            serving, self._serving = self._serving, None
            if serving is not None:
                serving.leave()


@dataclass
class State:
    """What the host remembers between requests, for `/health` and the publisher's page."""

    swaps: int = 0
    build_seconds: list[float] = field(default_factory=list)
    failed_number: int = 0
    failure: str = ""  # the kind of error, for everybody
    reason: str = ""  # and what it says, for admins
    retry_at: float = 0.0


class Host:
    """The WSGI callable of a web process."""

    def __init__(self, source: Source, check_seconds: float = CHECK_SECONDS) -> None:
        self.source = source
        self.state = State()
        self.serving: Serving | None = None
        self._check_seconds = check_seconds
        self._next_check = 0.0
        self._next_report = 0.0
        self._looked_at = time.time()
        self._building = threading.Lock()
        self._reporting = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request with the app of the revision that is current now."""
        if REFUSED in environ:
            return refuse(environ, start_response, REFUSALS[environ[REFUSED]])
        try:
            serving = self._enter()
        except Exception as error:  # Whatever hinders the first build, a server must answer something.
            logger.exception("No revision could be built yet")
            return refuse(environ, start_response, error)
        environ["crm.revision"] = serving.number
        try:
            return Answer(serving.app(environ, start_response), serving)
        except BaseException:  # a request that ends in any way counts no longer
            serving.leave()
            raise

    def warm(self) -> None:
        """Build the first app now, so that the first reader does not wait for it."""
        with self._building:
            if self.serving is None:
                self.serving = self._build_first(self.source.live_number())
        self._report(self.serving.number)

    def watch(self) -> None:
        """Look for revisions from now on even when nobody asks for a page; once per process, after its fork."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS * random.uniform(0.75, 1.25))
            if self.serving is not None:
                self._look_for_revision()

    def notes(self) -> list[str]:
        """Return what `/health` should say about this process."""
        if not self.state.failed_number:
            return []
        return [
            f"Revision {self.state.failed_number} could not be built ({self.state.failure}); "
            f"revision {self.serving.number if self.serving else 0} keeps serving."
        ]

    def _enter(self) -> Serving:
        """Return the current revision with one more answer to give."""
        if self.serving is None:
            self.warm()
        self._look_for_revision()
        while True:
            serving = self.serving
            if serving.enter():
                return serving

    def _look_for_revision(self) -> None:
        """Now and then ask for the live revision; a database that is away changes nothing."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + self._check_seconds * random.uniform(0.75, 1.25)
        try:
            number = self.source.live_number()
        except Exception as error:  # Readers keep the revision they have until the database answers.
            logger.warning("The live revision could not be read: %s", error)
            return
        was_away = time.time() - self._looked_at > AWAY_SECONDS  # A stopped process has no monotonic time.
        self._looked_at = time.time()
        if was_away and number != self.serving.number and self._may_try(number):
            self._catch_up(number)
        elif (
            number != self.serving.number and self._may_try(number) and self._building.acquire(blocking=False)
        ):
            threading.Thread(target=self._swap, args=(number,), name="build", daemon=True).start()
        elif now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            threading.Thread(
                target=self._report, args=(self.serving.number,), name="report", daemon=True
            ).start()

    def _catch_up(self, number: int) -> None:
        """Take up the live revision before anything is answered: nobody has waited for us with what it needs."""
        self._building.acquire()
        if self.serving.number == number:
            self._building.release()
        else:
            self._swap(number)

    def _may_try(self, number: int) -> bool:
        return number != self.state.failed_number or time.monotonic() >= self.state.retry_at

    def _swap(self, number: int) -> None:
        """Build the new revision and put it in the place of the old one; holds `_building`."""
        try:
            fresh = self._build(number)
        except Exception as error:  # Whatever fails, the old revision serves on, and admins read why.
            logger.exception("Revision %s could not be built; the old one keeps serving", number)
            self._remember_failure(number, error)
            self._report(self.serving.number)
        else:
            old, self.serving = self.serving, fresh
            self.state.swaps += 1
            self.state.failed_number = 0
            old.retire(self._let_go)
            self._report(number)
        finally:
            self._building.release()

    def _build_first(self, number: int) -> Serving:
        """Build the live revision, or else the last one before it that can be built: pages are worth more than none."""
        try:
            return self._build(number)
        except Exception as error:  # Whatever fails, an earlier revision may serve, and admins read why.
            for earlier in self.source.earlier(number):
                with suppress(Exception):  # The first failure is the one to report.
                    serving = self._build(earlier)
                    logger.exception("Revision %s could not be built; revision %s serves", number, earlier)
                    self._remember_failure(number, error)
                    return serving
            raise

    def _remember_failure(self, number: int, error: Exception) -> None:
        self.state.failed_number, self.state.failure = number, type(error).__name__
        self.state.reason = f"Revision {number}: {type(error).__name__}: {error}"
        self.state.retry_at = time.monotonic() + RETRY_SECONDS

    def _build(self, number: int) -> Serving:
        started = time.perf_counter()
        app = self.source.build(number)
        app.extensions["crm_notes"] = self.notes
        self.state.build_seconds = [*self.state.build_seconds[-19:], time.perf_counter() - started]
        return Serving(number, app)

    def _let_go(self, serving: Serving) -> None:
        self.source.dispose(serving.app)

    def _report(self, number: int) -> None:
        """Write down what this process serves; one thread at a time."""
        if not self._reporting.acquire(blocking=False):
            return
        try:
            self._next_report = time.monotonic() + REPORT_SECONDS
            self.source.report(number, self.state.reason if self.state.failed_number else "")
        except Exception as error:  # Serving pages is worth more than the note about it.
            logger.warning("This process could not report its revision: %s", error)
        finally:
            self._reporting.release()
