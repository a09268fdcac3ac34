"""Two hundred requests at once: each is answered soon, with the page or with "come back in a moment"."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from crm.runtime.web_worker import MOST_SECONDS

AT_ONCE = 200


def test_two_hundred_at_once_are_served_or_told_to_come_back(installation):
    for number in range(20):
        installation.create("customer", name=f"Many {number}")

    def ask(_number: int) -> tuple[float, int, dict[str, str]]:
        started = time.monotonic()
        status, headers, _told = installation.ask("GET", "/api/v1/customer/")
        return time.monotonic() - started, status, headers

    with ThreadPoolExecutor(AT_ONCE + 2) as pool:
        asked = [pool.submit(ask, number) for number in range(AT_ONCE)]
        health = pool.submit(lambda: (time.monotonic(), installation.get("/health"), time.monotonic()))
        answers = [each.result() for each in asked]
        began, _told, ended = health.result()
    seconds = sorted(each[0] for each in answers)
    assert {each[1] for each in answers} <= {200, 503}
    assert all(int(headers["Retry-After"]) > 0 for _seconds, status, headers in answers if status == 503)
    assert sum(1 for each in answers if each[1] == 200) >= AT_ONCE // 4
    assert seconds[int(AT_ONCE * 0.95)] < MOST_SECONDS + 3, seconds[-10:]
    assert ended - began < 3, "whether it lives is answered whatever else waits"
    assert ask(0)[1] == 200, "and afterwards all is as before"
