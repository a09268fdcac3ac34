"""`ask_approval`: people decide, once, and the run goes on once; who leaves is replaced, who is away has a stand-in."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from crm import notifications
from crm.database import only_reading, open_session
from crm.entities.load import load_document
from crm.errors import ConflictError, NotAllowedError, NotFoundError, RecordError
from crm.permissions.model import SYSTEM
from crm.permissions.store import deactivate
from crm.records.notes import notes_on
from crm.records.timeline import timeline_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.conftest import find_actor
from tests.factories import make_complaint, make_deal, user_id
from tests.workflows.conftest import read_rule
from tests.workflows.test_actions import add_colleague
from workflows.approvals import service, store
from workflows.organisation import RuleWorkshop, organisation_of
from workflows.runs import store as runs
from workflows.runs.jobs import work_off
from workflows.runs.rehearse import try_rule

RULE = """rule: discount
entity: deal
when: record_created
then:
  - ask_approval:
      of: %s
      text: {en: "A discount on {name}?", el: "Έκπτωση στο {name};"}
      if_approved: [{set_field: {field: stage, to: offer}}]
      if_refused: [{set_field: {field: lost_reason, to: price}}]
  - set_field: {field: probability, to: 50}
"""


@pytest.fixture
def made(make_workshop, as_user):
    """A function that makes a workshop and a deal whose approval waits: (workshop, deal)."""

    def make(of="{role: manager}", more=""):
        workshop = make_workshop((RULE % of).replace("      if_approved", f"{more}      if_approved", 1))
        with as_user() as session:
            deal = make_deal(session, name="Ten lorries").id
        workshop.work_off()
        return workshop, deal

    return make


@contextmanager
def acting(workshop, name):
    with workshop.session(find_actor(workshop.engine, workshop.workspace(), name)) as session:
        yield session


def decide(workshop, name, is_approved=True, reason=""):
    with acting(workshop, name) as session:
        [asked] = service.list_questions(session)
        return service.decide(session, asked.id, is_approved, reason)["state"]


def deal_of(workshop, number):
    with workshop.reading() as session:
        found = session.get(session.workspace.models["deal"], number)
        return found.stage, found.lost_reason, found.probability


def told(workshop, name):
    with workshop.reading() as session:
        rows = notifications.list_notifications(session, user_id(session, name))
        return [row["text"].get("en") for row in rows]


def mate(workshop, role="manager"):
    with workshop.session() as session:
        return add_colleague(session, role)


def test_the_first_of_a_role_decides_and_the_run_goes_on_once(made, as_user):
    with as_user() as session:
        second = add_colleague(session, "manager")
    workshop, deal = made()
    assert workshop.states() == ["waiting"] and deal_of(workshop, deal)[0] == "prospect"
    assert (
        told(workshop, "manager")
        == told(workshop, "mate")
        == ["Your approval is needed: A discount on Ten lorries?"]
    )
    with acting(workshop, "mate") as session:
        [other] = service.list_questions(session)
    with acting(workshop, "manager") as session:
        [mine] = service.list_questions(session)
        record = session.get(session.workspace.models["deal"], deal)
        [note] = notes_on(session, record.__entity__, record)
        assert "Mate Tester" in note.text and note.url.endswith(f"#approval-{mine.id}")
    assert mine.id == other.id and mine.title == "Ten lorries"
    with acting(workshop, "manager") as session:
        assert service.decide(session, mine.id, True, "fair")["state"] == "approved"
    with pytest.raises(ConflictError) as refused, acting(workshop, "mate") as session:
        service.decide(session, mine.id, False, "too much")
    assert refused.value.params["person"] == "Manager Tester"
    workshop.work_off()
    workshop.work_off()
    assert deal_of(workshop, deal) == ("offer", None, 50)
    assert workshop.states() == ["done"]
    with acting(workshop, "manager") as session:
        entity = session.workspace.schema.entities["deal"]
        [entry] = [one for one in timeline_of(session, entity, deal).entries if one.kind == "approval"]
        assert (entry.title, entry.who) == ("Approved", "Manager Tester")
        assert entry.text.endswith("fair")
        assert notes_on(session, entity, session.get(session.workspace.models["deal"], deal)) == []
        assert [row["verdict"] for row in service.list_decided(session, 5)] == ["approved"]
    assert second


def test_a_rejection_needs_a_reason_and_leads_the_other_way(made):
    workshop, deal = made()
    with pytest.raises(RecordError):
        decide(workshop, "manager", False, "  ")
    assert decide(workshop, "manager", False, "too much") == "refused"
    workshop.work_off()
    assert deal_of(workshop, deal) == ("prospect", "price", 50)
    with workshop.reading() as session:
        effect = runs.list_steps(session, workshop.runs()[0]["id"])[0]["effect"]
    assert (effect["verdict"], effect["by"], effect["reason"]) == ("refused", "Manager Tester", "too much")


def test_all_must_approve_and_in_an_order_one_waits_for_the_other(made, as_user):
    workshop, deal = made("[{user: admin}, {user: manager}]", "      by: all\n")
    assert decide(workshop, "admin") == "waiting"
    workshop.work_off()
    assert deal_of(workshop, deal)[0] == "prospect"
    assert decide(workshop, "manager") == "approved"
    workshop.work_off()
    assert deal_of(workshop, deal)[0] == "offer"
    workshop, deal = made("[{user: admin}, {user: manager}]", "      by: in_order\n")
    assert len(told(workshop, "admin")) == 2 and len(told(workshop, "manager")) == 1  # not yet their turn
    with pytest.raises(ConflictError):
        decide(workshop, "manager")
    assert decide(workshop, "admin") == "waiting"
    workshop.work_off()
    assert len(told(workshop, "manager")) == 2
    assert decide(workshop, "manager", False, "no") == "refused"
    workshop.work_off()
    assert deal_of(workshop, deal)[1] == "price"


def test_those_who_have_not_spoken_are_reminded(made, clock):
    workshop, _deal = made(more="      remind_after: 2 days\n")
    for _day in range(5):
        clock.now += dt.timedelta(days=1)
        workshop.work_off()
    assert [words.startswith("Your approval is still needed") for words in told(workshop, "manager")] == [
        True,
        True,
        False,
    ]


def test_a_stand_in_decides_while_somebody_is_away(made, clock):
    workshop, deal = made()
    days = (clock.now.date(), clock.now.date() + dt.timedelta(days=3))
    with acting(workshop, "manager") as session:
        with pytest.raises(RecordError):
            service.save_away(session, days, session.actor.user_id)
        service.save_away(session, days, user_id(session, "admin"))
    workshop.work_off()
    assert told(workshop, "admin") == ["Your approval is needed: A discount on Ten lorries?"]
    with acting(workshop, "admin") as session:
        [asked] = service.list_questions(session)
        assert asked.instead_of == ("Manager Tester",)
    clock.now += dt.timedelta(days=10)
    with pytest.raises(NotAllowedError):  # back again: it is no longer theirs
        decide(workshop, "admin")
    clock.now -= dt.timedelta(days=10)
    assert decide(workshop, "admin") == "approved"
    with acting(workshop, "manager") as session:
        entity = session.workspace.schema.entities["deal"]
        [entry] = [one for one in timeline_of(session, entity, deal).entries if one.kind == "approval"]
        assert "for Manager Tester" in entry.who


def test_who_leaves_is_replaced(made, clock):
    workshop, deal = made()
    with acting(workshop, "manager") as session:
        [asked] = service.list_questions(session)
    with pytest.raises(NotFoundError), acting(workshop, "sales") as session:
        service.decide(session, asked.id, True, "")
    second = mate(workshop)
    with workshop.session() as session:
        leaver = find_actor(workshop.engine, workshop.workspace(), "manager")
        deactivate(session.connection(), leaver.user_id)
    with pytest.raises(NotAllowedError), workshop.session(leaver) as session:
        service.decide(session, asked.id, True, "")
    clock.now += dt.timedelta(hours=1)
    workshop.work_off()
    with workshop.session() as session:
        [seat] = store.list_seats(session, [asked.id])[asked.id]
        assert seat["person_id"] == second
        deactivate(session.connection(), second)
    clock.now += dt.timedelta(hours=1)
    workshop.work_off()
    assert decide(workshop, "admin") == "approved"  # where nobody is left
    workshop.work_off()
    assert deal_of(workshop, deal)[0] == "offer"


def test_a_rule_that_was_stopped_takes_no_decision(made):
    workshop, _deal = made()
    with acting(workshop, "manager") as session:
        [asked] = service.list_questions(session)
        session.execute(sa.update(runs.run).values(state=runs.STOPPED))
    with acting(workshop, "manager") as session:
        assert service.list_questions(session) == []
        with pytest.raises(ConflictError):
            service.decide(session, asked.id, True, "")


def test_a_rehearsal_asks_nobody(made, as_user):
    workshop, _deal = made()
    with as_user() as session:
        other = make_deal(session).id
    before = told(workshop, "manager")
    [firing] = try_rule(workshop, "discount", other).firings
    assert [effect["action"] for effect in firing["effects"]] == ["ask_approval", "set_field", "set_field"]
    assert told(workshop, "manager") == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{of: {role: boss}, text: x}", "boss"),
        ("{of: owner, text: '{nothing}'}", "nothing"),
        ("{of: owner, text: x, by: majority}", "majority"),
        ("{of: owner, text: x, if_approved: [{set_field: {field: nothing, to: 1}}]}", "nothing"),
        ("{of: owner, text: x, remind_after: soon}", "soon"),
        ("{text: x}", "of"),
    ],
)
def test_what_cannot_be_asked_is_refused(shipped, body, said):
    _rule, problems = read_rule(
        f"rule: ask\nentity: deal\nwhen: record_created\nthen:\n  - ask_approval: {body}\n", shipped
    )
    assert said in str([problem.params for problem in problems])


ASKS = """rule: ask_boss
entity: complaint
when: record_created
then:
  - ask_approval: {of: {role: manager}, text: "Money back for {subject}?"}
"""


@pytest.fixture
def asking(begin_at, engine):
    """The shipped schemas with a rule that asks managers about complaints."""

    def publish():
        publish_schema(engine, [*get_workspace(engine).schema.documents, load_document(ASKS, "")[0]], "ask")

    begin_at(__name__, publish)
    return get_workspace(engine)


def test_one_decides_on_the_page_and_over_rest(asking, engine, client, settings):
    with open_session(engine, asking, SYSTEM) as session:
        first, second = make_complaint(session, subject="Wet parcel").id, make_complaint(session).id
    work_off(RuleWorkshop(engine, organisation_of(settings)))
    boss, other = client("manager"), client("service")
    key, foreign = ({"headers": one.api_token(name)} for one, name in ((boss, "manager"), (other, "service")))
    page = boss.get("/approvals/").text
    assert "Money back for Wet parcel?" in page and "Nothing to approve" in other.get("/approvals/").text
    assert "/approvals/#approval-" in boss.get("/my-day/").text
    found = boss.get("/api/v1/approval/", **key).json
    assert [row["record"] for row in found["result"]] == [first, second]
    one, two = (row["id"] for row in found["result"])
    assert "Waiting for approval" in boss.get(f"/complaint/show/{first}").text
    assert boss.submit(f"/approvals/{one}", {"approve": "0", "reason": ""}, "/approvals/").status_code == 422
    page = boss.submit(f"/approvals/{one}", {"approve": "1", "reason": "good"}, "/approvals/")
    assert page.status_code == 302
    assert other.post(f"/api/v1/approval/{two}", json={"approve": True}, **foreign).status_code == 404
    assert boss.post(f"/api/v1/approval/{two}", json={"approve": "yes"}, **key).status_code == 400
    answer = boss.post(f"/api/v1/approval/{two}", json={"approve": False, "reason": "no"}, **key)
    assert (answer.status_code, answer.json["state"]) == (200, "refused")
    again = boss.post(f"/api/v1/approval/{two}", json={"approve": True}, **key)
    assert again.status_code == 409 and "already decided" in again.json["error"]["message"]
    sent = {"from": "2026-01-01", "until": "2026-12-31", "stand_in": "service"}
    assert boss.submit("/approvals/away", sent, "/approvals/").status_code == 302
    assert boss.submit("/approvals/away", {**sent, "stand_in": ""}, "/approvals/").status_code == 422
    with only_reading(), open_session(engine, asking, SYSTEM) as session:
        assert store.find_away(session, user_id(session, "manager"))["until_day"] == dt.date(2026, 12, 31)
