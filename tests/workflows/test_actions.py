"""Every action on real records."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import sqlalchemy as sa

from crm import notifications
from crm.records.service import delete_record, update_record
from tests.factories import make_complaint, make_customer, user_id
from workflows.actions import ACTIONS
from workflows.effects import effect_lines
from workflows.mail.deliver import deliver_mail
from workflows.runs import store


def get(session, entity, number):
    return session.get(session.workspace.models[entity], number)


def change(as_user, entity, number, **values):
    with as_user() as session:
        update_record(session, session.workspace.schema.entities[entity], number, values)


def test_a_wait_sleeps_and_then_goes_on_only_if_it_still_holds(make_workshop, as_user, clock):
    workshop = make_workshop(
        "rule: remind\nentity: complaint\nwhen: record_created\nthen:\n"
        "  - wait: {for: 4 hours, and_then_only_if: [{field: status, is: open}]}\n"
        "  - set_field: {field: severity, to: high}"
    )
    with as_user() as session:
        one, two = make_complaint(session).id, make_complaint(session).id
    workshop.work_off()
    assert workshop.states() == ["waiting", "waiting"]
    change(as_user, "complaint", two, status="working")
    clock.now += timedelta(hours=3)
    workshop.work_off()
    assert workshop.states() == ["waiting", "waiting"]
    clock.now += timedelta(hours=2)
    workshop.work_off()
    assert workshop.states() == ["done", "stopped"]
    with as_user() as session:
        assert get(session, "complaint", one).severity == "high"
        assert get(session, "complaint", two).severity == "normal"


def test_choose_takes_the_first_branch_that_holds(make_workshop, as_user):
    workshop = make_workshop(
        "rule: sort\nentity: complaint\nwhen: record_created\nthen:\n"
        "  - choose:\n"
        "      - {if: [{field: severity, is: urgent}], then: [{set_field: {field: status, to: escalated}}, stop]}\n"
        "      - {else: [{set_field: {field: status, to: working}}]}\n"
        "  - set_field: {field: channel, to: email}"
    )
    with as_user() as session:
        one, two = make_complaint(session, severity="urgent").id, make_complaint(session).id
    workshop.work_off()
    with as_user() as session:
        first, second = get(session, "complaint", one), get(session, "complaint", two)
        assert (first.status, first.channel) == ("escalated", "phone")
        assert (second.status, second.channel) == ("working", "email")


def test_assign_gives_to_the_least_busy_and_says_why(make_workshop, as_user):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\nif: [{field: owner, is_empty: true}]\n"
        "then: [{assign: {field: owner, among: {role: service}, by: least_busy}}]"
    )
    with as_user() as session:
        number = make_complaint(session).id
    workshop.work_off()
    with as_user() as session:
        assert get(session, "complaint", number).owner_id == user_id(session, "service")
        effect = store.list_steps(session, workshop.runs()[0]["id"])[0]["effect"]
    assert effect["why"] == {"by": "least_busy", "records": {"Service Tester": 0}}


def test_who_is_busy_is_counted_by_the_records_the_rule_names(make_workshop, as_user):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\nif: [{field: owner, is_empty: true}]\nthen:\n"
        "  - assign: {field: owner, among: {role: service}, by: least_busy,"
        " counting: [{field: status, is: open}]}\n  - stop\n  - set_field: {field: channel, to: email}"
    )
    with as_user() as session:
        first, mate = user_id(session, "service"), add_colleague(session, "service")
        for owner, severity in ((first, "normal"), (mate, "normal"), (mate, "normal")):
            made = make_complaint(session, owner=owner, severity=severity)
            if owner == mate:
                update_record(session, made.__entity__, made.id, {"status": "working"})
        number = make_complaint(session).id
    workshop.work_off()
    with as_user() as session:
        found = get(session, "complaint", number)
        assert (found.owner_id, found.channel) == (mate, "phone")  # and what stands behind `stop` is not done


def put_into_group(session, user, name):
    from crm.permissions.store import GROUPS

    connection, ours = (
        session.connection(),
        user * 1_000 + len(name),
    )  # Flask-AppBuilder counts from a sequence
    number = connection.scalar(sa.select(GROUPS.c.id).where(GROUPS.c.name == name))
    if number is None:
        number = ours
        connection.execute(sa.insert(GROUPS).values(id=number, name=name))
    connection.execute(sa.text("INSERT INTO ab_user_group (id, user_id, group_id) VALUES (:id, :user, :group)"),
                       {"id": ours, "user": user, "group": number})  # fmt: skip


def test_assign_prefers_who_speaks_the_language_and_knows_the_matter(make_workshop, as_user):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\nthen:\n"
        "  - assign: {field: owner, among: {role: service}, by: least_busy,"
        " match: {language: customer.language, region: customer.country, skill: kind}}"
    )
    with as_user() as session:
        first, mate = user_id(session, "service"), add_colleague(session, "service")
        for user, group in ((first, "ΕΛΛΗΝΙΚΆ"), (mate, "Greek"), (mate, "Return"), (first, "RO")):
            put_into_group(session, user, group)
        greek = make_customer(session, language="el", country="GR")
        ids = [
            make_complaint(session, customer=greek, kind="return").id,
            make_complaint(session, customer=greek, kind="return").id,
            make_complaint(session, customer=make_customer(session, language="he", country="RO")).id,
        ]
    workshop.work_off()
    with as_user() as session:
        owners = [get(session, "complaint", number).owner_id for number in ids]
        assert owners == [mate, mate, first]  # who knows returns, however busy; and who knows the country
        whys = [store.list_steps(session, row["id"])[0]["effect"]["why"] for row in workshop.runs()]
        assert whys[0]["matched"] == {"language": "el", "skill": "return"} and whys[0]["missed"] == {
            "region": "GR"
        }
        assert (whys[2]["matched"], whys[2]["missed"]) == (
            {"region": "RO"},
            {"language": "he", "skill": "complaint"},
        )
        entity = session.workspace.schema.entities["complaint"]
        [step] = store.list_steps(session, workshop.runs()[0]["id"])
        assert ("Matches", "el, return") in effect_lines(session, entity, step["effect"])
        rule = workshop.fixed.schema.parts["rule"]["give"]
        said = ACTIONS["assign"].describe(rule.steps[0], workshop.fixed.schema, entity, "en")
        assert said.endswith("“Service” who matches: Customer: Language, Customer: Country, Type")


def test_round_robin_goes_round(make_workshop, as_user, engine):
    workshop = make_workshop(
        "rule: give\nentity: complaint\nwhen: record_created\n"
        "then: [{assign: {field: owner, among: {role: service}, by: round_robin}}]"
    )
    with as_user() as session:
        second = add_colleague(session, "service")
        for _ in range(4):
            make_complaint(session)
    workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["complaint"]
        owners = list(session.scalars(sa.select(cls.owner_id).order_by(cls.id)))
        first = user_id(session, "service")
    assert owners == [first, second, first, second]


def add_colleague(session, role):
    from flask_appbuilder.security.sqla.models import User, assoc_user_role

    from crm.permissions.store import ROLES

    connection = session.connection()
    row = {
        "username": "mate",
        "first_name": "Mate",
        "last_name": "Tester",
        "email": "m@example.com",
        "active": True,
    }
    key = connection.execute(sa.insert(User.__table__).values(**row)).inserted_primary_key[0]
    role_id = connection.scalar(sa.select(ROLES.c.id).where(ROLES.c.name == role))
    connection.execute(sa.insert(assoc_user_role).values(user_id=key, role_id=role_id))
    return key


def test_update_related_writes_the_children_that_fit(make_workshop, as_user):
    workshop = make_workshop(
        "rule: leave\nentity: customer\nwhen: {changed: [status]}\nif: [{field: status, is: churned}]\nthen:\n"
        "  - update_related: {through: complaints, where: [{field: status, is: open}], "
        "values: {status: working, channel: '= channel'}}"
    )
    with as_user() as session:
        customer = make_customer(session)
        one = make_complaint(session, customer=customer).id
        two = make_complaint(session, customer=customer, status="escalated").id
        number = customer.id
    change(as_user, "customer", number, status="churned")
    workshop.work_off()
    with as_user() as session:
        assert get(session, "complaint", one).status == "working"
        assert get(session, "complaint", two).status == "escalated"


def test_a_deleted_record_can_still_be_told_of(make_workshop, as_user):
    workshop = make_workshop(
        "rule: bye\nentity: customer\nwhen: record_deleted\nif: [{field: status, is: active}]\n"
        "then: [{notify: {to: {role: manager}, text: {en: 'Gone: {name}'}}}]"
    )
    with as_user() as session:
        number = make_customer(session, name="Ada", status="active").id
    workshop.work_off()
    with as_user() as session:
        delete_record(session, session.workspace.schema.entities["customer"], number)
    workshop.work_off()
    with as_user() as session:
        told = notifications.list_notifications(session, user_id(session, "manager"))
    assert [row["text"].get("en") for row in told] == ["Gone: Ada"]


def test_delete_record_deletes_and_ends_the_run(make_workshop, as_user):
    workshop = make_workshop(
        "rule: clean\nentity: complaint\nwhen: record_created\nif: [{field: subject, is: spam}]\n"
        "then: [delete_record]"
    )
    with as_user() as session:
        number = make_complaint(session, subject="spam").id
    workshop.work_off()
    with as_user() as session:
        assert get(session, "complaint", number) is None


def test_mail_is_sent_once_in_the_customers_language(make_workshop, as_user, tmp_path):
    workshop = make_workshop(
        "template: received\nsubject: {en: 'Received {number}', el: 'Λήψη {number}'}\n"
        "body: {en: 'Dear {customer.name}', el: 'Αγαπητέ **{customer.name}**'}",
        "rule: greet\nentity: complaint\nwhen: record_created\n"
        "then: [{send_email: {to: customer.email, template: received}}]",
    )
    with as_user() as session:
        customer = make_customer(session, name="Μαρία <b>", email="maria@example.com", language="el")
        make_complaint(session, customer=customer)
    workshop.work_off()
    assert deliver_mail(workshop) == 1
    assert deliver_mail(workshop) == 0
    files = list((tmp_path / "mail").glob("*.eml"))
    assert len(files) == 1
    mail = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert mail["Subject"].startswith("Λήψη C-2026-")
    assert mail["To"] == "maria@example.com"
    assert "Αγαπητέ Μαρία <b>" in mail.get_body(("plain",)).get_content()
    assert "<strong><bdi>Μαρία &lt;b&gt;</bdi></strong>" in mail.get_body(("html",)).get_content()
