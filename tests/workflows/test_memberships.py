"""`add_to_segment` and `campaign`: who belongs to what is kept as records keep everything, and once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm.entities.load import build_schema, load_document
from crm.permissions.flows import judge_flows
from crm.permissions.model import Actor
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.segments.service import segment_members
from tests.factories import make_campaign, make_customer, make_deal
from tests.workflows.conftest import read_rule
from workflows.runs.rehearse import try_rule

VIPS = "segment: vips\nentity: customer\nkept_in: tags\n"
MEMBERS = """entity: membership
title: "{note}"
fields:
  note: {type: text}
  campaign: {type: reference, to: campaign, required: true, on_delete: cascade}
  customer: {type: reference, to: customer, required: true, on_delete: cascade}
  since: {type: date}
campaign: {campaign: campaign, member: customer, on: since}
"""
RULE = "rule: %s\nentity: deal\nwhen: record_created\nthen:\n  - %s\n"


@pytest.fixture
def joined(begin_at, engine):
    """The shipped schemas with a fixed segment and an entity for members of campaigns."""

    def publish():
        added = [load_document(text, "")[0] for text in (VIPS, MEMBERS)]
        publish_schema(engine, [*get_workspace(engine).schema.documents, *added], "members")

    begin_at(__name__, publish)


def test_a_rule_adds_a_linked_record_to_a_fixed_segment_once(joined, make_workshop, as_user):
    workshop = make_workshop(RULE % ("vip", "add_to_segment: {segment: vips, of: customer}"))
    with as_user() as session:
        customer = make_customer(session, tags=["old"])
        other = make_customer(session)
        make_deal(session, customer=customer)
        make_deal(session, customer=customer)
        number, _other = customer.id, other.id
    workshop.work_off()
    assert workshop.states() == ["done", "done"]
    with as_user() as session:
        assert tuple(session.get(session.workspace.models["customer"], number).tags) == ("old", "vips")
        assert list(segment_members(session, "vips").ids) == [number]


def test_a_rule_adds_who_a_record_is_about_to_a_campaign_once(joined, make_workshop, as_user, clock):
    workshop = make_workshop(RULE % ("invite", 'campaign: {name: "Spring 2027"}'))
    with as_user() as session:
        campaign = make_campaign(session, name="Spring 2027").id
        customer = make_customer(session)
        first = make_deal(session, customer=customer).id
        make_deal(session, customer=customer)
        customer = customer.id
    assert try_rule(workshop, "invite", first).firings[0]["effects"][0]["entity"] == "membership"
    workshop.work_off()
    with as_user() as session:
        found = list(session.scalars(sa.select(session.workspace.models["membership"])))
        assert [(one.campaign_id, one.customer_id, one.since) for one in found] == [
            (campaign, customer, clock.now.date())
        ]
    assert workshop.states() == ["done", "done"]


def test_a_campaign_that_is_not_there_fails_the_run(joined, make_workshop, as_user):
    workshop = make_workshop(RULE % ("invite", "campaign: {name: Autumn}"))
    with as_user() as session:
        make_deal(session)
    workshop.work_off()
    assert workshop.states() == ["failed"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("add_to_segment: champions", "rule.segment_of_another"),
        ("add_to_segment: {segment: champions, of: customer}", "rule.segment_is_live"),
        ("add_to_segment: {segment: champions, of: name}", "rule.not_a_link"),
        ("add_to_segment: champoins", "rule.unknown_segment"),
        ("campaign: {name: x}", "rule.no_campaigns"),
    ],
)
def test_what_nobody_can_be_added_to_is_refused(shipped, step, code):
    _rule, problems = read_rule(RULE % ("add", step), shipped)
    assert [problem.code.removesuffix("_near") for problem in problems] == [code]


def test_what_is_wrong_with_campaigns_and_kept_segments_is_said(shipped):
    members = load_document(MEMBERS, "")[0]
    schema, problems = build_schema([*shipped.documents, members, load_document(VIPS, "")[0]], 2)
    assert problems == []
    for step, code in (
        ("campaign: {name: x, of: customer}", "rule.campaign_needs_one"),
        ("campaign: {of: customer}", "rule.campaign_of_other"),
        ("campaign: {name: x, member: owner}", "rule.no_member"),
    ):
        assert [problem.code for problem in read_rule(RULE % ("add", step), schema)[1]] == [code]
    steps = {"a": "add_to_segment: {segment: vips, of: customer}", "b": "campaign: {name: x}"}
    rules = [load_document(RULE % (name, step), "")[0] for name, step in steps.items()]
    after = build_schema([*schema.documents, *rules], 3)[0]
    assert {problem.code for problem in judge_flows(Actor("user", "nobody", 1), schema, after)}
    kept = {
        "kept_in: name": "kept_in_tags",
        "if: []\nkept_in: tags": "kept_or_asked",
        "label: x": "kept_or_asked",
    }
    for body, code in kept.items():
        wrong = load_document(f"segment: w\nentity: customer\n{body}\n", "")[0]
        assert f"segment.{code}" in {one.code for one in build_schema([*shipped.documents, wrong], 2)[1]}
