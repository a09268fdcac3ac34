"""A rule that waits for its conditions runs when they come to hold, in whatever way that came about, and once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from crm.conditions import evaluate
from crm.entities.load import load_document
from crm.errors import RuleError
from crm.messages import render
from crm.permissions.rows import scope_of
from crm.records.service import delete_record, update_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.crm.imports.bench import Workshop as Imports
from tests.crm.imports.bench import csv_of, shop_in
from tests.factories import make_complaint, make_customer, make_deal
from tests.workflows.conftest import read_rule
from workflows.runs import edges, ticking
from workflows.runs.rehearse import try_rule

TELL = "then: [{notify: {to: {user: admin}, text: Look}}]\n"
BUSY = (
    "rule: busy\nentity: customer\nwhen: becomes_true\n"
    "if: [{count_of: complaints, where: [{field: status, is: open}], above: 1}]\n" + TELL
)
URGENT = (
    "rule: urgent\nentity: complaint\nwhen: becomes_true\n"
    "if: [{field: customer.segment, is: enterprise}, {field: status, is: open}]\n" + TELL
)
RICH = (
    "rule: rich\nentity: complaint\nwhen: becomes_true\n"
    "if: [{formula: 'sum_of(customer.deals.amount) > 1000'}]\n" + TELL
)
OLD = (
    "rule: old\nentity: complaint\nwhen: becomes_true\nif: [{field: opened_at, older_than: 2 days}]\n" + TELL
)
BIG = "rule: big\nentity: deal\nwhen: becomes_true\nif: [{field: amount, at_least: 500}]\n" + TELL


def set_values(session, entity, number, **values):
    update_record(session, session.workspace.schema.entities[entity], number, values)


def count(workshop, rule):
    """Return how often a rule ran, by record."""
    workshop.work_off()
    runs = workshop.runs(rule)
    assert {row["state"] for row in runs} <= {"done"}
    return Counter(row["record_id"] for row in runs)


def test_a_deadline_in_working_hours_comes_once_at_its_minute(make_workshop, as_user, clock):
    due = "add_working_hours(opened_at, if(severity = 'urgent', 4, 16))"
    lines = f'if: [{{field: status, is: open}}, {{formula: "now() >= {due}"}}]\n'
    workshop = make_workshop(f"rule: late\nentity: complaint\nwhen: becomes_true\n{lines}{TELL}")
    clock.now = datetime(2026, 3, 27, 13)  # Friday, 15:00 in Athens; the clocks change on Sunday
    with as_user() as session:
        urgent = make_complaint(session, severity="urgent", opened_at="2026-03-27T13:00:00Z").id
        normal = make_complaint(session, severity="low", opened_at="2026-03-27T13:00:00Z").id
    for moment, found in (
        (datetime(2026, 3, 30, 7, 59), {}),
        (datetime(2026, 3, 30, 8, 0), {urgent: 1}),  # Monday, 11:00 in summer time
        (datetime(2026, 3, 31, 11, 59), {urgent: 1}),
        (datetime(2026, 3, 31, 12, 0), {urgent: 1, normal: 1}),
        (datetime(2026, 4, 7, 12, 0), {urgent: 1, normal: 1}),
    ):
        clock.now = moment
        ticking.tick(workshop)
        assert count(workshop, "late") == found, moment


def test_a_child_brings_the_edge_and_another_does_not_again(make_workshop, as_user):
    workshop = make_workshop(BUSY)
    with as_user() as session:
        customer = make_customer(session).id
        make_complaint(session, customer=customer)
    assert count(workshop, "busy") == {}
    with as_user() as session:
        second = make_complaint(session, customer=customer).id
    assert count(workshop, "busy") == {customer: 1}
    with as_user() as session:
        make_complaint(session, customer=customer)
    assert count(workshop, "busy") == {customer: 1}
    with as_user() as session:
        for number in (second, second - 1, second + 1):
            set_values(session, "complaint", number, status="closed")
    assert count(workshop, "busy") == {customer: 1}
    with as_user() as session:
        make_complaint(session, customer=customer)
        make_complaint(session, customer=customer)
    assert count(workshop, "busy") == {customer: 2}


def test_a_child_that_moves_brings_the_edge_of_its_new_parent(make_workshop, as_user):
    workshop = make_workshop(BUSY)
    with as_user() as session:
        first, second = make_customer(session).id, make_customer(session).id
        moved = make_complaint(session, customer=first).id
        make_complaint(session, customer=second)
    assert count(workshop, "busy") == {}
    with as_user() as session:
        set_values(session, "complaint", moved, customer=second)
    assert count(workshop, "busy") == {second: 1}


def test_what_a_record_refers_to_brings_the_edge(make_workshop, as_user):
    workshop = make_workshop(URGENT)
    with as_user() as session:
        customer = make_customer(session, segment="small").id
        numbers = {make_complaint(session, customer=customer).id for _number in range(3)}
        closed = make_complaint(session, customer=customer, status="closed").id
    assert count(workshop, "urgent") == {}
    with as_user() as session:
        set_values(session, "customer", customer, segment="enterprise")
    assert count(workshop, "urgent") == dict.fromkeys(numbers, 1)
    row = workshop.runs("urgent")[0]
    assert row["cause"] == ["system:system"]
    assert closed not in count(workshop, "urgent")


def test_time_brings_the_edge_at_a_tick(make_workshop, as_user, clock):
    workshop = make_workshop(OLD)
    with as_user() as session:
        number = make_complaint(session, opened_at=clock.now.isoformat() + "Z").id
    assert count(workshop, "old") == {}
    assert ticking.tick(workshop) == 0
    clock.now += timedelta(days=2, minutes=1)
    assert [ticking.tick(workshop), ticking.tick(workshop)] == [1, 0]
    assert count(workshop, "old") == {number: 1}


def test_an_import_brings_the_edge_unless_it_skips_rules(
    make_workshop, as_user, engine, session_as, tmp_path
):
    workshop = make_workshop(BUSY)
    with as_user() as session:
        for name in ("Ada", "Bob"):
            make_customer(session, name=name)
        ada = session.scalar(sa.select(session.workspace.models["customer"].id).filter_by(name="Ada"))
    imports = Imports(shop_in(engine, tmp_path / "files"), session_as)
    for name, rules in (("Ada", "run"), ("Bob", "skip")):
        rows = [["subject", "customer"], ["One", name], ["Two", name]]
        assert imports.run(csv_of(rows), "complaint", rules=rules)["created"] == 2
    assert count(workshop, "busy") == {ada: 1}
    with as_user() as session:
        bob = session.scalar(sa.select(session.workspace.models["customer"].id).filter_by(name="Bob"))
        make_complaint(session, customer=bob)  # it held already
    assert count(workshop, "busy") == {ada: 1}


def test_what_held_when_the_rule_was_published_is_no_edge(engine, as_user, make_workshop):
    workshop = replace(make_workshop(), fixed=None)
    with as_user() as session:
        customer = make_customer(session).id
        for _number in range(2):
            make_complaint(session, customer=customer)
    workshop.work_off()
    documents = [*get_workspace(engine).schema.documents, load_document(BUSY, "")[0]]
    publish_schema(engine, documents, "busy")
    with as_user() as session:
        make_complaint(session, customer=customer)
        other = make_customer(session).id
        for _number in range(2):
            make_complaint(session, customer=other)
    workshop.work_off()
    assert Counter(row["record_id"] for row in workshop.runs("busy")) == {other: 1}


def test_a_rule_without_its_notes_begins_where_the_records_are(make_workshop, as_user):
    workshop = make_workshop(BUSY)
    with as_user() as session:
        customer = make_customer(session).id
        for _number in range(2):
            make_complaint(session, customer=customer)
        session.execute(sa.delete(edges.truth))
    assert count(workshop, "busy") == {}
    with as_user() as session:
        made = make_customer(session).id
        for _number in range(2):
            make_complaint(session, customer=made)
    assert count(workshop, "busy") == {made: 1}


@pytest.mark.parametrize("rule", [BUSY, OLD])
def test_such_a_rule_cannot_ask_what_changed(shipped, rule):
    asks = rule.replace(
        "if: [", "if: [{field: " + ("name" if rule is BUSY else "subject") + ", changed: true}, "
    )
    found, problems = read_rule(asks, shipped)
    assert found is None
    assert [render(problem, "en") for problem in problems][0].startswith("These conditions depend on other")


def test_what_happened_is_not_rehearsed_for_such_a_rule(make_workshop, as_user):
    workshop = make_workshop(BUSY, URGENT)
    for rule in ("busy", "urgent"):
        with pytest.raises(RuleError, match="try_only_now"):
            try_rule(workshop, rule, since=timedelta(days=1))


OPS = (
    *("create", "move", "status", "segment", "amount", "new_customer", "tick") * 3,
    "delete",
    "delete_customer",
)


class World:
    """Random things that people do, and an oracle that asks every record after each."""

    def __init__(self, seed, workshop, as_user, clock):
        self.random, self.workshop, self.as_user, self.clock = random.Random(seed), workshop, as_user, clock
        self.held = {name: set() for name in self.rules}
        self.edges = {name: Counter() for name in self.rules}

    @property
    def rules(self):
        return self.workshop.fixed.schema.parts["rule"]

    def pick(self, session, entity):
        ids = list(session.scalars(sa.select(session.workspace.models[entity].id).order_by("id")))
        return self.random.choice(ids) if ids else None

    def step(self):
        with self.as_user() as session:
            self.do(session, self.random.choice(OPS))

    def do(self, session, deed):
        customer, complaint = self.pick(session, "customer"), self.pick(session, "complaint")
        deal = self.pick(session, "deal")
        if deed == "new_customer" or customer is None:
            made = make_customer(session, segment=self.random.choice(["small", "enterprise"])).id
            make_deal(session, customer=made, amount="100")
        elif deed == "tick":
            self.clock.now += timedelta(hours=self.random.randrange(40))
        elif deed == "delete_customer":
            self.remove_customer(session, customer)
        elif deed == "segment":
            set_values(
                session,
                "customer",
                customer,
                segment=self.random.choice(["small", "mid_market", "enterprise"]),
            )
        elif deed == "amount" and deal:
            set_values(session, "deal", deal, amount=self.random.choice(["0", "400", "900", "2000"]))
        elif deed == "create" or complaint is None:
            make_complaint(session, customer=customer, opened_at=self.clock.now.isoformat() + "Z")
        elif deed == "move":
            set_values(session, "complaint", complaint, customer=customer)
        elif deed == "status":
            record = session.get(session.workspace.models["complaint"], complaint)
            following = {"open": "working", "working": "escalated", "escalated": "working"}
            set_values(session, "complaint", complaint, status=following[record.status])
        elif deed == "delete":
            delete_record(session, session.workspace.schema.entities["complaint"], complaint)

    def remove_customer(self, session, customer):
        for entity in ("complaint", "deal"):
            cls = session.workspace.models[entity]
            for number in list(session.scalars(sa.select(cls.id).where(cls.customer_id == customer))):
                delete_record(session, session.workspace.schema.entities[entity], number)
        delete_record(session, session.workspace.schema.entities["customer"], customer)

    def look(self):
        """Let the worker and the scheduler look, then ask every record."""
        self.workshop.work_off()
        ticking.tick(self.workshop)
        self.workshop.work_off()
        with self.workshop.reading() as session:
            scope = replace(scope_of(session), time_zone=self.workshop.organisation.zone)
            for name, rule in self.rules.items():
                cls = session.workspace.models[rule.entity]
                records = session.scalars(sa.select(cls)).all()
                holding = {record.id for record in records if evaluate(rule.condition, record, scope)}
                self.edges[name].update(holding - self.held[name])
                self.held[name] = holding


@pytest.mark.parametrize("seed", range(3))
def test_every_edge_is_noticed_once_and_no_other(make_workshop, as_user, clock, seed):
    """Rehearsal, reality, and an oracle that asks each record after every step agree."""
    world = World(seed, make_workshop(BUSY, URGENT, RICH, OLD, BIG), as_user, clock)
    for _step in range(50):
        world.step()
        world.look()
    for name in world.rules:
        runs = Counter(row["record_id"] for row in world.workshop.runs(name))
        assert runs == world.edges[name], name
        now = {firing["record"] for firing in try_rule(world.workshop, name).firings}
        assert now == world.held[name], name
    assert sum(sum(found.values()) for found in world.edges.values()) > 5, world.edges


@pytest.mark.parametrize("seed", range(2))
def test_a_rehearsal_of_what_happened_is_what_happened(make_workshop, as_user, clock, seed):
    world = World(seed, make_workshop(BIG), as_user, clock)
    for _step in range(40):
        world.step()
        if world.random.random() < 0.3:
            world.workshop.work_off()
    world.workshop.work_off()
    said = Counter(
        firing["record"] for firing in try_rule(world.workshop, "big", since=timedelta(days=400)).firings
    )
    with world.workshop.reading() as session:
        there = set(session.scalars(sa.select(session.workspace.models["deal"].id)))
    done = Counter(row["record_id"] for row in world.workshop.runs("big"))
    assert {number: times for number, times in said.items() if number in there} == {
        number: times for number, times in done.items() if number in there
    }
