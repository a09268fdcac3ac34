"""Rules at work on real records: what fires, what it does, and that it does it once."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from crm import notifications, queue
from crm.events import event
from crm.records.journal import list_changes
from crm.records.service import update_record
from tests.factories import make_complaint, make_customer, make_deal, user_id
from workflows.runs import execute, plan, store, sweeping
from workflows.runs.errors import sentences

ESCALATE = """
rule: escalate
entity: complaint
when: record_saved
if:
  - {field: severity, is: urgent}
then:
  - set_field: {field: status, to: escalated}
"""


def get(session, entity, number):
    return session.get(session.workspace.models[entity], number)


def change(as_user, entity, number, **values):
    with as_user() as session:
        update_record(session, session.workspace.schema.entities[entity], number, values)


def test_rule_sets_a_field_after_a_save(make_workshop, as_user):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        urgent, normal = make_complaint(session, severity="urgent").id, make_complaint(session).id
    workshop.work_off()
    with as_user() as session:
        assert get(session, "complaint", urgent).status == "escalated"
        assert get(session, "complaint", normal).status == "open"


def test_what_a_rule_did_is_in_the_journal_with_its_chain(make_workshop, as_user):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        number = make_complaint(session, severity="urgent").id
    workshop.work_off()
    with as_user() as session:
        last = list_changes(session, session.workspace.schema.entities["complaint"], number)[0]
        run = workshop.runs()[0]
    assert last["values"]["status"] == ["open", "escalated"]
    assert last["actor_kind"] == "rule"
    assert last["cause"] == ["system:system", f"rule:escalate#{run['id']}"]


def test_event_delivered_twice_has_one_effect(make_workshop, as_user):
    workshop = make_workshop(
        "rule: greet\nentity: customer\nwhen: record_created\nthen:\n"
        "  - send_email: {to: email, template: hello}\n  - create_record: {entity: complaint, values: "
        '{subject: "Call {name}", customer: "= id"}}'
    )
    with as_user() as session:
        make_customer(session, name="Ada", email="ada@example.com")
    workshop.work_off()
    with as_user() as session:
        session.execute(sa.update(event).values(state="waiting", lease_until=None))
    workshop.work_off()
    with as_user() as session:
        complaints = session.scalars(sa.select(session.workspace.models["complaint"])).all()
        assert [found.subject for found in complaints] == ["Call Ada"]
        assert complaints[0].customer.name == "Ada"
    assert len(workshop.messages()) == 1
    assert workshop.states() == ["done"]


def test_a_run_taken_up_again_skips_the_steps_that_were_done(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: greet\nentity: customer\nwhen: record_created\nthen:\n"
        "  - send_email: {to: email, template: hello}\n  - send_email: {to: email, template: hello}"
    )
    with as_user() as session:
        make_customer(session, email="ada@example.com")
    plan.plan_events(workshop)
    row = claim_run(workshop)
    rule, _ = execute.find_rule(workshop, "greet", workshop.fixed.number)
    first = execute.Execution(workshop, row, rule)
    first._perform(rule.steps[0], is_woken=False)
    clock.now += timedelta(minutes=5)  # the worker was killed here; its lease runs out
    workshop.work_off()
    assert len(workshop.messages()) == 2
    assert workshop.states() == ["done"]


def claim_run(workshop):
    with workshop.session() as session:
        rows = store.claim(session, store.run, workshop.clock(), workshop.lease_end(), 10)
    return rows[0]


def test_an_orphan_attempt_is_fenced_off(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: greet\nentity: customer\nwhen: record_created\n"
        "then: [{send_email: {to: email, template: hello}}]"
    )
    with as_user() as session:
        make_customer(session, email="ada@example.com")
    plan.plan_events(workshop)
    orphan = claim_run(workshop)
    clock.now += timedelta(minutes=5)
    heir = claim_run(workshop)
    execute.execute_run(workshop, orphan)
    assert workshop.messages() == []
    execute.execute_run(workshop, heir)
    assert len(workshop.messages()) == 1


def test_two_workers_claim_different_events(make_workshop, as_user):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        for _ in range(3):
            make_customer(session)
    with workshop.session() as session:
        first = store.claim(session, event, workshop.clock(), workshop.lease_end(), 2)
    with workshop.session() as session:
        second = store.claim(session, event, workshop.clock(), workshop.lease_end(), 10)
    assert len(first) == 2
    assert not {row["id"] for row in first} & {row["id"] for row in second}


def test_later_event_of_a_record_waits_for_the_one_somebody_holds(make_workshop, as_user, clock):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        number = make_customer(session).id
    change(as_user, "customer", number, name="Second")
    with workshop.session() as session:
        assert len(store.claim(session, event, workshop.clock(), workshop.lease_end(), 1)) == 1
    with workshop.session() as session:
        assert store.claim(session, event, workshop.clock(), workshop.lease_end(), 10) == []
    clock.now += timedelta(minutes=5)
    with workshop.session() as session:
        assert len(store.claim(session, event, workshop.clock(), workshop.lease_end(), 10)) == 2


def test_rules_see_the_record_as_it_was_at_the_event(make_workshop, as_user):
    workshop = make_workshop(
        "rule: note\nentity: customer\nwhen: {changed: [status]}\nif: [{field: status, is: at_risk}]\n"
        "then: [{create_record: {entity: complaint, values: {subject: seen, customer: '= id'}}}]"
    )
    with as_user() as session:
        number = make_customer(session, status="active").id
    change(as_user, "customer", number, status="at_risk")
    change(as_user, "customer", number, status="active")
    workshop.work_off()
    assert workshop.states("note") == ["done"]


def test_becomes_true_fires_on_the_edge_only(make_workshop, as_user):
    workshop = make_workshop(
        "rule: big\nentity: deal\nwhen: becomes_true\nif: [{field: amount, at_least: 500}]\n"
        "then: [{notify: {to: {user: admin}, text: Big}}]"
    )
    with as_user() as session:
        number = make_deal(session, amount="100").id
    change(as_user, "deal", number, amount="600")
    change(as_user, "deal", number, amount="700")
    change(as_user, "deal", number, amount="10")
    change(as_user, "deal", number, amount="500")
    workshop.work_off()
    assert len(workshop.runs()) == 2


def test_changed_conditions_compare_with_the_value_before(make_workshop, as_user):
    workshop = make_workshop(
        "rule: lost\nentity: customer\nwhen: record_updated\n"
        "if: [{field: status, changed_from: active}, {field: status, changed_to: churned}]\n"
        "then: [{notify: {to: {user: admin}, text: Lost}}]"
    )
    with as_user() as session:
        one, two = (make_customer(session, status=status).id for status in ("active", "lead"))
    change(as_user, "customer", one, status="churned")
    change(as_user, "customer", two, status="churned")
    workshop.work_off()
    assert [row["record_id"] for row in workshop.runs()] == [one]


PING = """
rule: ping
entity: customer
when: {changed: [notes]}
then: [{set_field: {field: city, to: "{notes}!"}}]
"""
PONG = """
rule: pong
entity: customer
when: {changed: [city]}
then: [{set_field: {field: notes, to: "{city}!"}}]
"""


def test_two_rules_that_update_each_other_stop_and_say_so(make_workshop, as_user):
    workshop = make_workshop(PING, PONG)
    with as_user() as session:
        number = make_customer(session).id
    workshop.work_off()
    change(as_user, "customer", number, notes="a")
    workshop.work_off()
    with as_user() as session:
        assert get(session, "customer", number).notes == "a!!"
    stopped = [row for row in workshop.runs("ping") if row["state"] == "stopped"]
    assert len(stopped) == 1
    assert "ping → pong" in sentences(stopped[0]["error"], "en")[0]
    change(as_user, "customer", number, notes="b")
    workshop.work_off()
    with as_user() as session:
        assert len(notifications.list_notifications(session, user_id(session, "admin"))) == 1


def test_a_rule_does_not_answer_its_own_change(make_workshop, as_user):
    workshop = make_workshop(
        "rule: self\nentity: customer\nwhen: record_saved\nthen: [{set_field: {field: notes, to: '{notes}!'}}]"
    )
    with as_user() as session:
        number = make_customer(session, notes="a").id
    workshop.work_off()
    with as_user() as session:
        assert get(session, "customer", number).notes == "a!"
        assert notifications.list_notifications(session, user_id(session, "admin")) == []
    assert workshop.states() == ["done", "skipped"]


def test_a_rule_that_creates_what_triggers_it_stops_at_the_depth(make_workshop, as_user):
    workshop = make_workshop(
        "rule: more\nentity: customer\nwhen: record_created\n"
        "then: [{create_record: {entity: customer, values: {name: '{name}+'}}}]"
    )
    with as_user() as session:
        make_customer(session, name="A")
    workshop.work_off()
    with as_user() as session:
        assert (
            session.scalar(sa.select(sa.func.count()).select_from(session.workspace.models["customer"])) == 6
        )
        told = notifications.list_notifications(session, user_id(session, "admin"))
    assert workshop.states()[-1] == "stopped"
    assert len(told) == 1


def test_a_failing_rule_does_not_stop_the_others(make_workshop, as_user):
    bad = "rule: b_bad\nentity: customer\nwhen: record_created\nthen: [{assign: {field: owner, to: {user: nobody}}}]"
    good = "rule: {}\nentity: customer\nwhen: record_created\nthen: [{{notify: {{to: {{user: admin}}, text: Hi}}}}]"
    workshop = make_workshop(good.format("a_good"), bad, good.format("c_good"))
    with as_user() as session:
        make_customer(session)
    workshop.work_off()
    assert {row["rule"]: row["state"] for row in workshop.runs()} == {
        "a_good": "done",
        "b_bad": "failed",
        "c_good": "done",
    }
    assert sentences(workshop.runs("b_bad")[0]["error"], "en") == ["There is no active user “nobody”."]


def test_a_refused_save_fails_the_run_with_the_fields_sentence(make_workshop, as_user):
    workshop = make_workshop(
        "rule: win\nentity: complaint\nwhen: record_created\nthen: [{set_field: {field: status, to: resolved}}]"
    )
    with as_user() as session:
        number = make_complaint(session).id
    workshop.work_off()
    assert workshop.states() == ["failed"]
    assert workshop.runs()[0]["error"][0]["field"] == "resolution"
    with as_user() as session:
        assert get(session, "complaint", number).status == "open"


def test_a_failed_run_can_be_taken_up_again(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\n"
        "then: [{notify: {to: {user: admin}, text: Hi}}, {assign: {field: owner, to: customer.owner}}]"
    )
    with as_user() as session:
        complaint = make_complaint(session)
        customer = complaint.customer_id
    workshop.work_off()
    assert workshop.states() == ["failed"]
    with as_user() as session:
        owner = user_id(session, "service")
    change(as_user, "customer", customer, owner=owner)
    with workshop.session() as session:
        assert execute.continue_run(session, workshop.runs()[0]["id"], clock.now)
    workshop.work_off()
    assert workshop.states() == ["done"]
    with as_user() as session:
        assert len(notifications.list_notifications(session, user_id(session, "admin"))) == 1


def test_save_works_without_redis_and_the_sweeper_finds_the_work(make_workshop, as_user, redis_server):
    workshop = make_workshop(ESCALATE)
    redis_server.stop()
    with as_user() as session:
        number = make_complaint(session, severity="urgent").id
    assert sweeping.sweep(workshop) == ["events.look"]
    workshop.work_off()
    assert sweeping.sweep(workshop) == []
    with as_user() as session:
        assert get(session, "complaint", number).status == "escalated"


def test_the_bell_that_was_lost_is_rung_again(make_workshop, as_user, redis_server):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        make_complaint(session, severity="urgent")
    assert queue.look_at_queue().waiting >= 1
    queue.this_bell().connection.flushall()
    sweeping.sweep(workshop)
    assert queue.look_at_queue().waiting == 1


def test_at_most_once_per_month_holds(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: seldom\nentity: customer\nwhen: record_updated\nat_most_once_per: month\n"
        "then: [{send_email: {to: email, template: hello}}]"
    )
    with as_user() as session:
        number = make_customer(session, email="ada@example.com").id
    for day in range(3):
        change(as_user, "customer", number, notes=f"day {day}")
        workshop.work_off()
        clock.now += timedelta(days=1)
    assert len(workshop.messages()) == 1
    clock.now += timedelta(days=40)
    change(as_user, "customer", number, notes="later")
    workshop.work_off()
    assert len(workshop.messages()) == 2


def test_stop_after_keeps_later_rules_away(make_workshop, as_user):
    rule = (
        "rule: {}\nentity: customer\nwhen: record_created\npriority: {}\n{}"
        "then: [{{notify: {{to: {{user: admin}}, text: Hi}}}}]"
    )
    workshop = make_workshop(rule.format("late", 1, ""), rule.format("early", 5, "stop_after: true\n"))
    with as_user() as session:
        make_customer(session)
    workshop.work_off()
    assert [row["rule"] for row in workshop.runs()] == ["early"]


def test_events_that_no_rule_listens_to_are_done_at_once(make_workshop, as_user):
    workshop = make_workshop(ESCALATE)
    with as_user() as session:
        for _ in range(3):
            make_customer(session)
    plan.plan_events(workshop)
    with as_user() as session:
        assert list(session.scalars(sa.select(event.c.state))) == ["done"] * 3


def test_a_disabled_rule_does_nothing(make_workshop, as_user):
    workshop = make_workshop(ESCALATE + "enabled: false\n")
    with as_user() as session:
        make_complaint(session, severity="urgent")
    workshop.work_off()
    assert workshop.runs() == []
