"""`convert`: another record is made of one, with its lines, once, and leads back to it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm.entities.load import build_schema, load_document
from crm.permissions.flows import judge_flows
from crm.permissions.model import Actor
from crm.records.service import update_record
from tests.factories import make_activity, make_complaint, make_customer
from tests.workflows.conftest import read_rule

RULE = """rule: follow_up
entity: complaint
when: {changed: [status]}
then:
  - convert:
      to: activity
      values: {kind: task, subject: "Learn from {number}", customer: "= customer"}
      source: complaint
      lines:
        - {through: activities, to: complaint, parent: contract, values: {subject: "{subject}"}}
"""
SIMPLE = RULE[: RULE.index("      lines")]
LINES = """rule: repeat
entity: customer
when: {changed: [status]}
then:
  - convert:
      to: contact
      values: {name: "Copy of {name}"}
      source: customer
      lines: [{through: complaints, to: activity, parent: contact, values: {subject: "Again: {subject}"}}]
"""


def test_a_record_is_converted_once_and_leads_back(make_workshop, as_user):
    workshop = make_workshop(SIMPLE)
    with as_user() as session:
        complaint = make_complaint(session)
        number, customer = complaint.id, complaint.customer_id
    for status in ("working", "escalated"):
        with as_user() as session:
            update_record(session, session.workspace.schema.entities["complaint"], number, {"status": status})
        workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["activity"]
        [made] = session.scalars(sa.select(cls))
        assert (made.kind, made.complaint_id, made.customer_id) == ("task", number, customer)
        assert made.subject.startswith("Learn from C-")
    assert workshop.states() == ["done"] * 3


def test_its_lines_come_along(make_workshop, as_user):
    workshop = make_workshop(LINES)
    with as_user() as session:
        customer = make_customer(session, name="Acme")
        for subject in ("One", "Two"):
            make_complaint(session, customer=customer, subject=subject)
        make_activity(session, customer=customer)
        update_record(session, customer.__entity__, customer.id, {"status": "active"})
    workshop.work_off()
    with as_user() as session:
        [contact] = session.scalars(sa.select(session.workspace.models["contact"]))
        cls = session.workspace.models["activity"]
        lines = session.scalars(sa.select(cls).where(cls.contact_id == contact.id).order_by(cls.id))
        assert [line.subject for line in lines] == ["Again: One", "Again: Two"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (RULE, "rule.convert_needs_link"),
        (SIMPLE.replace("to: activity", "to: aktivity"), "rule.unknown_entity"),
        (SIMPLE.replace("source: complaint", "source: subject"), "rule.convert_needs_link"),
        (SIMPLE.replace("{number}", "{nothing}"), "rule.unknown_field"),
        (LINES.replace("through: complaints", "through: complains"), "rule.unknown_relation"),
    ],
)
def test_what_cannot_be_converted_is_refused(shipped, text, code):
    assert [problem.code.removesuffix("_near") for problem in read_rule(text, shipped)[1]] == [code]


def test_the_publisher_must_be_allowed_to_create_both(shipped):
    after, problems = build_schema([*shipped.documents, load_document(LINES, "")[0]], 2)
    assert problems == []
    refused = str([problem.params for problem in judge_flows(Actor("user", "nobody", 1), shipped, after)])
    assert "Contact" in refused or "contact" in refused
