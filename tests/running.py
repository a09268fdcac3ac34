"""The whole app as `make run` starts it: a program of its own, in a folder of its own, looked at from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from config import ROOT

PATIENCE = 90  # seconds; the machine may be busy with the rest of the suite


class Running:
    """The whole app, started as `make run` starts it."""

    def __init__(self, folder: Path, **more: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.log = folder.with_suffix(f".{self.port}.log")
        self.settings = {"CRM_INSTANCE": str(folder), "CRM_PORT": str(self.port), "CRM_DEMO": "0", **more}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crm"],
                cwd=ROOT,
                env={**os.environ, **self.settings},
                stdout=output,
                stderr=output,
            )

    def get(self, path: str) -> str:
        """Return what a path answers; an error status is an error."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def health(self) -> dict:
        """Return what `/health` says; nothing as long as nobody answers."""
        try:
            return json.loads(self.get("/health"))
        except OSError:
            return {}

    def said(self) -> str:
        """Return what it wrote to the terminal."""
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


Started = TypeVar("Started", bound=Running)


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Look again until a condition holds; after a while the test has failed, for the reason given."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@contextmanager
def run_app(folder: Path, kind: type[Started] = Running, **more: str) -> Iterator[Started]:
    """Start the whole app, and end whatever is left of it afterwards."""
    started = kind(folder, **more)
    try:
        yield started
    finally:
        for pid in started.members():
            with suppress(ProcessLookupError):  # it has ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        started.process.wait()
