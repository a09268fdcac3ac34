"""`call_webhook`: another system is told, once, signed, in time, and nobody inside the house."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm import notifications
from crm.entities.load import documents_from_json, load_document
from crm.internal_hosts import InternalHosts
from crm.permissions.store import find_user_id
from crm.records.sealed import list_places
from crm.revisions.proposal import proposal_of
from tests.factories import make_deal
from tests.peers import Peer, peer, seconds_of
from tests.workflows.conftest import read_rule
from workflows.calls import addresses
from workflows.calls.addresses import RefusedAddressError, look_up, read_url
from workflows.calls.deliver import DELAYS_SECONDS, make_calls
from workflows.calls.judging import judge_calls
from workflows.calls.outbox import OUTBOX, call
from workflows.calls.post import MAX_ANSWER, post
from workflows.runs.rehearse import try_rule

RULE = """rule: tell
entity: deal
when: record_created
then:
  - call_webhook:
      url: "%s/won/{name}"
      secret: knock knock
      body:
        {number: "= id", name: "A {name}", amount: "{amount}", closes: "{closes_on}", tags: [1, true, "{owner.name}"]}
"""


@pytest.fixture
def other() -> Iterator[Peer]:
    with peer() as found:
        yield found


def rows(workshop):
    with workshop.reading() as session:
        return [dict(row._mapping) for row in session.execute(sa.select(call).order_by(call.c.id))]


def test_a_call_is_signed_and_leaves_once_after_the_commit(make_workshop, as_user, other, clock):
    workshop = make_workshop(RULE % other.url, webhook_hosts=other.hosts)
    with as_user() as session:
        deal = make_deal(session, name="Ωmega/1", amount="1250.50", closes_on="2026-12-24").id
    [firing] = try_rule(workshop, "tell").firings
    assert firing["effects"][0]["body"]["amount"] == "1250.50"
    assert make_calls(workshop) == 0 and other.calls == []  # a rehearsal calls nobody
    workshop.work_off()
    assert other.calls == []
    assert (make_calls(workshop), make_calls(workshop)) == (1, 0)
    [(path, headers, body)] = other.calls
    assert path == "/won/%CE%A9mega%2F1"
    assert json.loads(body) == {
        "number": deal,
        "name": "A Ωmega/1",
        "amount": "1250.50",
        "closes": "2026-12-24",
        "tags": [1, True, ""],
    }
    at = headers["X-Koine-Signature"].split(",")[0].removeprefix("t=")
    digest = hmac.new(b"knock knock", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Koine-Signature"] == f"t={at},v1={digest}"
    assert headers["Content-Type"] == "application/json"
    [row] = rows(workshop)
    assert (row["state"], row["status"]) == ("sent", 204)
    assert "knock" not in str(row) and row["secret"].startswith("sealed:")


def test_a_call_that_fails_is_made_again_with_the_same_key(make_workshop, as_user, other, clock):
    workshop = make_workshop(RULE % other.url, webhook_hosts=other.hosts)
    with as_user() as session:
        make_deal(session)
        make_deal(session)
    workshop.work_off()
    other.answers = [500, 503]
    assert make_calls(workshop) == 0
    clock.now += timedelta(seconds=DELAYS_SECONDS[0] - 1)
    assert make_calls(workshop) == 0
    clock.now += timedelta(seconds=1)
    with workshop.session() as session:  # a worker that was killed before it could write what came of it
        OUTBOX.claim(session, clock.now, workshop.lease_end(), 2)
    clock.now += timedelta(minutes=2)
    assert make_calls(workshop) == 2
    keys = [headers["Idempotency-Key"] for _path, headers, _body in other.calls]
    assert len(keys) == 4 and sorted(keys[:2]) == sorted(keys[2:]) and len(set(keys)) == 2


def test_what_fails_for_good_is_told_to_who_published_the_rule(make_workshop, as_user, other, clock):
    workshop = make_workshop(RULE % other.url, webhook_hosts=other.hosts)
    with as_user() as session:
        make_deal(session)
    workshop.work_off()
    other.answers = [500] * 10
    for delay in (0, *DELAYS_SECONDS):
        clock.now += timedelta(seconds=delay)
        make_calls(workshop)
    [row] = rows(workshop)
    assert (row["state"], row["attempts"]) == ("failed", 6)
    with workshop.reading() as session:
        admin = find_user_id(session.connection(), "admin")
        [notice] = notifications.list_notifications(session, admin)
    assert "127.0.0.1" in str(notice["text"]) and "HTTP 500" in str(notice["text"])
    with workshop.session() as session:
        assert OUTBOX.retry_of_run(session, int(row["key"].split(":")[0]), clock.now) == 1
    other.answers = []
    assert make_calls(workshop) == 1


def test_a_redirect_is_not_followed(make_workshop, as_user, other):
    workshop = make_workshop(RULE % other.url, webhook_hosts=other.hosts)
    with as_user() as session:
        make_deal(session)
    workshop.work_off()
    with peer() as inside:
        other.answers, other.goes_to = [302], f"{inside.url}/secret"
        make_calls(workshop)
        assert (len(other.calls), inside.calls) == (1, [])
    assert rows(workshop)[0]["state"] == "failed"


@pytest.mark.parametrize("way", ["hang", "drip"])
def test_a_call_ends_in_time_however_slow_the_other_side_is(other, way):
    other.way = way
    with pytest.raises(TimeoutError):
        post(other.url, b"{}", {}, other.hosts, seconds=0.3)
    assert seconds_of(lambda: post(other.url, b"{}", {}, other.hosts, seconds=0.3)) < 2


def test_no_more_of_an_answer_is_read_than_is_needed(other):
    other.way = "flood"
    answer = post(other.url, b"{}", {}, other.hosts, seconds=5)
    assert (answer.status, len(answer.text)) == (200, MAX_ANSWER)


INSIDE = (
    *("127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "0.0.0.0", "localhost", "localhost."),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a00:1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fec0::1]"),
    *("LOCALHOST", "0x7f000001", "017700000001"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "①②⑦.⓪.⓪.①"),
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_spelling_of_an_internal_address_is_called(host):
    target = read_url(f"http://{host}/")
    if target is not None:
        with pytest.raises((RefusedAddressError, OSError)):
            look_up(target, InternalHosts(), 1)
        with pytest.raises((RefusedAddressError, OSError)):
            post(f"http://{host}/", b"", {}, InternalHosts(), 1)


WICKED = (
    *("file:///etc/passwd", "gopher://example.com/", "unix:/run/x", "ftp://example.com", "//example.com"),
    *("http://me@example.com/", "http://example.com\r\nX: y/", "http://exa mple.com", "http://", "http://:80/", "x.y"),
    *("http://example.com:99999/", "http://example.com\\@127.0.0.1/", "http://[::1%25lo]/", "javascript:alert(1)"),
)  # fmt: skip


def test_what_is_no_plain_address_is_none():
    assert [url for url in WICKED if read_url(url) is not None] == []
    assert read_url("https://user.example.com:8443/a?b={c}").port == 8443


def test_a_name_is_looked_up_once_and_all_its_addresses_must_be_public(other, monkeypatch):
    asked = []

    def answers(*found):
        def look(host, port, **_more):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

        monkeypatch.setattr(addresses.socket, "getaddrinfo", look)

    answers("93.184.216.34", "127.0.0.1")
    with pytest.raises(RefusedAddressError):
        post("http://two.example/", b"", {}, InternalHosts(), 1)
    answers("127.0.0.1")
    assert (
        post(f"http://erp.example:{other.port}/", b"", {}, InternalHosts.read(["erp.example"]), 1).status
        == 204
    )
    assert asked == ["two.example", "erp.example"]  # and the connection asked nobody
    assert other.calls[0][1]["Host"] == f"erp.example:{other.port}"


@pytest.mark.parametrize(
    ("words", "permitted", "refused"),
    [
        ("erp.internal", ("erp.internal", 1, "10.0.0.1"), ("other.internal", 1, "10.0.0.1")),
        ("10.0.0.0/8:443", ("x", 443, "10.1.2.3"), ("x", 80, "10.1.2.3")),
        ("[::1]:9000", ("x", 9000, "::1"), ("x", 9001, "::1")),
    ],
)
def test_the_setting_allows_what_it_names_and_nothing_else(words, permitted, refused):
    hosts = InternalHosts.read([words])
    found = [
        hosts.permits(host, port, addresses.ipaddress.ip_address(at))
        for host, port, at in (permitted, refused)
    ]
    assert found == [True, False]


@pytest.mark.parametrize("words", ["http://x", "a b", "[::1", "x:99999", ""])
def test_a_setting_that_names_no_host_is_refused(words):
    with pytest.raises(ValueError):  # noqa: PT011 - the setting's reader asks for no more
        InternalHosts.read([words])


def proposed(engine, workspace, text, more=()):
    document = load_document(text, "rules/tell.yaml")[0]
    with engine.connect() as connection:
        proposal = proposal_of(connection, [*workspace.schema.documents, document, *more])
        return proposal, judge_calls(connection, proposal, "")


def test_a_rule_that_calls_an_internal_address_is_not_published(engine, workspace, other):
    proposal, problems = proposed(engine, workspace, RULE % "http://0x7f.1")
    assert proposal.problems == []
    assert [problem.code for problem in problems] == ["rule.address_refused"]
    foreign = (RULE % "http://93.184.216.34").replace("knock knock", "{sealed: [document, 'abcdefgh.xx']}")
    assert [problem.code for problem in proposed(engine, workspace, foreign)[1]] == ["rule.secret_not_ours"]
    assert proposed(engine, workspace, RULE % "http://93.184.216.34")[1] == []


def test_a_secret_is_sealed_when_it_is_kept_and_sending_it_again_changes_nothing(engine, workspace):
    text = RULE % "http://93.184.216.34"
    first = proposed(engine, workspace, text)[0]
    [kept] = [one for one in first.documents if one.name == "tell"]
    secret = kept.body["then"][0]["call_webhook"]["secret"]
    assert list(secret) == ["sealed"] and "knock" not in str(kept.body)
    from crm.entities.secret_words import open_secret, sealed

    assert open_secret(secret) == "knock knock"
    again = sealed(load_document(text, "")[0], documents_from_json([kept.body])[0])
    assert again.body == kept.body
    with engine.connect() as connection:
        assert {"crm_revision.documents", "crm_draft_edit.body", "crm_call.secret"} <= {
            place.name for place in list_places(connection)
        }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{url: 'ftp://example.com'}", "rule.bad_url"),
        ("{url: 'http://{name}.example.com/'}", "rule.url_host_fixed"),
        ("{url: 'http://example.com/{nothing}'}", "rule.unknown_field"),
        ("{url: 'http://example.com/', secret: ''}", "rule.bad_secret"),
        ("{url: 'http://example.com/', body: {a: '= nothing'}}", "rule.unknown_field"),
        ("{url: 'http://example.com/', body: [[[[[[[1]]]]]]]}", "rule.body_too_large"),
    ],
)
def test_what_cannot_be_called_is_refused(shipped, body, code):
    _rule, problems = read_rule(
        f"rule: tell\nentity: deal\nwhen: record_created\nthen:\n  - call_webhook: {body}\n", shipped
    )
    assert [problem.code.removesuffix("_near") for problem in problems] == [code]
