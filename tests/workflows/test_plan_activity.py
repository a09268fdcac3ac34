"""`plan_activity`: something on somebody's list, linked to what it is about, in the entity that is declared for it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm.entities.load import build_schema, load_document
from crm.entities.usage import Usage
from crm.permissions.flows import judge_flows
from crm.permissions.model import Actor
from tests.factories import make_complaint, make_customer, user_id
from tests.workflows.conftest import read_rule
from workflows.runs.rehearse import try_rule

RULE = """rule: follow
entity: complaint
when: record_created
then:
  - plan_activity:
      kind: call
      subject: {en: "Call about {subject}", el: "Κλήση για {subject}"}
      due_in: 2 days
      for: %s
"""


def activities(session):
    cls = session.workspace.models["activity"]
    return list(session.scalars(sa.select(cls).order_by(cls.id)))


def test_an_activity_is_linked_to_the_record_and_to_what_it_refers_to(make_workshop, as_user, clock):
    workshop = make_workshop(RULE % "owner")
    with as_user() as session:
        mine = user_id(session, "service")
        customer = make_customer(session)
        complaint = make_complaint(session, subject="Late parcel", customer=customer, owner=mine).id
        customer = customer.id
    assert [effect["to"] for effect in try_rule(workshop, "follow").firings[0]["effects"]] == [
        "Service Tester"
    ]
    with as_user() as session:
        assert activities(session) == []  # the rehearsal has planned nothing
    workshop.work_off()
    with as_user() as session:
        [made] = activities(session)
        assert (made.kind, made.subject, made.owner_id) == ("call", "Call about Late parcel", mine)
        assert (made.complaint_id, made.customer_id, made.deal_id) == (complaint, customer, None)
        assert made.due == made.at == clock.now + dt.timedelta(days=2)
    workshop.work_off()
    assert workshop.states() == ["done"]


def test_users_of_a_role_get_activities_in_turn_and_nobody_is_no_error(make_workshop, as_user):
    from tests.workflows.test_actions import add_colleague

    workshop = make_workshop(
        RULE % "{role: service}\n      entity: activity",
        (RULE % "{user: admin}").replace("follow", "told").replace("call\n", "task\n"),
        (RULE % "owner").replace("follow", "owned").replace("call\n", "visit\n"),
    )
    with as_user() as session:
        second, first = add_colleague(session, "service"), user_id(session, "service")
        for _ in range(3):
            make_complaint(session)
    workshop.work_off()
    with as_user() as session:
        found = activities(session)
        assert [made.owner_id for made in found if made.kind == "call"] == [first, second, first]
        assert [made.owner_id for made in found if made.kind == "visit"] == [None] * 3
        assert [made.owner_id for made in found if made.kind == "task"] == [user_id(session, "admin")] * 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{kind: dinner, subject: x, due_in: 1 day, for: owner}", "dinner"),
        ("{subject: '{nothing}', due_in: 1 day, for: owner}", "nothing"),
        ("{subject: x, due_in: soon, for: owner}", "soon"),
        ("{subject: x, due_in: 1 day, for: subject}", "subject"),
        ("{subject: x, due_in: 1 day, for: [owner]}", "owner"),
        ("{subject: x, due_in: 1 day, for: owner, entity: deal}", "deal"),
        ("{subject: x, due_in: 1 day}", "for"),
    ],
)
def test_what_cannot_be_planned_is_refused(shipped, body, said):
    rule, problems = read_rule(
        f"rule: follow\nentity: complaint\nwhen: record_created\nthen:\n  - plan_activity: {body}\n", shipped
    )
    assert rule is None
    assert said in str([problem.params for problem in problems])


def test_the_publisher_must_be_allowed_to_write_every_field_of_the_activity(shipped):
    document = load_document(RULE % "owner", "")[0]
    after, problems = build_schema([*shipped.documents, document], 2)
    assert problems == []
    refused = {
        json.dumps(one.params, default=str) for one in judge_flows(Actor("user", "nobody", 1), shipped, after)
    }
    assert refused
    uses = {
        field: [
            use.place for use in Usage(after.documents).of_field("activity", field) if use.name == "follow"
        ]
        for field in ("kind", "subject", "due", "at", "owner", "complaint", "customer", "minutes")
    }
    assert [field for field, places in uses.items() if not places] == ["minutes"]


def test_a_duty_needs_fields_that_can_serve(shipped):
    [activity] = [one for one in shipped.documents if (one.kind, one.name) == ("entity", "activity")]
    changed = replace(activity, body={**activity.body, "activity": {"subject": "minutes", "due": "nothing"}})
    documents = [changed if one is activity else one for one in shipped.documents]
    codes = {problem.code for problem in build_schema(documents, 2)[1]}
    assert {"schema.duty_needs_type", "schema.missing_key"} <= codes
