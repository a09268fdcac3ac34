"""How gunicorn serves the app; its command line and the hooks it calls."""

from __future__ import annotations

import logging
import sys
from typing import Any

from config import Settings
from crm.children import die_with_parent

logger = logging.getLogger(__name__)

REQUESTS_PER_PROCESS = 50_000  # then a fresh process takes over, one at a time
GRACE_SECONDS = 5  # a request in work may go on for so long after a stop


def web_command(settings: Settings, application: str = "app:app") -> list[str]:
    """Return the command that serves the app on the chosen address."""
    options = {
        "config": "python:crm.web_server",
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


def post_fork(_server: Any, _worker: Any) -> None:
    """Make a new web process end with gunicorn's own, even when that is killed."""
    die_with_parent()


def post_worker_init(worker: Any) -> None:
    """Build the first app before the first reader comes; a database that is away is asked again at a request."""
    warm = getattr(worker.wsgi, "warm", None)
    if warm is None:
        return
    try:
        warm()
    except Exception:
        logger.exception("No app could be built yet")
