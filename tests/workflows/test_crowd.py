"""Runs of one rule on many records: done together, each as if it were alone."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm.notifications import notification
from crm.records.journal import change
from tests.factories import make_complaint, make_customer, make_record, user_id
from workflows.runs import crowd, jobs, plan, store, turn
from workflows.runs.budget import spent

MANY = 6
GREET = """
rule: greet
entity: customer
when: record_created
then:
  - set_field: {field: notes, to: "Seen: {name}"}
  - assign: {field: owner, among: {role: service}}
  - create_record: {entity: complaint, values: {subject: "Call {name}", customer: "= id"}}
  - notify: {to: {role: manager}, text: {en: "{name} of {owner}", he: "{name}!"}}
"""


def rows_of(session, table, *names):
    """Return some columns of a table, in the order in which they were written."""
    found = session.execute(sa.select(*(table.c[name] for name in names)).order_by(table.c.id)).all()
    return [tuple(row) for row in found]


def left_behind(session):
    """Return all that rules have written, without what counts up from round to round."""
    cls, complaint = (session.workspace.models[name] for name in ("customer", "complaint"))
    total = sa.select(sa.func.sum(spent.c.used), spent.c.kind).group_by(spent.c.kind)
    changes = rows_of(session, change, "entity", "kind", "actor_kind", "actor_name", "cause", "values")
    found = {
        "customers": session.execute(
            sa.select(cls.name, cls.notes, cls.owner_id, cls.search_key, cls.row_version)
        ),
        "complaints": session.execute(sa.select(complaint.subject, complaint.status, complaint.search_key)),
        "changes": [(*row[:-1], sorted(json.loads(row[-1]).items())) for row in changes],
        "notices": rows_of(session, notification, "user_id", "text", "entity"),
        "steps": rows_of(session, store.step, "position", "state", "effect"),
        "spent": session.execute(total),
    }
    return {name: sorted(re.sub(r"\d+", "0", str(row)) for row in rows) for name, rows in found.items()}


def test_what_is_done_together_is_what_is_done_one_by_one(make_workshop, as_user, monkeypatch):
    workshop, found = make_workshop(GREET), []
    for way in (crowd.can_go_together, lambda _rule: False):
        monkeypatch.setattr(turn, "can_go_together", way)
        with as_user() as session:
            for table in (store.run, store.step, change, notification, spent):
                session.execute(sa.delete(table))
            for name in ("complaint", "customer"):
                session.execute(sa.delete(session.workspace.models.table(name)))
            for number in range(MANY):
                make_customer(session, name=f"Name {number}")
        workshop.work_off()
        assert workshop.states() == ["done"] * MANY
        with as_user() as session:
            found.append(left_behind(session))
    assert found[0] == found[1]
    assert {name: len(rows) for name, rows in found[0].items()} == {
        "customers": MANY,
        "complaints": MANY,
        "changes": 4 * MANY,
        "notices": MANY,
        "steps": 4 * MANY,
        "spent": 2,
    }


def test_a_record_that_refuses_does_not_hold_up_its_neighbours(make_workshop, as_user):
    workshop = make_workshop(
        "rule: win\nentity: complaint\nwhen: record_created\nthen: [{set_field: {field: status, to: resolved}}]"
    )
    with as_user() as session:
        for number in range(MANY):
            make_complaint(session, **({"resolution": "Mended"} if number % 2 else {}))
    workshop.work_off()
    assert workshop.states() == ["failed", "done"] * (MANY // 2)
    assert {row["error"][0]["field"] for row in workshop.runs() if row["error"]} == {"resolution"}


def test_of_many_that_would_share_a_value_the_first_gets_it(make_workshop, as_user):
    workshop = make_workshop(
        "rule: code\nentity: product\nwhen: record_created\nthen: [{set_field: {field: code, to: SAME}}]"
    )
    with as_user() as session:
        for number in range(3):
            make_record(session, "product", name=f"Pump {number}", code=f"P-{number}")
    workshop.work_off()
    assert workshop.states() == ["done", "failed", "failed"]
    assert workshop.runs()[1]["error"][0]["code"] == "record.not_unique"


def test_what_only_the_database_refuses_stays_with_its_record(make_workshop, as_user):
    workshop = make_workshop(
        "rule: move\nentity: customer\nwhen: record_created\nthen: [{set_field: {field: city, to: '{notes}'}}]"
    )
    with as_user() as session:
        session.execute(sa.text("CREATE UNIQUE INDEX of_this_test ON customer (city)"))
        for notes in ("Athens", "Athens", "Haifa"):
            make_customer(session, notes=notes)
    workshop.work_off()
    assert workshop.states() == ["done", "failed", "done"]


def test_a_crowd_that_is_cut_between_two_steps_does_each_step_once(make_workshop, as_user, clock):
    workshop = make_workshop(GREET)
    with as_user() as session:
        for number in range(MANY):
            make_customer(session, name=f"Name {number}")
    plan.plan_events(workshop)
    rule, rows = workshop.fixed.schema.parts["rule"]["greet"], claim(workshop)
    mob = crowd.Crowd(workshop, rule)
    for step in rule.steps[:3]:
        rows, _alone = mob._perform_step(step, rows)
    clock.now += timedelta(minutes=5)  # the worker was killed here
    workshop.work_off()
    assert workshop.states() == ["done"] * MANY
    with as_user() as session:
        count = sa.select(sa.func.count()).select_from(session.workspace.models["complaint"])
        assert session.scalar(count) == MANY
        assert len(rows_of(session, store.step, "run_id")) == MANY * len(rule.steps)
        assert len(rows_of(session, notification, "id")) == MANY


def test_a_crowd_that_is_cut_within_a_step_leaves_nothing_and_is_done_once_afterwards(
    make_workshop, as_user, clock, monkeypatch
):
    workshop = make_workshop(GREET)
    with as_user() as session:
        for number in range(MANY):
            make_customer(session, name=f"Name {number}")
    plan.plan_events(workshop)
    monkeypatch.setattr(store, "end_runs", lambda *_given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):  # as hard as a kill: nothing of ours catches it
        turn.execute_runs(workshop)
    monkeypatch.undo()
    with as_user() as session:
        assert rows_of(session, notification, "id") == []
    clock.now += timedelta(minutes=5)
    jobs.work_off(workshop)
    with as_user() as session:
        assert len(rows_of(session, notification, "id")) == MANY
    assert workshop.states() == ["done"] * MANY


def claim(workshop, limit=100):
    with workshop.session() as session:
        return store.claim(session, store.run, workshop.clock(), workshop.lease_end(), limit)


def test_runs_that_another_attempt_has_taken_are_left_to_it(make_workshop, as_user, clock):
    workshop = make_workshop(GREET)
    with as_user() as session:
        for number in range(3):
            make_customer(session, name=f"Name {number}")
    plan.plan_events(workshop)
    rows = claim(workshop)
    clock.now += timedelta(minutes=5)
    [taken] = claim(workshop)
    assert taken["id"] == rows[0]["id"], "what a lost worker held is taken one by one"
    rule = workshop.fixed.schema.parts["rule"]["greet"]
    assert list(crowd.Crowd(workshop, rule).perform(rows)) == []
    assert workshop.states() == ["claimed", "done", "done"]


def test_the_least_busy_is_counted_anew_for_each_of_many(make_workshop, as_user, session_as):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\n"
        "then: [{assign: {field: owner, among: {role: service}, by: least_busy}}]"
    )
    with as_user() as session:
        one = user_id(session, "service")
        make_complaint(session, owner=one)
        for _ in range(3):
            make_complaint(session)
    workshop.work_off()
    with as_user() as session:
        steps = [effect["why"]["records"] for (effect,) in rows_of(session, store.step, "effect")]
    assert [list(load.values()) for load in steps] == [[1], [1], [2], [3]]
