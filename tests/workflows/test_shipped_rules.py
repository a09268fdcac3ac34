"""The shipped rules that an organisation switches on when it wants them: each does what its label says."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from config import ROOT
from crm import notifications
from crm.records.service import update_record
from tests.conftest import find_actor
from tests.factories import make_complaint, make_customer, make_deal, make_purchase, user_id
from tests.workflows.test_actions import add_colleague, put_into_group
from workflows.approvals import service
from workflows.runs.ticking import tick


@pytest.fixture
def switched_on(make_workshop):
    """A function that makes a workshop in which one shipped rule is enabled."""

    def make(name, *templates):
        texts = [(ROOT / "schemas/templates" / f"{one}.yaml").read_text("utf-8") for one in templates]
        rule = (ROOT / "schemas/rules" / f"{name}.yaml").read_text("utf-8")
        assert "enabled: false" in rule
        return make_workshop(*texts, rule.replace("enabled: false", "enabled: true"))

    return make


def planned(as_user):
    with as_user() as session:
        cls = session.workspace.models["activity"]
        return [
            (one.kind, one.subject, one.owner_id) for one in session.scalars(sa.select(cls).order_by(cls.id))
        ]


def told(as_user, name):
    with as_user() as session:
        rows = notifications.list_notifications(session, user_id(session, name))
        return [row["text"].get("en") for row in rows]


def change(as_user, entity, number, **values):
    with as_user() as session:
        update_record(session, session.workspace.schema.entities[entity], number, values)


def on_its_day(workshop, clock, hour):
    """Let the clock rule begin, and its next time come."""
    tick(workshop)
    clock.now = (clock.now + dt.timedelta(days=1)).replace(hour=hour, minute=59)
    tick(workshop)
    workshop.work_off()


def test_a_customer_who_gets_at_risk_is_called(switched_on, as_user):
    workshop = switched_on("at_risk_alert")
    with as_user() as session:
        owner = user_id(session, "sales")
        number = make_customer(session, name="Acme", status="active", owner=owner).id
    workshop.work_off()
    assert planned(as_user) == []
    change(as_user, "customer", number, status="at_risk")
    workshop.work_off()
    assert planned(as_user) == [("call", "Call Acme: at risk", owner)]
    assert told(as_user, "sales") == ["Acme is at risk. A call is planned."]


def test_a_complaint_past_its_due_time_is_escalated(switched_on, as_user, clock):
    workshop = switched_on("escalate_overdue_complaint")
    with as_user() as session:
        opened, due = clock.now - dt.timedelta(days=2), clock.now - dt.timedelta(hours=3)
        late = make_complaint(session, opened_at=opened.isoformat(), due_at=due.isoformat()).id
        early = make_complaint(session, opened_at=opened.isoformat()).id
    clock.now += dt.timedelta(hours=4)
    tick(workshop)
    workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["complaint"]
        assert [session.get(cls, number).status for number in (late, early)] == ["escalated", "open"]
    assert len(told(as_user, "manager")) == 1


def test_a_large_customer_without_contact_is_called_once_a_month(switched_on, as_user, clock):
    workshop = switched_on("no_contact_large_customer")
    with as_user() as session:
        make_customer(session, name="Acme", status="active", segment="enterprise")
        make_customer(session, name="Tiny", status="active", segment="small")
    on_its_day(workshop, clock, 8)
    assert [subject for _kind, subject, _owner in planned(as_user)] == ["Call Acme: no contact for 60 days"]
    on_its_day(workshop, clock, 8)
    assert len(planned(as_user)) == 1


def test_a_regular_customer_who_stops_buying_is_called(switched_on, as_user, clock):
    workshop = switched_on("reorder_due")
    with as_user() as session:
        for name, days in (("Acme", (300, 200, 120)), ("Fresh", (300, 200, 20)), ("Once", (300,))):
            buyer = make_customer(session, name=name, status="active")
            for ago in days:
                make_purchase(
                    session, buyer=buyer, bought_on=(clock.now.date() - dt.timedelta(days=ago)).isoformat()
                )
    on_its_day(workshop, clock, 8)
    assert [subject for _kind, subject, _owner in planned(as_user)] == ["Call Acme: an order is due"]


def test_a_late_payment_is_followed_up(switched_on, as_user):
    workshop = switched_on("late_payment")
    with as_user() as session:
        owner = user_id(session, "sales")
        buyer = make_customer(session, name="Acme", owner=owner)
        number = make_purchase(session, buyer=buyer, amount="99.50").id
    change(as_user, "purchase", number, payment="overdue")
    workshop.work_off()
    [(kind, subject, whose)] = planned(as_user)
    assert (kind, whose) == ("task", owner) and subject.startswith("Late payment: Acme")
    assert len(told(as_user, "accountant")) == 1


def test_after_a_complaint_the_customer_is_asked_a_day_later(switched_on, as_user, clock):
    workshop = switched_on("ask_satisfaction", "satisfaction_request")
    with as_user() as session:
        customer = make_customer(session, email="maria@example.com", language="ro")
        number = make_complaint(session, customer=customer).id
    change(as_user, "complaint", number, status="closed")
    workshop.work_off()
    assert workshop.messages() == []
    clock.now += dt.timedelta(days=1, minutes=1)
    workshop.work_off()
    [mail] = workshop.messages()
    assert (mail["to"], mail["language"]) == ("maria@example.com", "ro")


def test_a_large_quote_waits_for_a_manager(switched_on, as_user):
    workshop = switched_on("approve_large_deal")
    with as_user() as session:
        owner = user_id(session, "sales")
        number = make_deal(session, name="Lorries", amount="60000", owner=owner).id
        make_deal(session, name="Bikes", amount="600", stage="offer", owner=owner)
    change(as_user, "deal", number, stage="offer")
    workshop.work_off()
    with workshop.session(find_actor(workshop.engine, workshop.workspace(), "manager")) as session:
        [asked] = service.list_questions(session)
        service.decide(session, asked.id, False, "too risky")
    workshop.work_off()
    with as_user() as session:
        assert session.get(session.workspace.models["deal"], number).stage == "qualified"
    assert "The quote for Lorries was rejected." in told(as_user, "sales")


def test_a_complaint_goes_to_who_speaks_the_language(switched_on, as_user):
    workshop = switched_on("assign_complaint_by_skill")
    with as_user() as session:
        add_colleague(session, "service")
        put_into_group(session, user_id(session, "service"), "Romanian")
        customer = make_customer(session, name="Acme", language="ro")
        numbers = [make_complaint(session, customer=customer).id for _ in range(2)]
    workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["complaint"]
        owners = {session.get(cls, number).owner_id for number in numbers}
        assert owners == {user_id(session, "service")}
    assert len(told(as_user, "service")) == 2
