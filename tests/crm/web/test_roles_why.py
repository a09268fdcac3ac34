"""The page that answers why somebody may or may not, and the command that does the same."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from crm.permissions import commands
from tests.factories import make_customer, user_id


@pytest.fixture
def mine(session):
    """A customer of the salesperson."""
    found = make_customer(
        session, name="Secret Ltd", owner=user_id(session, "sales"), credit_limit="77777"
    ).id
    session.commit()
    session.close()
    return found


def test_the_page_shows_the_chain(client, mine):
    page = (
        client("admin")
        .get(f"/admin/roles/why?user=sales&entity=customer&record={mine}&field=credit_limit")
        .text
    )
    assert "is hidden in every role of Sales Tester with the permission “Read” (Customers)" in page
    assert "Owner is me or Owner is my team" in page.replace("<bdi>", "").replace("</bdi>", "")
    assert "gives access to this record" in page and "77,777" not in page


def test_a_configurator_is_told_nothing_of_records_out_of_his_reach(client, mine):
    browser = client("configurator")
    out_of_reach = browser.get(f"/admin/roles/why?user=sales&entity=customer&record={mine}").text
    not_there = browser.get("/admin/roles/why?user=sales&entity=customer&record=999999").text
    assert "gives access to this record" not in out_of_reach and "Secret" not in out_of_reach
    without = browser.get("/admin/roles/why?user=sales&entity=customer").text  # what the page warns of anyway
    warnings = without.count("alert-warning") + 1
    assert out_of_reach.count("alert-warning") == not_there.count("alert-warning") == warnings
    assert "Customer" in browser.get("/admin/roles/why?user=sales&entity=customer").text


@pytest.mark.parametrize(
    "question",
    ["user=nobody&entity=deal", "user=sales&entity=x", "user=sales&entity=deal&record=%C2%B2", "record=-1"],
)
def test_a_question_that_makes_no_sense_is_answered_in_words(client, question):
    assert client("admin").get(f"/admin/roles/why?{question}").status_code == 200


def test_the_record_page_leads_there_for_those_who_may_configure(client, mine):
    link = f"/admin/roles/why?entity=customer&amp;record={mine}"
    assert link in client("admin").get(f"/customer/show/{mine}").text
    assert link not in client("sales").get(f"/customer/show/{mine}").text
    assert client("sales").get("/admin/roles/why").status_code in (302, 403)


def test_the_command_answers_in_words_and_in_json(settings, mine, monkeypatch):
    import click

    group = click.Group()
    commands.register(group)
    monkeypatch.setattr("config.current_settings", lambda: settings)
    asked = ["why", "sales", "customer", str(mine), "--field", "name"]
    told = CliRunner().invoke(group, asked)
    assert told.exit_code == 0 and told.output.startswith("Yes. sales"), told.output
    found = json.loads(CliRunner().invoke(group, [*asked, "--json"]).output)
    assert found["allowed"] is True and found["needs"][0]["roles"][0]["role"] == "sales"
    assert CliRunner().invoke(group, ["why", "nobody", "customer"]).exit_code == 1
