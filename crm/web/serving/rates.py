"""How often somebody may call in a minute: counted in Redis for all processes; while it is away, in this process."""

from __future__ import annotations

import logging
import time

from flask import Flask
from limits.storage import MemoryStorage, Storage, storage_from_string

from config import Settings

logger = logging.getLogger(__name__)

SILENT_SECONDS = 5  # after a failure Redis is not asked for so long
MINUTE = 60


class Rates:
    """Counts of calls per caller and minute."""

    def __init__(self, redis: Storage | None) -> None:
        self._redis = redis
        self._memory = MemoryStorage()
        self._silent_until = 0.0

    def takes(self, key: str, most: int) -> bool:
        """Count a call; return whether it is within what is allowed in a minute."""
        if self._redis is not None and time.monotonic() >= self._silent_until:
            try:
                return self._redis.incr(key, MINUTE) <= most
            except Exception as error:  # whatever ails Redis, calls go on
                self._silent_until = time.monotonic() + SILENT_SECONDS
                logger.warning("Redis does not count calls (%s); this process does.", error)
        return self._memory.incr(key, MINUTE) <= most

    def reset(self) -> None:
        """Forget what this process counts itself."""
        self._memory.reset()


def install_rates(app: Flask, settings: Settings) -> None:
    """Let the app count calls."""
    app.extensions["crm_rates"] = Rates(redis_storage(settings, "crm:rate"))


def redis_storage(settings: Settings, prefix: str) -> Storage | None:
    """Return counters in the Redis of the settings; None when there is none."""
    if not settings.redis_url:
        return None
    url = settings.redis_url.replace("unix://", "redis+unix://")
    timeouts = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    return storage_from_string(url, key_prefix=prefix, **timeouts)
