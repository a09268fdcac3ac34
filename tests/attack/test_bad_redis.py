"""A Redis that is full, read only, frozen, gone or emptied: no save fails, it is named, and work goes on by itself."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.running import wait_for

SAVES = 3


def fill(installation) -> Callable[[], object]:
    with installation.redis() as redis:
        redis.config_set("maxmemory", 1)
    return lambda: installation.redis().config_set("maxmemory", 0)


def make_read_only(installation) -> Callable[[], object]:
    with installation.redis() as redis:
        redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    return lambda: installation.redis().execute_command("REPLICAOF", "NO", "ONE")


def freeze(installation) -> Callable[[], object]:
    (pid,) = installation.members("redis-server")
    os.kill(pid, signal.SIGSTOP)
    return lambda: os.kill(pid, signal.SIGCONT)


DAYS = {"full": fill, "read_only": make_read_only, "silent": freeze}


@pytest.mark.parametrize("word", DAYS)
def test_no_save_fails_it_is_named_and_work_goes_on_afterwards(installation, word):
    before = set(installation.members("-m crm worker"))
    heal = DAYS[word](installation)
    try:
        started = time.monotonic()
        for number in range(SAVES):
            installation.complain(f"{word.replace('_', '')}{number}")
        assert time.monotonic() - started < 5 * SAVES
        health = installation.health()
        assert (health["redis"], health["status"]) == (word, "degraded")
        assert health["notes"]
    finally:
        heal()
    installation.wait_for_mails(word.replace("_", ""), SAVES)
    wait_for(lambda: installation.health()["status"] == "ok", f"{installation.health()}")
    assert len(set(installation.members("-m crm worker")) & before) >= 2, "no worker has died of it"


def test_a_redis_that_was_killed_or_emptied_loses_nothing(installation):
    (pid,) = installation.members("redis-server")
    os.kill(pid, signal.SIGKILL)
    installation.complain("Killed0")
    wait_for(lambda: installation.health().get("redis") == "ok", installation.said())
    installation.complain("Killed1")
    installation.redis().flushall()
    installation.wait_for_mails("Killed", 2)


def test_a_job_that_is_delivered_many_times_has_one_effect(installation):
    workers, saves = installation.members("-m crm worker"), itertools.count()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        with installation.redis() as redis:

            def is_waiting() -> bool:  # the first bells reach the workers that were waiting
                installation.complain(f"Twice{next(saves)}")
                return redis.llen("rq:queue:events") > 0

            wait_for(is_waiting, "no bell waits")
            for queue in ("events", "mail", "jobs"):
                for job in redis.lrange(f"rq:queue:{queue}", 0, -1):
                    redis.rpush(f"rq:queue:{queue}", *[job] * 5)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    installation.wait_for_mails("Twice", next(saves))
    wait_for(lambda: not any(installation.health()["waiting"].values()), f"{installation.health()}")
    runs = installation.rows(
        "SELECT event_id, count(*) FROM crm_run WHERE rule = 'confirm_complaint' GROUP BY event_id HAVING count(*) > 1"
    )
    assert runs == []
    assert set(installation.mails("Twice").values()) == {1}
