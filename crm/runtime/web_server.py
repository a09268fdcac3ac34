"""How gunicorn serves the app: its command line, and the hooks it calls.

The parent process loads the app's code and brings the database up to date before it forks; so the code is loaded
once, tables are made once, and a fresh process is ready at once.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from subprocess import Popen
from typing import Any

from config import ROOT, Settings, current_settings
from crm.runtime.children import die_with_parent, start_child

logger = logging.getLogger(__name__)

REQUESTS_PER_PROCESS = 50_000  # then a fresh process takes over, one at a time
GRACE_SECONDS = 5  # a request in work may go on for so long after a stop
REPORT = "KOINE_REPORT"  # the environment variable with the file descriptor that takes the report


def web_command(settings: Settings, application: str = "app:app") -> list[str]:
    """Return the command that serves the app on the chosen address."""
    options = {
        "config": "python:crm.runtime.web_server",
        "bind": f"{settings.bind}:{settings.port}",
        "workers": settings.web_workers,
        "worker-class": "gthread",
        "threads": settings.web_threads,
        "max-requests": REQUESTS_PER_PROCESS,
        "max-requests-jitter": REQUESTS_PER_PROCESS // 10,
        "graceful-timeout": GRACE_SECONDS,
        "timeout": 120,
        "keep-alive": 5,
        "log-level": settings.log_level,
        "worker-tmp-dir": settings.instance,
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "gunicorn", *given, "--no-control-socket", application]


class WebServer:
    """Starts gunicorn and hears from it what it did to the database.

    Shape:  `report` is what `first_start.prepare` returned, once the server has come so far.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.command = web_command(settings)
        self.environ = environ
        self.report: dict[str, Any] = {}
        self._pipe: int | None = None

    def start(self) -> Popen:
        """Start the server and return its process."""
        self.close()
        self._pipe, far_end = os.pipe()
        os.set_blocking(self._pipe, False)
        environ = {**self.environ, REPORT: str(far_end)}
        try:
            return start_child(self.command, environ, cwd=ROOT, pass_fds=(far_end,))
        finally:
            os.close(far_end)

    def read_report(self) -> dict[str, Any]:
        """Return what the server has reported so far; empty when nothing."""
        try:
            text = os.read(self._pipe, 65_536) if self._pipe is not None else b""
        except BlockingIOError:
            text = b""
        if text:
            self.report = json.loads(text)
        return self.report

    def close(self) -> None:
        """Hear no more."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


# What gunicorn calls.


def on_starting(_server: Any) -> None:
    """Load the app and prepare the database, in the parent of all web processes."""
    from crm.runtime.first_start import prepare

    import_module("app").wire()
    _send(_or_exit(prepare, current_settings()))
    gc.freeze()  # What is loaded now is shared by all children as long as nobody touches it.


def _or_exit(prepare: Callable[[Settings], dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """Prepare the database, or say in a few lines why that cannot be done."""
    from sqlalchemy.exc import OperationalError

    from crm.commands import place
    from crm.database import build_engine
    from crm.errors import CrmError
    from crm.messages import render

    try:
        return prepare(settings)
    except CrmError as error:
        found = [place(problem) + render(problem, settings.language) for problem in error.problems]
        lines = [render(error, settings.language), *found]
    except OperationalError as error:
        lines = [f"The database cannot be reached: {error.orig}"]
    finally:
        build_engine(settings.database_url).dispose()  # A child must not use its parent's connections.
    sys.stderr.write("\n".join(lines) + "\n")
    sys.exit(1)


def _send(report: dict[str, Any]) -> None:
    descriptor = os.environ.pop(REPORT, "")
    if descriptor:
        with os.fdopen(int(descriptor), "w") as far_end:
            json.dump(report, far_end)


def post_fork(_server: Any, worker: Any) -> None:
    """Make a new web process end with gunicorn's own, even when that is killed."""
    die_with_parent(worker.ppid)


def post_worker_init(worker: Any) -> None:
    """Build the first app before the first reader comes; a database that is away is asked again at a request."""
    warm = getattr(worker.wsgi, "warm", None)
    if warm is None:
        return
    try:
        warm()
    except Exception:  # the processes start all the same, and say on their pages what is wrong
        logger.exception("No app could be built yet")
