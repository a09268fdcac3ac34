"""`publish`: a field for 1,000,000 records under load; how long an app takes to build; whether memory stays flat."""

from __future__ import annotations

import copy
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from werkzeug.test import Client

from app import build_source
from config import Settings, load_settings
from crm.database import build_engine, create_tables
from crm.entities.load import documents_from_json
from crm.entities.publish import publish_schema
from crm.entities.workspace import load_workspace
from crm.web.app import build_app
from crm.web.host import Host
from crm.web.permissions import sync_permissions
from tests.bench.list_page import CUSTOMERS, PAGES, REST_PAGE, Browser, fill, serving
from tests.bench.measure import Result, note, time_once
from tests.databases import real_postgres_server
from tests.seed import build_template

CLIENTS = 4
FIELDS = {
    "a plain field": {"type": "text"},
    "an indexed field": {"type": "integer", "index": True},
    "a reference": {"type": "reference", "to": "customer", "on_delete": "clear"},
}
QUIET_SECONDS = 5.0  # of load before the first publish, and after each
ROUNDS = 5
SWAPS = 60


def run() -> None:
    """Measure and print."""
    measure_builds()
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as folder, real_postgres_server() as server:
        url = server.url(server.create("bench"))
        note(f"publish: making {CUSTOMERS:,} customers")
        build_template(url)
        fill(server)
        with serving(url, Path(folder)) as (port, _pid):
            measure_under_load(url, port)


# Under load


@dataclass
class Load:
    """Clients that ask for pages all the time."""

    port: int
    answers: list[tuple[float, float]] = field(default_factory=list)  # (moment of the question, seconds)
    failed: list[str] = field(default_factory=list)
    is_going: bool = True

    def ask(self) -> None:
        """Ask until it is over, as one client."""
        browser = Browser(self.port)
        bearer = browser.api_token("admin")
        browser.sign_in("admin")
        while self.is_going:
            for path, headers in ((PAGES["first page"], None), (REST_PAGE, bearer)):
                started = time.monotonic()
                try:
                    browser.get(path, headers)
                except (RuntimeError, OSError) as error:
                    self.failed.append(str(error)[:200])
                self.answers.append((started, time.monotonic() - started))

    def slowest(self, since: float, until: float, share: float = 0.99) -> tuple[float, int]:
        """Return a percentile of the answers begun in a span of time, and how many there were."""
        found = sorted(seconds for started, seconds in self.answers if since <= started < until)
        return (found[min(len(found) - 1, int(len(found) * share))] if found else 0.0), len(found)


def measure_under_load(url: str, port: int) -> None:
    """Publish while clients ask; the publish's own span is what counts, with the change-over behind it."""
    engine, load = build_engine(url), Load(port)
    threads = [threading.Thread(target=load.ask, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(QUIET_SECONDS * 2)
    quiet = time.monotonic()
    time.sleep(QUIET_SECONDS)
    before, _count = load.slowest(quiet, time.monotonic())
    for name, body in FIELDS.items():
        started = time.monotonic()
        seconds = time_once(lambda name=name, body=body: publish_field(engine, name, body))
        time.sleep(QUIET_SECONDS)
        p99, count = load.slowest(started - 0.5, time.monotonic())
        details = {"database": "postgresql", "p99_seconds": round(p99, 3), "p99_before": round(before, 3)}
        details["slowest_seconds"] = round(load.slowest(started - 0.5, time.monotonic(), 1.0)[0], 3)
        details |= {"requests": count, "failed": len(load.failed)}
        Result("publish", f"koine {name}, {CLIENTS} clients", CUSTOMERS, seconds, details=details).print()
    load.is_going = False
    for thread in threads:
        thread.join()
    for failure in load.failed[:5]:
        note(failure)


def publish_field(engine: sa.Engine, name: str, body: dict[str, Any]) -> None:
    """Add one field to the customers and publish."""
    bodies = [copy.deepcopy(dict(document.body)) for document in load_workspace(engine).schema.documents]
    customer = next(one for one in bodies if next(iter(one)) == "entity" and one["entity"] == "customer")
    customer["fields"][name.replace(" ", "_")] = body
    publish_schema(engine, documents_from_json(bodies), name)


# Builds, permissions, memory


def schema_of(count: int) -> list[dict[str, Any]]:
    """Return entities of 15 fields each, every one pointing to the next, and a role for all."""
    kinds = ("text", "integer", "money", "date", "boolean", "email", "datetime")
    found: list[dict[str, Any]] = []
    for number in range(count):
        fields: dict[str, Any] = {f"field_{place}": {"type": kinds[place % 7]} for place in range(12)}
        fields["stage"] = {"type": "choice", "choices": ["new", "open", "done"]}
        fields["next"] = {"type": "reference", "to": f"thing{(number + 1) % count}", "on_delete": "clear"}
        fields["owner"] = {"type": "user"}
        found.append({"entity": f"thing{number}", "menu": "sales", "fields": fields})
    rights = {f"thing{number}": {"can": ["read", "create", "update"]} for number in range(count)}
    return [*found, {"role": "clerk", "label": "Clerk", "entities": rights}]


def measure_builds() -> None:
    """Time an app of 20 and of 60 entities, the sync of its permissions, and the memory of many swaps."""
    for count in (20, 60):
        with tempfile.TemporaryDirectory(prefix="koine-bench-") as folder:
            url = f"sqlite:///{folder}/bench.db"
            settings = load_settings({"CRM_DATABASE_URL": url, "CRM_INSTANCE": folder})
            engine = build_engine(url)
            create_tables(engine)
            publish_schema(engine, documents_from_json(schema_of(count)), "bench")
            measure_build(settings, engine, count)
            if count == 20:
                measure_memory(settings, engine)
            engine.dispose()


def measure_build(settings: Settings, engine: sa.Engine, count: int) -> None:
    """Time load and build of one revision, and its permissions."""
    walls, cpus, syncs = [], [], []
    for _ in range(ROUNDS + 1):
        cpu = time.process_time()
        walls.append(time_once(lambda: build_app(load_workspace(engine), settings, engine)))
        cpus.append(time.process_time() - cpu)
        workspace = load_workspace(engine)
        with engine.begin() as connection:
            syncs.append(time_once(partial(sync_permissions, connection, workspace)))
    details = {"cpu_seconds": round(statistics.median(cpus[1:]), 3)}
    details["permission_sync_ms"] = round(statistics.median(syncs[1:]) * 1000, 1)
    wall = statistics.median(walls[1:])
    Result("publish", f"app build, {count} entities x 15 fields", count, wall, details=details).print()


def measure_memory(settings: Settings, engine: sa.Engine) -> None:
    """Publish many times, serve each revision once, and compare what the process holds early and late."""
    host = Host(build_source(settings, engine), check_seconds=0.0)
    host.warm()
    sizes = []
    started = time.perf_counter()
    for number in range(SWAPS):
        bodies = schema_of(20)
        bodies[0]["label"] = {"en": f"Thing {number}"}
        wanted = publish_schema(engine, documents_from_json(bodies), "bench")
        while host.serving.number != wanted:
            with Client(host).get("/login/") as answer:
                answer.get_data()
            time.sleep(0.01)
        sizes.append(resident_mb())
    early, late = statistics.median(sizes[8:13]), statistics.median(sizes[-5:])
    details = {
        "mb_after_10": round(early, 1),
        "mb_at_end": round(late, 1),
        "growth": round(late / early - 1, 3),
    }
    seconds = (time.perf_counter() - started) / SWAPS
    Result("publish", f"{SWAPS} swaps, 20 entities", 1, seconds, details=details).print()


def resident_mb() -> float:
    """Return how much memory this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
