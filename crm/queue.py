"""The bell: RQ and Redis. It tells workers that work waits in the database; losing it loses nothing.

A job carries a short name and ids, as JSON. The name is looked up in `JOBS`; nothing that comes out of Redis
is ever imported, unpickled or called. What must not be lost is a row with a lease; a sweeper finds it again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import DequeueStrategy

from crm.runtime.children import die_with_parent

logger = logging.getLogger(__name__)

QUEUES = (
    "jobs",
    "mail",
    "events",
)  # a worker looks for work in this order, and in the queue it just served last
TURN_SECONDS = (
    5.0  # so long a job keeps a worker; then it rings for the rest of its work, behind all that waits
)


@dataclass(frozen=True)
class Declared:
    """A function that workers may run: the name that travels through Redis, and the queue it waits in."""

    name: str
    function: Callable[..., object]
    queue: str = "jobs"


JOBS: dict[str, Declared] = {}
"""Every function a worker may run, by its name; each package declares its own, and `app.wire` joins them."""

_loaders: list[Callable[[], None]] = []


def declare(jobs: Iterable[Declared]) -> None:
    """Let workers run these functions."""
    JOBS.update({job.name: job for job in jobs})


def declare_when_needed(load: Callable[[], None]) -> None:
    """Call `load`, which declares jobs, when somebody asks for one: a command that rings for none loads none."""
    _loaders.append(load)


def known_jobs() -> Mapping[str, Declared]:
    """Return every function a worker may run, by its name."""
    while _loaders:
        _loaders.pop()()
    return JOBS


# A bell without ids says "something waits", so a few of them in the queue say it for everybody.
ENOUGH_WAITING = 4

TIMEOUT_SECONDS = 0.5  # to reach Redis and to get an answer; a page must not hang with it
SILENT_SECONDS = 5.0  # after a failure nobody rings for so long
ALIVE_SECONDS = 30  # a worker that has not been heard of for so long is not counted
FAILED_JOBS_SECONDS = 86_400
FIRST_PAUSE = 1.0  # seconds before a worker that lost Redis looks for it again; doubled as long as it is lost
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 60.0  # a worker that had Redis for so long begins with the first pause again
PROBE_KEY = "crm:probe"  # written and forgotten: only a write shows that Redis takes one
WORKERS_KEY = "crm:workers"  # a sorted set: worker, moment it was last heard of


def connect_redis(url: str, timeout: float = TIMEOUT_SECONDS) -> Redis:
    """Return a client that gives up soon and tries again only over a connection that had gone stale."""
    retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry)


def queue_name(name: str) -> str:
    """Return the queue a job waits in."""
    return known_jobs()[name].queue


@dataclass(frozen=True)
class QueueState:
    """How the queue is, for `/health`.

    Shape:  `redis` is "ok", "away", "full", "read_only", "silent" (it hangs) or "none"; `workers` counts those heard
            of lately, `waiting` the jobs.
    """

    redis: str
    workers: int = 0
    waiting: int = 0


def trouble_of(error: Exception) -> str:
    """Return the word for what is wrong with Redis."""
    words = {OutOfMemoryError: "full", ReadOnlyError: "read_only", RedisTimeoutError: "silent"}
    return next((word for kind, word in words.items() if isinstance(error, kind)), "away")


class Bell:
    """Rings for workers; never raises, and stops trying for a while when Redis does not answer."""

    def __init__(self, url: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self.connection = connect_redis(url)
        self.seconds = seconds
        self.silent_until = 0.0
        self.trouble = ""
        self._lock = threading.Lock()
        self._queues = {name: Queue(name, self.connection, serializer=JSONSerializer) for name in QUEUES}

    @property
    def is_broken(self) -> bool:
        """Whether the last attempt failed and the next has not come yet."""
        return self.seconds() < self.silent_until

    def ring(self, name: str, *ids: int | str) -> bool:
        """Leave a job in its queue; return whether it is there.

        Shape:  `name` is a key of `JOBS`.
        """
        if name not in known_jobs():
            raise KeyError(name)
        if self.is_broken:
            return False
        try:
            self._enqueue(name, ids)
        except (RedisError, OSError) as error:
            self._fall_silent(error)
            return False
        self.silent_until = 0.0
        return True

    def look(self) -> QueueState:
        """Ask Redis how it is and who is working."""
        try:
            self.connection.set(PROBE_KEY, 1, px=1)
            workers = self.connection.zcount(WORKERS_KEY, time.time() - ALIVE_SECONDS, "+inf")
            waiting = sum(queue.count for queue in self._queues.values())
        except (RedisError, OSError) as error:
            return QueueState(trouble_of(error))
        return QueueState("ok", workers, waiting)

    def glance(self) -> QueueState:
        """Return how Redis is without waiting for one that has just failed, for pages."""
        return QueueState(self.trouble) if self.is_broken else self.look()

    def _enqueue(self, name: str, ids: Sequence[int | str]) -> None:
        queue = self._queues[queue_name(name)]
        if not ids and queue.count >= ENOUGH_WAITING:
            return  # Those have not begun yet, so they will see what was just committed.
        with self.connection.pipeline() as pipeline:
            queue.enqueue_call(
                name, args=list(ids), result_ttl=0, failure_ttl=FAILED_JOBS_SECONDS, pipeline=pipeline
            )
            pipeline.execute()

    def _fall_silent(self, error: Exception) -> None:
        with self._lock:
            if not self.silent_until:  # Say it once, not at every save.
                logger.warning("Redis is away (%s). Work waits in the database until a sweep.", error)
            self.trouble = trouble_of(error)
            self.silent_until = self.seconds() + SILENT_SECONDS


_bells: dict[str, Bell] = {}


def use_redis(url: str | None) -> None:
    """Choose the Redis this process rings; None for none."""
    _bells.clear()
    if url:
        _bells["this process"] = Bell(url)


def ring(name: str, *ids: int | str) -> bool:
    """Tell the workers that work of this kind waits; call it after the commit. Never raises for Redis."""
    for bell in list(_bells.values()):
        return bell.ring(name, *ids)
    return False


def ring_or_do(name: str, work: Callable[[], None], *ids: int | str) -> None:
    """Tell the workers that work of this kind waits; a process without a bell, such as a command, does it now."""
    if _bells:
        ring(name, *ids)
    else:
        work()


def look_at_queue() -> QueueState:
    """Return how the queue of this process is, for `/health`."""
    for bell in list(_bells.values()):
        return bell.look()
    return QueueState("none")


def glance_at_queue() -> QueueState:
    """Return how the queue of this process is, for pages: nobody waits for a Redis that has just failed."""
    for bell in list(_bells.values()):
        return bell.glance()
    return QueueState("none")


class AllowedJob(Job):
    """A job whose function comes from `JOBS` and whose arguments are ids; anything else does not exist."""

    def restore(self, raw_data: Any) -> None:
        """Read the job out of Redis.

        Errors: NoSuchJobError when it is not one of ours, which makes RQ go on to the next.
        """
        try:
            super().restore(raw_data)
            problem = self._find_problem()
        except NoSuchJobError:
            raise
        except Exception as error:  # Whatever a stranger put there; nothing of it has run.
            problem = type(error).__name__
        if problem:
            logger.error("Refused a job that is none of ours (%s): %s", problem, self.id)
            self.connection.delete(self.key)
            raise NoSuchJobError(problem)

    def _find_problem(self) -> str:
        if self.func_name not in known_jobs():
            return "function"
        if self.instance is not None or self.kwargs:
            return "arguments"
        if not isinstance(self.args, list) or not all(isinstance(value, int | str) for value in self.args):
            return "arguments"
        callbacks = (self._success_callback_name, self._failure_callback_name, self._stopped_callback_name)
        if any(isinstance(name, str) and name for name in callbacks) or self.webhooks:
            return "callback"
        return ""

    @property
    def func(self) -> Callable[..., Any]:
        """Return the function from the list of those allowed."""
        return known_jobs()[self.func_name].function


class CrmWorker(Worker):
    """An RQ worker that knows only our jobs, notices a lost Redis soon, and takes its child with it."""

    job_class = AllowedJob
    max_connection_wait_time = 2.0

    is_stopped = False  # whether somebody asked it to stop; else it lost Redis
    before_job: Callable[[], None] = staticmethod(lambda: None)
    in_child: Callable[[], None] = staticmethod(lambda: None)
    on_beat: Callable[[bool], None] = staticmethod(lambda is_busy: None)
    is_busy = False  # whether a job is in work; it stays on the revision it began with

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Bring this process up to date, so that the child it forks is; then run the job in the child."""
        try:
            self.before_job()
        except Exception:  # The database may be away; the job itself will say so.
            logger.exception("A worker could not prepare for its next job")
        self.is_busy = True
        try:
            super().execute_job(job, queue)
        finally:
            self.is_busy = False

    def request_stop(self, signum: int, frame: Any) -> None:
        """Note the request, then stop after the job in work."""
        self.is_stopped = True
        super().request_stop(signum, frame)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run in the child: end with the worker, and use none of its database connections."""
        die_with_parent(self.pid)
        try:
            self.in_child()
        except Exception:  # Nothing may pass this point: two workers would go on under one name.
            logger.exception("A worker's child could not begin")
            os._exit(1)
        super().main_work_horse(job, queue)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say that this worker lives, in a place of our own that comes back after Redis lost everything."""
        super().heartbeat(timeout, pipeline)
        self.connection.zadd(WORKERS_KEY, {self.name: time.time()})
        if os.getpid() == self.pid:  # The child's heartbeats are not ours to speak in.
            self.on_beat(self.is_busy)

    def register_death(self) -> None:
        """Leave; nobody counts us any more."""
        super().register_death()
        self.connection.zrem(WORKERS_KEY, self.name)

    def subscribe(self) -> None:
        """Take no commands through Redis: we use none, and a thread less is safer to fork."""

    def unsubscribe(self) -> None:
        """Nothing to leave."""


def build_worker(
    url: str,
    queues: Sequence[str] = QUEUES,
    job_seconds: int = 3_600,
    before_job: Callable[[], None] | None = None,
    in_child: Callable[[], None] | None = None,
    on_beat: Callable[[bool], None] | None = None,
) -> CrmWorker:
    """Return a worker; `work()` makes it begin.

    Unit:   `job_seconds`: seconds after which a job is ended.
    """
    connection = connect_redis(url, timeout=30)
    known = [
        Queue(name, connection, serializer=JSONSerializer, job_class=AllowedJob, default_timeout=job_seconds)
        for name in queues
    ]
    worker = CrmWorker(
        known,
        connection=connection,
        serializer=JSONSerializer,
        maintenance_interval=30,
        worker_ttl=17,  # A blocked wait for work ends after two seconds, to say that we live and look around.
        job_monitoring_interval=5,
        log_job_description=False,
    )
    worker.before_job = before_job or worker.before_job
    worker.in_child = in_child or worker.in_child
    worker.on_beat = on_beat or worker.on_beat
    return worker


def work_until_stopped(
    url: str, log_level: str = "warning", sleep: Callable[[float], None] = time.sleep, **given: Any
) -> None:
    """Run jobs until a stop is asked for; a Redis that is lost, full or read only is looked for ever more seldom.

    Shape:  `given` is what `build_worker` takes.
    """
    pause = FIRST_PAUSE
    while True:
        began = time.monotonic()
        if work_until_lost(url, log_level, **given):
            return
        if time.monotonic() - began >= STEADY_SECONDS:
            pause = FIRST_PAUSE
        try:
            sleep(pause)
        except (StopRequested, RedisError):  # the handler of the worker that lost Redis is still there
            return
        pause = min(pause * 2, LONGEST_PAUSE)


def work_until_lost(url: str, log_level: str = "warning", **given: Any) -> bool:
    """Run jobs; return True once a stop was asked for, False when Redis is lost.

    Shape:  `given` is what `build_worker` takes.
    """
    worker = None
    try:
        worker = build_worker(url, **given)
        worker.work(logging_level=log_level.upper(), dequeue_strategy=DequeueStrategy.ROUND_ROBIN)
    except (RedisError, OSError) as error:
        logger.warning("A worker has lost Redis (%s) and looks for it again.", error)
    return worker is not None and worker.is_stopped
