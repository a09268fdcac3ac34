"""`publish`: changes of 1,000,000 records under load; how long an app takes to build; whether memory stays flat."""

from __future__ import annotations

import copy
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from werkzeug.test import Client

from app import build_source
from config import Settings, load_settings
from crm.database import build_engine
from crm.entities.load import documents_from_json
from crm.own_tables.upgrade import upgrade
from crm.revisions import publish
from crm.revisions.column_moves import settle_moves
from crm.revisions.workspace import load_workspace
from crm.web.app import build_app
from crm.web.fab.permissions import sync_permissions
from crm.web.serving.host import Host
from tests.bench.list_page import CUSTOMERS, PAGES, REST_PAGE, Browser, connect, fill, serving
from tests.bench.measure import Result, note, time_once
from tests.databases import real_postgres_server
from tests.seed import build_template

CLIENTS = 4
FIELDS = {
    "a plain field": {"type": "text"},
    "an indexed field": {"type": "integer", "index": True},
    "a reference": {"type": "reference", "to": "customer", "on_delete": "clear"},
    "street": {"type": "integer"},  # which is a text with a number in it
}
NAMES = {"street": "another type of a field"}
FLOORS = {
    "a plain field": ["ALTER TABLE customer ADD COLUMN floor_plain text"],
    "an indexed field": [
        "ALTER TABLE customer ADD COLUMN floor_indexed integer",
        "CREATE INDEX CONCURRENTLY floor_index ON customer (floor_indexed)",
    ],
    "a reference": [
        "ALTER TABLE customer ADD COLUMN floor_id bigint",
        "CREATE INDEX CONCURRENTLY floor_id_index ON customer (floor_id)",
        "ALTER TABLE customer ADD FOREIGN KEY (floor_id) REFERENCES customer (id)",
    ],
    "street": [
        "ALTER TABLE customer ADD COLUMN floor_number bigint",
        "UPDATE customer SET floor_number = postal_code::bigint",
    ],
}
"""What the same costs in bare SQL, while nobody else works; the last of them holds every record until its end."""
OWN = 1_000  # records that each client saves, one after the other
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
            found = measure_under_load(url, port)
        with connect(server) as connection:
            connection.execute("VACUUM ANALYZE customer")
            for name, statements in FLOORS.items():
                floor = time_once(
                    lambda statements=statements: [connection.execute(one) for one in statements]
                )
                tell(name, found[name], floor)


# Under load


@dataclass
class Load:
    """Clients that look at pages and save records all the time."""

    port: int
    answers: list[tuple[float, float, str]] = field(
        default_factory=list
    )  # moment of the question, seconds, what
    failed: list[str] = field(default_factory=list)
    saved: dict[int, int] = field(default_factory=dict)  # what each record's street was last saved as
    is_going: bool = True

    def ask(self, client: int) -> None:
        """Ask until it is over, as one client."""
        browser = Browser(self.port)
        bearer = browser.api_token("admin")
        browser.sign_in("admin")
        for turn in itertools.count():
            if not self.is_going:
                return
            self._time("read", browser, lambda: browser.get(PAGES["first page"]))
            self._time("read", browser, lambda: browser.get(REST_PAGE, bearer))
            record, street = 1 + client * OWN + turn % OWN, 10_000_000 * (client + 1) + turn
            save = partial(browser.put, f"/api/v1/customer/{record}", {"street": str(street)}, bearer)
            if self._time("save", browser, save):
                self.saved[record] = street

    def _time(self, kind: str, browser: Browser, call: Callable[[], object]) -> bool:
        """Time one answer and note when it was none; return whether it was a good one."""
        started, is_good = time.monotonic(), True
        try:
            call()
        except (RuntimeError, OSError) as error:
            browser.connection.close()
            self.failed.append(f"{kind}: {error}"[:200])
            is_good = False
        self.answers.append((started, time.monotonic() - started, kind))
        return is_good

    def slowest(self, since: float, kind: str, share: float = 0.99) -> tuple[float, int]:
        """Return a percentile of the answers begun since a moment, and how many there were."""
        found = sorted(
            seconds for started, seconds, what in self.answers if since <= started and what == kind
        )
        return (found[min(len(found) - 1, int(len(found) * share))] if found else 0.0), len(found)


def measure_under_load(url: str, port: int) -> dict[str, tuple[float, dict[str, Any]]]:
    """Publish while clients work; the publish's own span is what counts, with the change-over behind it."""
    engine, load = build_engine(url), Load(port)
    threads = [threading.Thread(target=load.ask, args=(client,), daemon=True) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(QUIET_SECONDS * 2)
    quiet = time.monotonic()
    time.sleep(QUIET_SECONDS)
    before = {kind: load.slowest(quiet, kind)[0] for kind in ("read", "save")}
    found = {name: measure_one(engine, load, (name, body)) for name, body in FIELDS.items()}
    load.is_going = False
    for thread in threads:
        thread.join()
    settle_moves(engine)
    found["street"][1]["values_lost"] = count_lost(engine, load.saved)
    for _seconds, details in found.values():
        details |= {f"p99_{kind}_before": round(seconds, 3) for kind, seconds in before.items()}
    for failure in load.failed[:5]:
        note(failure)
    engine.dispose()
    return found


def measure_one(engine: sa.Engine, load: Load, given: tuple[str, dict]) -> tuple[float, dict[str, Any]]:
    """Publish one field and return how long that took, until everything was finished, and how the clients fared."""
    live: list[float] = []
    publish.AFTER_PUBLISH.insert(0, lambda _engine: live.append(time.monotonic()))
    started, failed = time.monotonic(), len(load.failed)
    seconds = time_once(lambda: publish_field(engine, *given))
    publish.AFTER_PUBLISH.pop(0)
    time.sleep(QUIET_SECONDS)
    details: dict[str, Any] = {"database": "postgresql", "live_after": round(live[0] - started, 3)}
    for kind in ("read", "save"):
        p99, count = load.slowest(started - 0.5, kind)
        slowest = load.slowest(started - 0.5, kind, 1.0)[0]
        details |= {f"p99_{kind}": round(p99, 3), f"slowest_{kind}": round(slowest, 3), f"{kind}s": count}
    return seconds, {**details, "failed": len(load.failed) - failed}


def publish_field(engine: sa.Engine, name: str, body: dict[str, Any]) -> None:
    """Give the customers one field, new or of another type, and publish."""
    bodies = [copy.deepcopy(dict(document.body)) for document in load_workspace(engine).schema.documents]
    customer = next(one for one in bodies if next(iter(one)) == "entity" and one["entity"] == "customer")
    customer["fields"][name.replace(" ", "_")] = body
    publish.publish_schema(engine, documents_from_json(bodies), name)


def count_lost(engine: sa.Engine, saved: Mapping[int, int]) -> int:
    """Return how many records do not hold what was saved last."""
    workspace = load_workspace(engine)
    column = workspace.models.table("customer").c[
        workspace.schema.entities["customer"].fields["street"].column
    ]
    with engine.connect() as connection:
        asked = sa.select(column.table.c.id, column).where(column.table.c.id.in_(saved))
        stored = {row[0]: row[1] for row in connection.execute(asked)}
    return sum(int(stored[record] or 0) != street for record, street in saved.items())


def tell(name: str, found: tuple[float, dict[str, Any]], floor: float) -> None:
    """Print one result beside its floor."""
    seconds, details = found
    system = f"koine {NAMES.get(name, name)}, {CLIENTS} clients"
    Result("publish", system, CUSTOMERS, seconds, floor=floor, details=details).print()
    Result("publish", f"bare SQL: {NAMES.get(name, name)}", CUSTOMERS, floor).print()


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
            upgrade(engine)
            publish.publish_schema(engine, documents_from_json(schema_of(count)), "bench")
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
        wanted = publish.publish_schema(engine, documents_from_json(bodies), "bench")
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
