"""Measuring: rounds in turn, medians, one line of JSON per result."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Timed = Callable[[], None]


@dataclass(frozen=True)
class Result:
    """One line of the output.

    Unit:   `seconds` is the median of one round; `n` how much one round handles, so that `rate` is per second.
    """

    workload: str
    system: str
    n: int
    seconds: float
    peak_rss_mb: float | None = None
    floor: float | None = None
    details: Mapping[str, object] | None = None

    def print(self) -> None:
        """Write the line."""
        line = {
            "workload": self.workload,
            "system": self.system,
            "n": self.n,
            "seconds": round(self.seconds, 6),
            "rate": round(self.n / self.seconds, 1) if self.seconds else None,
            "peak_rss_mb": round(self.peak_rss_mb, 1) if self.peak_rss_mb else None,
            "ratio_to_floor": round(self.seconds / self.floor, 2) if self.floor else None,
            **(self.details or {}),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def note(text: str) -> None:
    """Say what goes on, beside the results."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def time_once(call: Timed) -> float:
    """Return how many seconds a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def medians(calls: Mapping[str, Timed], rounds: int) -> dict[str, float]:
    """Return each call's median, the calls taking turns so that a busy moment hits all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(time_once(call))
    return {name: statistics.median(found) for name, found in times.items()}


def peak_of_children() -> float:
    """Return the most memory a finished child process had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def cpu_of_children() -> float:
    """Return how many seconds of processor finished child processes have used, their own children included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_of(pid: int) -> float:
    """Return the most memory a running process had, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_seconds(pid: int) -> float:
    """Return how much processor time a running process has used, its threads together, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)  # Linux's number of the clock of another process
