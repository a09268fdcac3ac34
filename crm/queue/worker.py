"""Workers: RQ's, but each knows only our jobs, and nothing that comes out of Redis is called."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import NoSuchJobError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker.base import DequeueStrategy, WorkerStatus

from crm.queue.bell import WORKERS_KEY, connect_redis
from crm.queue.declared import QUEUES, known_jobs
from crm.runtime.children import die_with_parent

logger = logging.getLogger(__name__)

FIRST_PAUSE = 1.0  # seconds before a worker that lost Redis looks for it again; doubled as long as it is lost
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 60.0  # a worker that had Redis for so long begins with the first pause again


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
        """Run a light job here, and any other in a child that is forked when this process is up to date."""
        self.is_busy = True
        try:
            if known_jobs()[job.func_name].forks:
                self._prepare()
                super().execute_job(job, queue)
            else:
                self._run_here(job)
        finally:
            self.is_busy = False

    def _prepare(self) -> None:
        """Bring this process up to date, so that the child it forks is."""
        try:
            self.before_job()
        except Exception:  # The database may be away; the job itself will say so.
            logger.exception("A worker could not prepare for its next job")

    def _run_here(self, job: Job) -> None:
        """Run a job in this process: a stop waits for its end, and what it leaves undone is rows that a sweep finds."""
        self._state = WorkerStatus.BUSY
        self.connection.delete(job.key)
        try:
            with self.death_penalty_class(job.timeout, JobTimeoutException, job_id=job.id):
                job.func(*job.args)
        except Exception:  # The outermost edge of a job: it has failed, the worker goes on.
            logger.exception("The job %s failed", job.func_name)
        finally:
            self._state = WorkerStatus.IDLE

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
