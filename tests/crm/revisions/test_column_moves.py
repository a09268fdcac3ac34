"""A field changes its type while everybody works: no value is lost, whoever writes it, whatever is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import build_engine, open_session, utcnow
from crm.errors import ConflictError, SchemaError
from crm.permissions.model import SYSTEM
from crm.records.service import get_record, update_record
from crm.revisions import column_moves, indexes, jobs, locks, prepare, publish
from crm.revisions.column_moves import move, noted, settle_moves
from crm.revisions.jobs import finish_soon
from crm.revisions.models import Record
from crm.revisions.parked import purge_parked
from crm.revisions.prepare import drop_abandoned
from crm.revisions.processes import report_process
from crm.revisions.publish import rollback_schema
from crm.revisions.workspace import Workspace, get_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed
from tests.factories import make_customer

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KOINE_CASES", "3"))


@pytest.fixture(autouse=True)
def _nobody_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in these tests for processes that only stand in a table."""
    monkeypatch.setattr(jobs, "ARRIVAL_SECONDS", 0)


@pytest.fixture(params=["few", "many"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What holds for few records holds for many, which are converted before the publish: here more than one."""
    if request.param == "many":
        monkeypatch.setattr(indexes, "SMALL", 1)
    return request.param


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "SMALL", 1)


def retype(kind: str, **keys: object) -> Callable[[dict], None]:
    """Return a change that gives the street of customers another type."""

    def change(entities: dict) -> None:
        body = entities["customer"]["fields"]["street"]
        body.clear()
        body |= {"type": kind, **keys}

    return change


def streets(engine: sa.Engine) -> list:
    """Return the live values, oldest record first."""
    workspace = get_workspace(engine)
    column = workspace.models.table("customer").c[
        workspace.schema.entities["customer"].fields["street"].column
    ]
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(column).order_by(column.table.c.id)))


def write(engine: sa.Engine, workspace: Workspace, record_id: int, **values: object) -> None:
    """Save a customer as a process that works with some revision does."""
    with open_session(engine, workspace, SYSTEM) as session:
        update_record(session, workspace.schema.entities["customer"], record_id, values)


@contextmanager
def get_record_in(engine: sa.Engine, workspace: Workspace, record_id: int) -> Iterator[Record]:
    """Open a customer as a process that works with some revision does."""
    with open_session(engine, workspace, SYSTEM) as session:
        yield get_record(session, workspace.schema.entities["customer"], record_id)


def require_nothing_left(engine: sa.Engine) -> None:
    """Require that no column, trigger or row of a move is there."""
    columns = {column["name"] for column in sa.inspect(engine).get_columns("customer")}
    assert not [name for name in columns if name.startswith("_new_")]
    triggers = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'crm\\_move%' ESCAPE '\\'"
    )
    if engine.dialect.name == "postgresql":
        triggers = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'crm\\_move%'"
    with engine.connect() as connection:
        assert connection.scalar(sa.text(triggers)) == 0
        assert connection.execute(sa.select(move)).all() == [] == connection.execute(sa.select(noted)).all()


def test_values_are_converted_and_nothing_is_left_over(engine, size):
    fill_customers(engine, 5)
    publish_changed(engine, retype("integer"))
    assert streets(engine) == [1, 2, 3, 4, 5]
    require_nothing_left(engine)


@pytest.mark.usefixtures("many")
def test_before_the_revision_is_live_its_values_are_there(engine, monkeypatch):
    fill_customers(engine, 5)
    seen = []

    def look(connection: sa.Connection, *given: object) -> None:
        (row,) = connection.execute(sa.select(move)).all()
        column = sa.column(row.column_name)
        seen.extend(
            connection.scalars(sa.select(column).select_from(sa.table("customer")).order_by(sa.column("id")))
        )

    monkeypatch.setattr(publish, "ON_PUBLISH", [*publish.ON_PUBLISH, look])
    publish_changed(engine, retype("integer"))
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("many")
def test_what_is_written_while_values_are_converted_is_carried_over(engine, monkeypatch):
    fill_customers(engine, 3)
    old = get_workspace(engine)
    fill, catch_up = prepare._fill, prepare._catch_up

    def filled(*given: object) -> object:
        answer = fill(*given)
        write(engine, old, 1, street="11")
        with open_session(engine, old, SYSTEM) as session:
            make_customer(session, street="4")
        return answer

    def caught_up(*given: object) -> object:
        answer = catch_up(*given)
        write(engine, old, 2, street="22")
        write(engine, old, 3, street=None)
        return answer

    monkeypatch.setattr(prepare, "_fill", filled)
    monkeypatch.setattr(prepare, "_catch_up", caught_up)
    publish_changed(engine, retype("integer"))
    assert streets(engine) == [11, 22, None, 4]


def test_what_a_process_of_the_revision_before_writes_is_carried_over(engine, size):
    fill_customers(engine, 3)
    old = get_workspace(engine)
    report_process(engine, "old", "web", old.number)
    number = publish_changed(engine, retype("integer"))
    write(engine, old, 1, street="11")
    with open_session(engine, old, SYSTEM) as session:
        make_customer(session, street="4")
    settle_moves(engine)
    assert streets(engine) == [11, 2, 3, 4]
    report_process(engine, "old", "web", number)


def test_a_later_value_of_the_new_revision_stays(engine, size):
    fill_customers(engine, 3)
    old = get_workspace(engine)
    report_process(engine, "old", "web", old.number)
    publish_changed(engine, retype("integer"))
    new = get_workspace(engine)
    write(engine, old, 1, street="11")
    write(engine, new, 1, street=111)
    write(engine, new, 2, street=222)
    write(engine, old, 2, street="22")
    settle_moves(engine)
    assert streets(engine) == [111, 22, 3]


def test_a_value_the_revision_before_writes_and_that_does_not_fit_waits_for_its_return(engine, size):
    fill_customers(engine, 3)
    old = get_workspace(engine)
    report_process(engine, "old", "web", old.number)
    publish_changed(engine, retype("integer"))
    write(engine, old, 1, street="Tsimiski")
    settle_moves(engine)
    assert streets(engine) == [1, 2, 3]
    with get_record_in(engine, old, 1) as record:
        assert record.street == "Tsimiski"


def test_a_rollback_in_the_midst_of_it_loses_nothing(engine, size):
    fill_customers(engine, 3)
    first = get_workspace(engine)
    report_process(engine, "old", "web", first.number)
    publish_changed(engine, retype("integer"))
    second = get_workspace(engine)
    write(engine, second, 2, street=22)
    write(engine, first, 1, street="11")
    rollback_schema(engine, first.number)
    write(engine, second, 3, street=33)
    write(engine, first, 2, street="222")
    settle_moves(engine)
    assert streets(engine) == ["11", "222", "33"]


def test_two_changes_in_a_row_carry_a_value_all_the_way(engine, size):
    fill_customers(engine, 3)
    first = get_workspace(engine)
    report_process(engine, "old", "web", first.number)
    publish_changed(engine, retype("integer"))
    second = get_workspace(engine)
    publish_changed(engine, retype("money"))
    write(engine, first, 1, street="11")
    write(engine, second, 2, street=22)
    settle_moves(engine)
    assert [int(value) for value in streets(engine)] == [11, 22, 3]


def test_a_move_ends_a_while_after_every_process_has_the_revision(engine, size, monkeypatch):
    fill_customers(engine, 2)
    old = get_workspace(engine)
    report_process(engine, "one", "web", old.number)
    number = publish_changed(engine, retype("integer"))
    assert settle_moves(engine)
    report_process(engine, "one", "web", number)
    assert not settle_moves(engine)
    write(engine, old, 1, street="11")  # an answer that began before the process changed over
    settle_moves(engine)
    assert streets(engine) == [11, 2]
    monkeypatch.setattr(column_moves, "GRACE_SECONDS", -1)
    settle_moves(engine)
    require_nothing_left(engine)


@pytest.mark.usefixtures("many")
def test_values_that_do_not_convert_stop_it_and_leave_nothing(engine):
    fill_customers(engine, 3)
    write(engine, get_workspace(engine), 2, street="Tsimiski")
    before = get_workspace(engine).number
    with pytest.raises(SchemaError) as caught:
        publish_changed(engine, retype("integer"))
    params = caught.value.problems[0].params
    assert (params["good"], params["bad"], params["examples"]) == (2, 1, "2: Tsimiski")
    assert get_workspace(engine).number == before
    require_nothing_left(engine)
    write(engine, get_workspace(engine), 2, street="2")
    publish_changed(engine, retype("integer"))
    assert streets(engine) == [1, 2, 3]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("many")
def test_who_found_the_table_in_use_publishes_soon_after_without_preparing_again(engine, monkeypatch):
    fill_customers(engine, 3)
    catch_up, holder = prepare._catch_up, engine.connect()

    def caught_up(*given: object) -> object:
        answer = catch_up(*given)
        holder.execute(sa.text("SELECT count(*) FROM customer"))  # and reads on for very long
        return answer

    monkeypatch.setattr(locks, "LOCK_PAUSES", (0.0,))
    monkeypatch.setattr(prepare, "_catch_up", caught_up)
    with pytest.raises(ConflictError):
        publish_changed(engine, retype("integer"))
    holder.close()
    monkeypatch.setattr(prepare, "_fill", None)  # nobody may
    publish_changed(engine, retype("integer"))
    assert streets(engine) == [1, 2, 3]
    require_nothing_left(engine)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_database_that_dies_in_the_midst_of_it_leaves_the_old_revision_or_the_new_one(engine, database_url):
    fill_customers(engine, KILLED)
    number = get_workspace(engine).number
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, database_url, "integer"], cwd=ROOT, stdout=subprocess.PIPE
    )
    process.stdout.readline()
    engine.dispose()
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.scalar(sa.select(sa.func.max(move.c.after))):
                connection.execute(sa.text(f"{others} AND pid <> pg_backend_pid()"))
                break
        time.sleep(0.02)
    process.communicate()
    assert get_workspace(engine).number in (
        number,
        number + 1,
    )  # between two batches it goes on with a new one
    with engine.begin() as connection:
        connection.execute(sa.update(move).values(lease_until=utcnow().replace(year=2020)))
    drop_abandoned(engine)
    settle_moves(engine)
    require_nothing_left(engine)
    publish_changed(engine, retype("integer"))
    require_values(engine)


@pytest.mark.usefixtures("many")
def test_a_rollback_over_many_records_returns_the_values_from_before(engine):
    fill_customers(engine, 3)
    first = get_workspace(engine).number
    publish_changed(engine, retype("integer"))
    write(engine, get_workspace(engine), 2, street=22)
    rollback_schema(engine, first)
    assert streets(engine) == ["1", "22", "3"]
    require_nothing_left(engine)


def test_what_is_dropped_for_good_takes_its_move_along(engine, size):
    fill_customers(engine, 3)
    number = get_workspace(engine).number
    report_process(engine, "one", "web", number)
    number = publish_changed(engine, retype("integer"))
    report_process(engine, "one", "web", number)
    assert [parked.field for parked in purge_parked(engine)] == ["street"]
    require_nothing_left(engine)


# Other changes beside a process of the revision before


def test_a_renamed_field_has_what_the_revision_before_writes(engine):
    publish_changed(engine, lambda entities: entities["customer"]["fields"].update(hobby={"type": "text"}))
    fill_customers(engine, 1)
    old = get_workspace(engine)

    def rename(entities: dict) -> None:
        entities["customer"]["fields"]["pastime"] = {
            **entities["customer"]["fields"].pop("hobby"),
            "was": "hobby",
        }

    publish_changed(engine, rename)
    write(engine, old, 1, hobby="Chess")
    with get_record_in(engine, get_workspace(engine), 1) as record:
        assert record.pastime == "Chess"


def test_what_the_revision_before_writes_into_a_removed_field_returns_with_it(engine):
    publish_changed(engine, lambda entities: entities["customer"]["fields"].update(hobby={"type": "text"}))
    fill_customers(engine, 1)
    old = get_workspace(engine)
    publish_changed(engine, lambda entities: entities["customer"]["fields"].pop("hobby"))
    write(engine, old, 1, hobby="Chess")
    rollback_schema(engine, old.number)
    with get_record_in(engine, get_workspace(engine), 1) as record:
        assert record.hobby == "Chess"


def test_a_record_the_revision_before_makes_is_like_those_from_before_a_new_required_field(engine):
    old = get_workspace(engine)
    body = {"type": "text", "required": True, "default": "usual"}
    publish_changed(engine, lambda entities: entities["customer"]["fields"].update(grade=body))
    with open_session(engine, old, SYSTEM) as session:
        record_id = make_customer(session).id
    workspace = get_workspace(engine)
    with get_record_in(engine, workspace, record_id) as record:
        assert record.grade is None  # as every record that was there; who saves it is asked for it
    write(engine, workspace, record_id, grade="fine")


# Kills


KILLED = 30_000  # records, more than fit into a publish


def test_a_killed_publisher_of_a_type_change_leaves_the_old_revision_or_the_new_one(engine, database_url):
    fill_customers(engine, KILLED)
    random = Random(7)
    for round_number in range(KILLS):
        number = get_workspace(engine).number
        kind = "integer" if round_number % 2 == 0 else "money"
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, database_url, kind], cwd=ROOT, stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(random.random() * 3)
        process.kill()
        process.communicate()
        time.sleep(0.2)  # PostgreSQL notices that its client is gone
        workspace = get_workspace(engine)
        assert workspace.number in (number, number + 1)
        with engine.begin() as connection:
            connection.execute(sa.update(move).values(lease_until=utcnow().replace(year=2020)))
        drop_abandoned(engine)
        settle_moves(engine)
        require_nothing_left(engine)
        require_values(engine)
        publish_changed(engine, retype("decimal" if round_number % 2 else "text"))
        require_values(engine)


def require_values(engine: sa.Engine) -> None:
    assert [float(value) for value in streets(engine)] == list(range(1, KILLED + 1))


if __name__ == "__main__":
    from app import wire

    wire()
    engine = build_engine(sys.argv[1])
    get_workspace(engine)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with suppress(Exception):
        publish_changed(engine, retype(sys.argv[2]))
    finish_soon(engine)
