"""Redis, web, workers and scheduler as one; each of them also alone."""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import click

from config import ROOT, Settings, SettingsError, find_unknown, load_settings
from crm.runtime.redis_server import RedisServer, find_redis_url
from crm.runtime.supervisor import Program, Supervisor, program
from crm.runtime.web_server import WebServer, web_command

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.05  # between two looks whether the first page is there
STOP_SECONDS = 8  # for a job or a request in work, before it is ended; both are taken up again later
TABLES_PAUSE = 0.5  # seconds between two looks whether the database was upgraded
ARENAS = "2"  # of the C library's memory; one for each thread would keep several times as much as is used
WORKER_NICENESS = 5  # pages go before jobs when both want the processor


@dataclass(frozen=True)
class Programs:
    """How the parts of the app are started: they are above this module, so the caller passes them in.

    Shape:  `me` runs one of the commands here in a process of its own; `config` and `application` are gunicorn's;
            `wire` makes the packages known to each other.
    """

    me: tuple[str, ...]
    config: str
    application: str
    wire: Callable[[], None]


def main(arguments: Sequence[str], programs: Programs) -> int:
    """Run one of the commands and return the process's exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    commands: dict[str, Callable[[Settings], int]] = {
        "serve": partial(serve, programs),
        "worker": partial(_run_wired, programs, run_worker),
        "scheduler": partial(_run_wired, programs, run_scheduler),
    }
    chosen = arguments[0] if arguments else "serve"
    if chosen not in commands:
        complain(
            f"Usage: {' '.join([Path(programs.me[0]).name, *programs.me[1:]])} [" + " | ".join(commands) + "]"
        )
        return 2
    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        complain(*error.problems)
        return 2
    logging.getLogger().setLevel(settings.log_level.upper())
    return commands[chosen](settings)


def say(*lines: str) -> None:
    """Write lines to the terminal."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def complain(*lines: str) -> None:
    """Write lines to the terminal's error stream."""
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def register(group: click.Group) -> None:
    """Add the commands that run a process until it is stopped."""
    from crm.commands import Context, crm_command

    @crm_command(group, "worker", help="Run jobs until Ctrl-C.")
    def worker(context: Context) -> None:
        sys.exit(run_worker(context.settings))

    @crm_command(group, "scheduler", help="Start what is due, until Ctrl-C; of many schedulers one does.")
    def scheduler(context: Context) -> None:
        sys.exit(run_scheduler(context.settings))


# The whole app


def serve(programs: Programs, settings: Settings) -> int:
    """Run everything until Ctrl-C or SIGTERM; return the exit status."""
    for slip in find_unknown(os.environ):
        complain(slip)
    if not _is_port_free(settings):
        complain(f"Port {settings.port} of {settings.bind} is in use. Choose another one with CRM_PORT.")
        return 1
    lock = _lock_folder(settings.instance)
    if lock is None:
        complain(f"Koine already runs in {settings.instance}. Stop it, or choose another CRM_INSTANCE.")
        return 1
    supervisor = Supervisor()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.request_stop)
    server = RedisServer(settings.instance)
    try:
        return _serve(programs, settings, supervisor, server)
    finally:
        supervisor.stop(STOP_SECONDS)
        server.stop()
        lock.close()


def _lock_folder(folder: Path) -> IO[str] | None:
    """Keep a second app out of our folder, whose Redis and SQLite file are ours; None when one is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = (folder / "run.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _serve(programs: Programs, settings: Settings, supervisor: Supervisor, server: RedisServer) -> int:
    environ = _child_environment(settings)
    if not settings.redis_url:
        supervisor.add(Program("Redis", server.start_process, is_foundation=True))
        environ["CRM_REDIS_URL"] = server.url
    web = WebServer(web_command(settings, programs.config, programs.application), environ)
    supervisor.add(Program("The web server", web.start))
    if not _wait_until_ready(settings, supervisor):
        return 1
    for number in range(settings.job_workers):
        supervisor.add(program(f"Worker {number + 1}", [*programs.me, "worker"], environ))
    supervisor.add(program("The scheduler", [*programs.me, "scheduler"], environ))
    _greet(settings, web.read_report())
    supervisor.run()
    return 0


def _child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of our programs: they find our modules, and write nowhere but in our folder."""
    temporary = settings.instance / "tmp"
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {"MALLOC_ARENA_MAX": ARENAS, **os.environ, "TMPDIR": str(temporary), "PYTHONPATH": path}


def _is_port_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.bind, settings.port))
        except OSError:
            return False
    return True


def _wait_until_ready(settings: Settings, supervisor: Supervisor) -> bool:
    """Wait for the first answer; a web server that ends before it has none to give, and has said why."""
    web = supervisor.programs[-1].process
    while not supervisor.stopping and web.poll() is None:
        if _answers(settings):
            return True
        time.sleep(WAIT_SECONDS)
    return False


def _answers(settings: Settings) -> bool:
    """Return whether the web server answers at all; what it says about its health is for others."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.bind, settings.bind)
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/health", timeout=30):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _greet(settings: Settings, report: Mapping[str, Any]) -> None:
    lines = [f"Koine runs at {settings.public_url}"]
    if report.get("password"):
        lines.append(f"Log in as admin with the password {report['password']} (it is not shown again).")
    elif report.get("is_new"):
        lines.append("Log in as admin with the password given in CRM_ADMIN_PASSWORD.")
    say(*lines, "Ctrl-C stops it.")


# Its parts


def _run_wired(programs: Programs, run: Callable[[Settings], int], settings: Settings) -> int:
    programs.wire()
    return run(settings)


def _await_tables(engine: Any, language: str) -> bool:
    """Wait until the database is there and upgraded; return False, having said why, when a newer release has it."""
    from sqlalchemy.exc import OperationalError

    from crm.database import only_reading
    from crm.errors import CrmError
    from crm.messages import render
    from crm.own_tables.version import require_current

    told = None
    while True:
        try:
            with only_reading(), engine.connect() as connection:
                require_current(connection)
            return True
        except CrmError as error:
            found = error
        except OperationalError:
            found = CrmError("web.no_database")
        if found.code == "database.newer":
            complain(render(found, language))
            return False
        if found.code != told:
            complain(render(found, language))
            told = found.code
        time.sleep(TABLES_PAUSE)


def run_worker(settings: Settings) -> int:
    """Run jobs until a stop is requested; the job in work may finish."""
    from crm import queue
    from crm.database import build_engine
    from crm.queue.worker import work_until_stopped
    from crm.revisions.processes import Reporter

    url = find_redis_url(settings.redis_url, settings.instance)
    if url is None:
        complain("There is no Redis. Start the app with make run, or name a Redis with CRM_REDIS_URL.")
        return 1
    engine = build_engine(settings.database_url)
    if not _await_tables(engine, settings.language):
        return 1
    os.nice(WORKER_NICENESS)
    queue.use_redis(url)
    reporter = Reporter(engine, "worker", lambda: _load_workspace(engine))
    reporter.look()
    gc.freeze()  # What is loaded now is shared with every child as long as nobody touches it.
    work_until_stopped(
        url,
        job_seconds=settings.job_seconds,
        before_job=lambda: (_load_workspace(engine), reporter.look_now()),
        in_child=lambda: engine.dispose(close=False),
        on_beat=lambda is_busy: reporter.stay() if is_busy else reporter.look(),
        log_level=settings.log_level,
    )
    reporter.end()
    return 0


def run_scheduler(settings: Settings) -> int:
    """Call what is due until a stop is requested; of many schedulers only one does."""
    from crm import queue
    from crm.database import build_engine
    from crm.revisions.processes import Reporter
    from crm.runtime.scheduler import TICKS, Scheduler, SchedulerLock

    engine = build_engine(settings.database_url)
    if not _await_tables(engine, settings.language):
        return 1
    queue.use_redis(find_redis_url(settings.redis_url, settings.instance))
    ticks = {tick.name: (tick.function, float(getattr(settings, tick.setting))) for tick in TICKS}
    reporter = Reporter(engine, "scheduler")  # What it calls asks for the live revision each time.
    scheduler = Scheduler(SchedulerLock(engine, settings.instance), ticks, beat=reporter.look)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, scheduler.request_stop)
    scheduler.run()
    reporter.end()
    return 0


def _load_workspace(engine: Any) -> None:
    """Load the live revision and the names of all, so that the children forked from now on have them."""
    from crm.database import only_reading
    from crm.revisions.former_names import read_former_names
    from crm.revisions.workspace import get_workspace

    with only_reading():
        get_workspace(engine)
        with engine.connect() as connection:
            read_former_names(connection)
