"""A new key while the house works: nothing is lost, nothing is left behind, and the old key can go."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.records.bulk import insert_rows, load_rows
from crm.records.commands import status_lines
from crm.records.journal import list_changes
from crm.records.listing import ListQuery, list_records
from crm.records.rotation import key_status, reseal_everything
from crm.records.service import create_record, update_record
from crm.revisions.publish import rollback_schema
from crm.secrets import RELOAD_SECONDS, add_key, current_keys, read_keys, use_keys
from tests.crm.records.rotating import open_system, publish_customers, use_folder

KILLS = int(os.environ.get("KOINE_CASES", "3"))
RECORDS = 1_500
SECRET = {"type": "text", "encrypted": True}


@pytest.fixture
def folder(tmp_path: Path, engine: sa.Engine) -> Path:
    """The folder of the ring of a house whose customers have two secrets."""
    use_folder(tmp_path)
    publish_customers(
        engine,
        account={**SECRET, "unique": True},
        pay={"type": "money", "currency": "EUR", "encrypted": True},
    )
    return tmp_path


@pytest.fixture
def many(folder: Path, engine: sa.Engine) -> list[int]:
    """The numbers of many customers with secrets."""
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        rows = [{"name": f"C{n}", "account": f"secret {n}", "pay": n} for n in range(RECORDS)]
        ids = list(insert_rows(session, entity, rows))
        session.commit()
    return ids


def rotating(url: str, folder: Path, pause: float = 2 * RELOAD_SECONDS) -> subprocess.Popen:
    """Start a process that makes a key and seals everything by it; wait until it has the key.

    Unit:   `pause` is how many seconds later it begins, by default those of the command.
    """
    command = [sys.executable, "-m", "tests.crm.records.rotating", url, str(folder), str(pause)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip(), process.stderr.read()
    return process


def keep_only_the_first(folder: Path) -> None:
    """Take every key but the first one out of the ring."""
    first = read_keys("", folder, may_make=False)[0]
    use_keys(lambda: (first,))


def require_all_open(engine: sa.Engine, ids: list[int]) -> None:
    """Require that every value opens, is what was saved, and is found by it."""
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        found = load_rows(session, entity, ids)
        assert [found[one]["account"] for one in ids] == [f"secret {n}" for n in range(len(ids))]
        page = list_records(session, entity, ListQuery([{"field": "account", "is": "secret 7"}]))
        assert [row["id"] for row in page.rows] == [ids[7]]
        for one in (ids[0], ids[-1]):
            assert list_changes(session, entity, one)[0]["values"]["account"][1]


def in_use(engine: sa.Engine) -> list[tuple[bool, bool]]:
    return [(key["is_first"], key["in_use"]) for key in key_status(engine)]


@pytest.mark.slow
def test_a_rotation_that_is_killed_goes_on_where_it_stopped(many, folder, engine, database_url):
    random = Random(4)
    for _round in range(KILLS):
        process = rotating(database_url, folder, pause=0)  # nobody else works, who would have to know the key
        time.sleep(random.random() * 1.2)
        process.kill()
        process.communicate()
        use_folder(folder)
        require_all_open(engine, many)
    assert reseal_everything(engine)["left"] == 0
    assert in_use(engine) == [(True, True)] + [(False, False)] * KILLS
    keep_only_the_first(folder)
    require_all_open(engine, many)


@pytest.mark.slow
def test_two_rotations_at_once_lose_neither_a_key_nor_a_value(many, folder, engine, database_url):
    both = [rotating(database_url, folder), rotating(database_url, folder)]
    for process in both:
        said, wrong = process.communicate(timeout=120)
        assert process.returncode == 0, wrong
        assert "'left': 0" in said
    use_folder(folder)
    assert len(current_keys()) == 3
    assert reseal_everything(engine)["left"] == 0
    keep_only_the_first(folder)
    require_all_open(engine, many)


@pytest.mark.slow
def test_saves_and_reads_during_a_rotation_meet_no_error_and_are_not_lost(many, folder, engine, database_url):
    wrong: list[BaseException] = []
    last: dict[int, str] = {}
    stop = threading.Event()

    def work(mine: list[int]) -> None:
        turn = 0
        try:
            while not stop.is_set():
                turn += 1
                for one in mine:
                    value = f"turn {turn} of {one}"
                    with open_system(engine) as session:
                        entity = session.workspace.schema.entities["customer"]
                        update_record(session, entity, one, {"account": value})
                        session.commit()
                        last[one] = value
                        page = list_records(session, entity, ListQuery([{"field": "account", "is": value}]))
                        assert [row["id"] for row in page.rows] == [one]
        except BaseException as error:  # noqa: BLE001 - the test tells of it
            wrong.append(error)

    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        busy = [create_record(session, entity, {"name": f"Busy {n}"}).id for n in range(10)]
        session.commit()
    threads = [threading.Thread(target=work, args=(part,)) for part in (busy[:5], busy[5:])]
    for thread in threads:
        thread.start()
    said, problem = rotating(database_url, folder).communicate(timeout=120)
    assert "'left': 0" in said, problem
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    use_folder(folder)
    reseal_everything(engine)
    keep_only_the_first(folder)
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        found = load_rows(session, entity, list(last))
        assert {one: found[one]["account"] for one in last} == last


def test_values_that_were_set_aside_come_back_by_the_new_key(folder, engine):
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        made = create_record(session, entity, {"name": "A", "account": "IBAN 1", "pay": "9"}).id
        session.commit()
    before = publish_customers(engine, pay=None) - 1
    publish_customers(
        engine, account={"type": "text", "unique": True}
    )  # readable again, the sealed column set aside
    add_key(folder)
    assert reseal_everything(engine)["values"] == 2
    assert in_use(engine) == [(True, True), (False, False)]
    keep_only_the_first(folder)
    rollback_schema(engine, before)
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        found = load_rows(session, entity, [made])[made]
        assert (found["account"], str(found["pay"])) == ("IBAN 1", "9.00")


def test_a_value_of_an_unknown_key_is_named_and_left(folder, engine):
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        create_record(session, entity, {"name": "A", "account": "x"})
        session.commit()
    old = current_keys()[0].id
    add_key(folder)
    keep_only_the_first(folder)
    assert reseal_everything(engine) == {"values": 0, "texts": 0, "changes": 0, "left": 0}
    unknown = [key for key in key_status(engine) if not key["is_known"]]
    assert [(key["key"], key["in_use"]) for key in unknown] == [(old, True)]


def test_the_status_says_in_words_which_key_may_go(folder, engine):
    with open_system(engine) as session:
        create_record(session, session.workspace.schema.entities["customer"], {"name": "A", "account": "x"})
        session.commit()
    old = current_keys()[0].id
    new = add_key(folder).id
    first, second = (status_lines(key) for key in key_status(engine))
    assert first == [f"{new} seals"]
    assert second[0] == f"{old} is still in use: rotate"
    assert [line.split() for line in second[1:]] == [["1", "customer.account"], ["1", "crm_change.values"]]
    reseal_everything(engine)
    assert status_lines(key_status(engine)[1]) == [f"{old} may be removed"]
