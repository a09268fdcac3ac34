"""From one cause rules do only so much, however wide it spreads; what is more is was stopped and told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm.notifications import list_notifications
from tests.factories import make_complaint, make_customer, make_deal, user_id
from workflows.runs import budget, execute, plan, store, sweeping
from workflows.runs.errors import sentences

SIX = "".join(
    "  - create_record: {entity: complaint, values: {subject: 'Call', customer: '= customer'}}\n"
    for _number in range(6)
)
SPREAD = "".join(
    f"---\nrule: spread_{n}\nentity: complaint\nwhen: record_created\nthen:\n{SIX}" for n in range(5)
)


@pytest.fixture
def small(monkeypatch):
    """Budgets that a test reaches soon."""
    monkeypatch.setattr(budget, "LIMITS", {"records": 40, "mails": 5, "notices": 5, "runs": 30})


def complaints(as_user):
    with as_user() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models["complaint"]))


def told(as_user):
    with as_user() as session:
        return [row["text"].get("en") for row in list_notifications(session, user_id(session, "admin"))]


def test_rules_that_create_more_and_more_are_held_back(make_workshop, as_user, small):
    workshop = make_workshop(*SPREAD.split("---\n")[1:])
    with as_user() as session:
        make_complaint(session)
    workshop.work_off()
    assert complaints(as_user) <= 1 + 40
    stopped = [row for row in workshop.runs() if row["state"] == "stopped"]
    words = {sentence for row in stopped for sentence in sentences(row["error"], "en")}
    assert any("too many records" in sentence and "40" in sentence for sentence in words)
    assert workshop.work_off() == 0
    assert (
        len([text for text in told(as_user) if "was stopped" in text]) <= 2 * 5
    )  # once per rule, kind and day
    assert any("was stopped" in text for text in told(as_user))


def test_another_cause_has_its_own_budget(make_workshop, as_user, small):
    rule = f"rule: six\nentity: deal\nwhen: record_created\nthen:\n{SIX}"
    workshop = make_workshop(rule)
    for _number in range(10):
        with as_user() as session:
            make_deal(session)
    workshop.work_off()
    assert complaints(as_user) == 60
    assert set(workshop.states()) == {"done"}


def test_a_step_that_is_too_much_is_taken_back_whole(make_workshop, as_user, small):
    """What came before it stays; nothing of it is done twice when the run is taken up again."""
    workshop = make_workshop(
        "rule: close\nentity: customer\nwhen: {changed: [city]}\nthen:\n"
        "  - set_field: {field: notes, to: Looked at}\n"
        "  - update_related: {through: complaints, values: {subject: Closed}}"
    )
    with as_user() as session:
        customer = make_customer(session, city="Volos").id
        for _number in range(41):
            make_complaint(session, customer=customer)
    workshop.work_off()
    with as_user() as session:
        entity = session.workspace.schema.entities["customer"]
        from crm.records.service import update_record

        update_record(session, entity, customer, {"city": "Patra"})
    workshop.work_off()
    run = workshop.runs("close")[-1]
    assert run["state"] == "stopped"
    with as_user() as session:
        assert session.get(session.workspace.models["customer"], customer).notes == "Looked at"
        cls = session.workspace.models["complaint"]
        assert session.scalars(sa.select(cls).where(cls.subject == "Closed")).all() == []
        assert not execute.continue_run(session, run["id"], workshop.clock())  # what is was stopped stays so
        used = session.execute(sa.select(budget.spent.c.kind, budget.spent.c.used)).all()
    assert [tuple(row) for row in used] == [("records", 1)]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (
            "send_email: {to: [a@x.gr, b@x.gr, c@x.gr, d@x.gr, e@x.gr, f@x.gr], template: hello}",
            "too many emails",
        ),
        ("notify: {to: {user: admin}, text: Hi}", "too many notifications"),
    ],
)
def test_messages_are_counted(make_workshop, as_user, small, monkeypatch, step, kind):
    monkeypatch.setitem(budget.LIMITS, "notices", 0)
    workshop = make_workshop(f"rule: loud\nentity: customer\nwhen: record_created\nthen: [{{{step}}}]")
    with as_user() as session:
        make_customer(session)
    workshop.work_off()
    run = workshop.runs("loud")[0]
    assert run["state"] == "stopped"
    assert kind in sentences(run["error"], "en")[0]
    assert workshop.messages() == []


def test_one_change_that_brings_many_over_the_edge_is_one_cause(make_workshop, as_user, small):
    workshop = make_workshop(
        "rule: urgent\nentity: complaint\nwhen: becomes_true\n"
        "if: [{field: customer.segment, is: enterprise}]\nthen: [{set_field: {field: subject, to: Look}}]"
    )
    with as_user() as session:
        customer = make_customer(session, segment="small").id
        for _number in range(35):
            make_complaint(session, customer=customer)
    workshop.work_off()
    with as_user() as session:
        from crm.records.service import update_record

        update_record(
            session, session.workspace.schema.entities["customer"], customer, {"segment": "enterprise"}
        )
    workshop.work_off()
    assert Counter(workshop.states("urgent")) == {"done": 30, "stopped": 5}


def test_a_worker_that_is_killed_spends_nothing_twice(make_workshop, as_user, clock, small):
    workshop = make_workshop(f"rule: six\nentity: deal\nwhen: record_created\nthen:\n{SIX}")
    with as_user() as session:
        make_deal(session)
    plan.plan_events(workshop)
    with workshop.session() as session:
        [row] = store.claim(session, store.run, workshop.clock(), workshop.lease_end(), 10)
    rule, _problem = execute.find_rule(workshop, "six", workshop.fixed.number)
    first = execute.Execution(workshop, row, rule)
    for step in rule.steps[:3]:
        first._perform(step, is_woken=False)
    clock.now += timedelta(minutes=5)
    workshop.work_off()
    assert complaints(as_user) == 6
    with as_user() as session:
        assert session.scalar(sa.select(budget.spent.c.used)) == 6


def test_what_was_spent_is_forgotten_with_the_runs(make_workshop, as_user, clock):
    workshop = make_workshop(f"rule: six\nentity: deal\nwhen: record_created\nthen:\n{SIX}")
    with as_user() as session:
        make_deal(session)
    workshop.work_off()
    clock.now += timedelta(days=200)
    sweeping.erase_old(workshop, 180)
    with as_user() as session:
        assert session.execute(sa.select(budget.spent)).all() == []
