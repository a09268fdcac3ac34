"""`import_xlsx`: 100,000 rows of 12 columns through `flask crm import`, beside reading and storing them barely."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from config import ROOT
from tests.bench.list_page import clean_environment
from tests.bench.measure import Result, cpu_of_children, medians, note, peak_of_children
from tests.databases import PostgresServer, real_postgres_server
from tests.seed import build_template

ROWS = 100_000
ROUNDS = 3
HEADERS = (
    "Name", "Kind", "Status", "Segment", "E-mail", "Phone", "City", "Postal code", "Country", "Revenue",
    "Customer since", "Notes",
)  # fmt: skip
TABLE = "CREATE TABLE bare (" + ", ".join(f"c{number} TEXT" for number in range(len(HEADERS))) + ")"


def run() -> None:
    """Measure and print, on PostgreSQL and on SQLite."""
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as name, real_postgres_server() as server:
        folder = Path(name)
        file = folder / "customers.xlsx"
        note(f"import_xlsx: writing a workbook of {ROWS:,} rows")
        write_workbook(file)
        measure("postgresql", OnPostgres(server, file))
        measure("sqlite", OnSqlite(folder, file))


def write_workbook(file: Path) -> None:
    """Write believable customers, each another one."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Customers")
    sheet.append(HEADERS)
    for row in rows():
        sheet.append(row)
    book.save(file)


def rows() -> Iterator[tuple]:
    """Yield the rows of the workbook."""
    cities = ("Athens", "Πάτρα", "Cluj", "חיפה", "Iași")
    first_day = dt.date(2018, 1, 1)
    for number in range(ROWS):
        yield (
            f"Company {number} {cities[number % 5]}",
            "company",
            ("lead", "active", "at_risk", "churned")[number % 4],
            ("enterprise", "mid_market", "small", "public")[number % 4],
            f"info{number}@example.com",
            f"+30210{number:07d}",
            cities[number % 5],
            f"{10000 + number % 80000}",
            ("GR", "RO", "IL")[number % 3],
            (number % 5000) * 10.5,
            first_day + dt.timedelta(days=number % 2500),
            f"Imported as row {number}",
        )


class OnPostgres:
    """A fresh PostgreSQL database per round."""

    def __init__(self, server: PostgresServer, file: Path) -> None:
        self.server, self.file = server, file
        build_template(server.url(server.create("template_import")))
        self.url = server.url("import_now")

    def reset(self) -> None:
        """Put the database back to no records."""
        self.server.drop("import_now")
        self.server.create("import_now", "template_import")

    def floor(self) -> None:
        """Read the file and copy it into a table of text."""
        with psycopg.connect(host=self.server.host, user=self.server.user, dbname="import_now") as connection:
            connection.execute("DROP TABLE IF EXISTS bare")
            connection.execute(TABLE)
            with connection.cursor().copy("COPY bare FROM STDIN") as copy:
                for row in read_cells(self.file):
                    copy.write_row(row)


class OnSqlite:
    """A fresh SQLite file per round."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.file = folder, file
        build_template(f"sqlite:///{folder / 'template.db'}")
        self.url = f"sqlite:///{folder / 'now.db'}"

    def reset(self) -> None:
        """Put the database back to no records."""
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"now.db{suffix}").unlink(missing_ok=True)
            beginning = self.folder / f"template.db{suffix}"
            if beginning.exists():
                shutil.copyfile(beginning, self.folder / f"now.db{suffix}")

    def floor(self) -> None:
        """Read the file and insert it into a table of text."""
        with sqlite3.connect(self.folder / "bare.db") as connection:
            connection.execute("DROP TABLE IF EXISTS bare")
            connection.execute(TABLE)
            marks = ", ".join("?" * len(HEADERS))
            connection.executemany(f"INSERT INTO bare VALUES ({marks})", read_cells(self.file))  # noqa: S608


def read_cells(file: Path) -> Iterator[list[str]]:
    """Yield the cells of the first sheet as text, without the headers."""
    cells = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).iter_rows()
    next(cells)
    for row in cells:
        yield [str(cell) for cell in row]


def measure(kind: str, database: OnPostgres | OnSqlite) -> None:
    """Time the product and the floor in turns."""
    peaks, processor = [], []

    def product() -> None:
        database.reset()
        before = cpu_of_children()
        import_file(database.url, database.file)
        processor.append(cpu_of_children() - before)
        peaks.append(peak_of_children())

    database.reset()
    found = medians({"floor": database.floor, "koine": product}, ROUNDS)
    details: dict[str, object] = {"database": kind}
    Result("import_xlsx", "floor read and store", ROWS, found["floor"], details=details).print()
    details["cpu_seconds"] = round(statistics.median(processor), 2)
    Result("import_xlsx", "koine", ROWS, found["koine"], max(peaks), found["floor"], details).print()


def import_file(url: str, file: Path) -> None:
    """Run the command a person would run, and make sure that every row arrived."""
    with tempfile.TemporaryDirectory(prefix="koine-bench-") as instance:
        environ = {**clean_environment(), "CRM_DATABASE_URL": url, "CRM_INSTANCE": instance}
        command = [sys.executable, "-m", "flask", "--app", "app", "crm", "import", str(file), "--json"]
        done = subprocess.run(
            [*command, "--entity", "customer"],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode or json.loads(done.stdout.splitlines()[-1])["created"] != ROWS:
        raise RuntimeError(f"The import went wrong: {done.stdout[-2000:]} {done.stderr[-2000:]}")
