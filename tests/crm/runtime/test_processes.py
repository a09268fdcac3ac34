"""The programs behind `make run`: kept running, stopped in time, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from config import ROOT
from crm.database import build_engine
from crm.runtime.children import start_child
from crm.runtime.redis_server import RedisServer, find_redis_url
from crm.runtime.scheduler import Scheduler, SchedulerLock
from crm.runtime.supervisor import FIRST_PAUSE, STEADY_SECONDS, Program, Supervisor, program

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
NOTING = """
import signal, sys, time
def end(*_):
    open(sys.argv[2], "a").write(sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import os, sys, time
from crm.runtime.children import start_child
child = start_child([sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
print(child.pid, flush=True)
time.sleep(60)
"""


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_for(condition: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor():
    made = Supervisor(seconds=Clock())
    yield made
    made.stop(1)


def test_a_crashed_program_starts_again_after_a_pause(supervisor, caplog):
    supervisor.add(program("The sleeper", SLEEP))
    sleeper = supervisor.programs[0]
    first = sleeper.process.pid
    sleeper.process.kill()
    sleeper.process.wait()
    supervisor.look()
    assert sleeper.process is None
    assert "The sleeper ended (signal 9)" in caplog.text
    supervisor.seconds.now += FIRST_PAUSE
    supervisor.look()
    assert sleeper.process.pid != first


def crash(supervisor: Supervisor, crashing: Program) -> None:
    crashing.process.wait()
    supervisor.look()
    supervisor.seconds.now = crashing.due
    supervisor.look()


def test_a_program_that_keeps_crashing_waits_longer_each_time(supervisor, caplog):
    supervisor.add(program("Broken", [sys.executable, "-S", "-c", "raise SystemExit(3)"]))
    broken = supervisor.programs[0]
    for _ in range(3):
        crash(supervisor, broken)
    assert broken.pause == FIRST_PAUSE * 8
    assert "Broken ended (status 3)" in caplog.text


def test_a_program_that_ran_long_is_forgiven(supervisor, caplog):
    supervisor.add(program("Broken", [sys.executable, "-S", "-c", "raise SystemExit(3)"]))
    broken = supervisor.programs[0]
    for _ in range(3):
        crash(supervisor, broken)
    broken.process.wait()
    supervisor.seconds.now += STEADY_SECONDS
    supervisor.look()
    assert broken.pause == FIRST_PAUSE * 2


def test_a_stubborn_program_is_killed_in_time(supervisor):
    stubborn = start_child([sys.executable, "-c", STUBBORN], os.environ, stdout=subprocess.PIPE)
    stubborn.stdout.readline()
    supervisor.add(Program("Stubborn", lambda: stubborn))
    started = time.monotonic()
    supervisor.stop(0.3)
    stubborn.stdout.close()
    assert time.monotonic() - started < 3
    assert stubborn.returncode == -signal.SIGKILL


def test_the_foundation_stops_last(supervisor, tmp_path):
    order = tmp_path / "order"
    for name, is_foundation in (("1", True), ("2", False)):
        child = start_child(
            [sys.executable, "-c", NOTING, name, str(order)], os.environ, stdout=subprocess.PIPE
        )
        child.stdout.readline()
        child.stdout.close()
        supervisor.add(Program(name, lambda child=child: child, is_foundation))
    supervisor.stop(5)
    assert order.read_text() == "21"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_end_with_a_parent_that_was_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    parent.stdout.close()
    assert is_running(child)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_running(child))


# The embedded Redis


def test_the_embedded_redis_wants_its_password_and_keeps_it_private(redis_server):
    from redis import Redis
    from redis.exceptions import AuthenticationError

    port = int(redis_server.url.rpartition(":")[2].removesuffix("/0"))
    with Redis(port=port, retry=None) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    secret_files = [redis_server.folder / "redis.url", redis_server.folder / "redis.conf"]
    assert [file.stat().st_mode & 0o777 for file in secret_files] == [0o600, 0o600]
    command = Path(f"/proc/{redis_server.process.pid}/cmdline").read_text()
    assert redis_server.url.split("@")[0].removeprefix("redis://:") not in command


def test_commands_find_the_embedded_redis_until_it_stops(redis_server):
    assert find_redis_url("", redis_server.folder) == redis_server.url
    assert find_redis_url("redis://other/0", redis_server.folder) == "redis://other/0"
    redis_server.stop()
    assert find_redis_url("", redis_server.folder) is None


def test_a_killed_redis_comes_back_at_the_same_address(tmp_path, caplog):
    server = RedisServer(tmp_path)
    supervisor = Supervisor(seconds=Clock())
    try:
        supervisor.add(Program("Redis", server.start_process, is_foundation=True))
        address = server.url
        server.process.kill()
        server.process.wait()
        supervisor.look()
        supervisor.seconds.now += 1
        supervisor.look()
        assert server.url == address
        assert server.process.poll() is None
    finally:
        supervisor.stop(2)


# The scheduler


@pytest.fixture
def engine_of(empty_database_url, tmp_path):
    """Engines of two machines on one database."""
    made = []

    def make() -> sa.Engine:
        made.append(build_engine.__wrapped__(empty_database_url))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def test_of_two_schedulers_one_ticks_and_the_other_takes_over(engine_of, tmp_path):
    engines = [engine_of(), engine_of()]
    locks = [SchedulerLock(engine, tmp_path) for engine in engines]
    calls = []
    first, second = (
        Scheduler(lock, {"rules": (lambda number=number: calls.append(number), 0.0)})
        for number, lock in enumerate(locks)
    )
    first.tick()
    second.tick()
    first.tick()
    assert calls == [0, 0]
    locks[0].release()
    second.tick()
    first.tick()
    assert calls == [0, 0, 1]
    locks[1].release()


def test_a_scheduler_that_lost_its_connection_asks_again(engine_of, tmp_path):
    engine = engine_of()
    lock = SchedulerLock(engine, tmp_path)
    assert lock.acquire()
    if engine.dialect.name == "postgresql":
        with engine_of().connect() as other:
            kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            other.execute(sa.text(kill + " AND datname = current_database()"))
        assert not lock.acquire()
    assert lock.acquire()
    assert lock.acquire()
    lock.release()


def test_ticks_are_called_when_due_and_not_before(tmp_path):
    class Free:
        def acquire(self) -> bool:
            return True

    clock, calls = Clock(), []
    ticks = {"often": (lambda: calls.append("often"), 5), "seldom": (lambda: calls.append("seldom"), 20)}
    scheduler = Scheduler(Free(), ticks, seconds=clock)
    for moment in range(25):
        clock.now = moment
        scheduler.tick()
    assert calls.count("often") == 5
    assert calls.count("seldom") == 2


def test_a_failing_tick_does_not_take_the_others_with_it(tmp_path, caplog):
    class Free:
        def acquire(self) -> bool:
            return True

    calls = []
    ticks = {"broken": (lambda: 1 / 0, 5), "sound": (lambda: calls.append(1), 5)}
    Scheduler(Free(), ticks, seconds=Clock()).tick()
    assert calls == [1]
    assert "The tick broken failed" in caplog.text
