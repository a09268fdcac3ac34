"""`flask crm rule try`, as a person and a program call it."""

from __future__ import annotations

import json
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner

from crm.drafts.service import edit_document
from crm.errors import RuleError
from tests.factories import make_complaint, make_customer
from workflows import commands
from workflows.runs.rehearse import read_period


@pytest.fixture
def call(settings, monkeypatch):
    """A function that calls `flask crm` with words and returns click's result."""
    import config

    monkeypatch.setattr(config, "current_settings", lambda: settings)
    group = click.Group("crm")
    commands.register(group)
    return lambda *words: CliRunner().invoke(group, words)


def test_trying_a_rule_answers_in_the_documented_shape(call, session):
    number = make_complaint(session, customer=make_customer(session, email="ada@example.com")).id
    session.commit()
    result = call("rule", "try", "confirm_complaint", "--record", str(number), "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["considered"] == 1
    assert answer["firings"][0]["record"] == number
    [message] = answer["firings"][0]["effects"][0].pop("messages")
    assert message["to"] == "ada@example.com"
    assert answer["firings"][0]["effects"] == [
        {"action": "send_email", "to": ["ada@example.com"], "template": "complaint_received"}
    ]
    assert answer["refused"] == []


def test_trying_a_rule_for_people_says_what_it_would_do(call, session):
    make_complaint(session, customer=make_customer(session, email="ada@example.com"))
    session.commit()
    result = call("rule", "try", "confirm_complaint")
    assert "1 considered, 1 would fire" in result.stdout
    assert "send_email: to=['ada@example.com']" in result.stdout


@pytest.mark.parametrize("words", [("nonsense",), ("birthday", "--since", "soon")])
def test_what_cannot_be_tried_is_said_with_exit_code_1(call, words):
    result = call("rule", "try", *words)
    assert result.exit_code == 1
    assert result.stderr


def test_periods_are_read():
    assert read_period("30d") == timedelta(days=30)
    assert read_period("2 weeks") == timedelta(weeks=2)
    with pytest.raises(RuleError):
        read_period("d")


def test_the_drafts_version_is_tried_beside_the_live_one(call, session, session_as):
    make_complaint(session, customer=make_customer(session, email="ada@example.com"))
    session.commit()
    assert call("rule", "try", "confirm_complaint", "--draft", "--json").exit_code != 0
    with session_as("admin") as own:
        edit_document(
            own,
            "rule",
            "confirm_complaint",
            lambda body: {**body, "if": [{"field": "status", "is": "closed"}]},
        )
        own.commit()
    answer = json.loads(
        call("rule", "try", "confirm_complaint", "--draft", "--changes", "20", "--json").stdout
    )
    assert len(answer["live"]["firings"]) >= 1
    assert answer["firings"] == []
    assert answer["refused"][0]["condition"] == "Status is Closed"
    assert answer["differs"]["only_live"] == len(answer["live"]["firings"])
