"""Rings through Redis, and looks how Redis is. Who rings for nothing loads nothing of this."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from crm.queue.declared import QUEUES, known_jobs, queue_name
from crm.queue.state import QueueState

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.5  # to reach Redis and to get an answer; a page must not hang with it
SILENT_SECONDS = 5.0  # after a failure nobody rings for so long
ALIVE_SECONDS = 30  # a worker that has not been heard of for so long is not counted
FAILED_JOBS_SECONDS = 86_400
PROBE_KEY = "crm:probe"  # written and forgotten: only a write shows that Redis takes one
WAITING_KEY = "crm:waiting:"  # then a job's name: the last one without ids that was left in its queue
MUTED_KEY = "crm:muted:"  # then a job's name: a worker looks again by itself before this key ends
WORKERS_KEY = "crm:workers"  # a sorted set: worker, moment it was last heard of


def connect_redis(url: str, timeout: float = TIMEOUT_SECONDS) -> Redis:
    """Return a client that gives up soon and tries again only over a connection that had gone stale."""
    retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    return Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry)


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
        return self._tell(lambda: self._enqueue(name, ids))

    def _tell(self, send: Callable[[], object]) -> bool:
        """Send something unless Redis has just failed; return whether it went well."""
        if self.is_broken:
            return False
        try:
            send()
        except (RedisError, OSError) as error:
            self._fall_silent(error)
            return False
        self.silent_until = 0.0
        return True

    def mute(self, name: str, seconds: float) -> bool:
        """Say that nobody needs to ring for a job for a while, because its worker looks again by itself.

        Shape:  who is killed meanwhile leaves what a sweep finds.
        """
        return self._tell(lambda: self.connection.set(MUTED_KEY + name, 1, px=round(seconds * 1_000)))

    def unmute(self, name: str) -> bool:
        """Take it back; what was committed before this may not have rung, so look once more afterwards."""
        return self._tell(lambda: self.connection.delete(MUTED_KEY + name))

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
        if not ids and self._waits_in(queue, name):
            return  # Who works it off has yet to look, so it will see what was just committed.
        with self.connection.pipeline() as pipeline:
            job = queue.enqueue_call(
                name, args=list(ids), result_ttl=0, failure_ttl=FAILED_JOBS_SECONDS, pipeline=pipeline
            )
            if not ids:
                pipeline.set(WAITING_KEY + name, job.id)
            pipeline.execute()

    def _waits_in(self, queue: Queue, name: str) -> bool:
        """Return whether a job of this name, which says "something waits" for everybody, is on its way."""
        last, is_muted = self.connection.mget(WAITING_KEY + name, MUTED_KEY + name)
        return bool(is_muted) or last is not None and self.connection.lpos(queue.key, last) is not None

    def _fall_silent(self, error: Exception) -> None:
        with self._lock:
            if not self.silent_until:  # Say it once, not at every save.
                logger.warning("Redis is away (%s). Work waits in the database until a sweep.", error)
            self.trouble = trouble_of(error)
            self.silent_until = self.seconds() + SILENT_SECONDS
