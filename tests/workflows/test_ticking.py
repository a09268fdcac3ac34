"""Rules that follow the clock, on real records."""

from __future__ import annotations

import datetime as dt
from datetime import timedelta

import sqlalchemy as sa

from crm.records.service import update_record
from tests.factories import make_complaint, make_contract, make_customer
from workflows.runs import store, sweeping, ticking

HOURLY = """
rule: hourly
entity: complaint
when: every_hour
if:
  - {field: status, is: open}
  - {field: opened_at, older_than: 2 days}
then:
  - notify: {to: {user: admin}, text: Old}
"""
DAILY = 'rule: daily\nentity: customer\nwhen: {every_day_at: "09:00"}\nthen: [{notify: {to: {user: admin}, text: Hi}}]'
MAIL = "then: [{send_email: {to: email, template: hello}}]"


def test_hourly_rule_fires_once_per_hour_and_record(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY)
    with as_user() as session:
        old = make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat()).id
        make_complaint(session)
    assert ticking.tick(workshop) == 1
    assert ticking.tick(workshop) == 0
    workshop.work_off()
    clock.now += timedelta(minutes=59)
    assert ticking.tick(workshop) == 0
    clock.now += timedelta(minutes=1)
    assert ticking.tick(workshop) == 1
    workshop.work_off()
    assert [(row["record_id"], row["state"]) for row in workshop.runs()] == [(old, "done"), (old, "done")]


def test_hourly_rule_escalates_in_the_worker(make_workshop, as_user, clock):
    workshop = make_workshop(
        HOURLY.replace("notify: {to: {user: admin}, text: Old}", "set_field: {field: status, to: escalated}")
    )
    with as_user() as session:
        number = make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat()).id
    ticking.tick(workshop)
    workshop.work_off()
    with as_user() as session:
        assert session.get(session.workspace.models["complaint"], number).status == "escalated"


def test_a_record_that_changed_before_its_turn_is_skipped(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY)
    with as_user() as session:
        number = make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat()).id
    ticking.tick(workshop)
    with as_user() as session:
        update_record(session, session.workspace.schema.entities["complaint"], number, {"status": "working"})
    workshop.work_off()
    assert workshop.states() == ["skipped"]


def test_a_run_that_is_not_done_yet_is_not_doubled(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY)
    with as_user() as session:
        make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat())
    for _ in range(3):
        ticking.tick(workshop)
        clock.now += timedelta(hours=1)
    assert workshop.states() == ["waiting"]


def test_two_schedulers_plan_once(make_workshop, as_user, clock):
    first, second = make_workshop(DAILY), make_workshop(DAILY)
    with as_user() as session:
        make_customer(session)
    ticking.tick(first)
    clock.now += timedelta(days=1)
    assert [ticking.tick(first), ticking.tick(second)] == [1, 0]


def test_a_daily_rule_waits_for_its_time(make_workshop, as_user, clock):
    workshop = make_workshop(DAILY)
    with as_user() as session:
        make_customer(session)
    assert ticking.tick(workshop) == 0
    clock.now = dt.datetime(2026, 3, 3, 6, 59)
    assert ticking.tick(workshop) == 0
    clock.now = dt.datetime(2026, 3, 3, 7, 0)  # nine in Athens
    assert ticking.tick(workshop) == 1


def test_days_the_scheduler_was_down_are_made_up_for_once(make_workshop, as_user, clock):
    workshop = make_workshop(DAILY)
    with as_user() as session:
        make_customer(session)
    ticking.tick(workshop)
    clock.now += timedelta(days=4, hours=2)
    assert ticking.tick(workshop) == 1
    assert ticking.tick(workshop) == 0


def test_missed_occasions_are_skipped_where_the_rule_says_so(make_workshop, as_user, clock):
    workshop = make_workshop(DAILY + "\nif_missed: skip")
    with as_user() as session:
        make_customer(session)
    ticking.tick(workshop)
    clock.now += timedelta(days=4, hours=2)
    assert ticking.tick(workshop) == 0
    clock.now = dt.datetime(2026, 3, 7, 7, 1)
    assert ticking.tick(workshop) == 1


def test_a_clock_that_goes_back_repeats_nothing(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY)
    with as_user() as session:
        make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat())
    ticking.tick(workshop)
    workshop.work_off()
    clock.now -= timedelta(hours=2)
    assert ticking.tick(workshop) == 0
    clock.now += timedelta(hours=2)
    assert ticking.tick(workshop) == 0


def test_a_rule_switched_off_for_a_while_makes_up_for_nothing(make_workshop, as_user, clock):
    on, off = make_workshop(DAILY), make_workshop(DAILY + "\nenabled: false")
    with as_user() as session:
        make_customer(session)
    ticking.tick(on)
    clock.now += timedelta(days=3)
    ticking.tick(off)
    assert ticking.tick(on) == 0


def test_days_before_looks_at_each_day_also_the_missed_ones(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: soon\nentity: contract\nwhen: {days_before: {field: ends_on, days: 30}}\n"
        "then: [{notify: {to: {user: admin}, text: '{ends_on}'}}]"
    )
    with as_user() as session:
        today = make_contract(session, ends_on="2026-04-01").id
        tomorrow = make_contract(session, ends_on="2026-04-02").id
        after = make_contract(session, ends_on="2026-04-03").id
        make_contract(session, ends_on="2026-04-10")
    assert ticking.tick(workshop) == 1
    clock.now += timedelta(days=2)
    assert ticking.tick(workshop) == 2
    assert [row["record_id"] for row in workshop.runs()] == [today, tomorrow, after]


def test_birthdays_come_once_a_year_and_on_the_28th_in_short_years(make_workshop, as_user, clock):
    workshop = make_workshop(f"rule: birthday\nentity: customer\nwhen: {{yearly_on: born_on}}\n{MAIL}")
    with as_user() as session:
        for born in ("1980-03-02", "1992-02-29", "1990-05-05"):
            make_customer(session, name=born, kind="person", born_on=born, email="a@example.com")
    assert ticking.tick(workshop) == 1
    workshop.work_off()
    clock.now = dt.datetime(2027, 2, 28, 12)
    ticking.tick(workshop)
    workshop.work_off()
    clock.now = dt.datetime(2027, 3, 2, 12)
    ticking.tick(workshop)
    workshop.work_off()
    assert [mail["subject"] for mail in workshop.messages()] == [
        "Hello 1980-03-02",
        "Hello 1992-02-29",
        "Hello 1980-03-02",
    ]


def test_at_most_once_per_week_holds_for_hourly_rules(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY + "at_most_once_per: week\n")
    with as_user() as session:
        make_complaint(session, opened_at=(clock.now - timedelta(days=3)).isoformat())
    for _ in range(30):
        ticking.tick(workshop)
        workshop.work_off()
        clock.now += timedelta(hours=8)
    assert len(workshop.runs()) == 2


def test_one_broken_schedule_does_not_stop_the_others(make_workshop, as_user, caplog):
    workshop = make_workshop(HOURLY.replace("hourly", "a_broken"), HOURLY.replace("hourly", "b_fine"))
    workshop.fixed.schema.parts["rule"]["a_broken"].body["x"] = 1
    object.__setattr__(workshop.fixed.schema.parts["rule"]["a_broken"], "entity", "gone")
    with as_user() as session:
        make_complaint(session, opened_at="2026-02-01T10:00:00")
    assert ticking.tick(workshop) == 1
    assert "a_broken" in caplog.text


def test_old_runs_are_erased_but_not_those_that_make_a_rule_fire_once(make_workshop, as_user, clock):
    yearly = f"rule: yearly\nentity: customer\nwhen: record_created\nat_most_once_per: year\n{MAIL}"
    workshop = make_workshop(f"rule: plain\nentity: customer\nwhen: record_created\n{MAIL}", yearly)
    with as_user() as session:
        make_customer(session, email="a@example.com")
    workshop.work_off()
    clock.now += timedelta(days=200)
    sweeping.erase_old(workshop, keep_days=180)
    assert [row["rule"] for row in workshop.runs()] == ["yearly"]
    with as_user() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(store.step)) == 1


def test_erasing_happens_once_a_day(make_workshop, as_user, clock):
    workshop = make_workshop(f"rule: plain\nentity: customer\nwhen: record_created\n{MAIL}")
    with as_user() as session:
        make_customer(session, email="a@example.com")
    workshop.work_off()
    assert sweeping.erase_daily(workshop, keep_days=1) == 0
    clock.now += timedelta(days=2)
    assert sweeping.erase_daily(workshop, keep_days=1) == 2
    assert sweeping.erase_daily(workshop, keep_days=0) == 0
