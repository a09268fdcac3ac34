"""What a worker or the scheduler runs: no arguments but ids, one call each, safe to repeat."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from config import current_settings
from crm import events, queue
from crm.runtime.scheduler import Tick
from workflows.calls import outbox as calls
from workflows.calls.deliver import make_calls
from workflows.mail import outbox
from workflows.mail.deliver import deliver_mail as deliver
from workflows.organisation import RuleWorkshop, current_workshop
from workflows.runs import execute, plan, store, sweeping, ticking, turn

GATHER_SECONDS = 0.15  # so long the events of a stream gather
MUTE_SECONDS = 2.0  # a gathering and a long look; a worker that takes longer is rung for again
FOLLOW_SECONDS = 2.0  # so long a worker follows a stream before it looks what else waits
CROWD = 50  # events or runs of one claim that say that there are more than one worker should do
ROUNDS = 1_000  # batches one job works through before it leaves the rest to the next one


def run_events() -> None:
    """Look at events that wait and perform runs that are due, for one turn: other work waits too."""
    follow_stream(current_workshop())


def follow_stream(workshop: RuleWorkshop, sleep: Callable[[float], None] = time.sleep) -> int:
    """Work off what waits; as long as a little more keeps coming, let it gather and look again; return the looks.

    A look costs about as much for one event as for fifty. The first of a stream is served at once; for those that
    follow, nobody rings and no other worker wakes.
    """
    end, looks = time.monotonic() + FOLLOW_SECONDS, 1
    found = work_off(workshop, queue.TURN_SECONDS)
    while 0 < found < CROWD and time.monotonic() < end:
        queue.mute(events.BELL, MUTE_SECONDS)
        sleep(GATHER_SECONDS)
        found, looks = work_off(workshop, queue.TURN_SECONDS), looks + 1
    if looks > 1:
        queue.unmute(events.BELL)
        work_off(workshop, queue.TURN_SECONDS)
    return looks


def work_off(workshop: RuleWorkshop, seconds: float = math.inf) -> int:
    """Turn events into runs and perform them, round after round; return how many of both there were.

    Unit:   `seconds`: after so long the rest is left to the next job, which is rung for.
    """
    end, total = time.monotonic() + seconds, 0
    for number in range(ROUNDS):
        planned, performed = plan.plan_events(workshop), turn.execute_runs(workshop)
        if not planned + performed:
            return total
        total += planned + performed
        if time.monotonic() >= end:
            break
        if number == 0 and max(planned, performed) >= CROWD:
            queue.ring(events.BELL)  # there is work for a colleague too
    queue.ring(events.BELL)
    return total


def continue_run(run_id: int) -> None:
    """Take up a failed run where it stopped."""
    workshop = current_workshop()
    with workshop.session() as session:
        execute.continue_run(session, run_id, workshop.clock())
    work_off(workshop, queue.TURN_SECONDS)


def deliver_mail() -> None:
    """Send every e-mail that waits."""
    deliver(current_workshop())


def deliver_calls() -> None:
    """Make every call to another system that waits."""
    make_calls(current_workshop())


def tick() -> None:
    """Start the rules whose time has come; called every minute or less."""
    ticking.tick(current_workshop())


def sweep() -> None:
    """Ring again for what waits longer than it should; once a day, erase what is too old."""
    workshop = current_workshop()
    sweeping.sweep(workshop)
    sweeping.erase_daily(workshop, current_settings().run_log_keep_days)


JOBS = (
    queue.Declared(events.BELL, run_events, "events", forks=False),
    queue.Declared("runs.continue", continue_run, "events", forks=False),
    queue.Declared(outbox.BELL, deliver_mail, "mail"),
    queue.Declared(calls.BELL, deliver_calls, "calls"),
)
TICKS = (Tick("rules that are due", tick), Tick("work the bell lost", sweep))
BACKLOG = {"events": events.look_at_waiting, "runs": store.look_at_waiting}
