"""What gunicorn calls: `gunicorn --config python:crm.runtime.gunicorn_config app:app`.

The parent process loads the app's code and brings the database up to date before it forks; so the code is loaded
once, tables are made once, and a fresh process is ready at once.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from config import Settings, current_settings
from crm.runtime.children import die_with_parent
from crm.runtime.shares import Shares
from crm.runtime.web_server import REPORT
from crm.runtime.web_worker import Fairness

logger = logging.getLogger(__name__)

GARBAGE = 20_000  # new objects at which the young ones are looked through; a request makes thousands

worker_class = "crm.runtime.web_worker.BufferingWorker"


def on_starting(server: Any) -> None:
    """Load the app and prepare the database, in the parent of all web processes."""
    server.shares = Shares()
    from app import build_before_fork, wire
    from crm.database import build_engine
    from crm.runtime.first_start import prepare

    wire()
    settings = current_settings()
    _send(_or_exit(prepare, settings))
    try:
        build_before_fork(settings)
    except Exception:  # each process tries again, and falls back to an earlier revision
        logger.exception("No app could be built before the web processes start")
    finally:
        build_engine(settings.database_url).dispose()  # A child must not use its parent's connections.
    keep_from_collection()


def keep_from_collection() -> None:
    """Let the garbage collector pass over what is there now: it stays, and untouched memory stays shared."""
    gc.collect()
    gc.freeze()


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


def pre_fork(server: Any, worker: Any) -> None:
    """Give a new web process its place among the others."""
    worker.fairness = Fairness(server.shares, server.shares.take_place())


def child_exit(server: Any, worker: Any) -> None:
    """Free the place of a web process that ended, however it did."""
    server.shares.leave(worker.fairness.place)


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
    gc.set_threshold(GARBAGE)
    keep_from_collection()
