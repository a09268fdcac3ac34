"""Trying a rule: the real engine, and nothing of it stays."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm import notifications
from crm.errors import NotFoundError
from crm.events import event
from crm.records.journal import change
from crm.records.service import update_record
from tests.factories import make_complaint, make_customer
from workflows.mail import outbox
from workflows.runs import store
from workflows.runs.rehearse import try_rule

RULE = """
rule: care
entity: complaint
when: record_saved
if:
  - {field: severity, is: urgent}
  - {field: status, is: open}
then:
  - set_field: {field: status, to: escalated}
  - create_record: {entity: activity, values: {subject: "Call {customer.name}", customer: "= customer"}}
  - send_email: {to: customer.email, template: hi}
  - wait: {for: 4 hours, and_then_only_if: [{field: status, is: escalated}]}
  - notify: {to: {user: admin}, text: "{title}"}
"""
HI = "template: hi\nsubject: '{number}'\nbody: Hi\n"
TABLES = (store.run, store.step, event, change, outbox.message, notifications.notification)


def counts(session):
    found = {table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) for table in TABLES}
    session.rollback()
    return found


@pytest.fixture
def records(as_user):
    """An urgent and a normal complaint of somebody with an address."""
    with as_user() as session:
        customer = make_customer(session, name="Ada", email="ada@example.com")
        return [make_complaint(session, customer=customer, severity=kind).id for kind in ("urgent", "normal")]


def test_a_rehearsal_shows_every_effect_and_changes_nothing(make_workshop, records, session):
    workshop = make_workshop(HI, RULE)
    before = counts(session)
    found = try_rule(workshop, "care").as_json()
    assert counts(session) == before
    assert found["considered"] == 2
    assert [firing["record"] for firing in found["firings"]] == [records[0]]
    effects = found["firings"][0]["effects"]
    assert [effect["action"] for effect in effects] == [
        "set_field", "create_record", "send_email", "wait", "notify",
    ]  # fmt: skip
    assert effects[0]["changes"] == {"status": ["open", "escalated"]}
    assert effects[2]["to"] == ["ada@example.com"]
    assert found["refused"][0]["record"] == records[1]
    assert found["refused"][0]["condition"] == "Severity is Urgent"
    json.dumps(found)


def test_a_rehearsal_says_what_the_real_run_then_does(make_workshop, records, as_user, clock):
    workshop = make_workshop(HI, RULE)
    rehearsed = try_rule(workshop, "care", records[0]).as_json()["firings"][0]["effects"]
    workshop.work_off()
    clock.now += timedelta(hours=5)
    workshop.work_off()
    with as_user() as session:
        done = [step["effect"] for step in store.list_steps(session, workshop.runs()[0]["id"])]
    assert [effect["action"] for effect in done] == [effect["action"] for effect in rehearsed]
    assert done[0]["changes"] == rehearsed[0]["changes"]
    assert done[2]["to"] == rehearsed[2]["to"]


def test_one_record_alone_is_considered(make_workshop, records):
    found = try_rule(make_workshop(HI, RULE), "care", records[1]).as_json()
    assert (found["considered"], found["firings"]) == (1, [])


def test_a_failing_step_is_shown_with_its_sentence(make_workshop, records):
    rule = (
        "rule: bad\nentity: complaint\nwhen: record_saved\nthen: [{set_field: {field: status, to: resolved}}]"
    )
    firing = try_rule(make_workshop(rule), "bad", records[0]).as_json()["firings"][0]
    assert firing["effects"] == []
    assert firing["problems"]


def test_the_past_is_replayed_with_the_values_of_then(make_workshop, records, as_user, clock):
    workshop = make_workshop(HI, RULE)
    clock.now += timedelta(days=1)
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        update_record(session, entity, records[0], {"status": "working"})
    found = try_rule(workshop, "care", since=timedelta(days=2)).as_json()
    assert [firing["record"] for firing in found["firings"]] == [records[0]]
    assert found["considered"] == 3
    assert try_rule(workshop, "care", since=timedelta(hours=1)).as_json()["firings"] == []


def test_an_unknown_rule_is_said(make_workshop):
    with pytest.raises(NotFoundError):
        try_rule(make_workshop(), "nonsense")
