"""What rules tell users is what their rights show them: a dash for the rest, and nothing of what is out of reach."""

from __future__ import annotations

import logging

import pytest

from crm.notifications import list_notifications
from crm.records.service import delete_record
from tests.factories import make_complaint, make_customer, make_deal, make_record, user_id
from workflows import people
from workflows.effects import effect_lines
from workflows.runs import store
from workflows.runs.rehearse import try_rule

EVERYBODY = "[{role: service}, {role: manager}, {user: admin}]"
ON_CUSTOMER = (
    "rule: tell\nentity: customer\nwhen: record_created\nthen:\n"
    f"  - notify: {{to: {EVERYBODY}, text: {{en: '{{name}}: {{credit_limit}}', el: '{{name}}· {{credit_limit}}'}}}}\n"
)
ON_COMPLAINT = (
    "rule: tell\nentity: complaint\nwhen: record_created\nthen:\n"
    f"  - notify: {{to: {EVERYBODY}, text: '{{subject}} of {{customer.name}}: {{customer.credit_limit}}'}}\n"
)
LETTER = (
    "template: letter\nsubject: {en: 'Limit {credit_limit}'}\n"
    "body: {en: 'Dear **{name}**: {credit_limit}, {link}'}\n"
)


def told(as_user, username, language="en"):
    with as_user() as session:
        return [row["text"].get(language) for row in list_notifications(session, user_id(session, username))]


def effects(workshop):
    with workshop.reading() as session:
        return [step["effect"] for row in workshop.runs() for step in store.list_steps(session, row["id"])]


def test_a_hidden_value_is_a_dash_in_every_language(make_workshop, as_user):
    workshop = make_workshop(ON_CUSTOMER)
    with as_user() as session:
        make_customer(session, name="Ada", credit_limit="5000")
    workshop.work_off()
    assert told(as_user, "service") == ["Ada: —"]
    assert told(as_user, "service", "el") == ["Ada· —"]
    for username in ("manager", "admin"):
        assert "5,000" in told(as_user, username)[0], username


def test_a_record_out_of_reach_tells_nothing_and_is_logged(make_workshop, as_user, caplog):
    workshop = make_workshop(ON_COMPLAINT)
    with as_user() as session:
        customer = make_customer(session, name="Ada", credit_limit="5000").id
        make_complaint(session, subject="Theirs", customer=customer, owner=user_id(session, "manager"))
    with caplog.at_level(logging.INFO):
        workshop.work_off()
    assert told(as_user, "service") == []
    assert told(as_user, "manager")[0].startswith("Theirs of Ada: €5,000")
    assert "out of reach of user" in caplog.text
    [effect] = effects(workshop)
    assert len(effect["out_of_reach"]) == 1 and len(effect["to"]) == 2
    with as_user() as session:
        lines = effect_lines(session, session.workspace.schema.entities["complaint"], effect)
    assert any(label.startswith("Not notified") for label, _text in lines)


def test_a_path_is_open_as_far_as_each_record_on_it_is(make_workshop, as_user):
    """Service reads complaints without an owner, no limit of a customer, and only deals of its own."""
    rule = (
        "rule: tell\nentity: activity\nwhen: record_created\nthen:\n"
        "  - notify: {to: [{role: service}, {user: admin}],"
        " text: '{deal}|{deal.name}|{deal.link}|{deal.customer.name}'}\n"
    )
    workshop = make_workshop(rule)
    with as_user() as session:
        deal = make_deal(session, name="Secret")
        make_record(session, "activity", kind="call", subject="Call", deal=deal.id, customer=deal.customer_id,
                    owner=user_id(session, "service"), at="2026-03-01T10:00:00Z")  # fmt: skip
    workshop.work_off()
    assert told(as_user, "service") == ["—|—|—|—"]
    assert told(as_user, "admin")[0].startswith("Secret|Secret|http")


def test_a_mail_to_a_user_is_filled_by_their_rights_and_one_to_a_customer_is_not(make_workshop, as_user):
    workshop = make_workshop(
        LETTER,
        "rule: write\nentity: customer\nwhen: record_created\n"
        "then: [{send_email: {to: [email, {role: service}, {role: manager}], template: letter}}]",
    )
    with as_user() as session:
        make_customer(session, name="Ada", email="ada@example.com", credit_limit="5000")
    workshop.work_off()
    mails = {mail["to"]: mail for mail in workshop.messages()}
    with as_user() as session:
        address = {name: people.find_by_username(session, name).email for name in ("service", "manager")}
    assert "5,000" in mails["ada@example.com"]["subject"]
    assert "5,000" in mails[address["manager"]]["text"]
    for part in ("subject", "text", "html"):
        assert "5,000" not in mails[address["service"]][part], part
        assert "—" in mails[address["service"]][part], part
    assert (
        "Ada" in mails[address["service"]]["text"] and "/customer/show/" in mails[address["service"]]["text"]
    )


def test_no_mail_goes_to_a_user_who_may_not_read_the_record(make_workshop, as_user):
    workshop = make_workshop(
        "template: plain\nsubject: {en: Hello}\nbody: {en: Nothing is named here}\n",
        "rule: write\nentity: complaint\nwhen: record_created\n"
        "then: [{send_email: {to: [{role: service}, {role: manager}], template: plain}}]",
    )
    with as_user() as session:
        make_complaint(session, owner=user_id(session, "manager"))
    workshop.work_off()
    assert len(workshop.messages()) == 1
    assert len(effects(workshop)[0]["out_of_reach"]) == 1


@pytest.mark.parametrize(("owner", "times"), [("manager", 0), ("service", 1)])
def test_of_a_deleted_record_those_are_told_who_might_have_read_it(make_workshop, as_user, owner, times):
    workshop = make_workshop(
        "rule: gone\nentity: complaint\nwhen: record_deleted\n"
        "then: [{notify: {to: {role: service}, text: '{subject} of {customer.name}: {customer.credit_limit}'}}]"
    )
    with as_user() as session:
        customer = make_customer(session, name="Ada", credit_limit="5000").id
        number = make_complaint(session, subject="Old", customer=customer, owner=user_id(session, owner)).id
    with as_user() as session:
        delete_record(session, session.workspace.schema.entities["complaint"], number)
    workshop.work_off()
    assert told(as_user, "service") == ["Old of Ada: —"] * times


def test_a_rehearsal_leaves_out_whom_the_rule_would(make_workshop, as_user):
    workshop = make_workshop(ON_COMPLAINT)
    with as_user() as session:
        number = make_complaint(session, owner=user_id(session, "manager")).id
    [firing] = try_rule(workshop, "tell", number).firings
    assert len(firing["effects"][0]["out_of_reach"]) == 1
