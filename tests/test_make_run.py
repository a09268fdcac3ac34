"""`make run` as a whole: every program for real, in a folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import ROOT

pytestmark = pytest.mark.slow

PATIENCE = 90  # seconds; the machine may be busy with the rest of the suite


class Running:
    """The whole app, started as `make run` starts it."""

    def __init__(self, folder: Path, **more: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.log = folder.with_suffix(f".{self.port}.log")
        given = {"CRM_INSTANCE": str(folder), "CRM_PORT": str(self.port), "CRM_DEMO": "0", **more}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm"],
                cwd=ROOT,
                env={**os.environ, **given},
                stdout=output,
                stderr=output,
            )

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def health(self) -> dict:
        try:
            return json.loads(self.get("/health"))
        except OSError:
            return {}

    def said(self) -> str:
        return self.log.read_text()

    def members(self, word: str = "") -> list[int]:
        """Return the processes that belong to this app: its folder is in their environment, or they stand in it.

        Redis writes its title over its environment.
        """
        found = []
        for entry in Path("/proc").iterdir():
            try:
                mine = str(self.folder).encode() in (entry / "environ").read_bytes()
                mine = mine or (entry / "cwd").readlink() == self.folder
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, ValueError):
                continue
            if mine and word in command:
                found.append(int(entry.name))
        return found


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path / "instance")
    yield started
    for pid in started.members():
        os.kill(pid, signal.SIGKILL)
    started.process.wait()


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
