"""E-mail: written once, delivered once, given up in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm import events
from crm.permissions.store import save_profile
from crm.records.timeline import timeline_of
from tests.factories import make_complaint, make_customer, user_id
from workflows.mail import outbox
from workflows.mail.compose import Message
from workflows.mail.deliver import DELAYS_SECONDS, build_mail, deliver_mail
from workflows.mail.timeline import mails_of
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs, store


def write(workshop, to="maria@example.com", key="1:0:0", cause=()):
    with workshop.session() as session:
        mail = Message(to, "Subject", "Text ă", "<p>Text ă</p>", "ro")
        outbox.add_message(session, mail, key, cause=cause)


def states(workshop):
    return [row["state"] for row in workshop.messages()]


@pytest.fixture
def posting(make_workshop, smtp):
    """A workshop that sends through a real mail server."""
    return make_workshop(mail_url=smtp.url)


def test_mail_goes_to_the_server_once(posting, smtp):
    write(posting)
    assert deliver_mail(posting) == 1
    assert deliver_mail(posting) == 0
    assert [mail["To"] for mail in smtp.messages] == ["maria@example.com"]
    assert smtp.messages[0].get_body(("plain",)).get_content().strip() == "Text ă"
    assert states(posting) == ["sent"]


def test_the_mail_of_a_single_deed_goes_before_those_of_a_crowd(posting, smtp):
    for number in range(3):
        write(posting, f"crowd{number}@example.com", f"{number}:0:0", ("import:7", "rule:welcome#1"))
    write(posting, "single@example.com", "9:0:0", ("rule:welcome#2",))
    assert deliver_mail(posting) == 4
    assert [mail["To"].partition("@")[0] for mail in smtp.messages] == [
        "single",
        "crowd0",
        "crowd1",
        "crowd2",
    ]


def test_what_an_import_leads_to_is_of_the_crowd(engine, clock, tmp_path, as_user):
    """The test above writes its messages by hand: this one lets a shipped rule write them."""
    workshop = RuleWorkshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock=clock)
    for cause in (("import:7",), ()):
        with as_user() as session:
            customer = make_customer(session, email="maria@example.com")
            session.cause = cause
            make_complaint(session, customer=customer)
    jobs.work_off(workshop)
    with workshop.reading() as session:
        lanes = session.scalars(sa.select(outbox.message.c.lane).order_by(outbox.message.c.id)).all()
    assert sorted(lanes) == [events.SINGLE, events.CROWD]


def test_same_key_is_never_written_twice(posting):
    write(posting)
    with pytest.raises(sa.exc.IntegrityError):
        write(posting)
    assert len(posting.messages()) == 1


def test_a_refused_mail_waits_longer_each_time_and_is_given_up(posting, smtp, clock):
    smtp.refusal = "451 Later"
    write(posting)
    for delay in DELAYS_SECONDS:
        deliver_mail(posting)
        assert states(posting) == ["waiting"]
        assert deliver_mail(posting) == 0
        clock.now += timedelta(seconds=delay)
    deliver_mail(posting)
    row = posting.messages()[0]
    assert (row["state"], row["attempts"]) == ("failed", len(DELAYS_SECONDS) + 1)
    assert "451" in row["error"]


def test_a_mail_refused_for_good_is_given_up_at_once(posting, smtp):
    smtp.refusal = "550 No such mailbox"
    write(posting)
    deliver_mail(posting)
    assert states(posting) == ["failed"]


def test_a_server_that_is_away_loses_nothing(make_workshop, smtp, clock):
    away = make_workshop(mail_url="smtp://127.0.0.1:1")
    write(away)
    deliver_mail(away)
    assert states(away) == ["waiting"]
    clock.now += timedelta(minutes=1)
    back = make_workshop(mail_url=smtp.url)
    assert deliver_mail(back) == 1


def test_a_second_attempt_has_the_same_message_id(posting, smtp, clock):
    write(posting)
    with posting.session() as session:  # a sender that was killed after the server took the mail
        row = outbox.claim_messages(session, clock.now, posting.lease_end(), 1)[0]
    first = build_mail(row, posting.organisation)["Message-ID"]
    clock.now += timedelta(minutes=5)
    deliver_mail(posting)
    assert smtp.messages[0]["Message-ID"] == first


def test_a_message_somebody_holds_is_left_alone(posting, smtp, clock):
    write(posting)
    with posting.session() as session:
        outbox.claim_messages(session, clock.now, posting.lease_end(), 1)
    assert deliver_mail(posting) == 0
    assert smtp.messages == []


def test_one_bad_message_does_not_hold_up_the_others(posting, smtp):
    write(posting, "broken\n@example.com", "1:0:0")
    write(posting, "fine@example.com", "1:0:1")
    assert deliver_mail(posting) == 1
    assert states(posting) == ["failed", "sent"]


def test_files_are_written_whole_and_once_by_default(make_workshop, tmp_path):
    workshop = make_workshop()
    write(workshop)
    deliver_mail(workshop)
    names = [file.name for file in (tmp_path / "mail").iterdir()]
    assert names == ["20260302-120000-1-0-0.eml"]


def test_people_of_a_role_get_it_in_their_own_language_and_nobody_twice(make_workshop, as_user):
    workshop = make_workshop(
        "rule: tell\nentity: customer\nwhen: record_created\nthen:\n"
        "  - send_email: {to: [{role: manager}, {user: manager}, owner, boss@example.com], template: hello}"
    )
    with as_user() as session:
        save_profile(session.connection(), user_id(session, "manager"), language="el")
        make_customer(session, name="Ada", owner=user_id(session, "sales"))
    workshop.work_off()
    assert [(mail["to"], mail["subject"]) for mail in workshop.messages()] == [
        ("manager@example.com", "Γεια σου Ada"),
        ("sales@example.com", "Hello Ada"),
        ("boss@example.com", "Hello Ada"),
    ]


def test_a_recipient_without_an_address_gets_nothing_and_the_run_says_so(make_workshop, as_user):
    workshop = make_workshop(
        "rule: tell\nentity: customer\nwhen: record_created\nthen: [{send_email: {to: email, template: hello}}]"
    )
    with as_user() as session:
        make_complaint(session)
    workshop.work_off()
    assert workshop.messages() == []
    with as_user() as session:
        assert store.list_steps(session, workshop.runs()[0]["id"])[0]["effect"]["nobody"] is True


def test_the_organisation_speaks_when_the_language_is_not_offered(make_workshop, as_user):
    workshop = make_workshop(
        "rule: tell\nentity: customer\nwhen: record_created\nthen: [{send_email: {to: email, template: hello}}]"
    )
    narrow = replace(workshop, organisation=replace(workshop.organisation, languages=("en", "ro")))
    with as_user() as session:
        make_customer(session, name="Ada", email="a@example.com", language="el")
    narrow.work_off()
    assert narrow.messages()[0]["language"] == "en"


def test_a_mail_is_on_the_timeline_of_its_record_and_of_those_above(session, session_as, monkeypatch):
    monkeypatch.setattr("crm.records.timeline.MORE_SOURCES", [mails_of])

    def mails(who, name, number):
        found = timeline_of(who, who.workspace.schema.entities[name], number).entries
        return [(entry.kind, entry.title) for entry in found if entry.kind == "mail"]

    customer = make_customer(session, owner=user_id(session, "sales"))
    complaint = make_complaint(session, customer=customer)
    mail = Message("maria@example.com", "We have it", "Text", "<p>Text</p>", "en")
    outbox.add_message(session, mail, "1:0:0", ("complaint", complaint.id))
    numbers = customer.id, complaint.id, make_customer(session).id
    session.commit()
    assert mails(session, "customer", numbers[0]) == [("mail", "We have it")]
    assert mails(session, "complaint", numbers[1]) == [("mail", "We have it")]
    assert mails(session, "customer", numbers[2]) == []
    session.rollback()
    sales = session_as("sales")
    assert mails(sales, "customer", numbers[0]) in ([], [("mail", "")])
