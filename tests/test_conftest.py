"""The tests' own ground: every test starts from the same database, and mail really arrives."""

from __future__ import annotations

import smtplib

import pytest
import sqlalchemy as sa


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_writes_the_next_does_not_see(engine, turn):
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE left_behind (id INTEGER)"))


def test_the_shipped_schemas_are_live(workspace):
    assert workspace.number == 1
    assert workspace.schema.entities


def test_there_is_a_user_for_every_shipped_role(session_as, workspace):
    for name in workspace.schema.parts["role"]:
        actor = session_as(name).actor
        assert [role.name for role in actor.roles] == [name]


def test_mail_arrives(smtp):
    host, port = smtp.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as sender:
        sender.sendmail("a@example.com", ["b@example.com"], "Subject: Hello\r\n\r\nThere")
    assert smtp.messages[0]["Subject"] == "Hello"


def test_a_mail_server_may_refuse(smtp):
    smtp.refusal = "451 Later"
    host, port = smtp.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as sender, pytest.raises(smtplib.SMTPDataError):
        sender.sendmail("a@example.com", ["b@example.com"], "Subject: Hello\r\n\r\nThere")
    assert smtp.messages == []


def test_a_client_is_signed_in_as_the_user_of_a_role(client):
    answer = client("sales").get("/customer/list/")
    assert answer.status_code == 200, answer.text
    assert client().get("/customer/list/").status_code == 302


def test_the_api_opens_with_a_token(client):
    browser = client()
    answer = browser.get("/api/v1/customer/", headers=browser.api_token("admin"))
    assert answer.status_code == 200, answer.text


def test_a_form_is_sent_with_its_token(client, session):
    assert client("admin").submit("/customer/add", {"name": "Acme"}).status_code == 302
    assert client("admin").post("/customer/add", data={"name": "Acme"}).status_code in (400, 403)
