"""`save_with_rule`: customers saved by four clients, over REST and by form, beside a Django admin with history."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from config import ROOT
from crm.database import build_engine
from crm.runtime.children import start_child, stop_children
from tests.bench.django_admin import FORM, AdminSaver, django_admin
from tests.bench.list_page import Browser, clean_environment, is_listening, wait_until
from tests.bench.measure import Result, note
from tests.bench.rule_events import children_of, publish_rules, spent
from tests.databases import PostgresServer, real_postgres_server
from tests.seed import build_template

CLIENTS = 4
SAVES = 200  # of a round, by all clients together
ROUNDS = 4
PROCESSES, THREADS = 2, 4  # of either web server
RULE = {
    "rule": "bench_heard",
    "entity": "customer",
    "when": "record_created",
    "if": [{"field": "city", "is": "Athens"}],
    "then": [{"set_field": {"field": "notes", "to": "Seen: {name}"}}],
}  # fmt: skip
PATH = "/api/v1/customer/"
NUMBERS = itertools.count(1)

Save = Callable[[Mapping[str, str]], None]


def run() -> None:
    """Measure and print: first without any rule that hears the saves, then with one."""
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as name, real_postgres_server() as server:
        folder, url = Path(name), server.url(server.create("bench"))
        build_template(url)
        publish_rules(build_engine(url), [])
        ports = free_port(), free_port()
        (folder / "django").mkdir()
        with (
            koine(url, folder / "koine", ports[0]) as ours,
            django_admin(server, folder / "django", ports[1], PROCESSES, THREADS) as theirs,
        ):
            bench = Bench(server, *ports, ours, theirs)
            bench.measure("no rule hears")
            publish_rules(build_engine(url), [RULE])
            bench.await_revision()
            bench.measure("one rule hears")
            bench.tell_memory()


@contextmanager
def koine(url: str, folder: Path, port: int) -> Iterator[int]:
    """Run a whole installation; yield the process that started the others."""
    given = {"CRM_DATABASE_URL": url, "CRM_INSTANCE": str(folder), "CRM_PORT": str(port)}
    given |= {"CRM_WEB_WORKERS": str(PROCESSES), "CRM_WEB_THREADS": str(THREADS)}
    log = (folder.parent / "koine.log").open("w")
    process = start_child(
        [sys.executable, "-m", "crm"], {**clean_environment(), **given}, cwd=ROOT, stdout=log, stderr=log
    )
    try:
        wait_until(lambda: is_listening(port), process)
        Browser(port).get("/login/")
        wait_until(lambda: len(children_of(process.pid)) >= 5, process)  # Redis, web, two workers, scheduler
        yield process.pid
    except BaseException:
        note(Path(log.name).read_text()[-3000:])
        raise
    finally:
        stop_children([process], 20)
        log.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class RestSaver:
    """A client that creates customers over REST."""

    def __init__(self, port: int) -> None:
        self.browser = Browser(port)
        self.headers = {**self.browser.api_token("admin"), "Content-Type": "application/json"}

    def save(self, values: Mapping[str, str]) -> None:
        """Create one customer."""
        self.browser._send("POST", PATH, json.dumps(values), self.headers, 201)


class FormSaver:
    """A client that creates customers by the form of the page."""

    def __init__(self, port: int) -> None:
        self.browser = Browser(port)
        self.browser.sign_in("admin")
        page = self.browser.get("/customer/add")
        self.hidden = dict(re.findall(r'name="(csrf_token|_revision)"[^>]*value="([^"]*)"', page))

    def save(self, values: Mapping[str, str]) -> None:
        """Create one customer."""
        form = {**values, **self.hidden, "_once": secrets.token_urlsafe(16)}
        self.browser._send("POST", "/customer/add", urlencode(form), FORM, 302)


def customer() -> dict[str, str]:
    """Return the values of another customer."""
    number = next(NUMBERS)
    return {
        "name": f"Company {number}",
        "kind": "company",
        "status": "lead",
        "city": "Athens",
        "country": "GR",
        "email": f"info{number}@example.com",
        "phone": f"+30210{1_000_000 + number}",
        "revenue": str(number),
    }


class Bench:
    """Both systems, running."""

    def __init__(
        self, server: PostgresServer, our_port: int, their_port: int, ours: int, theirs: int
    ) -> None:
        self.server, self.our_port, self.ours, self.theirs = server, our_port, ours, theirs
        self.their_port = their_port

    def measure(self, when: str) -> None:
        """Save in turns and print medians."""
        note(f"save_with_rule: {when}")
        ways: dict[str, Callable[[], Save]] = {
            "django admin": lambda: AdminSaver(self.their_port).save,
            "koine rest": lambda: RestSaver(self.our_port).save,
            "koine form": lambda: FormSaver(self.our_port).save,
        }
        clients = {name: [make() for _ in range(CLIENTS)] for name, make in ways.items()}
        rounds: dict[str, list[Round]] = {name: [] for name in ways}
        for number in range(ROUNDS + 1):
            for name, savers in clients.items():
                done = self.round(savers)
                if number:  # the first one warms up
                    rounds[name].append(done)
        floor = statistics.median(self.bare() for _ in range(ROUNDS))
        Result("save_with_rule", "floor three rows by hand", SAVES, floor, details={"rules": when}).print()
        base = statistics.median(one.seconds for one in rounds["django admin"])
        for name, found in rounds.items():
            self.tell(name, when, found, base)

    def round(self, savers: list[Save]) -> Round:
        """Let every client save its share, and wait until the workers have done theirs."""
        before, started, waits = self.processor(), time.perf_counter(), [[] for _ in savers]
        threads = [
            threading.Thread(target=save_many, args=(save, SAVES // len(savers), found))
            for save, found in zip(savers, waits, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        if sum(map(len, waits)) != SAVES:
            raise RuntimeError("A save failed.")
        self.await_rules()
        after = self.processor()
        used = {name: (after[name] - before[name]) / SAVES * 1000 for name in after}
        return Round(seconds, used, sorted(itertools.chain(*waits)))

    def processor(self) -> dict[str, float]:
        """Return the processor seconds of every process so far."""
        web, workers = self.programs()
        master = int((Path(self.server.host) / "data" / "postmaster.pid").read_text().split()[0])
        return {
            "web": spent_by(web),
            "workers": spent_by(workers),
            "database": spent_by([master, *children_of(master)]),
            "django": spent_by([self.theirs, *children_of(self.theirs)]),
        }

    def programs(self) -> tuple[list[int], list[int]]:
        """Return the web processes and the others, Redis and scheduler among them."""
        parts = children_of(self.ours)
        web = next(pid for pid in parts if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes())
        return [web, *children_of(web)], [pid for pid in parts if pid != web]

    def await_rules(self) -> None:
        """Wait until no event and no run waits."""
        waiting = "SELECT (SELECT count(*) FROM crm_event WHERE state IN ('waiting', 'claimed'))"
        waiting += " + (SELECT count(*) FROM crm_run WHERE state IN ('waiting', 'claimed'))"
        with self.connect() as connection:
            deadline = time.monotonic() + 300
            while connection.execute(waiting).fetchone()[0] and time.monotonic() < deadline:
                time.sleep(0.05)

    def bare(self) -> float:
        """Write a record, its change and its event by hand, each in a transaction."""
        rows = (
            "INSERT INTO customer (name, created_at, updated_at, row_version) VALUES ('By hand', now(), now(), 1)",
            "INSERT INTO crm_change (entity, record_id, kind, values, actor_kind, actor_name, cause, revision, at)"
            " VALUES ('customer', 0, 'created', '{}', 'user', 'by_hand', '[]', 1, now())",
            "INSERT INTO crm_event (kind, entity, record_id, revision, state, attempts, created_at)"
            " VALUES ('created', 'customer', 0, 1, 'done', 0, now())",
        )
        with self.connect() as connection:
            started = time.perf_counter()
            for _ in range(SAVES):
                with connection.transaction():
                    for row in rows:
                        connection.execute(row)
            return time.perf_counter() - started

    def connect(self) -> psycopg.Connection:
        place = {"host": self.server.host, "user": self.server.user, "dbname": "bench"}
        return psycopg.connect(**place, autocommit=True)

    def await_revision(self) -> None:
        """Wait until every process has what was published."""
        time.sleep(8)

    def tell(self, name: str, when: str, found: list[Round], base: float) -> None:
        """Print the medians of one system."""
        waits = sorted(itertools.chain(*(one.waits for one in found)))
        details: dict[str, object] = {
            "rules": when,
            "clients": CLIENTS,
            "load": round(os.getloadavg()[0], 1),
            "rate_to_django": round(base / statistics.median(one.seconds for one in found), 2),
            "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
            "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        }
        parts = ("django", "database") if name.startswith("django") else ("web", "workers", "database")
        details |= {
            f"{part}_ms": round(statistics.median(one.used[part] for one in found), 2) for part in parts
        }
        seconds = statistics.median(one.seconds for one in found)
        Result("save_with_rule", name, SAVES, seconds, details=details).print()

    def tell_memory(self) -> None:
        """Print what the installation's processes hold in memory, shared pages by share, and use while idle."""
        time.sleep(20)  # what was rung for is done
        every = [self.ours, *itertools.chain(*self.programs())]
        every += [child for pid in every for child in children_of(pid) if child not in every]
        before = spent_by(every)
        time.sleep(20)
        used = (spent_by(every) - before) / 20 * 100
        sizes = {pid: proportional_mb(pid) for pid in every}
        details = {"megabytes": round(sum(sizes.values())), "idle_percent_of_a_core": round(used, 2)}
        details["each"] = {name_of(pid): round(size) for pid, size in sizes.items()}
        Result("save_with_rule", "koine idle after use", 1, 20, details=details).print()


class Round:
    """What one round took.

    Unit:   `used`: milliseconds of processor per save, by program; `waits`: seconds of each save.
    """

    def __init__(self, seconds: float, used: Mapping[str, float], waits: list[float]) -> None:
        self.seconds, self.used, self.waits = seconds, used, waits


def save_many(save: Save, count: int, waits: list[float]) -> None:
    """Save one customer after the other and note what each took."""
    for _ in range(count):
        values, started = customer(), time.perf_counter()
        save(values)
        waits.append(time.perf_counter() - started)


def spent_by(pids: list[int]) -> float:
    """Return the processor seconds of some processes; those that just ended are counted by their parents."""
    found = 0.0
    for pid in pids:
        with suppress(OSError):
            found += spent(pid)
    return found


def proportional_mb(pid: int) -> float:
    """Return a process's proportional set size."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE)[1]) / 1024


def name_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().split()
    known = next(
        (word for word in words[::-1] if word in ("worker", "scheduler", "gunicorn", "crm")), "redis"
    )
    return f"{known} {pid}"
