"""An installation of a former release is upgraded, and everything begun in it goes on.

The dumps are in this folder; `README.md` says where they come from.
"""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

import app
from crm.database import CrmSession, build_engine
from crm.drafts import service as drafts
from crm.fields.alphabet import ALPHABETS
from crm.imports import work
from crm.own_tables.upgrade import sql_of_upgrade, upgrade
from crm.own_tables.version import known_versions, version_of
from crm.permissions.model import SYSTEM
from crm.records.files import get_file
from crm.records.timeline import history_of
from crm.revisions.finish import finish_indexes
from crm.revisions.indexes import known_indexes
from crm.revisions.workspace import get_workspace
from crm.web.entity.saved_views import list_views
from tests.conftest import NOON, find_actor
from tests.crm.imports.bench import Workshop as Imports
from tests.crm.imports.bench import counts, shop_in
from tests.upgrade.make import FILES, HERE
from tests.workflows.conftest import TestWorkshop
from workflows.organisation import Organisation

RELEASES = sorted({file.name.split("-")[0] for file in HERE.glob("*.sql.gz")})


def load(engine: sa.Engine, release: str) -> None:
    """Make a database what the dump of a release says."""
    file = HERE / f"{release}-{engine.dialect.name}.sql.gz"
    text = gzip.decompress(file.read_bytes()).decode()
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            driver.create_function("crm_sort", 1, lambda text: text, deterministic=True)  # of former releases
            driver.executescript(f"PRAGMA foreign_keys=OFF; {text} PRAGMA foreign_keys=ON;")
        else:
            driver.execute(text)
            driver.commit()
    engine.dispose()  # the dump leaves its connection without a search path


class Installation:
    """An installation with its files; people and jobs work in it."""

    def __init__(self, engine: sa.Engine, files: Path) -> None:
        self.engine, self.files = engine, files
        self.now = NOON + dt.timedelta(hours=1)

    def session_as(self, who: str = "") -> CrmSession:
        workspace = get_workspace(self.engine)
        session = CrmSession(workspace.bind(self.engine))
        session.workspace, session.clock = workspace, lambda: self.now
        session.actor = find_actor(self.engine, workspace, who) if who else SYSTEM
        return session

    def rules(self) -> TestWorkshop:
        return TestWorkshop(
            self.engine, Organisation(mail_folder=self.files / "mail"), clock=lambda: self.now
        )

    def value(self, asked: str) -> object:
        with self.engine.connect() as connection:
            return connection.scalar(sa.text(asked))


@pytest.fixture(params=RELEASES)
def old(request: pytest.FixtureRequest, empty_database_url: str, tmp_path: Path) -> Installation:
    """An installation as a former release left it."""
    app.wire()
    shutil.copytree(FILES, tmp_path / "files")
    engine = build_engine(empty_database_url)
    load(engine, request.param)
    yield Installation(engine, tmp_path / "files")
    engine.dispose()


@pytest.fixture
def house(old: Installation) -> Installation:
    """The same, upgraded."""
    upgrade(old.engine)
    return old


def test_an_upgrade_says_what_it_did_and_the_next_has_nothing_to_do(old):
    with old.engine.connect() as connection:
        before = version_of(connection)
    done = upgrade(old.engine)
    assert (done.is_new, done.before, done.after, done.repaired) == (False, before, known_versions()[-1], [])
    assert done.ran == list(known_versions()[known_versions().index(before) + 1 if before else 0 :])
    assert upgrade(old.engine).ran == []


def test_records_and_their_history_are_there(house):
    with house.session_as("sales") as session:
        customer = session.workspace.models["customer"]
        found = session.scalars(sa.select(customer).where(customer.name == "Old friend")).one()
        assert (found.city, found.status) == ("Athens", "active")
        entity = session.workspace.schema.entities["customer"]
        told = str(history_of(session, entity, found.id))
        assert "Volos" in told and "Athens" in told
        assert [row["name"] for row in list_views(session, "customer")] == ["Athens"]


def test_lists_get_the_orders_of_all_languages_behind_the_start(house):
    with house.engine.connect() as connection:
        assert not [name for name in known_indexes(connection) if name.startswith("sort_customer_name")]
    finish_indexes(house.engine)
    with house.engine.connect() as connection:
        found = [name for name in known_indexes(connection) if name.startswith("sort_customer_name")]
    assert len(found) == len(ALPHABETS)


def test_a_file_a_sealed_value_and_a_parked_column_are_there(house):
    with house.session_as("admin") as session:
        competitor = session.workspace.models["competitor"]
        alpha = session.scalars(sa.select(competitor).where(competitor.name == "Alpha")).one()
        assert alpha.strategy == "Be cheap"
        stored = get_file(session, int(alpha.brochure[0]))
        assert (house.files / stored.key).read_bytes() == b"Our plan.\n"
        omega = session.scalars(sa.select(competitor).where(competitor.name == "Omega")).one()
        assert omega.strong_points == "Price"
    assert house.value("SELECT weaknesses FROM competitor WHERE name = 'Omega'") == "Service"


def test_a_run_that_waits_goes_on_to_its_end(house):
    rules = house.rules()
    assert rules.states("ask_again") == ["waiting"]
    house.now += dt.timedelta(hours=4)
    rules.work_off()
    states = rules.states("ask_again")
    assert states == ["done", "waiting"]  # the second is the event that nobody had looked at
    assert house.value("SELECT status FROM complaint WHERE subject = 'Too late'") == "escalated"
    assert house.value("SELECT severity FROM complaint WHERE subject = 'Too small'") == "high"
    house.now += dt.timedelta(hours=5)
    rules.work_off()
    assert rules.states("ask_again") == ["done", "done"]


def test_a_draft_is_published(house):
    with house.session_as("admin") as session:
        draft = drafts.find_draft(session)
        assert [(edit.kind, edit.name) for edit in draft.edits] == [("entity", "deal")]
        number = drafts.publish_draft(session, draft, "After the upgrade")
    assert number == get_workspace(house.engine).number
    assert "colour" in get_workspace(house.engine).schema.entities["deal"].fields
    assert house.value("SELECT COUNT(colour) FROM deal") == 0


def test_a_checked_import_is_applied_and_the_next_is_checked(house):
    imports = Imports(shop_in(house.engine, house.files), house.session_as)
    done = imports.apply(1)
    assert (done["state"], counts(done)) == ("done", {"created": 2, "failed": 1})
    assert house.value("SELECT city FROM customer WHERE name = 'Beta'") == "Patra"
    assert imports.batch(2)["state"] == "checking"
    assert work.check_batch(imports.shop, 2)
    assert imports.batch(2)["state"] == "checked"
    undone = imports.undo(1)
    assert (undone["state"], undone["removed"]) == ("undone", 2)


def test_the_statements_that_are_printed_are_those_that_run(old, empty_database_url):
    before = old.value("SELECT COUNT(*) FROM customer")
    statements = sql_of_upgrade(old.engine)
    with old.engine.connect() as connection:
        assert version_of(connection) == ""  # nothing was changed
    with old.engine.connect() as connection:
        driver = connection.connection.driver_connection
        (driver.executescript if old.engine.dialect.name == "sqlite" else driver.execute)(statements)
        driver.commit()
    done = upgrade(old.engine)
    assert (done.before, done.ran, done.repaired) == (known_versions()[-1], [], [])
    assert old.value("SELECT COUNT(*) FROM customer") == before


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite keeps none
def test_indexes_of_words_keep_few_words_beside_them(house):
    """A save searches for duplicates: PostgreSQL would read megabytes of new words each time."""
    finish_indexes(house.engine)
    short = "reloptions::text LIKE '%gin_pending_list_limit=64%'"
    asked = f"SELECT bool_and({short}) FROM pg_class WHERE relkind = 'i' AND relname LIKE 'words\\_%'"  # noqa: S608 - ours
    assert house.value(asked) is True
