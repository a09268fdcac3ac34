"""Buttons on records: who sees them, who may press, what a press starts, and that it starts it once."""

from __future__ import annotations

import re
from threading import Thread
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from crm.entities.declared_names import DeclaredNames
from crm.entities.load import load_document
from crm.entities.walk import FIELD, Walker
from crm.errors import NotAllowedError, NotFoundError, RecordError
from crm.messages import render
from crm.records.buttons import Press, press_button, shown_buttons
from crm.records.values import values_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_complaint, make_customer, user_id
from tests.workflows.conftest import read_rule
from workflows.rules.walk import walk_rule
from workflows.runs import store

CHASE = """
rule: chase
entity: complaint
when:
  button:
    label: {en: Chase, el: Πίεση, he: לזרז}
    inputs:
      reason: {type: text, label: {en: Reason}, required: true, max_length: 50}
      until: {type: date, help: Until when it waits}
      copy_to: {type: email}
      calm: {type: choice, choices: [calm, loud], default: loud}
if: [{field: status, is: open}]
then:
  - set_field: {field: description, to: "Chased because {input.reason}."}
  - set_field: {field: due_at, to: "{input.until}"}
  - set_field: {field: status, to: working}
"""
PLAIN = """
rule: look_again
entity: complaint
when: {button: {en: Look again}}
at_most_once_per: day
then: [{set_field: {field: severity, to: urgent}}]
"""
BY_ROLE = """
rule: close_it
entity: complaint
when: {button: {label: Close, roles: [sales]}}
then: [{set_field: {field: status, to: closed}}]
"""


@pytest.fixture
def pressing(make_workshop, session_as, as_user):
    """A function that makes rules, a complaint and a session as a user who presses: `pressing("service", CHASE)`."""

    def begin(who, *rules):
        workshop = make_workshop(*rules)
        with as_user() as session:
            owner = user_id(session, who)
            customer = make_customer(session, owner=owner)
            number = make_complaint(session, customer=customer, owner=owner, due_at=None).id
        session = session_as(who)
        session.workspace = workshop.fixed
        return workshop, session, number

    return begin


def press(session, number, name, key="", **inputs):
    entity = session.workspace.schema.entities["complaint"]
    pressed = press_button(session, entity, [number], Press(name, inputs, key))
    session.commit()
    return pressed


def stored(as_user, number):
    with as_user() as session:
        return SimpleNamespace(
            **values_of(session, session.get(session.workspace.models["complaint"], number))
        )


@pytest.mark.both_databases("presses are rows")
def test_a_press_does_what_the_rule_says_with_what_was_typed(pressing, as_user):
    workshop, session, number = pressing("service", CHASE)
    press(session, number, "chase", reason="it {is} late", until="2026-12-01")
    workshop.work_off()
    record = stored(as_user, number)
    assert record.description == "Chased because it {is} late."
    assert (record.status, record.due_at.date().isoformat()) == (
        "working",
        "2026-11-30",
    )  # midnight in Athens
    [run] = workshop.runs()
    assert run["state"] == "done" and run["why"]["by"] == f"user:{session.actor.user_id}"
    assert run["cause"] == [f"user:{session.actor.user_id}"]


@pytest.mark.both_databases("one key, one run")
def test_the_same_click_starts_one_run_also_at_the_same_time(pressing, session_as):
    workshop, session, number = pressing("service", CHASE)
    session.close()
    found = []

    def click():
        mine = session_as("service")
        mine.workspace = workshop.fixed
        try:
            found.append(dict(press(mine, number, "chase", "one click", reason="late").runs))
        except OperationalError:
            mine.rollback()  # two writers on SQLite: the second is told to try again
        mine.close()

    threads = [Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [run] = workshop.runs()
    assert found and all(runs == {number: run["id"]} for runs in found)


def test_a_button_is_shown_while_its_conditions_hold_to_those_who_may_press_it(pressing, session_as, as_user):
    workshop, session, number = pressing("service", CHASE, PLAIN, BY_ROLE)
    entity = session.workspace.schema.entities["complaint"]
    assert [button.name for button in shown_buttons(session, entity, number)] == ["chase", "look_again"]
    press(session, number, "chase", reason="late")
    workshop.work_off()
    assert [button.name for button in shown_buttons(session, entity, number)] == ["look_again"]
    session.rollback()
    viewer = session_as("sales")  # reads and creates complaints, and changes none
    viewer.workspace = workshop.fixed
    assert shown_buttons(viewer, entity, number) == []
    with pytest.raises(NotAllowedError):
        press(viewer, number, "look_again")


def test_a_button_for_a_role_is_pressed_by_it_alone(pressing, session_as, as_user):
    workshop, agent, number = pressing("sales", BY_ROLE)
    entity = agent.workspace.schema.entities["complaint"]
    assert [button.name for button in shown_buttons(agent, entity, number)] == ["close_it"]
    press(agent, number, "close_it")
    workshop.work_off()
    assert stored(as_user, number).status == "closed"
    agent.rollback()
    manager = session_as("manager")
    manager.workspace = workshop.fixed
    assert shown_buttons(manager, entity, number) == []
    with pytest.raises(NotAllowedError):
        press(manager, number, "close_it")


def test_what_cannot_be_pressed_is_refused_in_words(pressing, as_user):
    workshop, session, number = pressing("service", CHASE, PLAIN)
    with pytest.raises(RecordError) as refused:
        press(session, number, "chase", until="soon", nonsense="1", copy_to="nobody")
    assert {problem.field for problem in refused.value.problems} == {"reason", "until", "nonsense", "copy_to"}
    with pytest.raises(NotFoundError):
        press(session, number, "nothing")
    assert press(session, 999_999, "look_again").refused[999_999].code == "record.not_found"
    press(session, number, "look_again")
    again = press(session, number, "look_again")
    assert again.refused[number].code == "rule.pressed_already" and not again.runs
    assert len(workshop.runs()) == 1


def test_two_people_who_press_at_once_do_it_once(pressing, session_as, as_user):
    """Both saw the button; the second one's run finds that the conditions no longer hold."""
    workshop, session, number = pressing("service", CHASE)
    press(session, number, "chase", "first", reason="late")
    press(session, number, "chase", "second", reason="also late")
    workshop.work_off()
    assert workshop.states() == ["done", "skipped"]
    assert stored(as_user, number).description == "Chased because late."


@pytest.mark.both_databases("rights decide in SQL")
def test_a_selection_is_pressed_with_each_record_judged(pressing, as_user):
    workshop, session, number = pressing("service", CHASE)
    with as_user() as system:
        customer = make_customer(system, owner=user_id(system, "service"))
        closed = make_complaint(
            system, customer=customer, owner=user_id(system, "service"), status="closed"
        ).id
    entity = session.workspace.schema.entities["complaint"]
    inputs = {"reason": "all of them"}
    for _twice in range(2):
        pressed = press_button(session, entity, [number, closed, 10**9], Press("chase", inputs, "job:7"))
        session.commit()
        assert list(pressed.runs) == [number]
        assert {key: problem.code for key, problem in pressed.refused.items()} == {
            closed: "rule.button_not_now",
            10**9: "record.not_found",
        }
    workshop.work_off()
    assert workshop.states() == ["done"]


@pytest.mark.parametrize(
    ("button", "line"),
    [
        ("{en: ''}", "what the button says"),
        ("{label: Go, inptus: {}}", "Did you mean “inputs”?"),
        ("{label: Go, inputs: {x: {type: texxt}}}", "Did you mean “text”?"),
        ("{label: Go, inputs: {x: {type: reference, to: customer}}}", "cannot be of the type"),
        ("{label: Go, inputs: {x: {type: date, after: due_at}}}", "“after”"),
        ("{label: Go, inputs: {x: {type: text, default: '= name'}}}", "not a formula"),
        ("{label: Go, inputs: {x: {type: choice}}}", "choices"),
        ("{label: Go, inputs: {}}", "from 1 to 20"),
        ("{label: Go, roles: [servce]}", "Did you mean “service”?"),
        ("{label: Go, inputs: {why: {type: text}}}", "Did you mean “input.why”?"),
    ],
)
def test_wrong_buttons(button, line, shipped):
    then = "[{set_field: {field: description, to: '{input.whyy}'}}]"
    text = f"rule: wrong\nentity: complaint\nwhen: {{button: {button}}}\nthen: {then}\n"
    assert line in " ".join(render(problem, "en") for problem in read_rule(text, shipped)[1])


def test_a_change_cannot_be_asked_about_and_inputs_belong_to_their_rule(shipped):
    text = CHASE.replace("{field: status, is: open}", "{field: status, changed: true}")
    assert "what has changed" in render(read_rule(text, shipped)[1][0], "en")
    assert read_rule(CHASE.replace("  button:", "  buton:"), shipped)[1]
    other = "rule: x\nentity: complaint\nwhen: record_saved\nthen: [{notify: {to: owner, text: '{input.reason}'}}]\n"
    assert read_rule(other, shipped)[1]


# On pages and over REST


@pytest.fixture
def published(begin_at, engine):
    """The shipped schemas with the buttons, live."""

    def build():
        added = [load_document(text.lstrip(), "")[0] for text in (CHASE, PLAIN, BY_ROLE)]
        publish_schema(engine, [*get_workspace(engine).schema.documents, *added], "buttons")

    begin_at(__name__, build)


@pytest.fixture
def number(published, session):
    owner = user_id(session, "service")
    customer = make_customer(session, owner=owner)
    found = make_complaint(session, customer=customer, owner=owner).id
    session.commit()
    session.close()
    return found


def test_a_page_shows_the_button_and_a_double_click_presses_it_once(number, client, as_user):
    browser = client("service")
    page = browser.get(f"/complaint/show/{number}").text
    assert 'id="press-chase"' in page and "Look again" in page and "close_it" not in page
    action = f"/complaint/button/{number}/look_again"
    once = re.search(rf'{action}".*?name="_once" value="([^"]+)"', page, re.DOTALL)[1]
    for _click in range(2):
        answer = browser.submit(action, {"_once": once}, f"/complaint/show/{number}")
        assert answer.status_code == 302
    page = browser.get(f"/complaint/show/{number}").text
    assert "“Look again” is done." in page.replace("\u2068", "").replace("\u2069", "")
    assert page.count("Button pressed") == 1
    assert stored(as_user, number).severity == "urgent"


def test_a_refused_input_comes_back_with_what_was_typed(number, client, as_user):
    browser = client("service")
    action = f"/complaint/button/{number}/chase"
    assert browser.get(action).status_code == 200
    refused = browser.submit(action, {"input-reason": "", "input-until": "2026-12-24"}, action)
    assert (
        refused.status_code == 422
        and "24/12/2026" in refused.text
        and "press-input-reason-error" in refused.text
    )
    done = browser.submit(action, {"input-reason": "<b>late</b>", "_once": "x"}, action)
    assert done.status_code == 302 and stored(as_user, number).status == "working"
    page = browser.get(f"/complaint/show/{number}").text
    assert "&lt;b&gt;late" in page and "<b>late" not in page
    assert "press-chase" not in page
    browser.submit(action, {"input-reason": "again"}, action)
    assert "can&#39;t be used on this record now" in browser.get(f"/complaint/show/{number}").text


def test_an_input_has_help_and_begins_with_its_default(number, client):
    page = client("service").get(f"/complaint/button/{number}/chase").text
    assert "Until when it waits" in page
    assert re.search(r'<option value="loud" selected', page) and not re.search(r'"calm" selected', page)


@pytest.mark.both_databases("the run is performed by the web process")
def test_rest_presses_and_answers_what_was_done(number, client, as_user):
    browser = client()
    headers = browser.api_token("admin")
    path = f"/api/v1/complaint/{number}/button"
    body = {"reason": "late"}
    answer = browser.post(f"{path}/chase", json=body, headers={**headers, "Idempotency-Key": "a"})
    assert answer.status_code == 200 and answer.json["state"] == "done"
    assert {"label": "Status", "text": "Open → In progress"} in answer.json["done"]
    again = browser.post(f"{path}/chase", json=body, headers={**headers, "Idempotency-Key": "a"})
    assert again.json["run"] == answer.json["run"]
    assert browser.post(f"{path}/chase", json=body, headers=headers).status_code == 409
    assert browser.post(f"{path}/chase", json={}, headers=headers).status_code == 422
    assert browser.post(f"{path}/nothing", headers=headers).status_code == 404
    assert (
        browser.post("/api/v1/complaint/999999/button/chase", json=body, headers=headers).status_code == 404
    )
    viewer = client()
    refused = viewer.post(f"{path}/look_again", headers=viewer.api_token("sales"))
    assert refused.status_code in (403, 404)
    assert browser.post(f"{path}/chase", json=body).status_code in (400, 401)


def test_who_pressed_is_in_the_history_and_what_they_typed_for_those_who_may_know(number, client, as_user):
    browser = client("service")
    action = f"/complaint/button/{number}/chase"
    browser.submit(action, {"input-reason": "the boss asked"}, action)
    page = browser.get(f"/complaint/show/{number}").text
    assert "Chase (Service Tester)" in page  # the rule that made the change, and who pressed
    assert "Button pressed" in page and "Reason: the boss" not in page  # they may not set all that it sets
    assert "Reason: the boss asked" in client("admin").get(f"/complaint/show/{number}").text
    with as_user() as session:
        row = store.list_runs(session, 1, "chase")[0]
        assert row["why"]["by"] == f"user:{user_id(session, 'service')}"


def test_a_rename_passes_over_what_is_given_and_reaches_all_else(shipped):
    """The paths of inputs and of a body are no names of fields, even where fields are called so."""
    names = DeclaredNames(shipped.documents)
    walker = Walker(names, lambda mention: f"{mention.name}_2" if mention.kind == FIELD else mention.name)
    walked = walk_rule(load_document(CHASE.lstrip(), "")[0].body, walker)
    assert walked["then"][0] == {
        "set_field": {"field": "description_2", "to": "Chased because {input.reason}."}
    }
    text = "rule: x\nentity: complaint\nwhen: {webhook: {name: x, find: {number: body.number}, create: "
    text += "{subject: '{body.subject}'}}}\nthen: [{notify: {to: owner, text: '{subject} {body.subject}'}}]\n"
    walked = walk_rule(load_document(text, "")[0].body, walker)
    hook = {"name": "x", "find": {"number_2": "body.number"}, "create": {"subject_2": "{body.subject}"}}
    assert walked["when"] == {"webhook": hook}
    assert walked["then"][0]["notify"]["text"] == "{subject_2} {body.subject}"
