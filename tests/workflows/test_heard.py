"""A change nobody listens to costs nothing: no event, no bell, no second event after a rule's own write."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm import queue
from crm.database import open_session
from crm.errors import RecordError
from crm.events import event
from crm.permissions.model import SYSTEM
from crm.records.service import update_record
from tests.factories import make_complaint, make_customer, make_record

NOTE = """
rule: note
entity: complaint
when: record_created
then: [{set_field: {field: severity, to: low}}]
"""


def told(session):
    return [
        tuple(row) for row in session.execute(sa.select(event.c.entity, event.c.kind).order_by(event.c.id))
    ]


def test_a_change_nobody_hears_leaves_no_event_and_rings_no_bell(session, redis_server):
    product = make_record(session, "product", name="Pump", code="P-1")
    update_record(session, product.__entity__, product.id, {"stock": 4})
    session.commit()
    assert told(session) == []
    assert queue.look_at_queue().waiting == 0


def test_the_bell_rings_after_the_commit_and_not_after_a_savepoint(session, redis_server):
    waiting = [queue.look_at_queue().waiting]
    make_customer(session)  # a quick worker would look before there is anything to see
    waiting.append(queue.look_at_queue().waiting)
    with pytest.raises(RecordError), session.begin_nested():
        make_record(session, "customer")
    session.commit()
    waiting.append(queue.look_at_queue().waiting)
    assert waiting == [0, 0, 1]


def test_what_a_rule_writes_leaves_an_event_only_if_a_rule_hears_it(make_workshop, as_user):
    workshop = make_workshop(NOTE)
    with as_user() as session:
        make_complaint(session, severity="urgent")
    workshop.work_off()
    with as_user() as session:
        assert ("complaint", "created") in told(session)
        assert ("complaint", "updated") not in told(session)
    assert workshop.states() == ["done"]


def test_a_session_of_an_older_revision_leaves_every_event(engine, workspace):
    older = replace(workspace, schema=replace(workspace.schema, number=workspace.number - 1))
    with open_session(engine, older, SYSTEM) as session:
        make_record(session, "product", name="Pump", code="P-1")  # the newer revision may listen to this
        assert told(session) == [("product", "created")]
