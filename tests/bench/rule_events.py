"""`rule_events`: 5,000 records that four rules hear of, through two real workers, beside a hand-written batch."""

from __future__ import annotations

import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from config import ROOT
from crm import queue
from crm.database import build_engine, only_reading, open_session
from crm.entities.model import Document
from crm.permissions.model import SYSTEM
from crm.records.bulk import insert_rows
from crm.records.service import create_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import Workspace, load_workspace
from crm.runtime.children import start_child, stop_children
from crm.runtime.redis_server import RedisServer
from tests.bench import list_page
from tests.bench.list_page import clean_environment, fill
from tests.bench.measure import Result, cpu_seconds, note, peak_of, time_once
from tests.databases import PostgresServer, real_postgres_server
from tests.seed import build_template

EVENTS = 5_000
WORKERS = 2
ROUNDS = 3
SINGLES = 40  # saves one after the other, each looked at until its effect is there
UNHEARD = 200  # saves that no rule hears
MOST_SECONDS = 900

CITIES = ("Athens", "Patras", "Cluj", "Haifa")
DEEDS: tuple[dict[str, Any], ...] = (
    {"set_field": {"field": "notes", "to": "Seen: {name}"}},
    {"assign": {"field": "owner", "among": {"role": "service"}}},
    {
        "create_record": {
            "entity": "activity",
            "values": {"subject": "Call {name}", "kind": "call", "customer": "= id"},
        }
    },
    {"notify": {"to": {"role": "manager"}, "text": "{name} is new."}},
)
RULES = [
    {
        "rule": f"bench_{number}",
        "entity": "customer",
        "when": "record_created",
        "if": [{"field": "city", "is": city}],
        "then": [deed],
    }
    for number, (city, deed) in enumerate(zip(CITIES, DEEDS, strict=True))
]
HOURLY = {
    "rule": "bench_hourly",
    "entity": "customer",
    "when": "every_hour",
    "if": [{"field": "revenue", "at_least": 99900}, {"field": "country", "is": "GR"}],
    "then": [{"set_field": {"field": "notes", "to": "Look at it"}}],
}  # fmt: skip


def run() -> None:
    """Measure and print, on PostgreSQL and on SQLite."""
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as name, real_postgres_server() as server:
        for kind, url in (
            ("postgresql", server.url(server.create("bench"))),
            ("sqlite", f"sqlite:///{name}/bench.db"),
        ):
            note(f"rule_events: {EVENTS:,} events on {kind}")
            build_template(url)
            place = Place(kind, url, Path(name) / kind, server)
            with place.working():
                place.measure()
        measure_clock(server)


class Place:
    """A database with the bench's rules, its Redis and its workers."""

    def __init__(self, kind: str, url: str, folder: Path, server: PostgresServer) -> None:
        self.kind, self.url, self.folder, self.server = kind, url, folder, server
        self.engine = build_engine(url)
        self.workspace = publish_rules(self.engine, RULES)
        self.workers: list[subprocess.Popen] = []
        self.made = 0

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run Redis and the workers."""
        redis = RedisServer(self.folder)
        redis.start()
        queue.use_redis(redis.url)
        given = {"CRM_DATABASE_URL": self.url, "CRM_INSTANCE": str(self.folder), "CRM_REDIS_URL": redis.url}
        command = [sys.executable, "-m", "crm", "worker"]
        try:
            self.workers = [
                start_child(command, {**clean_environment(), **given}, cwd=ROOT) for _ in range(WORKERS)
            ]
            while queue.look_at_queue().workers < WORKERS:
                time.sleep(0.1)
            yield
        finally:
            stop_children(self.workers, 10)
            queue.use_redis(None)
            redis.stop()

    def measure(self) -> None:
        """Time the rules and the floor in turns, then single saves."""
        self.work_through(100)  # everything is loaded
        rates, floors, worked, served = [], [], [], []
        for _ in range(ROUNDS):
            before = self.processor()
            rates.append(self.work_through(EVENTS))
            after = self.processor()
            worked.append(after[0] - before[0])
            served.append(after[1] - before[1])
            floors.append(self.floor())
        floor, seconds = statistics.median(floors), statistics.median(rates)
        load = round(os.getloadavg()[0], 1)
        Result(
            "rule_events", "floor hand-written batch", EVENTS, floor, details={"database": self.kind}
        ).print()
        details = {
            "database": self.kind,
            "load": load,
            "worker_ms_per_event": round(statistics.median(worked) / EVENTS * 1000, 3),
            "database_ms_per_event": round(statistics.median(served) / EVENTS * 1000, 3),
        }
        peak = max(peak_of(worker.pid) for worker in self.workers)
        Result("rule_events", f"koine, {WORKERS} workers", EVENTS, seconds, peak, floor, details).print()
        self.measure_singles()
        self.measure_unheard()

    def processor(self) -> tuple[float, float]:
        """Return the processor seconds of the workers and of the database so far, children that ended included."""
        return sum(spent(worker.pid) for worker in self.workers), self.database_seconds()

    def database_seconds(self) -> float:
        if self.kind == "sqlite":
            return 0.0
        pid = int((Path(self.server.host) / "data" / "postmaster.pid").read_text().split()[0])
        return spent(pid) + sum(spent(child) for child in children_of(pid))

    def work_through(self, count: int) -> float:
        """Create customers at once and return how long it takes until every rule's effect is there."""
        rows = [self.customer(CITIES[number % len(CITIES)]) for number in range(count)]
        with open_session(self.engine, self.workspace, SYSTEM) as session:
            insert_rows(session, self.workspace.schema.entities["customer"], rows)
        started = time.perf_counter()
        self.wait_for(
            "SELECT count(*) FROM crm_run WHERE state NOT IN ('waiting', 'claimed')", self.made, 0.05
        )
        return time.perf_counter() - started

    def wait_for(self, statement: str, count: int, pause: float) -> None:
        """Look again until a count is reached."""
        deadline = time.monotonic() + MOST_SECONDS
        while self.count(statement) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{statement} has not come to {count}.")
            time.sleep(pause)

    def count(self, statement: str) -> int:
        with only_reading(), self.engine.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()

    def customer(self, city: str) -> dict[str, Any]:
        self.made += 1
        return {
            "name": f"Company {self.made}",
            "kind": "company",
            "status": "lead",
            "city": city,
            "country": "GR",
            "language": "en",
        }

    def measure_singles(self) -> None:
        """Time one save after the other, from its commit to its effect."""
        entity, found = self.workspace.schema.entities["customer"], []
        for _ in range(SINGLES):
            with open_session(self.engine, self.workspace, SYSTEM) as session:
                create_record(session, entity, self.customer("Athens"))
            found.append(
                time_once(
                    lambda: self.wait_for(
                        "SELECT count(*) FROM crm_run WHERE state NOT IN ('waiting', 'claimed')",
                        self.made,
                        0.002,
                    )
                )
            )
            time.sleep(0.05)
        found.sort()
        details = {"database": self.kind, "p95": round(found[int(len(found) * 0.95)], 3)}
        Result("rule_events", "commit to effect", 1, statistics.median(found), details=details).print()

    def measure_unheard(self) -> None:
        """Say what workers spend on saves that no rule hears."""
        entity = self.workspace.schema.entities["product"]
        time.sleep(3)
        before, started = self.processor(), time.perf_counter()
        for number in range(UNHEARD):
            with open_session(self.engine, self.workspace, SYSTEM) as session:
                create_record(session, entity, {"name": f"Product {number}", "code": f"{time.time_ns()}"})
        time.sleep(1)
        after = self.processor()
        details = {"database": self.kind, "worker_ms_each": round((after[0] - before[0]) / UNHEARD * 1000, 3)}
        Result(
            "rule_events", "saves nobody hears", UNHEARD, time.perf_counter() - started, details=details
        ).print()

    def floor(self) -> float:
        """Write the same rows by hand, a hundred at a time: the record, its change, run, step and event."""
        if self.kind == "sqlite":
            connection = self.engine.raw_connection()
            return time_once(lambda: write_by_hand(connection.cursor(), "?"))
        with psycopg.connect(
            host=self.server.host, user=self.server.user, dbname="bench", autocommit=True
        ) as connection:
            return time_once(lambda: write_by_hand(connection.cursor(), "%s"))


HAND = (
    "UPDATE crm_event SET state = 'done' WHERE id = ?",
    "UPDATE customer SET notes = 'by hand', row_version = row_version + 1 WHERE id = ?",
    "INSERT INTO crm_change (entity, record_id, kind, values, actor_kind, actor_name, cause, revision, at)"
    " VALUES ('customer', ?, 'updated', '{\"notes\": [null, \"by hand\"]}', 'rule', 'by_hand', '[]', 1, '2026-01-01')",
    "INSERT INTO crm_run (rule, trigger_key, revision, entity, record_id, state, due_at, attempts, tries, why, cause,"
    " created_at) VALUES ('by_hand', ?, 1, 'customer', 0, 'stopped', '2026-01-01', 1, 1, '{}', '[]', '2026-01-01')",
    "INSERT INTO crm_step (run_id, position, state, effect, revision, at)"
    " VALUES (?, 'by_hand', 'done', '{}', 1, '2026-01-01')",
)


def write_by_hand(cursor: Any, mark: str) -> None:
    """Write five rows for each of the first records, and take the new ones back afterwards for the next round."""
    ids = [number + 1 for number in range(EVENTS)]
    for start in range(0, len(ids), 100):
        part = ids[start : start + 100]
        cursor.execute("BEGIN")
        for statement in HAND:
            text = statement.replace('"values"', "values").replace("kind, values,", 'kind, "values",')
            given = [(str(number),) if "crm_run" in statement else (number,) for number in part]
            cursor.executemany(text.replace("?", mark), given)
        cursor.execute("COMMIT")
    for table in ("crm_run WHERE rule", "crm_step WHERE position", "crm_change WHERE actor_name"):
        cursor.execute(f"DELETE FROM {table} = 'by_hand'")  # noqa: S608 - our own names


def measure_clock(server: PostgresServer) -> None:
    """Time a rule that looks every hour at a million records, of which 333 match."""
    from config import load_settings
    from workflows.organisation import RuleWorkshop, organisation_of
    from workflows.runs.ticking import tick

    url = server.url(server.create("million"))
    note("rule_events: making a million customers")
    build_template(url)
    fill(server, "million")
    engine = build_engine(url)
    workspace = publish_rules(engine, [HOURLY])
    clock = [dt.datetime(2026, 3, 2, 10, 30)]
    workshop = RuleWorkshop(engine, organisation_of(load_settings({})), clock=lambda: clock[0])
    tick(workshop)
    found, used, planned = [], [], []
    pid = int((Path(server.host) / "data" / "postmaster.pid").read_text().split()[0])
    for _ in range(ROUNDS):
        clock[0] += dt.timedelta(hours=1)
        before = time.process_time() + spent(pid) + sum(map(spent, children_of(pid)))
        found.append(time_once(lambda: planned.append(tick(workshop))))
        used.append(time.process_time() + spent(pid) + sum(map(spent, children_of(pid))) - before)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE crm_run SET state = 'done' WHERE state = 'waiting'"))
    details = {
        "matched": planned[-1],
        "cpu_seconds": round(statistics.median(used), 3),
        "rules": len(workspace.schema.parts["rule"]),
    }
    Result(
        "rule_events", "a rule every hour", list_page.CUSTOMERS, statistics.median(found), details=details
    ).print()


def publish_rules(engine: sa.Engine, rules: Sequence[Mapping[str, Any]]) -> Workspace:
    """Publish the shipped documents with other rules than the shipped ones."""
    kept = [document for document in load_workspace(engine).schema.documents if document.kind != "rule"]
    added = [Document("rule", str(body["rule"]), body, f"rules/{body['rule']}.yaml") for body in rules]
    publish_schema(engine, [*kept, *added], "bench", "admin")
    return load_workspace(engine)


def spent(pid: int) -> float:
    """Return the processor seconds of a process and of its children that ended."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = (int(parts[13]) + int(parts[14])) / os.sysconf("SC_CLK_TCK")
    return cpu_seconds(pid) + ended


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
