"""`flask crm report`, `segment` and `export`: what cannot be applied ends with 1 and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crm.reports.commands import register as register_reports
from crm.segments.commands import register as register_segments
from tests.factories import make_activity, make_customer, make_deal, user_id


@pytest.fixture
def run(settings, monkeypatch):
    """A function that runs a command and returns its exit code and its JSON."""
    monkeypatch.setattr("config.current_settings", lambda: settings)
    group = click.Group()
    register_reports(group)
    register_segments(group)

    def call(*arguments: object):
        result = CliRunner().invoke(group, [*map(str, arguments), "--json"])
        return result.exit_code, json.loads(result.stdout.splitlines()[0])

    return call


@pytest.mark.parametrize(
    "asked",
    [
        ("--where", "{field: stage, is: nonsense}"), ("--where", "[{field: amount, above: abc}]"),
        ("--where", "{field: no_such_field, is: 1}"), ("--where", "{field: [}"), ("--where", "amount"),
        ("--segment", "no_such_segment"), ("--where", "{field: stage, is: won}", "--segment", "at_risk"),
    ],
)  # fmt: skip
def test_an_export_that_cannot_be_answered_writes_no_file(session, run, tmp_path: Path, asked) -> None:
    make_deal(session, stage="prospect")
    session.commit()
    file = tmp_path / "out.csv"
    code, answer = run("export", "deal", "--to", file, *asked)
    assert code == 1 and answer["problems"] and not file.exists()


def test_a_segment_with_somebodys_rights_says_on_what_it_rests(session, run) -> None:
    mine, others = user_id(session, "sales"), user_id(session, "manager")
    for owner in (mine, others):
        customer = make_customer(session, owner=owner, status="active")
        make_activity(session, customer=customer, owner=owner, done=True)
    session.commit()
    code, all_of_it = run("segment", "no_contact_60_days")
    assert code == 0 and all_of_it["narrowed"] == []
    code, seen = run("segment", "no_contact_60_days", "--as", "sales")
    assert code == 0 and {"entity": "customer", "seen": 1, "all": 2} in seen["narrowed"] and seen["notes"]
    assert run("segment", "nothing_of_the_kind")[0] == 1
    code, report = run("report", "deals_by_stage", "--as", "sales")
    assert code == 0 and report["notes"] == []
