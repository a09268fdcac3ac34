"""`list_page`: pages and REST lists of 1,000,000 customers on PostgreSQL, through a real web process."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg

from config import ROOT, load_settings
from crm.__main__ import PROGRAMS
from crm.database import build_engine
from crm.records.search_keys import marks_of, searched_fields
from crm.revisions.workspace import get_workspace
from crm.runtime.children import start_child, stop_children
from crm.runtime.web_server import web_command
from tests.bench.measure import Result, Timed, cpu_seconds, medians, note, peak_of
from tests.databases import PostgresServer, real_postgres_server
from tests.seed import PASSWORD, build_template

CUSTOMERS = 1_000_000
ROUNDS = 40
CPU_CALLS = 20

FILL = """
INSERT INTO customer (name, kind, status, segment, street, postal_code, city, country, language, owner_id, revenue,
                      phone, email, customer_since, created_at, updated_at, row_version, search_key)
SELECT 'Company ' || md5(i::text), 'company',
       (ARRAY['lead', 'active', 'at_risk', 'churned'])[1 + i % 4],
       (ARRAY['enterprise', 'mid_market', 'small', 'public'])[1 + i % 4],
       i::text, i::text,
       (ARRAY['Athens', 'Patras', 'Cluj', 'Haifa', 'Iasi'])[1 + i % 5], (ARRAY['GR', 'RO', 'IL'])[1 + i % 3],
       'en', 1 + i % 9, (i % 1000) * 100, '+30210' || lpad(i::text, 7, '0'), 'info' || i || '@example.com',
       date '2020-01-01' + i % 2000, timestamp '2025-01-01' + i * interval '10 seconds',
       timestamp '2025-01-01' + i * interval '10 seconds', 1,
       $2 || '^company ' || $2 || '=' || md5(i::text) || ' ' || $3 || ':info' || i || ' ' || $4 || ':30210'
           || lpad(i::text, 7, '0')
FROM generate_series(1, $1) AS i
"""
BARE = "SELECT id, row_version, name, status, segment, city, country, phone, owner_id, revenue FROM customer "
NAME = 'crm_sort_en_1(name COLLATE "C")'
FLOORS = {
    "first page": BARE + f"ORDER BY {NAME}, id DESC LIMIT 26",
    "page 400": BARE + f"ORDER BY {NAME}, id DESC LIMIT 26 OFFSET 10000",
    "filter and sort": BARE + "WHERE city = 'Patras' ORDER BY revenue DESC, id DESC LIMIT 26",
    "text search": BARE + "WHERE crm_words(search_key) @@ '''{name}=e4da3b7fbb'':*'::tsquery LIMIT 26",
    "first page of sales": BARE
    + f"WHERE owner_id = 8 ORDER BY {NAME}, id DESC LIMIT 26",  # her id in the template
}
MARKED = ("name", "email", "phone")
COUNT = "SELECT count(*) FROM customer"

PAGES = {
    "first page": "/customer/list/",
    "page 400": "/customer/list/?page_customer=400",
    "filter and sort": "/customer/list/?"
    + urlencode({"_flt_2_city": "Patras", "_oc_x": "revenue", "_od_x": "desc"}),
    "text search": "/customer/list/?q=e4da3b7fbb",
}
REST_PAGE = "/api/v1/customer/?q=" + quote(
    "(columns:!(name,status,segment,city,country,phone,revenue),page_size:25)"
)


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as folder, real_postgres_server() as server:
        url = server.url(server.create("bench"))
        note(f"list_page: making {CUSTOMERS:,} customers")
        build_template(url)
        fill(server)
        with serving(url, Path(folder)) as (port, pid):
            measure(server, Browser(port), pid)


def fill(server: PostgresServer, name: str = "bench") -> None:
    """Put the customers into the table of a database, the shortest way."""
    with connect(server, name) as connection:
        marks = marks_in(server.url(name))
        psycopg.RawCursor(connection).execute(FILL, (CUSTOMERS, *(marks[name] for name in MARKED)))
        connection.execute("VACUUM ANALYZE customer")


def marks_in(url: str) -> dict[str, str]:
    """Return the marks of the searched fields of customers."""
    return marks_of(searched_fields(get_workspace(build_engine(url)).schema.entities["customer"]))


def connect(server: PostgresServer, name: str = "bench") -> psycopg.Connection:
    return psycopg.connect(host=server.host, user=server.user, dbname=name, autocommit=True)


def measure(server: PostgresServer, browser: Browser, pid: int) -> None:
    """Time every page beside its bare query, and the exact count nobody waits for."""
    bearer = browser.api_token("admin")
    browser.sign_in("admin")
    seller = Browser(browser.connection.port)  # sees a ninth of the records
    own = seller.api_token("sales")
    seller.sign_in("sales")
    calls: dict[str, Timed] = {
        f"html: {name}": lambda path=path: browser.get(path) for name, path in PAGES.items()
    }
    calls["rest: first page"] = lambda: browser.get(REST_PAGE, bearer)
    calls["html: first page of sales"] = lambda: seller.get(PAGES["first page"])
    calls["rest: first page of sales"] = lambda: seller.get(REST_PAGE, own)
    with connect(server) as connection:
        marks = marks_in(server.url("bench"))
        for name, floor in FLOORS.items():
            query = floor.replace("{name}", marks["name"])
            calls[f"bare query: {name}"] = lambda query=query: connection.execute(query).fetchall()
        calls["exact count"] = lambda: connection.execute(COUNT).fetchall()
        medians(calls, 3)
        found = medians(calls, ROUNDS)
        for name, seconds in found.items():
            tell(name, seconds, found, cpu_of(pid, calls[name]) if is_ours(name) else None, pid)


def is_ours(name: str) -> bool:
    """Say whether a call goes through the product."""
    return name.startswith(("html", "rest"))


def cpu_of(pid: int, call: Timed) -> float:
    """Return how many milliseconds of processor the web process spends on a call, busy machine or not."""
    before = cpu_seconds(pid)
    for _ in range(CPU_CALLS):
        call()
    return (cpu_seconds(pid) - before) / CPU_CALLS * 1000


def tell(name: str, seconds: float, found: Mapping[str, float], cpu: float | None, pid: int) -> None:
    """Print one result; the floor of a page is the bare query of the same name."""
    details: dict[str, object] = {"database": "postgresql", "milliseconds": round(seconds * 1000, 2)}
    if cpu is None:
        Result("list_page", f"floor {name}", CUSTOMERS, seconds, details=details).print()
        return
    floor = found["bare query: " + name.partition(": ")[2]]
    details["cpu_milliseconds"] = round(cpu, 2)
    Result("list_page", f"koine {name}", CUSTOMERS, seconds, peak_of(pid), floor, details).print()


class Browser:
    """One kept-alive connection with its cookies."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        return self._send("GET", path, None, headers or {}, 200)

    def put(self, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> str:
        return self._send("PUT", path, json.dumps(body), {**headers, "Content-Type": "application/json"}, 200)

    def sign_in(self, name: str) -> None:
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/login/"))[1]
        form = urlencode({"username": name, "password": PASSWORD, "csrf_token": token})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._send("POST", "/login/", form, kind, 302)

    def api_token(self, name: str) -> dict[str, str]:
        body = f'{{"username": "{name}", "password": "{PASSWORD}", "provider": "db"}}'
        kind = {"Content-Type": "application/json"}
        answer = self._send("POST", "/api/v1/security/login", body, kind, 200)
        return {"Authorization": "Bearer " + re.search(r'"access_token": ?"([^"]+)"', answer)[1]}

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str], status: int) -> str:
        sent = {**headers}
        if self.cookies and "Authorization" not in headers:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
        except ConnectionError:  # It was idle for longer than the server keeps a connection.
            self.connection.close()
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status != status:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:500]}")
        return text


@contextmanager
def serving(url: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run the app with one web process; yield its port and the process's id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {
        "CRM_DATABASE_URL": url,
        "CRM_INSTANCE": str(folder),
        "CRM_PORT": str(port),
        "CRM_WEB_WORKERS": "1",
    }
    server = start_child(
        web_command(load_settings(given), PROGRAMS.config, PROGRAMS.application),
        {**clean_environment(), **given},
        cwd=ROOT,
    )
    try:
        wait_until(lambda: is_listening(port), server)
        Browser(port).get("/login/")
        yield port, child_of(server.pid)
    finally:
        stop_children([server], 10)


def clean_environment() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], process: subprocess.Popen) -> None:
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"The web server ended with {process.returncode}.")
        time.sleep(0.1)


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
