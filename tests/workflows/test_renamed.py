"""Rules go on with what happened, was tried or waits, whatever was renamed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crm import notifications
from crm.entities.load import load_document
from crm.notifications import Notice, add_notification
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.crm.revisions.room import Room
from tests.factories import user_id
from tests.workflows.conftest import TestWorkshop
from workflows.effects import effect_lines
from workflows.organisation import Organisation
from workflows.runs import store
from workflows.runs.rehearse import try_rule
from workflows.runs.versions import rows_today, step_today

pytestmark = pytest.mark.slow

WATCH = """
rule: watch_the_note
entity: item
when: {changed: [note]}
if:
  - {field: note, changed_to: "urgent"}
then:
  - set_field: {field: kind, to: b}
"""
WAIT = """
rule: wait_and_mark
entity: item
when: record_created
then:
  - set_field: {field: note, to: "seen"}
  - wait: {for: 4 hours}
  - set_field: {field: secret, to: "{note}"}
"""


@pytest.fixture
def room(engine: Any, session_as: Callable) -> Room:
    room = Room(engine, session_as)
    rules = [dict(load_document(text, "")[0].body) for text in (WATCH, WAIT)]
    room.publish([*(body for body in room.bodies() if "rule" not in body), *rules])
    return room


@pytest.fixture
def workshop(engine: Any, clock: Any, tmp_path: Any) -> TestWorkshop:
    return TestWorkshop(engine, Organisation(mail_folder=tmp_path), clock=clock)


def value(room: Room, entity: str, record: int, field: str) -> Any:
    with room.session() as session:
        return getattr(session.get(session.workspace.models[entity], record), field)


def test_an_event_that_waits_is_looked_at_under_the_new_names(room, workshop):
    record = room.made(note="first")
    workshop.work_off()
    room.change(record, note="urgent")
    room.rename("note", "remark")
    room.rename_entity("item", "thing")
    workshop.work_off()
    assert workshop.states("watch_the_note") == ["done"]
    assert value(room, "thing", record, "kind") == "b"


def test_a_run_that_waits_goes_on_with_its_own_steps_under_the_new_names(room, workshop, clock):
    record = room.made()
    workshop.work_off()
    assert workshop.states("wait_and_mark") == ["waiting"]
    room.rename("note", "remark")
    room.rename("secret", "mark")
    room.rename_entity("item", "thing")
    clock.now += timedelta(hours=5)
    workshop.work_off()
    assert workshop.states("wait_and_mark") == ["done"]
    assert value(room, "thing", record, "mark") == "seen"


def test_a_rehearsal_over_the_past_finds_changes_of_former_names(room, workshop):
    record = room.made(note="first")
    room.change(record, note="urgent")
    room.rename("note", "remark")
    room.rename_entity("item", "thing")
    found = try_rule(workshop, "watch_the_note", since=timedelta(days=1)).as_json()
    assert [firing["record"] for firing in found["firings"]] == [record]
    assert found["firings"][0]["effects"][0]["changes"] == {"kind": [None, "b"]}


def test_the_page_of_a_run_tells_what_it_did_by_todays_names(room, workshop):
    record = room.made()
    workshop.work_off()
    room.change(record, note="urgent")
    workshop.work_off()
    room.rename("note", "remark")
    room.rename("kind", "sort")
    room.rename_entity("item", "thing")
    with room.session("admin") as session:
        [row] = rows_today(session, store.list_runs(session, 1, "watch_the_note"))
        entity = session.workspace.schema.entities[row["entity"]]
        effects = [step_today(session, entity, row, step) for step in store.list_steps(session, row["id"])]
        lines = [line for effect in effects for line in effect_lines(session, entity, effect)]
    assert (row["entity"], list(row["why"]["changed"])) == ("thing", ["remark"])
    assert ("Kind", "— → B") in lines


def test_a_notification_leads_to_its_record_after_a_rename(room, settings):
    record = room.made()
    with room.session() as session:
        admin = user_id(session, "admin")
        add_notification(session, Notice(admin, "Look", "item", record))
        session.commit()
    room.rename_entity("item", "thing")
    with room.session() as session:
        number = notifications.list_notifications(session, admin)[0]["id"]
    built = build_app(get_workspace(room.engine), settings, room.engine)
    built.test_client_class = Browser
    browser = built.test_client()
    browser.sign_in("admin")
    answer = browser.submit(f"/notifications/{number}/read", {}, "/notifications/")
    assert answer.location == f"/thing/show/{record}"
