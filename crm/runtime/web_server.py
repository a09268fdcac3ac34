"""How gunicorn is started: its command line, and the report of what it did to the database."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from subprocess import Popen
from typing import Any

from config import ROOT, Settings
from crm.runtime.children import start_child

logger = logging.getLogger(__name__)

REQUESTS_PER_PROCESS = 50_000  # then a fresh process takes over, one at a time
GRACE_SECONDS = 5  # a request in work may go on for so long after a stop
REPORT = "KOINE_REPORT"  # the environment variable with the file descriptor that takes the report


def web_command(settings: Settings, config: str, application: str) -> list[str]:
    """Return the command that serves the app on the chosen address.

    Shape:  `config` and `application` are what gunicorn calls so: the module of its hooks, and that of the app.
    """
    options = {
        "config": config,
        "bind": f"{settings.bind}:{settings.port}",
        "workers": settings.web_workers,
        "threads": settings.web_threads,
        "max-requests": REQUESTS_PER_PROCESS,
        "max-requests-jitter": REQUESTS_PER_PROCESS // 10,
        "graceful-timeout": GRACE_SECONDS,
        "timeout": 120,
        "log-level": settings.log_level,
        "worker-tmp-dir": settings.instance,
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "gunicorn", *given, "--no-control-socket", application]


class WebServer:
    """Starts gunicorn and hears from it what it did to the database.

    Shape:  `report` is what `first_start.prepare` returned, once the server has come so far.
    """

    def __init__(self, command: list[str], environ: Mapping[str, str]) -> None:
        self.command = command
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
