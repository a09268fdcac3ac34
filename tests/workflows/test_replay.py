"""A rehearsal of the past says what happens when the same journal is replayed with the rule on."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm.records.journal import change, read_changes
from crm.records.service import delete_record, update_record
from tests.factories import make_complaint, make_customer
from workflows.runs import store
from workflows.runs.rehearse import Asked, rehearse, try_rule

RULES = {
    "saved": """
rule: mine
entity: complaint
when: record_saved
if: [{field: severity, is: urgent}]
then:
  - set_field: {field: severity, to: high}
  - set_field: {field: channel, to: email}
""",
    "changed": """
rule: mine
entity: complaint
when: {changed: [severity, channel]}
if: [{field: channel, is: email}]
then: [{set_field: {field: description, to: "{severity} by {channel}"}}, {set_field: {field: channel, to: phone}}]
""",
    "edge": """
rule: mine
entity: complaint
when: becomes_true
if: [{field: severity, is_one_of: [high, urgent]}, {field: channel, is_not: fax}]
then: [{create_record: {entity: activity, values: {subject: "{number}", customer: "= customer"}}}]
""",
    "waits": """
rule: mine
entity: complaint
when: record_saved
at_most_once_per: day
if: [{field: severity, is: urgent}]
then:
  - wait: {for: 3 hours, and_then_only_if: [{field: severity, is: urgent}]}
  - choose:
      - if: [{field: channel, is: email}]
        then: [{set_field: {field: severity, to: low}}]
      - else: [{set_field: {field: severity, to: normal}}]
""",
}
VALUES = {"severity": ["low", "normal", "high", "urgent"], "channel": ["phone", "email", "fax"]}
HOURS = (0, 1, 1, 2, 5)


def play_by_chance(make_workshop, as_user, clock, seed: int) -> list[int]:
    """Make records and change them, nobody listening; return their ids."""
    chance = random.Random(seed)
    make_workshop()
    ids: list[int] = []
    with as_user() as session:
        customer = make_customer(session).id
        ids += [
            make_complaint(session, customer=customer, severity="low", channel="fax").id for _ in range(3)
        ]
    clock.now += timedelta(hours=1)
    for _ in range(14):
        clock.now += timedelta(hours=chance.choice(HOURS))
        with as_user() as session:
            entity = session.workspace.schema.entities["complaint"]
            values = {name: chance.choice(known) for name, known in VALUES.items() if chance.random() < 0.7}
            if chance.random() < 0.15:
                ids.append(make_complaint(session, **values).id)
            else:
                update_record(session, entity, chance.choice(ids), values)
    return ids


def journal_since(as_user, start) -> list[dict[str, Any]]:
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        asked = sa.select(change).where(change.c.at >= start).order_by(change.c.id)
        return [dict(row) for row in read_changes(session, entity, asked)]


def replay_for_real(make_workshop, as_user, clock, rule: str, journal: list[dict], start) -> list[tuple]:
    """Do the same to other records with the rule on; return (which record, what its run did), as they began."""
    workshop = make_workshop(rule)
    twins: dict[int, int] = {}
    clock.now = start
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        customer = make_customer(session).id
        for row in journal:
            if row["kind"] != "created" and row["record_id"] not in twins:
                twins[row["record_id"]] = make_complaint(
                    session, customer=customer, severity="low", channel="fax"
                ).id
    workshop.work_off()
    started = workshop.runs()
    for row in journal:
        while clock.now < row["at"]:
            clock.now += min(timedelta(hours=1), row["at"] - clock.now)
            workshop.work_off()
        after = {name: pair[1] for name, pair in row["values"].items() if name in VALUES}
        with as_user() as session:
            if row["kind"] == "created":
                twins[row["record_id"]] = make_complaint(session, customer=customer, **after).id
            else:
                update_record(session, entity, twins[row["record_id"]], after)
        workshop.work_off()
    clock.now += timedelta(days=1)
    workshop.work_off()
    names = {twin: record for record, twin in twins.items()}
    found = []
    with as_user() as session:
        for row in workshop.runs()[len(started) :]:
            if row["state"] == store.SKIPPED:
                continue
            steps = store.list_steps(session, row["id"])
            found.append((names[row["record_id"]], [plain(step["effect"]) for step in steps]))
    return found


def plain(effect: dict) -> dict:
    """Return an effect without the numbers of records and moments, which two worlds do not share."""
    return {key: effect[key] for key in ("action", "changes", "branch", "went_on") if key in effect} | {
        "changes": {name: pair for name, pair in effect.get("changes", {}).items() if name != "number"}
    }


@pytest.mark.parametrize("name", RULES)
def test_it_equals_what_happens_when_the_journal_is_replayed(name, make_workshop, as_user, clock):
    fired = 0
    for seed in (1, 2):
        start = clock.now + timedelta(minutes=30)
        play_by_chance(make_workshop, as_user, clock, seed)
        journal = journal_since(as_user, start)
        end = clock.now
        rehearsed = try_rule(make_workshop(RULES[name]), "mine", since=end - start).as_json()["firings"]
        expected = replay_for_real(make_workshop, as_user, clock, RULES[name], journal, start)
        got = [(one["record"], [plain(effect) for effect in one["effects"]]) for one in rehearsed]
        assert sorted(got, key=str) == sorted(expected, key=str), seed
        fired += len(expected)
        clock.now = max(end, clock.now) + timedelta(days=3)
    assert fired, "the test shows nothing"


HOURLY = """
rule: clocked
entity: complaint
when: every_hour
if: [{field: severity, is: urgent}]
then: [{set_field: {field: severity, to: high}}]
"""


def test_a_scheduled_rule_finds_the_records_as_they_were_at_each_hour(make_workshop, as_user, clock):
    workshop = make_workshop(HOURLY)
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        first, second = (make_complaint(session, severity="low").id for _ in range(2))
    clock.now += timedelta(hours=2, minutes=10)
    with as_user() as session:
        update_record(session, entity, first, {"severity": "urgent"})
    clock.now += timedelta(hours=3)
    with as_user() as session:
        update_record(session, entity, first, {"severity": "normal"})
    found = try_rule(workshop, "clocked", since=timedelta(hours=5)).as_json()
    assert [one["record"] for one in found["firings"]] == [first]
    assert found["firings"][0]["effects"][0]["changes"] == {"severity": ["urgent", "high"]}
    assert found["considered"] >= 2 * 5
    alone = try_rule(workshop, "clocked", second, timedelta(hours=5)).as_json()
    assert alone["firings"] == []
    assert {one["condition"] for one in alone["refused"]} == {"Severity is Urgent"}


def test_a_record_that_is_gone_now_is_played_as_it_was(make_workshop, as_user, clock):
    workshop = make_workshop(RULES["saved"])
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        number = make_complaint(session, severity="low").id
    clock.now += timedelta(hours=1)
    with as_user() as session:
        update_record(session, entity, number, {"severity": "urgent"})
    clock.now += timedelta(hours=1)
    with as_user() as session:
        delete_record(session, entity, number)
    [firing] = try_rule(workshop, "mine", since=timedelta(days=1)).as_json()["firings"]
    assert firing["effects"][0]["changes"] == {"severity": ["urgent", "high"]}
    with as_user() as session:
        assert session.get(session.workspace.models["complaint"], number) is None


def test_the_last_changes_are_counted_and_progress_is_told(make_workshop, as_user, clock):
    workshop = make_workshop(RULES["saved"])
    with as_user() as session:
        for _ in range(5):
            make_complaint(session, severity="low")
    told = []
    found = rehearse(workshop, "mine", Asked(changes=3), lambda *done: told.append(done))
    assert found.considered == 3
    assert told[-1] == (3, 3)
