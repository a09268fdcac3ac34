"""`search`: 100 queries with the commonest names of four languages among 1,000,000 customers, on both databases.

The drop-down while typing, a look-up, the list and the page of all hits run through a real web process, beside the bare
query.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from app import wire
from crm.database import build_engine, open_session
from crm.permissions.model import SYSTEM
from crm.records.bulk import copy_rows
from crm.records.finding import found_by
from crm.records.search_keys import search_key_of
from crm.revisions.workspace import get_workspace
from tests.bench.list_page import Browser, serving
from tests.bench.measure import Result, note, peak_of, time_once
from tests.bench.people import QUERIES, customers
from tests.databases import real_postgres_server
from tests.seed import build_template

CUSTOMERS = 1_000_000
TIMES = 4  # every customer stands there so often
COLUMNS = ("name", "kind", "city", "country", "phone", "email")
PAGES = {
    "drop-down": "/search/panel?q={}",
    "look-up": "/lookup/deal/customer?q={}",
    "list": "/customer/list/?q={}",
    "all hits": "/search?q={}",
}
MOMENT = dt.datetime(2025, 1, 1, 12)
SAME = {"status": "active", "language": "en", "row_version": 1, "created_at": MOMENT, "updated_at": MOMENT}


def run() -> None:
    """Measure and print."""
    for name, database in (("postgresql", postgresql), ("sqlite", sqlite)):
        with tempfile.TemporaryDirectory(prefix="koine-bench-") as folder, database(Path(folder)) as url:
            note(f"search: making {CUSTOMERS:,} customers on {name}")
            build_template(url)
            fill(build_engine(url), CUSTOMERS)
            with serving(url, Path(folder)) as (port, pid):
                measure(name, url, Browser(port), pid)


@contextmanager
def postgresql(_folder: Path) -> Iterator[str]:
    with real_postgres_server() as server:
        yield server.url(server.create("bench"))


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'bench.db'}"


def fill(engine: sa.Engine, count: int) -> None:
    """Put customers into the table with the keys that saving them gives, each several times."""
    wire()
    workspace = get_workspace(engine)
    entity, table = workspace.schema.entities["customer"], workspace.models.table("customer")
    with engine.begin() as connection:
        owners = list(connection.scalars(sa.text("SELECT id FROM ab_user ORDER BY id")))
        rows = (
            (*(values[name] for name in COLUMNS), owners[number % len(owners)], search_key_of(entity, values))
            for number, values in enumerate(customers(count // TIMES))
        )
        copy_rows(connection, table, (*COLUMNS, "owner_id", "search_key"), rows, SAME)
        names = [column.name for column in table.columns if column.name != "id"]
        once = sa.select(*(table.c[name] for name in names))
        for _ in range(1, TIMES):
            connection.execute(sa.insert(table).from_select(names, once.limit(count // TIMES)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        words = "VACUUM ANALYZE customer" if engine.dialect.name == "postgresql" else "ANALYZE"
        connection.exec_driver_sql(words)


def measure(database: str, url: str, browser: Browser, pid: int) -> None:
    """Time every query on every page, and the query alone."""
    browser.sign_in("admin")
    bare = bare_queries(url)
    floor = percentiles({query: bare[query] for query in QUERIES})
    print_one("floor bare query", database, floor, None, None)
    for name, path in PAGES.items():
        calls = {
            query: (lambda query=query, path=path: browser.get(path.format(quote(query))))
            for query in QUERIES
        }
        print_one(f"koine {name}", database, percentiles(calls), floor[0], pid)


def bare_queries(url: str) -> dict[str, Callable[[], object]]:
    """Return what only asks the index for the first records of each query."""
    engine = build_engine(url)
    workspace = get_workspace(engine)
    entity = workspace.schema.entities["customer"]
    alone = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    found = {}
    with open_session(engine, workspace, SYSTEM) as session:
        for query in QUERIES:
            asked = (
                sa.select(workspace.models["customer"].id).where(found_by(session, entity, query)).limit(26)
            )
            text = str(asked.compile(engine, compile_kwargs={"literal_binds": True}))
            found[query] = lambda text=text: alone.exec_driver_sql(text).all()
    return found


def percentiles(calls: dict[str, Callable[[], object]]) -> tuple[float, float, float, str]:
    """Return median, 95th percentile and maximum of the calls, each the best of three, and the slowest's name."""
    times = {}
    for name, call in calls.items():
        call()
        times[name] = min(time_once(call) for _ in range(3))
    ordered = sorted(times.values())
    slowest = max(times, key=times.__getitem__)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1], slowest


def print_one(
    system: str, database: str, found: tuple[float, float, float, str], floor: float | None, pid: int | None
) -> None:
    """Print one line: the median as seconds, the percentiles beside it."""
    median, late, most, slowest = found
    details = {
        "database": database,
        "p50_ms": round(median * 1000, 1),
        "p95_ms": round(late * 1000, 1),
        "max_ms": round(most * 1000, 1),
        "slowest": slowest,
        "queries": len(QUERIES),
    }
    Result("search", system, CUSTOMERS, median, peak_of(pid) if pid else None, floor, details).print()
