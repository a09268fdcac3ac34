"""Commands whose work a worker may do: they follow it to its end, and their exit status is the outcome."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import build_engine
from crm.imports import store
from tests.running import PATIENCE, Running, run_app, wait_for

pytestmark = pytest.mark.slow

ROWS = 3_000


@pytest.fixture(scope="module")
def app_at_work(lasting_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("beside") / "instance"
    with run_app(folder, CRM_DATABASE_URL=lasting_database_url, CRM_JOB_WORKERS="1") as started:
        yield started


@pytest.fixture
def engine(lasting_database_url: str) -> sa.Engine:
    """The database of the running app."""
    return build_engine(lasting_database_url)


@pytest.fixture
def running(app_at_work: Running) -> Running:
    """A running app with one worker."""
    wait_for(lambda: app_at_work.health().get("workers") == 1, app_at_work.said())
    return app_at_work


@pytest.fixture
def start(running: Running) -> Callable[..., subprocess.Popen]:
    """A function that starts a command with `--json` in a process of its own, as another terminal does."""

    def call(*words: object) -> subprocess.Popen:
        command = [sys.executable, "-m", "flask", "crm", *map(str, words), "--json"]
        environ = {**os.environ, **running.settings, "FLASK_APP": "app"}
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return call


@pytest.fixture
def run(start: Callable[..., subprocess.Popen]) -> Callable[..., tuple[int, dict]]:
    """A function that runs a command to its end and returns its exit status and its answer."""

    def call(*words: object) -> tuple[int, dict]:
        return outcome_of(start(*words))

    return call


def outcome_of(command: subprocess.Popen) -> tuple[int, dict]:
    """Return how a command ended and what it answered; it told nothing else on standard output."""
    said, told = command.communicate(timeout=PATIENCE)
    assert said.count("\n") == 1, said + told
    return command.returncode, json.loads(said)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A text file of many customers."""
    path = tmp_path / "people.csv"
    path.write_text("Name;City\n" + "".join(f"Person {number};Cluj\n" for number in range(ROWS)), "utf-8")
    return path


def state_of(engine: sa.Engine, batch_id: int) -> str:
    """Return the state of an import."""
    with engine.connect() as connection:
        return store.find_batch(connection, batch_id)["state"]


def test_an_import_is_followed_to_its_end_and_taken_back(run, people) -> None:
    status, answer = run("import", people, "--entity", "customer")
    assert (status, answer["state"], answer["created"]) == (0, "done", ROWS)
    status, answer = run("import-undo", answer["batch"])
    assert (status, answer["state"], answer["removed"]) == (0, "undone", ROWS)


def test_a_check_that_a_worker_takes_is_followed(run, people) -> None:
    status, answer = run("import", people, "--entity", "customer", "--dry-run")
    assert (status, answer["state"], answer["created"]) == (0, "checked", ROWS)


def test_without_waiting_the_number_comes_at_once_and_the_worker_goes_on(run, people, engine) -> None:
    status, answer = run("import", people, "--entity", "customer", "--no-wait")
    assert status == 0
    assert answer["state"] in ("checking", "applying", "done")
    wait_for(lambda: state_of(engine, answer["batch"]) == "done", "the worker did not go on")
    assert run("import-undo", answer["batch"], "--no-wait")[0] == 0
    wait_for(lambda: state_of(engine, answer["batch"]) == "undone", "the worker did not take it back")


def test_an_import_of_which_nothing_arrived_is_no_success(run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("Name;E-mail\nAna;no mail\nBo;none either\n", "utf-8")
    status, answer = run("import", bad, "--entity", "customer")
    assert (status, answer["state"], answer["failed"]) == (1, "done", 2)


def test_a_killed_worker_leaves_the_work_to_whoever_comes_next(start, running, people, engine) -> None:
    before = begun(engine)
    command = start("import", people, "--entity", "customer")
    wait_for(lambda: begun(engine) > before, "nobody began")
    for worker in running.members("crm.runtime.processes worker"):
        os.kill(worker, signal.SIGKILL)
    status, answer = outcome_of(command)
    assert (status, answer["state"], answer["created"]) == (0, "done", ROWS)


def begun(engine: sa.Engine) -> int:
    """Return how many imports somebody has begun to work on."""
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(store.batch.c.attempt > 0))


def test_a_publish_ends_when_every_process_has_it(run, running, tmp_path: Path) -> None:
    status, answer = run("schema", "publish")
    assert status == 0
    assert running.health()["revision"] == answer["revision"]
    assert run("schema", "status")[1]["all_there"]
    status, answer = run("schema", "rollback", 1)
    assert status == 0
    assert run("schema", "status")[1]["all_there"]


def test_keys_are_rotated_beside_a_worker(run) -> None:
    status, answer = run("keys", "rotate")
    assert (status, answer["left"]) == (0, 0)
    assert run("keys", "rotate", "--no-wait") == (0, {"key": ANY, "state": "waiting"})
