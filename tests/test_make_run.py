"""`make run` as a whole: every program for real, in a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT
from tests.running import PATIENCE, Running, run_app, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with run_app(tmp_path / "instance") as started:
        yield started


def test_it_starts_heals_itself_and_stops_without_a_trace(running):
    wait_for(lambda: "Ctrl-C stops it" in running.said(), running.said())
    assert f"http://127.0.0.1:{running.port}" in running.said()
    assert re.search(r"Log in as admin with the password \S{12,}", running.said())
    assert 'name="csrf_token"' in running.get("/login/")
    wait_for(lambda: running.health().get("workers") == 2, running.said())
    assert running.health()["status"] == "ok"

    second = Running(running.folder)
    assert second.process.wait(PATIENCE) == 1
    assert "Koine already runs in" in second.said()

    killed = running.members("-m crm worker")[0]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: len(set(running.members("-m crm worker")) - {killed}) == 2, running.said())
    assert "ended (signal 9)" in running.said()

    (redis,) = running.members("redis-server")
    os.kill(redis, signal.SIGKILL)
    wait_for(lambda: set(running.members("redis-server")) - {redis}, running.said())
    assert 'name="csrf_token"' in running.get("/login/")
    wait_for(lambda: running.health().get("workers") == 2, running.said())

    started = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(PATIENCE) == 0
    assert time.monotonic() - started < 7, "an idle worker stops at once, not when it is killed"
    assert running.members() == []
    left = {file.name for file in running.folder.iterdir()}
    assert {"redis.url", "redis.conf"}.isdisjoint(left)
    assert running.folder.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_nothing_goes_on_when_it_is_killed(running):
    wait_for(lambda: "Ctrl-C stops it" in running.said(), running.said())
    running.process.kill()
    wait_for(lambda: running.members() == [], f"still running: {running.members()}")


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = {"CRM_INSTANCE": str(tmp_path), "CRM_PORT": port}
        command = [sys.executable, "-m", "crm"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use. Choose another one with CRM_PORT." in done.stderr


def test_a_database_that_is_away_is_told_and_nothing_goes_on(tmp_path):
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    running = Running(tmp_path / "instance", CRM_DATABASE_URL=away)
    assert running.process.wait(PATIENCE) == 1
    assert "The database cannot be reached: connection failed" in running.said()
    assert "Traceback" not in running.said()
    assert running.members() == []


def test_bad_settings_are_told_and_nothing_starts(tmp_path):
    given = {"CRM_INSTANCE": str(tmp_path / "new"), "CRM_ENV": "production", "CRM_PORT": "many"}
    command = [sys.executable, "-m", "crm"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "CRM_PORT is “many”" in done.stderr
    assert "CRM_SECRET_KEY is missing" in done.stderr
    assert not (tmp_path / "new").exists()
