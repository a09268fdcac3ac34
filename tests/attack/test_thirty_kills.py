"""Thirty random kills while an import and rules are at work: nothing is lost and nothing happens twice."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

ROWS = 3_000
KILLS = 30
KILL_SECONDS = 15  # all of them fall within so long
COMPLAINTS = 10
MOST_SECONDS = 90


def test_thirty_random_kills_lose_nothing_and_do_nothing_twice(installation):
    started, chance = time.monotonic(), random.Random(9)
    before = installation.count("customer")
    rows = ["Name,Email", *(f"Kill row {number},row{number}@example.net" for number in range(ROWS))]
    batch = installation.upload(rows)
    installation.wait_for_batch(batch, "checked")
    for number in range(COMPLAINTS):
        installation.complain(f"Felled{number}")
    installation.ask_until_served("POST", f"/api/v1/import/{batch}/apply")
    killed = 0
    while killed < KILLS:
        victims = [pid for pid in installation.members() if pid != installation.process.pid]
        if victims:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
                killed += 1
        time.sleep(KILL_SECONDS / KILLS)  # between two disasters
    told = installation.wait_for_batch(batch, "done")
    installation.wait_for_mails("Felled", COMPLAINTS)
    seconds = time.monotonic() - started
    assert (told["created"], told["failed"]) == (ROWS, 0)
    assert installation.count("customer") == before + ROWS + COMPLAINTS
    journal = "SELECT batch_id, count(*), count(DISTINCT record_id) FROM crm_change GROUP BY batch_id"
    assert (batch, ROWS, ROWS) in [tuple(row) for row in installation.rows(journal)]
    assert installation.process.poll() is None
    assert seconds < MOST_SECONDS, seconds
