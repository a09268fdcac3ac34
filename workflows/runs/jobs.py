"""What a worker or the scheduler runs: no arguments but ids, one call each, safe to repeat."""

from __future__ import annotations

import itertools
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
from workflows.runs import execute, plan, rehearsals, store, sweeping, ticking, turn

GATHER_SECONDS = 0.15  # so long the events of a stream gather
MUTE_SECONDS = 2.0  # a gathering and a long look; a worker that takes longer is rung for again
CROWD = 100  # events and runs of one look that say that there are more than one worker should do
ROUNDS = 1_000  # batches one job works through before it leaves the rest to the next one


def run_events() -> None:
    """Look at events that wait and perform runs that are due, for one turn: other work waits too."""
    follow_stream(current_workshop())


def follow_stream(workshop: RuleWorkshop, sleep: Callable[[float], None] = time.sleep) -> int:
    """Look for work as long as it comes, letting a little of it gather between two looks; return how many they were.

    A look costs about as much for one event as for fifty. The first of a stream is served at once; for those that
    follow, nobody rings and no other worker wakes.
    """
    end, is_muted = time.monotonic() + queue.TURN_SECONDS, False
    for looks in itertools.count(1):
        found = _look(workshop)
        if not found or time.monotonic() >= end:
            break
        if found < CROWD:
            queue.mute(events.BELL, MUTE_SECONDS)
            is_muted = True
            sleep(GATHER_SECONDS)
        elif looks == 1:
            queue.ring(events.BELL)  # there is work for a colleague too
    if is_muted:
        queue.unmute(events.BELL)
        found = _look(workshop)  # at what was saved before that
    if found:
        queue.ring(events.BELL)
    return looks


def work_off(workshop: RuleWorkshop, seconds: float = math.inf) -> int:
    """Look for work until there is none; return how much there was.

    Unit:   `seconds`: after so long the rest is left to the next job, which is rung for.
    """
    end, total = time.monotonic() + seconds, 0
    for _ in range(ROUNDS):
        found = _look(workshop)
        if not found:
            return total
        total += found
        if time.monotonic() >= end:
            break
    queue.ring(events.BELL)
    return total


def _look(workshop: RuleWorkshop) -> int:
    """Turn events into runs and perform them, a batch of each; return how many of both there were."""
    return plan.plan_events(workshop) + turn.execute_runs(workshop)


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


def rehearse(rehearsal_id: int) -> None:
    """Do a rehearsal that was asked for in the web."""
    rehearsals.run_rehearsal(current_workshop(), rehearsal_id)


def tick() -> None:
    """Start the rules whose time has come; called every minute or less."""
    ticking.tick(current_workshop())


def sweep() -> None:
    """Ring again for what waits longer than it should; once a day, erase what is too old."""
    workshop = current_workshop()
    sweeping.sweep(workshop)
    for number in rehearsals.list_forgotten(workshop):
        queue.ring(rehearsals.BELL, number)
    sweeping.erase_daily(workshop, current_settings().run_log_keep_days)


JOBS = (
    queue.Declared(rehearsals.BELL, rehearse),
    queue.Declared(events.BELL, run_events, "events", forks=False),
    queue.Declared("runs.continue", continue_run, "events", forks=False),
    queue.Declared(outbox.BELL, deliver_mail, "mail"),
    queue.Declared(calls.BELL, deliver_calls, "calls"),
)
TICKS = (Tick("rules that are due", tick), Tick("work the bell lost", sweep))
BACKLOG = {"events": events.look_at_waiting, "runs": store.look_at_waiting}
