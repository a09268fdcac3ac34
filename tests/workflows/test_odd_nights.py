"""Schedules over nights in which the clocks change, outages of 26 hours, clocks set back, and the 29th of February."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter

import pytest

from crm.fields.wall_clock import to_local
from tests.factories import make_contact, make_customer
from tests.workflows.test_schedule import ATHENS
from workflows.runs import ticking

TELL = "then: [{notify: {to: {user: admin}, text: Look}}]\n"
RULES = {
    "early": "when: {every_day_at: '03:30'}\n",
    "late": "when: {cron: '45 3 * * *'}\n",
    "weekly": "when: {cron: '0 8 * * *'}\nat_most_once_per: week\n",
}


@pytest.mark.parametrize("start", ["2026-03-24", "2026-10-20"])
def test_each_day_has_its_time_once_whatever_the_scheduler_and_its_clock_do(
    start, make_workshop, as_user, clock
):
    texts = [f"rule: {name}\nentity: customer\n{when}{TELL}" for name, when in RULES.items()]
    chance, clock.now = random.Random(start), dt.datetime.fromisoformat(f"{start}T12:00")
    with as_user() as session:
        make_customer(session)
    workshop, first = make_workshop(*texts), clock.now
    ticking.tick(workshop)
    days, gaps = set(), Counter()
    while clock.now < first + dt.timedelta(days=12):
        step = chance.choice([dt.timedelta(minutes=chance.randrange(5, 400)), dt.timedelta(hours=26)])
        clock.now += step
        ticking.tick(workshop)
        now, clock.now = clock.now, clock.now - dt.timedelta(hours=chance.randrange(3))  # it is set back
        ticking.tick(workshop)
        clock.now = now
        workshop.work_off()
        days.add(to_local(now - dt.timedelta(hours=4), ATHENS).date())
        gaps["long"] += step > dt.timedelta(days=1)
    runs = workshop.runs()
    assert {run["state"] for run in runs} == {"done"}
    for name in ("early", "late"):
        found = [run["why"]["period"][:10] for run in runs if run["rule"] == name]
        assert len(found) == len(set(found)), found
        assert len(found) >= 12 - gaps["long"]
    assert len([run for run in runs if run["rule"] == "weekly"]) <= 3


def test_who_was_born_on_a_leap_day_is_remembered_once_a_year(make_workshop, as_user, clock):
    clock.now = dt.datetime(2026, 3, 1, 12)
    with as_user() as session:
        customer = make_customer(session)
        born = make_contact(session, customer=customer, born_on="1992-02-29").id
    workshop = make_workshop(f"rule: birthday\nentity: contact\nwhen: {{yearly_on: born_on}}\n{TELL}")
    ticking.tick(workshop)
    seen = {}
    for year in (2027, 2028, 2029):
        for day in (
            dt.date(year, 2, 27),
            dt.date(year, 2, 28),
            dt.date(year, 3, 1) - dt.timedelta(days=1),
            dt.date(year, 3, 1),
        ):
            clock.now = dt.datetime.combine(day, dt.time(12))
            before = len(workshop.runs())
            ticking.tick(workshop)
            workshop.work_off()
            if len(workshop.runs()) > before:
                seen.setdefault(year, []).append(day)
    assert seen == {2027: [dt.date(2027, 2, 28)], 2028: [dt.date(2028, 2, 29)], 2029: [dt.date(2029, 2, 28)]}
    assert {run["record_id"] for run in workshop.runs()} == {born}
