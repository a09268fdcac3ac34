"""Rules on thousands of records keep neither an import nor a single save waiting, and outlive their workers."""

from __future__ import annotations

import os
import signal
import time

from tests.running import wait_for

CROWD = 6_000
SMALL = 100
SOON = 20  # seconds, on a busy machine
RECOVERED = 60  # seconds from the kill of all workers to the end of the last run that they had begun


def test_a_small_import_and_a_single_save_do_not_wait_for_the_rules_of_a_crowd(installation):
    customer = "Crowd owner"
    installation.create("customer", name=customer, email="crowd@example.net")
    rows = ["Subject,Customer", *(f"Crowd {number},{customer}" for number in range(CROWD))]
    crowd = installation.upload(rows, "complaint")
    installation.wait_for_batch(crowd, "checked")
    installation.ask("POST", f"/api/v1/import/{crowd}/apply")
    assert installation.wait_for_batch(crowd, "done")["created"] == CROWD
    assert sum(installation.health()["waiting"].values()) > CROWD / 2, "the rules are still at it"

    started = time.monotonic()
    small = installation.upload(["Name", *(f"Small {number}" for number in range(SMALL))])
    installation.wait_for_batch(small, "checked")
    checked = time.monotonic() - started
    installation.complain("Single0")
    saved = time.monotonic()
    installation.wait_for_mails("Single", 1)
    told = time.monotonic() - saved
    waiting = installation.health()["waiting"]
    assert checked < SOON and told < SOON, (checked, told, waiting)
    assert sum(waiting.values()) > 0, "the crowd was not done first"
    wait_for(lambda: installation.ask("GET", "/login/")[0] == 200, "pages are served")

    killed = time.monotonic()
    for worker in installation.members("-m crm worker"):
        os.kill(worker, signal.SIGKILL)
    asked = "SELECT id FROM crm_run WHERE state = 'claimed'"
    begun = {row.id for row in installation.rows(asked)}
    going = asked.replace("= 'claimed'", "IN ('waiting', 'claimed')")

    def left() -> set[int]:
        return begun & {row.id for row in installation.rows(going)}

    wait_for(lambda: not left(), f"{len(begun)} runs that were cut off are done")
    assert time.monotonic() - killed < RECOVERED
    wait_for(lambda: not installation.rows(going), "the crowd comes to its end")
    asked = "SELECT state, count(*) FROM crm_run WHERE rule = 'confirm_complaint' GROUP BY state"
    ends = installation.rows(asked)
    assert {row.state for row in ends} == {"done"}, ends
    twice = "SELECT record_id FROM crm_change WHERE entity = 'complaint' AND actor_kind = 'rule'"
    assert not installation.rows(f"{twice} GROUP BY record_id, actor_name HAVING count(*) > 1")
