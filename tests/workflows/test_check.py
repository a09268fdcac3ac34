"""Wrong rules: every problem at once, with its line and the nearest name."""

from __future__ import annotations

import pytest

from crm.messages import render
from tests.workflows.conftest import read_rule


def problems_of(text, shipped):
    """Return (line, sentence) of every problem of a document."""
    _found, problems = read_rule(text, shipped)
    return [(problem.line, render(problem, "en")) for problem in problems]


def test_every_problem_of_a_rule_is_found_at_its_line(shipped):
    text = """rule: wrong
entity: complaint
when: every_huor
if:
  - {field: statsu, is: open}
then:
  - set_field: {field: status, to: opne}
  - asign: {field: owner, to: customer.owner}
  - send_email: {to: customer.emial, template: complaint_recieved}
  - notify: {to: {role: managr}, text: {en: "{titel} waits"}}
  - campaign: {name: spring}
colour: red
"""
    found = problems_of(text, shipped)
    assert [line for line, _words in found] == [12, 3, 5, 7, 8, 9, 9, 10, 10, 11]
    words = " ".join(words for _line, words in found)
    for near in ("every_hour", "status", "assign", "email", "complaint_received", "manager", "title"):
        assert f"Did you mean “{near}”?" in words
    assert "No entity has campaign members" in words


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("{every_day_at: 8am}", "not a time"),
        ("{cron: hourly}", "not a valid cron line"),
        ("{days_before: {field: subject, days: 3}}", "not a date"),
        ("{days_before: {field: due_at, days: -1}}", "Enter the days as a number"),
        ("{changed: [staus]}", "Did you mean “status”?"),
        ("{changed: []}", "at least one field"),
        ("{yearly_on: nothing}", "field “nothing”"),
        ("{record_created: now}", "takes no value"),
        ("every_day_at", "needs a value"),
        ("email_received", "not available yet"),
        ("becomes_true", "needs an “if”"),
        ("[record_created]", "Enter one trigger"),
        ("{a: 1, b: 2}", "Enter one trigger"),
    ],
)
def test_wrong_triggers(when, line, shipped):
    text = f"rule: wrong\nentity: complaint\nwhen: {when}\nthen: [stop]\n"
    assert line in " ".join(words for _line, words in problems_of(text, shipped))


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("set_field: {field: number, to: 7}", "calculated and can"),
        ("set_field: {field: severity}", "Enter the new value after “to”"),
        ("set_field: {field: due_at, to: '= today( '}", ""),
        ("set_field: {field: owner, to: '= customer'}", "be linked to"),
        ("assign: {field: owner, to: customer.name}", "is not a user"),
        ("assign: {field: subject, to: owner}", "is not a user"),
        ("assign: {field: owner}", "either “to” or “among”"),
        ("assign: {field: owner, among: {role: service}, by: chance}", "not a way to choose"),
        ("create_record: {entity: activty, values: {}}", "Did you mean “activity”?"),
        ("create_record: {entity: activity, values: {subjct: x}}", "Did you mean “subject”?"),
        ("update_related: {through: activites, values: {subject: x}}", "Did you mean “activities”?"),
        ("notify: {to: customer, text: x}", "is not a user"),
        ("notify: {to: [], text: x}", "from 1 to"),
        ("send_email: {to: 'a b@c', template: welcome}", "not an email address"),
        ("send_email: {to: customer.email, template: birthday}", "has no field “name”"),
        ("wait: {for: a while}", "not a duration"),
        ("wait: {for: 1 hour, and_then_only_if: [{field: statsu, is: open}]}", "status"),
        ("choose: []", "list of branches"),
        ("choose: [{else: [stop]}, {if: [], then: [stop]}]", "the last branch"),
        ("choose: [{if: [{field: statsu, is: open}], then: [stpo]}]", "Did you mean “stop”?"),
        ("stop: {now: true}", "takes no value"),
        ("campaign: {name: spring}", "No entity has campaign members"),
        ("set_field: [1, 2]", ""),
        ("5", ""),
    ],
)
def test_wrong_steps(step, line, shipped):
    text = f"rule: wrong\nentity: complaint\nwhen: record_created\nthen:\n  - {step}\n"
    found = problems_of(text, shipped)
    assert found
    assert all(at >= 5 for at, _words in found)
    assert line in " ".join(words for _line, words in found)


@pytest.mark.parametrize(
    "key",
    ["time_zone: Mars/Base", "if_missed: never", "at_most_once_per: hour", "priority: high", "enabled: yes",
     "time_zone: ../../etc/passwd", "stop_after: 1"],
)  # fmt: skip
def test_wrong_settings_of_a_rule(key, shipped):
    text = f"rule: wrong\nentity: complaint\nwhen: record_created\n{key}\nthen: [stop]\n"
    assert [line for line, _words in problems_of(text, shipped)] == [4]


def test_a_deleted_record_cannot_be_written(shipped):
    text = (
        "rule: x\nentity: complaint\nwhen: record_deleted\nthen: [{set_field: {field: status, to: open}}]\n"
    )
    assert "no longer exists" in problems_of(text, shipped)[0][1]


def test_a_scheduled_rule_cannot_ask_what_changed(shipped):
    text = (
        "rule: x\nentity: complaint\nwhen: every_hour\nif: [{field: status, changed: true}]\nthen: [stop]\n"
    )
    assert "what has changed" in problems_of(text, shipped)[0][1]


def test_huge_rules_are_refused(shipped):
    many = "rule: x\nentity: complaint\nwhen: record_created\nthen:\n" + "  - stop\n" * 51
    assert "Limit: 50" in problems_of(many, shipped)[0][1]
    deep = "[stop]"
    for _ in range(5):
        deep = f"[{{choose: [{{else: {deep}}}]}}]"
    nested = f"rule: x\nentity: complaint\nwhen: record_created\nthen: {deep}\n"
    assert problems_of(nested, shipped)


def test_a_template_says_its_entity_to_have_its_names_checked(shipped):
    text = "template: t\nsubject: '{nmae}'\nbody: x\n"
    assert problems_of(text, shipped) == []
    assert "Did you mean “name”?" in problems_of(text + "entity: customer\n", shipped)[0][1]


def test_a_template_needs_subject_and_body_in_our_languages(shipped):
    found = problems_of("template: t\nsubject: {xx: Hi}\n", shipped)
    assert len(found) == 2
