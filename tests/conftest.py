"""What tests share: real databases, a clock, a session that knows who acts, the app, Redis and a mail server.

Ask for `session` and the test runs on SQLite and on PostgreSQL; ask for `client` or `app` as well and it runs on
SQLite only, because pages ask services and those are tested on both. A page test where the database matters says
why: `@pytest.mark.both_databases("each sorts by SQL of its own")`. Every test starts with the shipped schemas
published and no records; `tests/factories.py` makes those it needs. A SQLite database has one writer: commit before
you let somebody else (a client, a job) write.

Fixtures import what they need when a test asks for them, so that tests of one part do not load the others.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask import Flask

from config import Settings, load_settings
from crm import queue
from crm.database import CrmSession, build_engine, only_reading, write_intent
from crm.runtime.redis_server import RedisServer
from tests.databases import KINDS, Database, PostgresServer, empty_database, postgres_server
from tests.mail import Inbox

if TYPE_CHECKING:
    from crm.permissions.model import Actor
    from crm.revisions.workspace import Workspace
    from tests.browsing import Browser

NOON = dt.datetime(2026, 3, 2, 12, 0)  # a Monday, no clock changes near


def pytest_configure(config: pytest.Config) -> None:
    """Keep the suite away from the settings and the data of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("CRM_"):
            del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let whoever is in a hurry leave one kind of database out: `--database sqlite`."""
    parser.addoption("--database", choices=KINDS, help="Run no test on another kind of database.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on every kind of database, a page test on one, unless it says why on both."""
    marks, asked = metafunc.definition.iter_markers, set(metafunc.fixturenames)
    chosen = any("database_kind" in mark.args[0] for mark in marks("parametrize"))
    if "database_kind" not in asked or chosen or "database_kind" in vars(metafunc.module):
        return
    one_is_enough = asked & {"app", "chromium"} and not any(mark.args[0] for mark in marks("both_databases"))
    metafunc.parametrize("database_kind", KINDS[:1] if one_is_enough else KINDS, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a kind of database that was not asked for."""
    asked = config.getoption("database")
    if asked is None:
        return
    wanted = {item for item in items if kinds_of(item) <= {asked}}
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = [item for item in items if item in wanted]


def kinds_of(item: pytest.Item) -> set[str]:
    """Return the kinds of database a test runs on; none when it needs no database."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    kind = given.get("database_kind") or given.get("lasting_database_url")
    return {kind} if kind else {"postgresql"} & set(getattr(item, "fixturenames", ()))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking again and again through what stays for the whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where `CI` is set, a browser test that is skipped has failed: nobody looked at the pages."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"A browser test was skipped, and CI does not accept that: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _keys() -> None:
    """Every test seals by the same key, whatever settings were read before."""
    from crm.secrets import Key, use_keys

    use_keys(lambda: (Key(b"k" * 32),))


# Databases


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A PostgreSQL server of our own, one per test process, started by the first test that asks."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database: a test that asks for a database runs once on each, a page test on the first."""
    return request.param


@pytest.fixture(scope="session")
def _databases() -> dict[str, Database]:
    return {}


@pytest.fixture
def _database(
    database_kind: str,
    _databases: dict[str, Database],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Database:
    from tests.seed import build_template

    if database_kind not in _databases:
        server = request.getfixturevalue("postgresql") if database_kind == "postgresql" else None
        folder = tmp_path_factory.mktemp(database_kind)
        _databases[database_kind] = Database.build(server, folder, build_template)
    return _databases[database_kind]


@pytest.fixture
def database_url(_database: Database) -> Iterator[str]:
    """The SQLAlchemy URL of a database with tables, the shipped schemas, a user per role and no records."""
    url = _database.reset()
    yield url
    build_engine(url).dispose()


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SQLAlchemy URL of a database without any table, gone after the test."""
    server = request.getfixturevalue("postgresql") if database_kind == "postgresql" else None
    with empty_database(server, tmp_path) as url:
        yield url


@pytest.fixture(scope="module", params=KINDS)
def lasting_database_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of an empty database for all tests of a file: what one of them leaves, the next one finds."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    with empty_database(server, tmp_path_factory.mktemp("lasting")) as url:
        yield url
        build_engine(url).dispose()


@pytest.fixture(scope="session")
def _workspaces() -> dict[str, Workspace]:
    return {}


@pytest.fixture
def engine(database_url: str, _workspaces: dict[str, Workspace]) -> sa.Engine:
    """The engine of `database_url`, the one `build_engine` gives to jobs and services too."""
    from crm.revisions.workspace import get_workspace

    built = build_engine(database_url)
    if database_url in _workspaces:
        _take_up(built, _workspaces[database_url])
    _workspaces[database_url] = get_workspace(built)
    return built


def _take_up(engine: sa.Engine, kept: Workspace) -> None:
    """Let a workspace of earlier tests be the one of a database that was put back."""
    from crm.revisions import workspace as loaded

    kept.trees.clear()  # drafts of this test have the numbers and moments of earlier ones
    loaded._loaded[loaded._address(engine)] = kept


@pytest.fixture
def workspace(engine: sa.Engine) -> Workspace:
    """The live revision: the shipped schemas, unless a fixture has published before."""
    from crm.revisions.workspace import get_workspace

    return get_workspace(engine)


@pytest.fixture(scope="session")
def _points() -> dict[tuple[str, str], tuple[Workspace, Any]]:
    return {}


@pytest.fixture
def begin_at(
    _database: Database, engine: sa.Engine, _points: dict[tuple[str, str], tuple[Workspace, Any]]
) -> Callable[[str, Callable[[], Any]], Any]:
    """A function for fixtures that publish: `begin_at(__name__, build)` puts the database where `build` leaves it.

    `build` runs once per kind of database, later tests of the run get a copy, its live revision and what it returned.
    Ask before anybody opens a session.
    """
    from crm.revisions.workspace import get_workspace

    def begin(name: str, build: Callable[[], Any]) -> Any:
        key, point = (engine.dialect.name, name), name.replace(".", "_")
        if key in _points:
            engine.dispose()
            _database.reset(point)
            _take_up(engine, _points[key][0])
        else:
            answer = build()
            _points[key] = (get_workspace(engine), answer)
            engine.dispose()
            _database.keep(point)
        return _points[key][1]

    return begin


# Sessions


@dataclass
class Clock:
    """A clock that stands still until the test moves it: `clock.now += timedelta(days=1)`."""

    now: dt.datetime = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The moment, UTC, as sessions of this test see it."""
    return Clock()


@pytest.fixture
def session_as(engine: sa.Engine, workspace: Workspace, clock: Clock) -> Iterator[Callable[..., CrmSession]]:
    """A function that opens a session: `session_as("sales")` for that user, `session_as()` for the system."""
    from crm.permissions.model import SYSTEM, Actor

    opened: list[CrmSession] = []

    def open_one(who: str | Actor = SYSTEM) -> CrmSession:
        session = CrmSession(workspace.bind(engine))
        opened.append(session)
        session.workspace, session.clock = workspace, clock
        session.actor = who if isinstance(who, Actor) else find_actor(engine, workspace, who)
        return session

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture
def session(session_as: Callable[..., CrmSession]) -> CrmSession:
    """A session of the system, which may do everything."""
    return session_as()


def find_actor(engine: sa.Engine, workspace: Workspace, username: str) -> Actor:
    """Return the actor of a user; the users of the tests are named after their only role, and `admin`."""
    from crm.permissions.service import actor_of_user
    from crm.permissions.store import find_user_id

    with only_reading(), engine.connect() as connection:
        user_id = find_user_id(connection, username)
        return actor_of_user(connection, user_id, workspace.schema)


# The app


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of an app on this test's database, writing into this test's folder."""
    return load_settings({"CRM_DATABASE_URL": database_url, "CRM_INSTANCE": str(tmp_path / "instance")})


@pytest.fixture(scope="session")
def _apps() -> dict[tuple[str, int], Flask]:
    return {}


@pytest.fixture
def app(
    settings: Settings, engine: sa.Engine, workspace: Workspace, _apps: dict[tuple[str, int], Flask]
) -> Flask:
    """The Flask app of the live revision; built once for each that tests begin with, forgetful between them."""
    from crm.web.app import build_app
    from tests.browsing import Browser

    key = (settings.database_url, workspace.number)
    built = _apps.get(key)
    if built is None or built.extensions["crm_workspace"] is not workspace:
        built = _apps[key] = build_app(workspace, settings, engine)
        built.test_client_class = Browser
    built.extensions["crm_settings"] = settings
    built.extensions["crm_guesses"].reset()
    built.extensions["crm_rates"].reset()
    return built


@pytest.fixture
def client(app: Flask) -> Iterator[Callable[..., Browser]]:
    """A function that opens a browser: `client("sales")` signed in as that user, `client()` a stranger's."""
    opened: list[Browser] = []

    def open_one(username: str | None = None) -> Browser:
        browser: Browser = app.test_client()
        opened.append(browser)
        if username is not None:
            browser.sign_in(username)
        return browser

    yield open_one
    write_intent.set(True)  # A page that only reads leaves it False, and sessions of the test may write.


# The outside world


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of our own, empty, which this process rings; the test may stop, fill or hang it."""
    server = RedisServer(tmp_path / "redis")
    queue.use_redis(server.start())
    yield server
    queue.use_redis(None)
    server.stop()


@pytest.fixture
def smtp() -> Iterator[Inbox]:
    """A mail server on this machine; `smtp.url` is its address, `smtp.messages` what arrived."""
    inbox = Inbox()
    inbox.start()
    yield inbox
    inbox.stop()
