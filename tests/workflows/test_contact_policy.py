"""The contact policy, above every rule: judged when a mail is written and again at the moment it leaves."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from crm.entities.load import build_schema
from crm.records.contact import open_channels, quiet_until
from crm.records.notes import notes_on
from crm.records.service import update_record
from crm.records.timeline import timeline_of
from tests.factories import make_complaint, make_contact, make_customer
from workflows.effects import effect_lines
from workflows.mail.deliver import deliver_mail
from workflows.mail.notes import contact_notes
from workflows.runs import store
from workflows.runs.rehearse import try_rule

RULE = "rule: answer\nentity: complaint\nwhen: record_created\nthen:\n  - send_email: {to: %s, template: plain%s}\n"
PLAIN = 'template: plain\nsubject: {en: "About {title}"}\nbody: {en: "Hello."}'


@pytest.fixture
def governed(workspace, monkeypatch):
    """A function that gives customers another contact policy."""

    def give(**policy):
        model = workspace.models["customer"]
        entity = replace(model.__entity__, options={**model.__entity__.options, "contact": policy})
        monkeypatch.setattr(model, "__entity__", entity)

    return give


@pytest.fixture
def complain(make_workshop, as_user):
    """A function that lets a customer complain while a rule answers: returns the workshop, the mails not delivered."""

    def make(to="customer.email", more="", times=1, **values):
        workshop = make_workshop(PLAIN, RULE % (to, more))
        with as_user() as session:
            customer = make_customer(session, email="maria@example.com", **values)
            for _ in range(times):
                make_complaint(session, customer=customer)
            workshop.customer = customer.id
        workshop.work_off()
        return workshop

    return make


def outcome(workshop):
    deliver_mail(workshop)
    return [(row["state"], row["error"]) for row in workshop.messages()]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"do_not_contact": True}, "contact.do_not_contact:email"),
        ({"consent": ["phone", "post"]}, "contact.no_consent:email"),
        ({"consent": ["email"]}, None),
        ({}, None),
    ],
)
def test_nobody_is_written_to_who_does_not_want_it(complain, values, why):
    workshop = complain(**values)
    assert outcome(workshop) == [("held" if why else "sent", why)]


def test_the_run_the_timeline_and_the_page_say_what_was_held_back_and_why(complain, as_user):
    workshop = complain(consent=["phone"])
    with as_user() as session:
        run = workshop.runs()[0]
        [step] = store.list_steps(session, run["id"])
        entities = session.workspace.schema.entities
        lines = effect_lines(session, entities["complaint"], step["effect"])
        assert ("maria@example.com", "Held back: no consent for email") in lines
        timeline = timeline_of(session, entities["customer"], workshop.customer)
        [entry] = [one for one in timeline.entries if one.source == "~mail"]
        assert (entry.choice, entry.text) == ("held", "Held back: no consent for email")
    effects = try_rule(workshop, "answer").firings[0]["effects"]
    assert effects[0]["held_back"] == [["maria@example.com", "contact.no_consent:email"]]


def test_the_page_says_how_somebody_may_be_contacted(app, session, monkeypatch):
    customer = make_customer(session, consent=["phone"])
    with app.test_request_context():
        [note] = contact_notes(session, customer.__entity__, customer)
        assert note.text.endswith("phone")
        update_record(session, customer.__entity__, customer.id, {"do_not_contact": True})
        assert [one.kind for one in notes_on(session, customer.__entity__, customer)][:1] == ["danger"]
        rights = replace(session.actor.rights("customer"), hidden=frozenset({"consent"}))
        monkeypatch.setattr(type(session.actor), "rights", lambda _actor, _name: rights)
        assert contact_notes(session, customer.__entity__, customer) == []


def test_what_is_owed_is_sent_in_any_case_and_says_so(complain, as_user):
    workshop = complain(more=", service: true", do_not_contact=True)
    assert outcome(workshop) == [("sent", None)]
    with as_user() as session:
        [step] = store.list_steps(session, workshop.runs()[0]["id"])
        entity = session.workspace.schema.entities["complaint"]
        assert any(
            "Service message" in words for _label, words in effect_lines(session, entity, step["effect"])
        )


def test_the_policy_is_asked_again_when_the_mail_leaves(complain, as_user):
    workshop = complain()
    with as_user() as session:
        customer = session.get(session.workspace.models["customer"], workshop.customer)
        update_record(session, customer.__entity__, customer.id, {"do_not_contact": True})
    assert outcome(workshop) == [("held", "contact.do_not_contact:email")]


def test_a_person_of_a_company_that_wants_no_contact_gets_none(make_workshop, as_user):
    workshop = make_workshop(
        PLAIN,
        "rule: greet\nentity: contact\nwhen: record_created\nthen: [{send_email: {to: email, template: plain}}]",
    )
    with as_user() as session:
        company = make_customer(session, do_not_contact=True)
        make_contact(session, email="a@example.com", customer=company)
        make_contact(session, email="b@example.com", do_not_contact=True)
        make_contact(session, email="c@example.com")
    workshop.work_off()
    assert [state for state, _why in outcome(workshop)] == ["held", "held", "sent"]


def test_quiet_hours_put_a_mail_off_until_they_end(complain, governed, clock):
    governed(quiet_hours={"from": "21:00", "to": "08:00"}, time_zone="country")
    clock.now = dt.datetime(2026, 7, 1, 20, 30)  # 23:30 in Athens
    workshop = complain(country="GR")
    assert outcome(workshop) == [("waiting", "")]
    clock.now = dt.datetime(2026, 7, 2, 4, 59)
    assert outcome(workshop) == [("waiting", "")]
    clock.now = dt.datetime(2026, 7, 2, 5, 0)
    assert outcome(workshop) == [("sent", None)]


def test_nobody_gets_more_than_the_cap_and_a_week_later_they_may_again(complain, governed, clock, as_user):
    governed(at_most={"times": 2, "per": "week"})
    workshop = complain(times=4)
    assert [state for state, _why in outcome(workshop)] == ["sent", "sent", "held", "held"]
    assert outcome(workshop)[2][1] == "contact.too_often:email"
    clock.now += dt.timedelta(days=8)
    with as_user() as session:
        make_complaint(session, customer=workshop.customer)
    workshop.work_off()
    assert outcome(workshop)[-1] == ("sent", None)


ATHENS = ZoneInfo("Europe/Athens")


@pytest.mark.parametrize(
    ("country", "now", "until"),
    [
        ("GR", "2026-03-28T22:30", "2026-03-29T05:00"),  # over the night that has 23 hours
        ("RO", "2026-07-01T18:30", "2026-07-02T05:00"),
        ("IL", "2026-07-01T17:00", None),
        ("GB", "2026-07-01T19:30", None),
        ("US", "2026-07-01T12:00", "2026-07-01T18:00"),  # quiet somewhere: until it is 8 in Hawaii
        (None, "2026-07-01T18:30", "2026-07-02T05:00"),
    ],
)
def test_quiet_hours_are_those_of_the_persons_country(session, governed, country, now, until):
    governed(quiet_hours={"from": "21:00", "to": "08:00"}, **({"time_zone": "country"} if country else {}))
    customer = make_customer(session, **({"country": country} if country else {}))
    found = quiet_until(customer, dt.datetime.fromisoformat(now), ATHENS)
    assert (found and found.isoformat(timespec="minutes")) == until


def test_consent_may_be_a_field_per_channel_and_an_empty_one_is_none(session, governed):
    governed(consent={"email": "do_not_contact", "phone": "consent"})
    customer = make_customer(session, consent=["phone"], do_not_contact=True)
    assert open_channels(customer) == ["email", "phone"]
    assert open_channels(make_customer(session)) == []


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"consent": "name"}, "schema.duty_needs_type"),
        ({"consent": {"pigeon": "name"}}, "schema.unknown_key"),
        ({"do_not_contact": "nothing"}, "schema.unknown_field"),
        ({"quiet_hours": {"from": "9", "to": "08:00"}}, "schema.bad_clock"),
        ({"at_most": {"times": 0, "per": "week"}}, "schema.bad_times"),
        ({"at_most": {"times": 1, "per": "eon"}}, "field.unknown_word"),
        ({"if_unknown": "ask"}, "field.unknown_word"),
        ({"through": "name"}, "schema.duty_needs_type"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(shipped, policy, code):
    documents = [
        replace(one, body={**one.body, "contact": policy})
        if (one.kind, one.name) == ("entity", "customer")
        else one
        for one in shipped.documents
    ]
    assert code in {problem.code.removesuffix("_near") for problem in build_schema(documents, 2)[1]}
