"""Webhooks: only genuine calls count, each once, and start the rules that wait for them on the right record."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
from threading import Thread
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from crm.entities.load import load_document
from crm.messages import render
from crm.records.values import values_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_complaint, make_customer
from tests.workflows.conftest import read_rule
from workflows.hooks import receive, store
from workflows.runs.budget import RUNS
from workflows.runs.sweeping import erase_old

PAID = """
rule: paid
entity: complaint
when: {webhook: {name: case-note, find: {number: body.case.number}}}
if: [{field: status, is_not: closed}]
then:
  - set_field: {field: description, to: "Paid {body.amount} for {body.case.lines.0.sku}: {body.note}"}
  - set_field: {field: due_at, to: "{body.due}"}
"""
NEW = """
rule: new_customer
entity: customer
when:
  webhook:
    name: signup
    find: {email: body.email}
    create: {name: "{body.name} ({body.shop})", email: "{body.email}", revenue: "{body.spent}", country: GR}
then: [{set_field: {field: notes, to: "{body.comment}"}}]
"""
BY_ID = "rule: touched\nentity: customer\nwhen: {webhook: touched}\nthen: [{set_field: {field: notes, to: seen}}]\n"
SECRET = "s" * 64


def header(body, at, secret=SECRET):
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@pytest.fixture
def hooks(make_workshop, as_user, clock, monkeypatch):
    """A function that makes rules with their secrets and gives one that calls: `call("signup", {…})`."""
    monkeypatch.setattr(store.secrets, "token_hex", lambda _bytes: SECRET)

    def begin(*rules):
        workshop = make_workshop(*rules)
        with as_user() as session:
            for name in ("case-note", "signup", "touched"):
                store.renew_secret(session, name)

        def call(name, body, key=None, secret=SECRET, at=None, run=""):
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            at = at or int(clock.now.replace(tzinfo=dt.UTC).timestamp())
            return receive.receive(workshop, receive.Sent(name, raw, header(raw, at, secret), key, run))

        return workshop, call

    return begin


def stored(as_user, entity, number):
    with as_user() as session:
        return SimpleNamespace(**values_of(session, session.get(session.workspace.models[entity], number)))


def outcome_of(as_user, number):
    with as_user() as session:
        return session.scalar(sa.select(store.call.c.outcome).where(store.call.c.id == number))


@pytest.mark.both_databases("records are found in SQL, the call is a row")
def test_a_call_runs_its_rule_on_the_record_it_names(hooks, as_user):
    workshop, call = hooks(PAID)
    with as_user() as session:
        complaint = make_complaint(session, customer=make_customer(session))
        number, name = complaint.id, complaint.number
    body = {
        "case": {"number": name, "lines": [{"sku": "Κ-7"}]},
        "amount": 12.10,
        "due": "2026-12-24T10:00:00Z",
    }
    call("case-note", {**body, "note": "{title} <b>", "secret": "kept nowhere"})
    workshop.work_off()
    record = stored(as_user, "complaint", number)
    assert record.description == "Paid 12.1 for Κ-7: {title} <b>"
    assert record.due_at == dt.datetime(2026, 12, 24, 10)
    [run] = workshop.runs()
    assert run["state"] == "done" and run["cause"] == ["hook:case-note#1"]
    assert "kept nowhere" not in json.dumps(run["why"])


def test_a_call_creates_the_record_it_is_about_once(hooks, as_user):
    workshop, call = hooks(NEW)
    body = {
        "email": "ada@example.com",
        "name": "Ada",
        "shop": "Αθήνα",
        "spent": "1200.50",
        "comment": "first",
    }
    call("signup", body)
    call("signup", {**body, "comment": "second"})
    workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["customer"]
        [record] = session.scalars(sa.select(cls).where(cls.email == "ada@example.com"))
        assert (record.name, str(record.revenue), record.notes) == ("Ada (Αθήνα)", "1200.50", "second")
    assert workshop.states() == ["done", "done"]


@pytest.mark.both_databases("calls come at the same time")
def test_calls_about_one_new_record_at_the_same_time_create_it_once(hooks, as_user):
    workshop, call = hooks(NEW)
    body = {"email": "ada@example.com", "name": "Ada", "shop": "Αθήνα"}
    threads = [Thread(target=call, args=("signup", {**body, "comment": str(place)})) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workshop.work_off()
    with as_user() as session:
        cls = session.workspace.models["customer"]
        assert session.scalar(sa.select(sa.func.count()).where(cls.email == "ada@example.com")) == 1
    assert workshop.states() == ["done"] * 4


def test_forged_old_and_repeated_calls_and_unknown_names_are_refused_alike(hooks, clock):
    workshop, call = hooks(BY_ID)
    now = int(clock.now.replace(tzinfo=dt.UTC).timestamp())
    refused = []
    for arguments in (
        {"secret": "x" * 64},
        {"secret": "0" * 64},  # what stands in for the secret of an unknown name
        {"at": now - 301},
        {"at": now + 301},
    ):
        with pytest.raises(receive.ForgedError) as error:
            call("touched", {"id": 1}, **arguments)
        refused.append(render(error.value, "en"))
    for name in ("nothing", "../touched"):
        with pytest.raises(receive.ForgedError) as error:
            call(name, {"id": 1}, secret="0" * 64)
        refused.append(render(error.value, "en"))
    first = call("touched", {"id": 1}, at=now - 299)
    with pytest.raises(receive.ForgedError) as error:
        call("touched", {"id": 1}, at=now - 299)
    assert len({*refused, render(error.value, "en")}) == 1
    assert first and call("touched", {"id": 1}) != first


def test_a_digest_before_the_genuine_one_makes_no_other_call_of_it(hooks, clock):
    workshop, _call = hooks(BY_ID)
    genuine = header(b"{}", int(clock.now.replace(tzinfo=dt.UTC).timestamp()))
    receive.receive(workshop, receive.Sent("touched", b"{}", genuine))
    longer = genuine.replace("v1=", "v1=" + "a" * 64 + ",v1=")
    with pytest.raises(receive.ForgedError):
        receive.receive(workshop, receive.Sent("touched", b"{}", longer))


@pytest.mark.parametrize(
    "signature",
    ["", "t=1", "v1=" + "0" * 64, "t=1,v1=zz", "t=-1,v1=" + "0" * 64, "t=1,t=2,v1=" + "0" * 64, "a" * 9999],
)
def test_what_is_no_signature_is_refused(signature, hooks):
    workshop, _call = hooks(BY_ID)
    with pytest.raises(receive.ForgedError):
        receive.receive(workshop, receive.Sent("touched", b"{}", signature))


@pytest.mark.both_databases("unique keys")
def test_a_call_with_the_key_of_an_earlier_one_is_the_same(hooks, as_user, clock):
    workshop, call = hooks(BY_ID)
    with as_user() as session:
        number = make_customer(session).id
    first = call("touched", {"id": number}, key="order 7")
    clock.now += dt.timedelta(hours=2)
    assert call("touched", {"id": number}, key="order 7") == first
    assert call("touched", {"id": number}, key="order 8") != first
    workshop.work_off()
    assert workshop.states() == ["done", "done"]


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000, b"\xff{}"]
)
def test_a_signed_body_that_is_no_json_object_is_refused(body, hooks):
    _workshop, call = hooks(BY_ID)
    with pytest.raises(receive.NotJsonError):
        call("touched", body)


def test_a_call_without_a_record_says_so_and_starts_nothing(hooks, as_user):
    workshop, call = hooks(BY_ID, NEW)
    with as_user() as session:
        make_customer(session, email="two@example.com")
        make_customer(session, email="two@example.com")
    codes = []
    for name, body in (
        ("touched", {"id": 999}),
        ("touched", {}),
        ("touched", {"id": "1 or 1=1"}),
        ("touched", {"id": True}),
        ("signup", {"email": "two@example.com"}),
        ("signup", {"email": "no address", "name": "x"}),
        ("signup", {"email": "new@example.com", "name": "N" * 9_999}),
    ):
        codes += [
            problem["code"] for row in outcome_of(as_user, call(name, body)) for problem in row["problems"]
        ]
    assert codes[:6] == [
        "rule.hook_no_record",
        *["rule.hook_empty"] * 3,
        "rule.hook_many_records",
        "rule.hook_empty",
    ]
    assert len(codes) == 7 and workshop.runs() == []
    with as_user() as session:
        cls = session.workspace.models["customer"]
        assert session.scalar(sa.select(sa.func.count()).where(cls.email == "new@example.com")) == 0


def test_a_rule_whose_conditions_do_not_hold_is_skipped(hooks, as_user):
    workshop, call = hooks(PAID)
    with as_user() as session:
        complaint = make_complaint(session, customer=make_customer(session), status="closed").number
    call("case-note", {"case": {"number": complaint}})
    workshop.work_off()
    assert workshop.states() == ["skipped"]


def test_a_call_that_a_rule_of_ours_made_does_not_come_round_again(hooks, as_user):
    workshop, call = hooks(BY_ID)
    with as_user() as session:
        number = make_customer(session).id
    call("touched", {"id": number})
    workshop.work_off()
    [first] = workshop.runs()
    call("touched", {"id": number, "again": True}, run=str(first["id"]))
    workshop.work_off()
    assert workshop.states() == ["done", "stopped"]
    last = workshop.runs()[-1]
    assert last["error"][0]["code"] == "rule.again_in_chain" and last["root"] == first["root"]
    assert RUNS  # what follows from both counts together


def test_a_replaced_secret_counts_for_a_day_and_a_deleted_one_no_more(hooks, as_user, clock, monkeypatch):
    _workshop, call = hooks(BY_ID)
    monkeypatch.setattr(store.secrets, "token_hex", lambda _bytes: "n" * 64)
    with as_user() as session:
        store.renew_secret(session, "touched")
        row = session.execute(sa.select(store.hook).where(store.hook.c.name == "touched")).one()
        assert "nnn" not in row.secret and "sss" not in row.former_secret
    assert call("touched", {"a": 1}) and call("touched", {"a": 2}, secret="n" * 64)
    clock.now += dt.timedelta(hours=25)
    with pytest.raises(receive.ForgedError):
        call("touched", {"a": 3})
    assert call("touched", {"a": 3}, secret="n" * 64)
    with as_user() as session:
        store.forget_secret(session, "touched")
    with pytest.raises(receive.ForgedError):
        call("touched", {"a": 4}, secret="n" * 64)


def test_old_calls_are_erased(hooks, as_user, clock):
    workshop, call = hooks(BY_ID)
    call("touched", {"id": 1})
    clock.now += dt.timedelta(days=200)
    erase_old(workshop, 180)
    with as_user() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(store.call)) == 0


@pytest.mark.parametrize(
    ("hook", "line"),
    [
        ("Order Paid", "can't be the name"),
        ("{name: a}", "how the record is found"),
        ("{name: a, find: {}}", "how the record is found"),
        ("{name: a, find: {emial: body.x}}", "Did you mean “email”?"),
        ("{name: a, find: {email: email}}", "not a path into the body"),
        ("{name: a, find: {owner: body.owner}}", "can't be found by"),
        ("{name: a, create: {name: '{email}'}}", "plain values"),
        ("{name: a, create: {name: '= today()'}}", "plain values"),
        ("{name: a, create: {owner: '{body.owner}'}}", "be linked to"),
        ("{name: a, create: {nmae: x}}", "Did you mean “name”?"),
    ],
)
def test_wrong_webhooks(hook, line, shipped):
    text = f"rule: wrong\nentity: customer\nwhen: {{webhook: {hook}}}\nthen: [stop]\n"
    assert line in " ".join(render(problem, "en") for problem in read_rule(text, shipped)[1])


# Over HTTP


@pytest.fixture
def published(begin_at, engine):
    """The shipped schemas with a rule that waits for a webhook, live."""

    def build():
        document = load_document(BY_ID, "")[0]
        publish_schema(engine, [*get_workspace(engine).schema.documents, document], "webhook")

    begin_at(__name__, build)


@pytest.mark.both_databases("the request writes")
def test_the_secret_is_made_in_the_web_shown_once_and_calls_are_answered(published, client, session):
    number = make_customer(session).id
    session.commit()
    session.close()
    admin, page = client("admin"), "/admin/webhooks/"
    assert "No secret yet" in admin.get(page).text
    made = admin.submit(f"{page}touched/secret", {}, page)
    secret = re.search(r'text-break">([0-9a-f]{64})<', made.text)[1]
    assert made.headers["Cache-Control"] == "no-store" and secret not in admin.get(page).text
    stranger, body = client(), json.dumps({"id": number}).encode()
    at = int(dt.datetime.now(dt.UTC).timestamp())
    headers = {"X-Koine-Signature": header(body, at, secret), "Content-Type": "application/json"}
    answer = stranger.post("/hooks/touched", data=body, headers=headers)
    assert (answer.status_code, answer.json) == (202, {"event": 1})
    again = stranger.post("/hooks/touched", data=body, headers=headers)
    unknown = stranger.post("/hooks/nothing", data=body, headers=headers)
    assert again.status_code == unknown.status_code == 401
    assert again.json["error"]["message"] == unknown.json["error"]["message"]
    assert stranger.get("/hooks/touched").status_code == 405
    large = stranger.post("/hooks/touched", data=b" " * 300_000, headers=headers)
    assert large.status_code == 413
    assert "Run" in admin.get(page).text
    assert client("sales").get(page).status_code in (302, 403)


def test_who_calls_too_often_is_told_to_wait(published, client, monkeypatch):
    from workflows.hooks import pages

    monkeypatch.setattr(pages, "MOST_A_MINUTE", 3)
    answers = [client().post("/hooks/touched", data=b"{}").status_code for _ in range(5)]
    assert answers == [401, 401, 401, 429, 429]
