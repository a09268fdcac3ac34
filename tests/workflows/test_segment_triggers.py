"""Entering and leaving a segment: noticed in whatever way it comes about, once per time, and paid by who listens."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm.conditions import evaluate
from crm.messages import render
from crm.permissions.rows import scope_of
from crm.records.service import delete_record, update_record
from tests.factories import make_activity, make_customer
from tests.workflows.conftest import read_rule
from workflows.runs import edges, ticking
from workflows.runs.heard import heard_by_rules
from workflows.runs.rehearse import try_rule

TELL = "then: [{notify: {to: {user: admin}, text: Look}}]\n"
ENTERS = "rule: came\nentity: customer\nwhen: {enters_segment: no_contact_60_days}\n" + TELL
LEAVES = "rule: went\nentity: customer\nwhen: {leaves_segment: no_contact_60_days}\n" + TELL
LARGE = "if: [{field: segment, is: enterprise}]\n"


def set_values(as_user, number, **values):
    with as_user() as session:
        update_record(session, session.workspace.schema.entities["customer"], number, values)


def fired(workshop):
    """Return how often each rule ran, by record, having looked at all there is."""
    ticking.tick(workshop)
    workshop.work_off()
    return Counter((run["rule"], run["record_id"]) for run in workshop.runs())


@pytest.mark.both_databases("where it holds is kept in SQL")
def test_time_and_children_bring_records_in_and_out_each_once(make_workshop, as_user, clock):
    workshop = make_workshop(ENTERS, LEAVES)
    with as_user() as session:
        number = make_customer(session, status="active").id
        make_activity(session, customer=number, at=clock.now)
    assert not fired(workshop)
    clock.now += timedelta(days=61)
    assert fired(workshop) == {("came", number): 1} == fired(workshop)
    with as_user() as session:
        make_activity(session, customer=number, at=clock.now)
    assert fired(workshop) == {("came", number): 1, ("went", number): 1} == fired(workshop)
    clock.now += timedelta(days=61)
    assert fired(workshop) == {("came", number): 2, ("went", number): 1}


def test_the_rules_own_conditions_are_asked_when_the_edge_comes(make_workshop, as_user, clock):
    workshop = make_workshop(ENTERS.replace(TELL, LARGE + TELL))
    with as_user() as session:
        large = make_customer(session, status="active", segment="enterprise").id
        small = make_customer(session, status="active", segment="small").id
        for number in (large, small):
            make_activity(session, customer=number, at=clock.now)
    fired(workshop)
    clock.now += timedelta(days=61)
    assert fired(workshop) == {("came", large): 1}
    set_values(as_user, small, segment="enterprise")  # it is in the segment already
    assert fired(workshop) == {("came", large): 1}


def test_who_was_never_in_or_is_gone_has_not_left_and_members_at_the_publish_do_not_come(
    make_workshop, as_user, clock
):
    with as_user() as session:
        member = make_customer(session, status="active").id
    clock.now += timedelta(days=61)
    workshop = make_workshop(ENTERS, LEAVES)
    with as_user() as session:
        make_customer(session, status="lead")
        delete_record(session, session.workspace.schema.entities["customer"], member)
    assert not fired(workshop)


@pytest.mark.both_databases("the same by random changes")
def test_random_changes_fire_as_often_as_membership_turns(make_workshop, as_user, clock):
    workshop, chance, expected = make_workshop(ENTERS, LEAVES), random.Random(7), Counter()
    with as_user() as session:
        numbers = [make_customer(session, status="active").id for _ in range(4)]
    held = {}
    for _turn in range(12):
        with as_user() as session:
            number = chance.choice(numbers)
            if chance.random() < 0.5:
                status = chance.choice(["active", "at_risk", "lead"])
                update_record(
                    session, session.workspace.schema.entities["customer"], number, {"status": status}
                )
            else:
                make_activity(session, customer=number, at=clock.now)
        clock.now += timedelta(days=chance.choice([0, 20, 45]))
        found = fired(workshop)
        with workshop.session() as session:
            rule = session.workspace.schema.parts["rule"]["came"]
            cls = session.workspace.models["customer"]
            for record in session.scalars(sa.select(cls).where(cls.id.in_(numbers))):
                now = bool(evaluate(rule.edge, record, scope_of(session)))
                before = held.get(record.id, False)
                expected[("came" if now else "went", record.id)] += now != before
                held[record.id] = now
        assert found == +expected


def test_nobody_pays_where_nobody_listens(make_workshop, as_user):
    workshop = make_workshop(ENTERS.replace("when:", "enabled: false\nwhen:"))
    assert set(heard_by_rules(workshop.fixed.schema)) == set()
    with as_user() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(edges.truth)) == 0


def test_it_is_tried_on_who_belongs_now(make_workshop, as_user, clock):
    workshop = make_workshop(ENTERS, LEAVES)
    with as_user() as session:
        inside, outside = (
            make_customer(session, status="active").id,
            make_customer(session, status="active").id,
        )
    clock.now += timedelta(days=61)
    with as_user() as session:
        make_activity(session, customer=outside, at=clock.now)
    assert [firing["record"] for firing in try_rule(workshop, "came").firings] == [inside]
    assert [firing["record"] for firing in try_rule(workshop, "went").firings] == [outside]


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("{enters_segment: at_riks}", "Did you mean “at_risk”?"),
        ("{leaves_segment: [at_risk]}", "There is no segment"),
        ("enters_segment", "needs a value"),
        ("{enters_segment: at_risk}", "belongs to another entity"),
    ],
)
def test_wrong_segments(when, line, shipped):
    text = f"rule: wrong\nentity: complaint\nwhen: {when}\n{TELL}"
    assert line in " ".join(render(problem, "en") for problem in read_rule(text, shipped)[1])
