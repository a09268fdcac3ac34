"""The bell and its workers, against a real Redis."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app import wire
from config import ROOT
from crm import events, queue
from crm.queue import Declared, worker
from crm.queue import bell as bells
from crm.queue.bell import Bell
from crm.queue.declared import JOBS, QUEUES, declare, declare_when_needed, known_jobs, queue_name
from crm.queue.worker import build_worker
from crm.runtime.redis_server import RedisServer

wire()
queue.known_jobs()  # before a test puts others in their place


def leave_mark(*ids: object) -> None:
    """Tell the test, through a file, that this job ran; the process is the worker's child."""
    with Path(os.environ["MARKS"]).open("a") as file:
        file.write(json.dumps([*ids, os.getpid()]) + "\n")


def wait_long(*ids: object) -> None:
    """Be a job that takes long."""
    leave_mark("began")
    time.sleep(30)
    leave_mark("ended")


@pytest.fixture
def marks(tmp_path, monkeypatch):
    """The file in which jobs leave their marks, as a function that reads it."""
    file = tmp_path / "marks"
    monkeypatch.setenv("MARKS", str(file))
    for name, place in (("imports.check_batch", "jobs"), (events.BELL, "events")):
        monkeypatch.setitem(queue.JOBS, name, Declared(name, leave_mark, place))
    return lambda: [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def bell(redis_server: RedisServer) -> Bell:
    return Bell(redis_server.url)


def work(server: RedisServer, **hooks) -> None:
    build_worker(server.url, **hooks).work(burst=True, logging_level="CRITICAL")


def test_a_rung_job_runs_in_a_child_with_its_ids(redis_server, bell, marks):
    assert bell.ring("imports.check_batch", 12)
    work(redis_server)
    (mark,) = marks()
    assert mark[0] == 12
    assert mark[1] != os.getpid()


def test_a_finished_job_leaves_nothing_in_redis(redis_server, bell, marks):
    bell.ring("imports.check_batch", 12)
    work(redis_server)
    assert bell.connection.keys("rq:job:*") == []


def test_an_unknown_name_is_a_bug(bell):
    with pytest.raises(KeyError):
        bell.ring("imports.chek_batch", 12)


def test_every_job_name_has_its_queue_and_its_function():
    wire()
    assert {queue_name(name) for name in queue.known_jobs()} == set(QUEUES)
    assert all(job.name == name and callable(job.function) for name, job in queue.known_jobs().items())


def test_many_bells_without_ids_become_few_jobs(redis_server, bell, marks):
    for _ in range(50):
        assert bell.ring(events.BELL)
    assert bell.look().waiting == 1


def test_a_waiting_job_of_another_kind_swallows_no_bell(redis_server, bell, marks):
    bell.ring("runs.continue", 7)
    assert queue_name("runs.continue") == queue_name(events.BELL)
    bell.ring(events.BELL)
    bell.ring(events.BELL)
    assert bell.look().waiting == 2


def test_a_bell_is_left_again_once_the_last_one_was_heard(redis_server, bell, marks):
    bell.ring(events.BELL)
    work(redis_server)
    bell.ring(events.BELL)
    work(redis_server)
    assert len(marks()) == 2


def test_hooks_run_before_the_job_and_in_its_child(redis_server, bell, marks):
    bell.ring("imports.check_batch", 1)
    work(redis_server, before_job=lambda: leave_mark("parent"), in_child=lambda: leave_mark("child"))
    (parent, child, job) = marks()
    assert parent == ["parent", os.getpid()]
    assert child[0] == "child"
    assert child[1] == job[1]


def test_a_child_that_cannot_begin_does_not_become_a_second_worker(redis_server, bell, marks):
    bell.ring("imports.check_batch", 1)
    work(redis_server, in_child=lambda: 1 / 0)
    assert marks() == []


def test_a_failing_job_does_not_stop_the_worker(redis_server, bell, marks, monkeypatch):
    monkeypatch.setitem(queue.JOBS, "mail.deliver", Declared("mail.deliver", lambda _id: 1 / 0, "mail"))
    bell.ring("mail.deliver", 1)
    bell.ring("imports.check_batch", 2)
    work(redis_server)
    assert [mark[0] for mark in marks()] == [2]


def test_a_light_job_runs_in_the_worker_itself_and_takes_it_nowhere_when_it_fails(
    redis_server, bell, marks, monkeypatch
):
    def fail_at_once() -> None:
        leave_mark("failed")
        raise ZeroDivisionError

    monkeypatch.setitem(queue.JOBS, events.BELL, Declared(events.BELL, fail_at_once, "events", forks=False))
    bell.ring(events.BELL)
    bell.ring("imports.check_batch", 2)
    work(redis_server)
    here, child = sorted(marks(), key=lambda mark: mark[0] == 2)
    assert here == ["failed", os.getpid()]
    assert child[0] == 2 and child[1] != os.getpid()
    assert bell.connection.keys("rq:job:*") == []


# Redis away, full or hanging (F05, F07, F08): a save never fails and never waits long.


def test_ringing_without_redis_is_a_log_line_and_says_so(bell, redis_server, caplog):
    redis_server.stop()
    assert [bell.ring("imports.check_batch", n) for n in range(5)] == [False] * 5
    assert len([record for record in caplog.records if "Redis is away" in record.message]) == 1
    assert bell.is_broken
    assert bell.look().redis == "away"


def test_a_hanging_redis_delays_one_save_and_no_other(bell, redis_server, caplog):
    os.kill(redis_server.process.pid, signal.SIGSTOP)
    started = time.monotonic()
    for n in range(20):
        bell.ring("imports.check_batch", n)
    os.kill(redis_server.process.pid, signal.SIGCONT)
    assert time.monotonic() - started < 1.5


def test_a_full_redis_is_as_good_as_none(bell, redis_server, caplog):
    bell.connection.config_set("maxmemory", 1)
    assert bell.ring("imports.check_batch", 1) is False


def test_the_bell_rings_again_after_redis_came_back(redis_server, caplog):
    moment = [0.0]
    bell = Bell(redis_server.url, seconds=lambda: moment[0])
    redis_server.stop()
    bell.ring("imports.check_batch", 1)
    redis_server.start()
    moment[0] += bells.SILENT_SECONDS + 1
    assert bell.ring("imports.check_batch", 2)
    assert not bell.is_broken


def test_a_connection_gone_stale_costs_no_bell(redis_server, bell):
    assert bell.ring("imports.check_batch", 1)
    redis_server.stop()
    redis_server.start()
    assert bell.ring("imports.check_batch", 2)


def test_a_process_without_redis_rings_silently():
    queue.use_redis(None)
    assert queue.ring("imports.check_batch", 1) is False
    assert queue.look_at_queue().redis == "none"


# Foreign jobs (S20): refused before anything of them runs.


def push(connection: Redis, data: bytes, name: str = "jobs", **more: str) -> None:
    """Put a job into Redis as a stranger with access to it would."""
    connection.hset("rq:job:stranger", mapping={"data": data, "origin": name, "status": "queued", **more})
    connection.sadd("rq:queues", f"rq:queue:{name}")
    connection.rpush(f"rq:queue:{name}", "stranger")


class Exploit:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


@pytest.mark.parametrize(
    "call",
    [
        ["os.system", None, ["touch {file}"], {}],
        ["crm.queue.bell.connect_redis", None, ["x"], {}],
        ["imports.check_batch", {"evil": 1}, [1], {}],
        ["imports.check_batch", None, [{"evil": 1}], {}],
        ["imports.check_batch", None, [1], {"evil": 1}],
        ["imports.check_batch", None, "1", {}],
        [None, None, None, None],
        ["imports.check_batch"],
        {"evil": 1},
    ],
)
def test_a_foreign_job_is_refused_and_the_next_one_runs(redis_server, bell, marks, caplog, tmp_path, call):
    text = json.dumps(call).replace("{file}", str(tmp_path / "hacked"))
    push(bell.connection, text.encode())
    bell.ring("imports.check_batch", 7)
    work(redis_server)
    assert [mark[0] for mark in marks()] == [7]
    assert not (tmp_path / "hacked").exists()
    assert "Refused a job" in caplog.text


def test_a_pickled_job_is_refused_unread(redis_server, bell, marks, tmp_path):
    push(bell.connection, pickle.dumps(Exploit(tmp_path / "hacked")))
    work(redis_server)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize("more", ["success_callback_name", "failure_callback_name", "stopped_callback_name"])
def test_an_allowed_job_with_a_foreign_callback_is_refused(redis_server, bell, marks, more):
    push(bell.connection, json.dumps(["imports.check_batch", None, [1], {}]).encode(), **{more: "os.getcwd"})
    work(redis_server)
    assert marks() == []


def test_a_job_with_broken_fields_does_not_stop_the_worker(redis_server, bell, marks):
    push(bell.connection, json.dumps(["imports.check_batch", None, [1], {}]).encode(), timeout="soon")
    bell.ring("imports.check_batch", 7)
    work(redis_server)
    assert [mark[0] for mark in marks()] == [7]


def test_a_job_of_plain_rq_with_its_default_serializer_is_refused(redis_server, bell, marks, tmp_path):
    Queue("jobs", connection=bell.connection).enqueue(os.mkdir, str(tmp_path / "hacked"))
    Queue("jobs", connection=bell.connection, serializer=JSONSerializer).enqueue(
        os.mkdir, str(tmp_path / "hacked")
    )
    work(redis_server)
    assert not (tmp_path / "hacked").exists()


# A worker that dies (M13) takes its child with it.

WORKER = """
import sys
from crm import queue
from crm.queue.worker import build_worker
from tests.test_queue import wait_long
queue.declare([queue.Declared("imports.check_batch", wait_long)])
build_worker(sys.argv[1]).work(logging_level="CRITICAL")
"""


def wait_for(condition, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_worker_leaves_no_orphan_at_work(redis_server, bell, marks, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    worker = subprocess.Popen([sys.executable, "-c", WORKER, redis_server.url], cwd=ROOT)
    try:
        wait_for(lambda: bell.look().workers == 1)
        bell.ring("imports.check_batch", 1)
        wait_for(lambda: marks())
        (_, child) = marks()[0]
    finally:
        worker.kill()
        worker.wait()
    wait_for(lambda: not is_running(child), seconds=5)


def test_a_worker_without_redis_says_so_and_does_not_crash(redis_server, caplog):
    redis_server.stop()
    assert worker.work_until_lost(redis_server.url) is False
    assert "A worker has lost Redis" in caplog.text


def test_a_worker_looks_for_a_lost_redis_ever_more_seldom_and_works_once_it_is_back(
    redis_server, bell, marks, caplog
):
    bell.connection.config_set("maxmemory", 1)
    pauses = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            bell.connection.config_set("maxmemory", 0)
            bell.silent_until = 0.0
            bell.ring("imports.check_batch", 1)
            threading.Timer(0.1, stop_when_done).start()

    def stop_when_done() -> None:
        wait_for(marks)
        os.kill(os.getpid(), signal.SIGTERM)

    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        worker.work_until_stopped(redis_server.url, "critical", sleep=wait)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert pauses == [1.0, 2.0, 4.0, 8.0, worker.LONGEST_PAUSE]
    assert [mark[0] for mark in marks()] == [1]


def test_one_queue_that_never_empties_does_not_keep_others_waiting(redis_server, bell, marks, monkeypatch):
    for number in range(4):
        bell.ring("imports.check_batch", number)
    monkeypatch.setitem(queue.JOBS, "mail.deliver", Declared("mail.deliver", leave_mark, "mail"))
    monkeypatch.setitem(queue.JOBS, "runs.continue", Declared("runs.continue", leave_mark, "events"))
    bell.ring("mail.deliver", 100)
    bell.ring("runs.continue", 200)
    build_worker(redis_server.url).work(
        burst=True, logging_level="CRITICAL", dequeue_strategy=worker.DequeueStrategy.ROUND_ROBIN
    )
    assert [mark[0] for mark in marks()] == [0, 100, 200, 1, 2, 3]


def test_a_worker_is_counted_again_after_redis_lost_everything(redis_server, bell, marks):
    worker = build_worker(redis_server.url)
    worker.register_birth()
    worker.heartbeat()
    bell.connection.flushall()
    assert bell.look().workers == 0
    worker.heartbeat()
    assert bell.look().workers == 1


def test_a_thread_that_asks_for_jobs_while_another_loads_them_gets_them_all():
    begun, go = threading.Event(), threading.Event()

    def load() -> None:
        begun.set()
        go.wait(10)
        declare([Declared("tests.late", print)])

    declare_when_needed(load)
    try:
        with ThreadPoolExecutor(2) as threads:
            threads.submit(known_jobs)
            begun.wait(10)
            second = threads.submit(lambda: "tests.late" in known_jobs())
            with pytest.raises(TimeoutError):
                second.result(0.1)
            go.set()
            assert second.result(10)
    finally:
        JOBS.pop("tests.late", None)
